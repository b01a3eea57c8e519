"""Whether replies hold the requirements that a client relies on."""

from __future__ import annotations

from trueweight.metrics.sample import Sample
from trueweight.metrics.share import Share, share_metric


@share_metric(
    "must_pass_rate",
    "MUST requirements held",
    "Of the replies to which a MUST check applies and that do not state that the feature is unsupported, the share in "
    "which every MUST check holds.",
    source="Own definition; MUST as in https://www.rfc-editor.org/rfc/rfc2119, each check with its own source.",
    place=140,
    compared=True,
)
def must_pass_rate(sample: Sample) -> Share:
    table = sample.own
    nothing = "nothing was sent"
    return Share(table.case >= 0, table.must_passes >= 0, table.must_passes == 1, "no MUST check applies", nothing)
