"""Test whether the candidate received the same prompt, and shows its distribution before the sampler."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

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
    def verdict(self) -> str:
        """The misconfiguration, in a sentence; empty if there is no evidence of one."""
        return self._template() or self._sampler()

    @property
    def remark(self) -> str:
        """A smaller difference, in a sentence; empty if there is none."""
        if len(self.offsets) < LEAST_PROMPTS or self.verdict:
            return ""
        odd = [offset for offset in self.offsets if offset]
        if len(odd) == len(self.offsets) and len(set(odd)) == 1:
            return f"every prompt counts {odd[0]:+d} token: a start-of-text token is counted differently, or doubled"
        if odd:
            return f"{len(odd)} of {len(self.offsets)} prompts have other token counts than on the reference"
        return ""

    def _template(self) -> str:
        if len(self.offsets) < LEAST_PROMPTS or not all(self.offsets):
            return ""
        least, most = min(self.offsets), max(self.offsets)
        if least == most:
            if abs(least) == 1:
                return ""
            cause = "an injected system prompt or another chat template" if least > 0 else "another chat template"
            return f"every prompt counts {least:+d} tokens on this provider: {cause}"
        return f"prompts count {least:+d} to {most:+d} tokens on this provider: another tokenizer or chat template"

    def _sampler(self) -> str:
        if len(self.lines) < LEAST_PROMPTS:
            return ""
        slope, offset = median(line.slope for line in self.lines), median(line.offset for line in self.lines)
        residual = median(line.residual for line in self.lines)
        steady = all(abs(line.slope - slope) <= _STEADY * slope for line in self.lines) if slope > 0 else False
        if not steady or residual > 0.1 * max(abs(slope - 1.0), abs(offset), _OFFSET_OFF):
            return ""
        if abs(slope - 1.0) > _SLOPE_OFF:
            return (
                f"its log-probabilities are {slope:.2f} times the reference's on every prompt: sampler, "
                f"a temperature of {1 / slope:.2f} is applied to every request"
            )
        if offset > _OFFSET_OFF:
            return (
                f"its log-probabilities are all {offset:.2f} higher than the reference's: sampler, "
                "the distribution is truncated (top-p, top-k or min-p) before they are taken"
            )
        return ""
