"""From a trained model's folder to the folder that deploys."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx

from kdzoo.digest import file_sha256
from kdzoo.errors import ModelError, kind_and_words
from kdzoo.files import whole_folder, writing
from kdzoo.model import (
    LoadedModel,
    heeds_padding,
    load_model,
    takes_token_types,
)
from kdzoo.runtime.decision import DECISION, read_decision
from kdzoo.runtime.encoder import TextEncoder
from kdzoo.runtime.folder import (
    DEPLOYED,
    GRAPH,
    LABELS,
    README,
    TOKENIZER,
    ExportedForm,
    is_exported_form,
    read_exported_form,
    write_exported_form,
)
from kdzoo.runtime.graph import to_onnx
from kdzoo.runtime.int8 import layers_of, quantise_dynamic, quantise_static
from kdzoo.runtime.onnx import OnnxClassifier
from kdzoo.runtime.settings import CALIBRATION_TEXTS, ExportSettings
from kdzoo.runtime.usage import readme
from kdzoo.task.finite import refuse_not_finite

LARGEST_GRAPH = 2_000_000_000  # bytes of weights; protobuf ends at 2^31, all else included
_MADE_WITH = ("kdzoo", "torch", "onnx", "onnxruntime", "tokenizers")


def export_model(folder: Path, target: Path, runtime: str, settings: ExportSettings) -> None:
    """Writes graph, tokenizer, labels, what they are, and how to use them; whole or not at all.

    Args:
        folder: a trained model's.
        target: the new folder; one that is there is replaced.
        runtime: ``onnx`` or ``onnx-int8``.
        settings: how 8 bits are come by.

    Raises:
        ModelError: the folder is no model, or the model is too large for a graph or cannot be
            exported, or what was exported cannot be run.
    """
    if runtime != "onnx" and settings.int8 == "static" and not settings.calibration:
        raise ModelError("static int8 needs calibration texts; give some, or use dynamic int8")
    int8 = None if runtime == "onnx" else settings.int8
    loaded = load_model(folder)
    _refuse_too_large(loaded.model)
    _refuse_damaged(loaded.model, folder)
    with whole_folder(target) as partial:
        partial.mkdir(parents=True)
        graph = _graph_of(folder, loaded.model)
        _write_graph(graph, partial / GRAPH, _writer(graph, loaded, runtime, settings))
        pad_token = loaded.tokenizer.id_to_token(loaded.pad_id) or "[PAD]"
        loaded.tokenizer.enable_padding(pad_id=loaded.pad_id, pad_token=pad_token)
        with writing(partial / TOKENIZER):
            loaded.tokenizer.save(str(partial / TOKENIZER))
        (partial / LABELS).write_text(json.dumps(loaded.labels, indent=1), encoding="utf-8")
        _copy_decision(folder, partial, runtime, int8)
        decision, pairs = read_decision(partial), loaded.reads_pairs
        text = readme(runtime, loaded.labels, decision, loaded.task, reads_pairs=pairs)
        (partial / README).write_text(text, encoding="utf-8")
        write_exported_form(partial, _description(partial, loaded, runtime, int8))
        refuse_not_finite(OnnxClassifier(partial).logits(["one text", "two texts"]), str(folder))


def _refuse_damaged(model: Any, folder: Path) -> None:
    """Looks before the libraries do, which tell of it in words of their own."""
    if not all(bool(weights.isfinite().all()) for weights in model.parameters()):
        raise ModelError(
            f"{folder} holds weights that are no finite numbers: they are damaged; download or "
            "train it again"
        )


def _refuse_too_large(model: Any) -> None:
    """Looks before minutes are spent on a graph that no file of its format can hold."""
    weights = (*model.parameters(), *model.buffers())
    size_bytes = sum(weight.numel() * weight.element_size() for weight in weights)
    if size_bytes > LARGEST_GRAPH:
        raise ModelError(
            f"its weights take {size_bytes / 1e9:.1f} GB, and an ONNX file holds less than "
            f"{LARGEST_GRAPH / 1e9:g} GB of them; deploy its own folder, which kdzoo predict and a "
            "transformers pipeline read; in a recipe, measure: {runtimes: [torch]} leaves the "
            "exported forms out"
        )


def _copy_decision(folder: Path, target: Path, runtime: str, int8: str | None) -> None:
    """Takes over how logits become an answer: as fitted on this form, or else on the model."""
    form = folder / runtime
    is_this_form = is_exported_form(form) and read_exported_form(form).int8 == int8
    for fitted in (form / DECISION if is_this_form else None, folder / DECISION):
        if fitted is not None and fitted.is_file():
            shutil.copyfile(fitted, target / DECISION)
            return


_last: dict[tuple[object, ...], bytes] = {}  # the graph of the model that was traced last


def _graph_of(folder: Path, model: Any) -> onnx.ModelProto:
    """Returns the model's graph: tracing it takes seconds, so all its forms are made of one."""
    weights = [file_sha256(folder / name) for name in ("config.json", "model.safetensors")]
    traced = (type(getattr(model, "student", model)), takes_token_types(model), *weights)
    if traced not in _last:
        graph = to_onnx(model)
        _last.clear()
        _last[traced] = graph.SerializeToString()
    return onnx.load_model_from_string(_last[traced])


def int8_layers(folder: Path) -> list[str]:
    """Returns the names of the operations of a trained model's graph that get 8 bits."""
    return layers_of(_graph_of(folder, load_model(folder).model))


def _writer(
    graph: onnx.ModelProto, loaded: LoadedModel, runtime: str, settings: ExportSettings
) -> Callable[[onnx.ModelProto, Path], None]:
    """Returns what writes the graph in the form that the runtime reads."""
    if runtime == "onnx":
        return onnx.save
    if settings.int8 == "dynamic":
        return lambda graph, target: quantise_dynamic(graph, target, settings.kept)
    inputs = tuple(entry.name for entry in graph.graph.input)
    batches = _calibration(TextEncoder(loaded.tokenizer, loaded.pad_id, inputs), settings)
    return lambda graph, target: quantise_static(graph, batches, target, settings.kept)


def _calibration(encoder: TextEncoder, settings: ExportSettings) -> Iterator[dict[str, Any]]:
    for text in settings.calibration[:CALIBRATION_TEXTS]:
        yield encoder.batch(encoder.rows([text]))


def _write_graph(
    graph: onnx.ModelProto, target: Path, write: Callable[[onnx.ModelProto, Path], None]
) -> None:
    try:
        with writing(target):
            write(graph, target)
    except OSError:
        raise
    except Exception as error:  # the quantiser's errors have no common base
        raise ModelError(f"its graph cannot be written: {kind_and_words(error)}") from error


def _description(folder: Path, loaded: LoadedModel, runtime: str, int8: str | None) -> ExportedForm:
    return ExportedForm(
        runtime=runtime,
        max_length=loaded.max_length,
        pad_id=loaded.pad_id,
        vocabulary=loaded.model.config.vocab_size,
        sha256={name: file_sha256(folder / name) for name in DEPLOYED},
        made_with={name: version(name) for name in _MADE_WITH},
        reads_pairs=loaded.reads_pairs,
        int8=int8,
        splits_special_tokens=loaded.tokenizer.encode_special_tokens,
        heeds_padding=heeds_padding(loaded.model),
        task=loaded.task.name,
    )
