"""A torch model as an ONNX graph: any batch, any length, recurrent layers told of padding."""

from __future__ import annotations

import inspect
import logging
import warnings
from typing import Any

import onnx
import onnx_ir as ir
import torch
from torch import Tensor, nn

from kdzoo.errors import ModelError
from kdzoo.model import takes_token_types
from kdzoo.model.shape import OWN
from kdzoo.runtime.encoder import INPUTS

OPSET = 20
SAMPLE = 2, 9  # texts and tokens that are traced: a size of one would be taken for fixed
_BATCH, _LENGTH = "batch", "length"  # what inputs and output call their sizes
_RECURRENT = ("LSTM", "GRU")  # torch unrolls its plain nn.RNN, which ends in an error


class _Logits(nn.Module):
    """The model as a function of tensors alone."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        output = self.model(input_ids=input_ids, attention_mask=attention_mask, **types)
        logits: Tensor = output.logits
        return logits


def to_onnx(model: Any) -> onnx.ModelProto:
    """Returns the graph of a classifier: ids and mask [B, T] -> ``logits`` [B, C], or [B, T, C].

    A model with token types gets them as a third input, so that pairs are read as in training.

    Raises:
        ModelError: torch cannot export it; the message says why.
    """
    names = [name for name in INPUTS if _takes(model, name)]
    sample = {name: torch.ones(SAMPLE, dtype=torch.long) for name in names}
    shapes = {name: {0: _BATCH, 1: _LENGTH} for name in names}
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    _forget_dispatch()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                _Logits(model).eval(),
                kwargs=sample,
                dynamo=True,
                dynamic_shapes=shapes,
                input_names=names,
                output_names=["logits"],
                opset_version=OPSET,
                verbose=False,
            )
    except Exception as error:  # the exporter's errors have no common base
        raise ModelError(
            f"it cannot be exported to ONNX: {_reason(error)}{_cure(model, error)}"
        ) from error
    finally:
        exporter.setLevel(level)
        _forget_dispatch()
    assert program is not None  # noqa: S101 - only the old exporter, without dynamo, returns None
    _tell_lengths(program.model, is_siamese=bool(getattr(model.config, "pair_head", 0)))
    graph = ir.to_proto(program.model)
    _forget_origin(graph)
    _forget_length(graph)
    return graph


def _forget_origin(graph: onnx.ModelProto) -> None:
    """Takes out which line of which file each node comes from: half a megabyte, and paths."""
    inside = graph.graph
    named = (*inside.input, *inside.output, *inside.value_info)
    for part in (graph, inside, *inside.node, *inside.initializer, *named):
        del part.metadata_props[:]
        part.ClearField("doc_string")


def _forget_length(graph: onnx.ModelProto) -> None:
    """Takes out the sample's length, which torch writes down as that of a recurrent layer's states.

    Else ONNX Runtime warns of each text that is longer or shorter.
    """
    inside = graph.graph
    if not any(node.op_type in _RECURRENT for node in inside.node):
        return
    del inside.value_info[:]  # what lies between is inferred anew by whoever wants it
    sizes = inside.output[0].type.tensor_type.shape.dim
    if len(sizes) == 3:  # a logit for each word
        sizes[1].dim_param = _LENGTH


def _forget_dispatch() -> None:
    """Makes torch look up anew what recurrent layers become when they are traced.

    Its exporter swaps that for the time of an export but not what it remembers of it: a second LSTM
    in one process would be unrolled to the length of the sample.
    """
    for operator in (torch.ops.aten.lstm.input, torch.ops.aten.gru.input):
        operator._dispatch_cache.clear()


def _takes(model: Any, name: str) -> bool:
    if name == "token_type_ids":
        return takes_token_types(model)
    return name in inspect.signature(model.forward).parameters


def _innermost(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _reason(error: BaseException) -> str:
    """Returns what the innermost error says first; no list of which it says the beginning."""
    error = _innermost(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = " ".join(lines[:2])
    if said.endswith(":"):
        said = said.partition(". ")[0]
    return f"{type(error).__name__}: {said}"


def _cure(model: Any, error: BaseException) -> str:
    """Returns what serves instead of a transformer, or where a recurrent layer may be the cause."""
    if isinstance(_innermost(error), ImportError):  # nothing of the model's was looked at
        return ""
    found = {type(module).__name__ for module in model.modules() if isinstance(module, nn.RNNBase)}
    if "RNN" in found:
        return "; nn.RNN has no exported form, use nn.LSTM or nn.GRU"
    if found:
        return (
            f"; packed sequences cannot be exported: where torch.compiler.is_exporting(), run the "
            f"nn.{' and nn.'.join(sorted(found))} on the padded batch itself, as "
            "students/bilstm.py does; kdzoo then tells it how long each text is"
        )
    kind = model.config.model_type
    if kind == OWN:
        return ""
    return f"; {kind} models run in PyTorch (kdzoo predict), and their students can be exported"


def _tell_lengths(model: ir.Model, *, is_siamese: bool) -> None:
    """Sets ``sequence_lens`` of recurrent layers, so that they stop where a text ends.

    Packed sequences cannot be exported; students run unpacked while exporting. A siamese student
    runs over all first texts and then over all second ones, as ``model/siamese.py`` stacks them.
    """
    graph = model.graph
    recurrent = [node for node in graph if node.op_type in _RECURRENT]
    if not recurrent:
        return
    inputs = {value.name: value for value in graph.inputs}
    added = _lengths(inputs["attention_mask"], inputs["token_type_ids"] if is_siamese else None)
    graph.insert_before(next(iter(graph)), added)
    for node in recurrent:
        node.replace_input_with(4, added[-1].outputs[0])  # input 4 is sequence_lens


def _lengths(mask: ir.Value, types: ir.Value | None) -> list[ir.Node]:
    """Returns nodes, in the order in which they run, of which the last gives the lengths.

    [B]; or, of pairs, [2B], each at least 1.
    """
    axis = ir.node("Constant", [], attributes={"value_ints": [1]})

    def total(value: ir.Value) -> ir.Node:
        return ir.node("ReduceSum", [value, axis.outputs[0]], attributes={"keepdims": 0})

    def as_int32(node: ir.Node) -> ir.Node:
        return ir.node("Cast", [node.outputs[0]], attributes={"to": int(ir.DataType.INT32)})

    if types is None:
        whole = total(mask)
        return [axis, whole, as_int32(whole)]
    inside = ir.node("Mul", [mask, types])
    second = total(inside.outputs[0])
    whole = total(mask)
    first = ir.node("Sub", [whole.outputs[0], second.outputs[0]])
    stacked = ir.node("Concat", [first.outputs[0], second.outputs[0]], attributes={"axis": 0})
    one = ir.node("Constant", [], attributes={"value_int": 1})
    some = ir.node("Max", [stacked.outputs[0], one.outputs[0]])
    return [axis, inside, second, whole, first, stacked, one, some, as_int32(some)]
