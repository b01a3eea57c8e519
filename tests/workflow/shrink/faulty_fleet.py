"""Which providers of the fleet have which fault of arguments."""

from __future__ import annotations

from collections.abc import Mapping

FAULTS: Mapping[str, int] = {
    "marker-cuts-argument": 6,
    "coerce-types": 7,
    "strip-whitespace": 8,
    "double-arguments": 10,
    "broken-fragments": 11,
    "empty-arguments-dropped": 13,
    "call-after-empty-loses-arguments": 14,
    "split-code-points": 20,
    "violate-enum": 31,
}
"""Provider of the fleet → the failure mode it has, in the project's numbered list."""
