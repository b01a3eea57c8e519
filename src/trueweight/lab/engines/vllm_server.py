"""The process of a vLLM server. Runs with the Python of vLLM's own environment, where trueweight is not installed.

``python vllm_server.py MODEL.gguf PORT SLOTS THREADS DTYPE TEMPLATE``: from the GGUF file of the exact weights it
makes, once, the folder that vLLM reads (safetensors, configuration, tokenizer), beside it; then it becomes the server.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

MODEL = "gemma-3-270m"
CONTEXT = "4096"
BOS = "{{- bos_token -}}\n"
"""llama.cpp puts the start-of-text token before every prompt; vLLM leaves that to the chat template."""
NEXT_TURN = "User"
"""A base model goes on with the user's next turn. vLLM has no stop text of the server: this token ends an answer."""


def converted(model: Path) -> Path:
    """The folder for vLLM, made at the first call, and again if the file is newer."""
    folder = model.with_suffix(".hf")
    if folder.is_dir() and folder.stat().st_mtime >= model.stat().st_mtime:
        return folder
    transformers: Any = importlib.import_module("transformers")

    scratch = Path(tempfile.mkdtemp(dir=model.parent, prefix=".making-"))
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model.parent, gguf_file=model.name)
        network = transformers.AutoModelForCausalLM.from_pretrained(model.parent, gguf_file=model.name, dtype="float32")
        # They say "this was a GGUF file"; the saved one is not.
        network.config.__dict__.pop("quantization_config", None)
        network.hf_quantizer = None
        tokenizer.save_pretrained(scratch)
        network.save_pretrained(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return folder


def generation_config(folder: Path) -> Path:
    """A folder with the model's generation config in which ``NEXT_TURN`` ends an answer too."""
    transformers: Any = importlib.import_module("transformers")

    stops = transformers.AutoTokenizer.from_pretrained(folder).encode(NEXT_TURN, add_special_tokens=False)
    config = json.loads((folder / "generation_config.json").read_text("utf-8"))
    ends = config.get("eos_token_id") or []
    config["eos_token_id"] = [*(ends if isinstance(ends, list) else [ends]), *stops]
    place = folder / "generation"
    place.mkdir(exist_ok=True)
    (place / "generation_config.json").write_text(json.dumps(config), "utf-8")
    return place


def main() -> None:
    """Become the server."""
    model, port, slots, threads, dtype, template = sys.argv[1:]
    folder = converted(Path(model))
    chat = folder / "chat.jinja"
    chat.write_text(BOS + Path(template).read_text("utf-8"), "utf-8")
    words = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(folder), "--served-model-name", MODEL, "--chat-template", str(chat)),
        *("--host", "127.0.0.1", "--port", port, "--max-num-seqs", slots, "--max-model-len", CONTEXT),
        *("--dtype", dtype, "--enforce-eager", "--enable-auto-tool-choice", "--tool-call-parser", "hermes"),
        *("--generation-config", str(generation_config(folder))),
    ]
    os.environ |= {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": threads,
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENABLE_RESPONSES_API_STORE": "1",
    }
    os.execv(sys.executable, words)  # noqa: S606 - no shell; these words are ours


if __name__ == "__main__":
    main()
