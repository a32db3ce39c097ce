"""Folders that hold no model as kdzoo reads one: what they hold in its place, and what to do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from kdzoo.bounds import read_json
from kdzoo.errors import ModelError
from kdzoo.model_files import stored_in

_ADAPTER = "adapter_config.json"
_ENCODER = "FEATURE_EXTRACTION"
_ADAPTED = {  # task_type of an adapter: the class of peft that loads it with its base model
    "SEQ_CLS": "AutoPeftModelForSequenceClassification",
    "TOKEN_CLS": "AutoPeftModelForTokenClassification",
    _ENCODER: "AutoPeftModelForFeatureExtraction",
}


def refuse_adapter(folder: Path, name: str) -> None:
    """Refuses a folder that holds a part of a model alone.

    Args:
        folder: of a model.
        name: what the user calls it.

    Raises:
        ModelError: it is an adapter.
    """
    if not (folder / _ADAPTER).is_file():
        return
    said = _settings(folder / _ADAPTER)
    kind = str(said.get("peft_type"))[:40]
    if "TUNING" in kind:
        raise ModelError(
            f"{name} is an adapter of the kind {kind}, which cannot be merged with its base model; "
            "let it label the texts in Python, and give the file as teacher.outputs"
        )
    is_encoder = said.get("task_type") == _ENCODER
    names = (
        "\n  (where its outputs are called LABEL_0, ... then, name them: --teacher-labels, "
        "or teacher.labels in a recipe)"
    )
    raise ModelError(
        f"{name} is an adapter (it holds {_ADAPTER}), whose base model lies elsewhere; merge them "
        f"once and give the folder 'merged', in Python: {_merging(folder, said)}"
        f"{'' if is_encoder else names}"
    )


def _merging(folder: Path, said: dict[str, Any]) -> str:
    """Returns the Python that merges an adapter with its base model."""
    task = said.get("task_type")
    kind = _ADAPTED.get(str(task), _ADAPTED["SEQ_CLS"])
    count = "" if task == _ENCODER else f", num_labels={_classes(folder)}"
    has_tokenizer = (folder / "tokenizer_config.json").is_file()
    tokenizer = str(folder if has_tokenizer else said.get("base_model_name_or_path", folder))
    return (
        f"import peft, transformers; peft.{kind}.from_pretrained({str(folder)!r}{count})"
        ".merge_and_unload().save_pretrained('merged'); transformers.AutoTokenizer"
        f".from_pretrained({tokenizer!r}).save_pretrained('merged')"
    )


def _classes(folder: Path) -> str:
    """Returns how many outputs an adapter's own head has, as far as its weights tell."""
    weights, found = folder / "adapter_model.safetensors", []
    if weights.is_file():
        found = [
            stored.shape[0]
            for name, stored in stored_in(weights).items()
            if any(f".{head}." in name for head in ("classifier", "score"))
            and len(stored.shape) == 2
            and "lora_" not in name
        ]
    return str(min(found)) if found else "NUMBER_OF_CLASSES"


def _settings(path: Path) -> dict[str, Any]:
    with suppress(ValueError):
        said = read_json(path)
        return said if isinstance(said, dict) else {}
    return {}
