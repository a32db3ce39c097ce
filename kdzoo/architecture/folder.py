"""Which kind of model a folder holds, and its summary."""

from __future__ import annotations

from pathlib import Path

from kdzoo.architecture.layers import Layer, drawn
from kdzoo.errors import ModelError
from kdzoo.files import has_file
from kdzoo.model_files import check_model_files
from kdzoo.model_folders import instead_of, refuse_adapter
from kdzoo.runtime import require_runtimes
from kdzoo.runtime.folder import CASCADE, EXPORT, is_exported_form, parts_of

_MARKS = ("config.json", "model.safetensors", "baseline.skops", EXPORT, CASCADE)


def is_model(folder: Path) -> bool:
    """Whether a folder looks like a model's, whole or not."""
    return any(has_file(folder / name) for name in _MARKS)


def layer_table(folder: Path) -> str:
    """Returns what a model's folder holds, layer by layer.

    Args:
        folder: a classifier's, kdzoo's or any of Hugging Face's, an exported one's, a cascade's,
            or the baseline's.

    Raises:
        ModelError: it is no whole model.
        RecipeError: what reads it is not installed.
    """
    if has_file(folder / CASCADE):
        return "\n\n".join(f"{part.name}: {layer_table(part)}" for part in parts_of(folder))
    if is_exported_form(folder):
        require_runtimes(["onnx"])
        from kdzoo.architecture.exported import exported_summary

        return exported_summary(folder)
    if has_file(folder / "baseline.skops"):
        return _baseline_summary(folder)
    refuse_adapter(folder, str(folder))
    if not has_file(folder / "config.json"):
        raise ModelError(
            f"{folder} is not a model folder: it lacks config.json{instead_of(folder)}"
        )
    check_model_files(folder)
    from kdzoo.architecture.trained import trained_summary

    return trained_summary(folder)


def _baseline_summary(folder: Path) -> str:
    from kdzoo.model.baseline import load_baseline
    from kdzoo.model.tagger import is_tagger

    pipeline, labels = load_baseline(folder)
    features, machine = (step for _, step in pipeline.steps)
    if is_tagger(pipeline):
        what = "words as they are spelt, hashed,"
        layers = [Layer("words", type(features).__name__, (1, features.n_features), 0, None)]
    else:
        what = "TF-IDF"
        layers = [
            Layer(
                name,
                type(vectoriser).__name__,
                (1, len(vectoriser.vocabulary_)),
                len(vectoriser.idf_),
                None,
            )
            for name, vectoriser in features.transformer_list
        ]
    planes = machine.coef_.size + machine.intercept_.size
    layers.append(Layer("machine", type(machine).__name__, (1, len(labels)), planes, None))
    title = f"the classical baseline: {what} and a linear support vector machine"
    note = "output: of one text; FLOPs depend on the words that a text has"
    return drawn(layers, f"{title}, {len(labels):,} labels", [note])
