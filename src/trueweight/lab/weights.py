"""The model's weights as numbers, and GGUF files of them at another precision (package ``gguf``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Metadatum(NamedTuple):
    """A field of a GGUF file's header: its value, its type, and the type of its elements if it is a list."""

    value: Any
    kind: Any
    element_kind: Any


@dataclass(frozen=True, slots=True)
class Weights:
    """A whole model in memory.

    Attributes:
        metadata: header fields by name, among them the tokenizer.
        tensors: float32 arrays by GGUF's names, rows first.
    """

    metadata: Mapping[str, Metadatum]
    tensors: Mapping[str, NDArray[np.float32]]


def read_weights(path: Path) -> Weights:
    """Read a GGUF file and dequantise it. The 270M model takes 13 s of processor time and 1.1 GB of memory."""
    from gguf import GGUFReader, GGUFValueType, dequantize

    reader = GGUFReader(path)
    metadata = {
        field.name: Metadatum(
            field.contents(), field.types[0], field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
        )
        for field in reader.fields.values()
        if not field.name.startswith("GGUF.")
    }
    return Weights(metadata, {t.name: dequantize(t.data, t.tensor_type) for t in reader.tensors})


def write_gguf(weights: Weights, kind: str, path: Path) -> None:
    """Write every matrix as ``kind`` (F32, F16, BF16, Q8_0, Q5_0 or Q4_0), and every vector as F32. Takes 3 s.

    The embedding is a matrix like the others. ``llama-quantize`` would leave it at Q8_0, and this model's source file
    already has Q5_0 in most other matrices, so the rungs would hardly differ.
    """
    from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, quantize

    quantisation = GGMLQuantizationType[kind]
    writer = GGUFWriter(path, weights.metadata["general.architecture"].value)
    for name, (value, value_kind, element_kind) in weights.metadata.items():
        if name == "general.file_type":
            writer.add_file_type(LlamaFileType["ALL_F32" if kind == "F32" else f"MOSTLY_{kind}"])
        elif name != "general.architecture":  # the writer's own
            writer.add_key_value(name, value, value_kind, element_kind)
    for name, tensor in weights.tensors.items():
        if tensor.ndim > 1:
            writer.add_tensor(name, quantize(tensor, quantisation), raw_dtype=quantisation)
        else:
            writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
