"""Weights of 8 bits, by ONNX Runtime."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

# Convolutions stay in float: in 8 bits, ONNX Runtime takes twice as long for them.
_DYNAMIC = ["MatMul", "Gemm", "Gather", "LSTM"]
_STATIC = ["MatMul", "Gemm", "Gather"]  # no static form of an LSTM


def layers_of(graph: onnx.ModelProto) -> list[str]:
    """Returns the names of the operations whose weights get 8 bits."""
    weights = {tensor.name for tensor in graph.graph.initializer}
    return [
        node.name
        for node in graph.graph.node
        if node.op_type == "LSTM" or (node.op_type in _DYNAMIC and weights & {*node.input})
    ]


def _as_quantised(kept: Sequence[str]) -> list[str]:
    """Returns names as the quantiser knows them, which makes a MatMul of each Gemm first."""
    return [name for layer in kept for name in (layer, f"{layer}_MatMul")]


def quantise_dynamic(graph: onnx.ModelProto, target: Path, kept: Sequence[str] = ()) -> None:
    """Writes the graph with weights and embeddings in 8 bits; activations get their range as run.

    One scale per channel of a weight; the operations in ``kept`` stay in float. What was inferred
    of shapes is dropped first: quantising changes them and would otherwise fail.
    """
    del graph.graph.value_info[:]
    with _quiet():
        quantize_dynamic(
            graph,
            target,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=_DYNAMIC,
            nodes_to_exclude=_as_quantised(kept),
        )


def quantise_static(
    graph: onnx.ModelProto,
    batches: Iterable[dict[str, Any]],
    target: Path,
    kept: Sequence[str] = (),
) -> None:
    """Writes the graph in 8 bits with ranges of activations calibrated on real batches.

    The operations in ``kept`` stay in float.
    """
    del graph.graph.value_info[:]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        plain, prepared = Path(folder) / "plain.onnx", Path(folder) / "prepared.onnx"
        onnx.save(graph, plain)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            _Batches(batches),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            op_types_to_quantize=_STATIC,
            nodes_to_exclude=_as_quantised(kept),
        )


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, batches: Iterable[dict[str, Any]]) -> None:
        self._left: Iterator[dict[str, Any]] = iter(batches)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._left, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the quantiser's advice, given as warnings of the root logger, off the screen."""
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.root.setLevel(level)
