"""Tests whether the candidate received the same prompt, and shows its distribution before the sampler."""

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
class PromptAndSamplerTest:
    """Collects the requests that the reference and the candidate have answered."""

    offsets: list[int] = field(default_factory=list)
    lines: list[LinearFit] = field(default_factory=list)
    lengths: list[tuple[int, int]] = field(default_factory=list)

    def add(self, a: Facts, c: Facts) -> None:
        """Add the reference's answer and the candidate's to one request."""
        if a.input_tokens is not None and c.input_tokens is not None:
            self.offsets.append(c.input_tokens - a.input_tokens)
        line = fit_line(a.top, c.top)
        if line is not None:
            self.lines.append(line)
            self.lengths.append((len(a.top), len(c.top)))

    @property
    def sampler(self) -> DriftFinding | None:
        """What shows that log-probabilities are taken after another sampler; None if nothing does."""
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

    @property
    def other_prompt(self) -> DriftFinding | None:
        """What shows that the candidate receives another prompt, if its answers differ too; None if nothing does.

        Usage alone proves nothing: hosts count differently, and the same distributions prove the same prompt.
        """
        if len(self.offsets) < LEAST_PROMPTS or not all(self.offsets):
            return None
        least, most = min(self.offsets), max(self.offsets)
        if least < most:
            return DriftFinding(code=DriftFindingCode.PROMPT_LENGTHS_VARY, tokens=least, most_tokens=most)
        if abs(least) == 1:
            return DriftFinding(code=DriftFindingCode.START_OF_TEXT, tokens=least)
        code = DriftFindingCode.PROMPTS_LONGER if least > 0 else DriftFindingCode.PROMPTS_SHORTER
        return DriftFinding(code=code, tokens=least)

    @property
    def counting(self) -> DriftFinding | None:
        """How usage differs where the answers show that the prompt is the same; None if it does not."""
        if len(self.offsets) < LEAST_PROMPTS or not any(self.offsets):
            return None
        if all(self.offsets) and len(set(self.offsets)) == 1:
            return DriftFinding(code=DriftFindingCode.COUNTED_OTHERWISE, tokens=self.offsets[0])
        return self.some_lengths

    @property
    def some_lengths(self) -> DriftFinding | None:
        """That some prompts, not all, have another token count; None if it is none or all."""
        odd = sum(map(bool, self.offsets))
        if len(self.offsets) < LEAST_PROMPTS or not 0 < odd < len(self.offsets):
            return None
        return DriftFinding(code=DriftFindingCode.PROMPT_LENGTHS_DIFFER, count=odd, of=len(self.offsets))
