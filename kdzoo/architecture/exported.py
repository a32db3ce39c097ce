"""The operations of an exported graph that hold weights, read with onnx; nothing is run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

from kdzoo.amounts import in_megabytes
from kdzoo.architecture.layers import TOKENS, Layer, drawn
from kdzoo.errors import ModelError
from kdzoo.runtime.folder import GRAPH, check_exported_form, deployed_bytes, read_labels

Shape = tuple[int, ...]
_WEIGHTS = {  # types that weights have; what else a graph holds are shapes and places
    onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8,
    onnx.TensorProto.UINT8,
}  # fmt: skip
_PRODUCTS = {"MatMul", "MatMulInteger", "Gemm", "Conv"}  # whose work follows from shapes
_RECURRENT = {"LSTM", "DynamicQuantizeLSTM", "GRU", "RNN"}  # both matrices once a token
_LAYERS = _PRODUCTS | _RECURRENT | {"Gather", "LayerNormalization"}  # the rest is arithmetic


def exported_summary(folder: Path) -> str:
    """Returns the operations with weights of the graph in an exported folder.

    Raises:
        ModelError: the folder is damaged, or its graph cannot be read.
    """
    form = check_exported_form(folder)
    tokens = min(TOKENS, form.max_length)
    try:
        model = onnx.load(folder / GRAPH, load_external_data=False)
    except (DecodeError, OSError) as error:
        raise ModelError(
            f"{folder / GRAPH} cannot be read: {error}; export the model again"
        ) from error
    graph = model.graph
    for output in graph.output:  # told for any number of texts
        output.type.tensor_type.shape.dim[0].dim_value = 1
    weights = {
        tensor.name: tuple(tensor.dims)
        for tensor in graph.initializer
        if tensor.data_type in _WEIGHTS
    }
    layers = list(_layers(graph, weights, _shapes(model, tokens)))
    others = Counter(node.op_type for node in graph.node)
    others -= Counter(layer.kind for layer in layers)
    title = (
        f"exported for {form.runtime}, {len(read_labels(folder)):,} labels, at most "
        f"{form.max_length:,} tokens, {in_megabytes(deployed_bytes(folder), 2)}"
    )
    return drawn(layers, title, _notes(tokens, others))


def _notes(tokens: int, others: Counter[str]) -> list[str]:
    told = ", ".join(f"{count} {name}" for name, count in sorted(others.items()))
    return [
        f"output and FLOPs: of one text of {tokens} tokens; FLOPs: of matrix products, recurrences "
        "and convolutions, two per multiplication and addition; –: not told by the graph",
        f"other operations: {told or 'none'}",
    ]


def _layers(
    graph: onnx.GraphProto, weights: Mapping[str, Shape], shapes: Mapping[str, Shape]
) -> Iterator[Layer]:
    """Yields what holds weights or multiplies; at the end, what the arithmetic between holds."""
    known = {**shapes, **{tensor.name: tuple(tensor.dims) for tensor in graph.initializer}}
    left = {name: math.prod(shape) for name, shape in weights.items()}
    folded, walked = _folded(graph), set[str]()
    for node in graph.node:
        read = _behind(node.input, folded, walked) if node.op_type in _LAYERS else ()
        own = sum(left.pop(name, 0) for name in read)
        if own or node.op_type in _PRODUCTS:
            name = node.name or next(iter(node.output), "")
            shape = known.get(next(iter(node.output), ""))
            yield Layer(name, node.op_type, shape, own, _flops(node, known))
    if left:
        yield Layer("between them", "scales, biases", None, sum(left.values()), 0)


def _folded(graph: onnx.GraphProto) -> dict[str, list[str]]:
    """Returns what each value is made of that no text changes; an initialiser of nothing.

    The weights of a recurrence are cut and joined in another order before it reads them.
    """
    found: dict[str, list[str]] = {tensor.name: [] for tensor in graph.initializer}
    for node in graph.node:
        given = [name for name in node.input if name]  # an empty name is an input left out
        if all(name in found for name in given):
            found |= dict.fromkeys(node.output, given)
    return found


def _behind(
    names: Iterable[str], folded: Mapping[str, list[str]], walked: set[str]
) -> Iterator[str]:
    """Yields values that no text changes, and all that these are made of; each once for a graph.

    Args:
        names: values that a node reads.
        folded: what values are made of.
        walked: those that were yielded before; what is yielded is added.
    """
    left = [name for name in names if name in folded]
    while left:
        name = left.pop()
        if name not in walked:
            walked.add(name)
            left += folded[name]
            yield name


def _flops(node: onnx.NodeProto, known: Mapping[str, Shape]) -> int | None:
    """Returns the operations of a node; None where its shapes do not say."""
    if node.op_type not in _PRODUCTS | _RECURRENT:
        return 0
    read = [known.get(name) for name in node.input[:3]]
    given = known.get(next(iter(node.output), ""))
    if node.op_type in _RECURRENT:  # [T, B, D] by both matrices
        sizes = [math.prod(shape) for shape in read[1:] if shape is not None]
        return 2 * read[0][0] * sum(sizes) if read[0] and len(sizes) == 2 else None
    factor = read[1] if len(read) > 1 else None
    if given is None or not factor:
        return None
    if node.op_type == "Conv":  # [out, in / group, width ...]
        return 2 * math.prod(given) * math.prod(factor[1:])
    turned = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
    return 2 * math.prod(given) * (factor[-1] if turned else factor[max(-2, -len(factor))])


def _shapes(model: onnx.ModelProto, tokens: int) -> dict[str, Shape]:
    """Returns the shapes that follow where one text of so many tokens is read, by name.

    Two readers look, since each gives up on graphs that the other reads; what neither knows is
    left out.
    """
    for entry in model.graph.input:
        for dim, size in zip(entry.type.tensor_type.shape.dim, (1, tokens), strict=False):
            dim.dim_value = size
    del model.graph.value_info[:]  # told for any text
    found: dict[str, Shape] = {}
    for infer in (
        lambda: SymbolicShapeInference.infer_shapes(model, auto_merge=True),
        lambda: onnx.shape_inference.infer_shapes(model, data_prop=True),
    ):
        try:
            graph = infer().graph
        except Exception:  # noqa: S112 - no common base; the table says what is not known
            continue
        for value in (*graph.value_info, *graph.output):
            sizes = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
            if sizes and all(size > 0 for size in sizes):
                found[value.name] = tuple(sizes)
    return found
