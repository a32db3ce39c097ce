"""The runtimes that come with kdzoo. What they need is imported when one is used."""

from __future__ import annotations

from pathlib import Path

from kdzoo.registry import register_runtime
from kdzoo.runtime.protocol import Classifier
from kdzoo.runtime.settings import ExportSettings

ONNX_MODULES = ("onnx", "onnxruntime", "onnxscript")


def _export_onnx(folder: Path, target: Path, settings: ExportSettings) -> None:
    from kdzoo.runtime.export import export_model

    export_model(folder, target, "onnx", settings)


def _export_int8(folder: Path, target: Path, settings: ExportSettings) -> None:
    from kdzoo.runtime.export import export_model

    export_model(folder, target, "onnx-int8", settings)


@register_runtime(
    "torch", title="PyTorch", module="kdzoo.runtime.torch", needs=("torch", "transformers")
)
def torch(folder: Path, threads: int | None = None) -> Classifier:
    """The trained weights in eager PyTorch."""
    from kdzoo.runtime.torch import TorchClassifier

    return TorchClassifier(folder, threads)


@register_runtime(
    "pipeline",
    title="transformers pipeline",
    module="kdzoo.runtime.pipeline",
    needs=("torch", "transformers"),
)
def pipeline(folder: Path, threads: int | None = None) -> Classifier:
    """The trained weights in a transformers pipeline, which is what people start from."""
    from kdzoo.runtime.alone import TextByText
    from kdzoo.runtime.pipeline import PipelineClassifier

    classifier = PipelineClassifier(folder, threads)
    return TextByText(classifier) if classifier.is_swayed else classifier


@register_runtime(
    "onnx",
    title="ONNX Runtime",
    module="kdzoo.runtime.onnx",
    needs=ONNX_MODULES,
    extra="onnx",
    export=_export_onnx,
)
def onnx(folder: Path, threads: int | None = None) -> Classifier:
    """An ONNX graph of the model in ONNX Runtime, in float32."""
    from kdzoo.runtime.alone import TextByText
    from kdzoo.runtime.folder import read_exported_form
    from kdzoo.runtime.onnx import OnnxClassifier

    classifier = OnnxClassifier(folder, threads)
    return TextByText(classifier) if read_exported_form(folder).heeds_padding else classifier


@register_runtime(
    "onnx-int8",
    title="ONNX Runtime, int8",
    module="kdzoo.runtime.onnx",
    needs=ONNX_MODULES,
    extra="onnx",
    export=_export_int8,
    exact=False,
)
def onnx_int8(folder: Path, threads: int | None = None) -> Classifier:
    """The same graph with weights of 8 bits, one scale per channel."""
    from kdzoo.runtime.alone import TextByText
    from kdzoo.runtime.folder import read_exported_form
    from kdzoo.runtime.onnx import OnnxClassifier

    classifier = OnnxClassifier(folder, threads)
    # an older kdzoo did not say where the ranges come from
    form = read_exported_form(folder)
    is_free = form.int8 == "static" and not form.heeds_padding
    return classifier if is_free else TextByText(classifier)


@register_runtime(
    "cascade",
    title="student and teacher in ONNX Runtime",
    module="kdzoo.runtime.onnx",
    needs=ONNX_MODULES,
    extra="onnx",
    reads="cascade",
)
def cascade(folder: Path, threads: int | None = None) -> Classifier:
    """A student that asks its teacher where it is not sure, both in one process."""
    from kdzoo.runtime.cascade import CascadeClassifier

    return CascadeClassifier(folder, threads)


@register_runtime(
    "sklearn",
    title="scikit-learn",
    module="kdzoo.runtime.sklearn",
    needs=("sklearn", "skops"),
    reads="baseline",
)
def sklearn(folder: Path, threads: int | None = None) -> Classifier:
    """The classical baseline, which knows no other form; its thread pools are the process's."""
    from kdzoo.runtime.sklearn import SklearnClassifier

    return SklearnClassifier(folder)
