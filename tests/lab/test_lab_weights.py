"""GGUF files at another precision, written from a small model and read again by the ``gguf`` package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trueweight.lab.weights import Weights, read_weights, write_gguf

pytestmark = pytest.mark.lab

ERRORS = {"F32": 0.0, "F16": 0.001, "BF16": 0.01, "Q8_0": 0.02, "Q5_0": 0.14, "Q4_0": 0.28}
"""Largest rounding error for weights up to 2: half a step of each type."""


@pytest.fixture
def small(tmp_path: Path) -> Weights:
    """A model of one matrix and one vector, with the header fields that a tokenizer has."""
    gguf = pytest.importorskip("gguf")
    path = tmp_path / "small.gguf"
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_token_list(["<bos>", "a", "\u00e9", "\u2581b"])
    writer.add_token_scores([0.0, -1.5, 2.0, 3.0])
    writer.add_add_bos_token(True)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    generator = np.random.default_rng(0)
    writer.add_tensor("token_embd.weight", generator.uniform(-2, 2, (6, 64)).astype(np.float32))
    writer.add_tensor("output_norm.weight", generator.uniform(-2, 2, 64).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return read_weights(path)


@pytest.mark.parametrize("kind", ERRORS)
def test_a_file_differs_from_its_source_by_rounding_alone(small: Weights, tmp_path: Path, kind: str) -> None:
    """Header and vectors are the same, matrices are rounded, and the file declares its type."""
    path = tmp_path / f"{kind}.gguf"
    write_gguf(small, kind, path)
    found = read_weights(path)
    names = set(small.metadata) - {"general.file_type", "general.quantization_version"}
    assert {name: found.metadata[name] for name in names} == {name: small.metadata[name] for name in names}
    assert found.metadata["general.file_type"].value != small.metadata["general.file_type"].value
    assert np.array_equal(found.tensors["output_norm.weight"], small.tensors["output_norm.weight"])
    error = np.abs(found.tensors["token_embd.weight"] - small.tensors["token_embd.weight"]).max()
    assert error <= ERRORS[kind]
    assert (error == 0.0) == (kind == "F32")
