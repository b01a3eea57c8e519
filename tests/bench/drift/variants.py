"""Who is recorded: the reference, honest stacks, quantised rungs, and providers that are set up wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trueweight.core import Provider, Role
from trueweight.lab.engines import MODEL
from trueweight.lab.ladder import choose, port_of

PORT = 21281


@dataclass(frozen=True)
class Variant:
    """One way to serve the model.

    Attributes:
        rung: of the lab's ladder.
        repeats: how often each greedy prompt is asked.
        samples: how often each prompt is asked at temperature 1, each under its own seed, the same for all variants.
        system: a system prompt that its provider puts before every request.
        wrap: the user's words as another chat template would have rendered them; ``{}`` is where they go.
    """

    name: str
    rung: str = "f16"
    repeats: int = 1
    samples: int = 0
    slots: int = 1
    threads: int = 1
    base: int = PORT
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    system: str = ""
    wrap: str = "{}"

    @property
    def provider(self) -> Provider:
        """As trueweight sees it."""
        (rung,) = choose([self.rung])
        return Provider(
            self.name,
            f"http://127.0.0.1:{port_of(rung, self.base)}/v1",
            MODEL,
            role=Role.REFERENCE if self.name == "f16" else Role.CANDIDATE,
            precision=rung.precision,
            extra_body=dict(self.extra_body),
            concurrency=self.slots,
        )


VARIANTS = {
    variant.name: variant
    for variant in (
        # Asked three times: once to find near ties, twice to be compared with.
        Variant("f16", repeats=3, samples=3),
        Variant("f16-twin", base=PORT + 100, samples=1),
        Variant("f16-slots-4", slots=4, base=PORT + 200, samples=1),
        Variant("f16-threads-2", threads=2, base=PORT + 300),
        Variant("f16-no-cache", extra_body={"cache_prompt": False}),
        Variant("q8_0", "q8_0", samples=1),
        Variant("q5_0", "q5_0"),
        Variant("q4_0", "q4_0", samples=1),
        Variant("kv-q8_0", "f16-kv-q8_0"),
        Variant("kv-q4_0", "f16-kv-q4_0"),
        Variant("temperature-0.8", extra_body={"temperature": 0.8}, samples=1),
        Variant("top-p-0.9", extra_body={"top_p": 0.9}, samples=1),
        Variant("system-prompt", system="You are a helpful assistant. Be brief and friendly."),
        Variant("wrong-template", wrap="[INST] {} [/INST]"),
    )
}

HONEST = ("f16-twin", "f16-slots-4", "f16-threads-2", "f16-no-cache")
# Of the stored recording. Its files with 256 weights a block were made by llama-quantize, which the lab no longer has.
RUNGS = ("q8_0", "q6_k", "q5_k_m", "q4_0", "q3_k_m", "q2_k", "kv-q8_0", "kv-q4_0")
