"""Test whether the candidate received the same prompt, and shows its distribution before the sampler."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from trueweight.core import DriftFinding, DriftFindingCode
from trueweight.drift.distance import LinearFit, fit_line
from trueweight.drift.facts import Facts

LEAST_PROMPTS = 4
"""Prompts before any statement: fewer than the fastest verdict of drift needs."""

_STEADY = 0.04
"""The largest relative deviation of slopes from their median that one temperature explains."""

_SLOPE_OFF = 0.08
_OFFSET_OFF = 0.03


@dataclass(slots=True)
class MisconfigurationTest:
    """Collects the prompts that the reference (twice) and the candidate have answered."""

    offsets: list[int] = field(default_factory=list)
    lines: list[LinearFit] = field(default_factory=list)
    lengths: list[tuple[int, int]] = field(default_factory=list)

    def add(self, a: Facts, b: Facts, c: Facts) -> None:
        """Add one prompt's answers."""
        if a.input_tokens is not None and a.input_tokens == b.input_tokens and c.input_tokens is not None:
            self.offsets.append(c.input_tokens - a.input_tokens)
        line = fit_line(a.top, c.top)
        if line is not None:
            self.lines.append(line)
            self.lengths.append((len(a.top), len(c.top)))

    @property
    def evidence(self) -> DriftFinding | None:
        """What shows a misconfiguration; None if nothing does."""
        return self._template() or self._sampler()

    @property
    def remark(self) -> DriftFinding | None:
        """A smaller difference; None if there is none."""
        if len(self.offsets) < LEAST_PROMPTS or self.evidence:
            return None
        odd = [offset for offset in self.offsets if offset]
        if len(odd) == len(self.offsets) and len(set(odd)) == 1:
            return DriftFinding(code=DriftFindingCode.START_OF_TEXT, tokens=odd[0])
        if odd:
            return DriftFinding(code=DriftFindingCode.PROMPT_LENGTHS_DIFFER, count=len(odd), of=len(self.offsets))
        return None

    def _template(self) -> DriftFinding | None:
        if len(self.offsets) < LEAST_PROMPTS or not all(self.offsets):
            return None
        least, most = min(self.offsets), max(self.offsets)
        if least < most:
            return DriftFinding(code=DriftFindingCode.PROMPT_LENGTHS_VARY, tokens=least, most_tokens=most)
        if abs(least) == 1:
            return None
        code = DriftFindingCode.PROMPTS_LONGER if least > 0 else DriftFindingCode.PROMPTS_SHORTER
        return DriftFinding(code=code, tokens=least)

    def _sampler(self) -> DriftFinding | None:
        if len(self.lines) < LEAST_PROMPTS:
            return None
        slope, offset = median(line.slope for line in self.lines), median(line.offset for line in self.lines)
        residual = median(line.residual for line in self.lines)
        steady = all(abs(line.slope - slope) <= _STEADY * slope for line in self.lines) if slope > 0 else False
        if not steady or residual > 0.1 * max(abs(slope - 1.0), abs(offset), _OFFSET_OFF):
            return None
        if abs(slope - 1.0) > _SLOPE_OFF:
            return DriftFinding(code=DriftFindingCode.TEMPERATURE, factor=slope, temperature=1 / slope)
        if offset > _OFFSET_OFF:
            return DriftFinding(code=DriftFindingCode.TRUNCATED, nats=offset)
        return None
