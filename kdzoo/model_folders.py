"""Folders that hold no model as kdzoo reads one: what they hold in its place, and what to do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from kdzoo.bounds import read_json
from kdzoo.errors import ModelError, first_line, kind_and_words
from kdzoo.files import with_home
from kdzoo.model_files import stored_in
from kdzoo.weight_files import fault_of, has_head

_ADAPTER = "adapter_config.json"
_MODULES = "modules.json"
_OF_OUTPUTS = (".parquet", ".jsonl", ".ndjson", ".json")
_ONCE = "write it to the folder 'whole' once and give that, in Python"
_PARTS = ("*.index.json", "pytorch_model*.bin", "model-*-of-*.safetensors")
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


def no_folder(path: Path, source: str) -> str:
    """Returns what to say of a place where a model is wanted, and no folder is.

    Args:
        path: the place.
        source: what the user calls it.
    """
    if not path.is_file():
        return f"no such model folder: {source}"
    if (path.parent / "config.json").is_file():
        cure = f"give {path.parent}, which it lies in"
    elif path.suffix.lower() in _OF_OUTPUTS:
        cure = f"if it holds a teacher's outputs, write in a recipe teacher: {{outputs: {source}}}"
    else:
        cure = "save it as one: model.save_pretrained(FOLDER), tokenizer.save_pretrained(FOLDER)"
    return (
        f"{source} is a file, and a model is a folder, of config.json, weights and tokenizer; "
        f"{cure}"
    )


def instead_of(folder: Path, source: str = "") -> str:
    """Returns what a folder without ``config.json`` holds, and what to give in its place.

    It begins with a semicolon; empty where it holds no model at all.

    Args:
        folder: any.
        source: what the user calls it, where that is not its path.
    """
    if place := _old_transformer(folder):
        return (
            f"; its encoder lies in {place}, as sentence-transformers wrote it in former times: "
            f"{_ONCE}: {_anew(_called(folder, source or str(folder)))}"
        )
    if checkpoints := sorted(folder.glob("checkpoint-*/config.json"), key=_step):
        return f"; it holds checkpoints of a training: give one, the last is {_in(checkpoints[-1])}"
    if snapshots := list(folder.glob("snapshots/*/config.json")):
        main = folder / "refs" / "main"
        named = main.read_text("utf-8", "replace").strip() if main.is_file() else ""
        snapshots.sort(key=lambda file: (file.parent.name != named, file))
        return f"; it is a model in the hub's cache: give its snapshot, {_in(snapshots[0])}"
    return ""


def _in(config: Path) -> str:
    return str(config.parent)


def _step(config: Path) -> tuple[int, str]:
    """Returns what sorts checkpoints: their step, as Trainer names them."""
    number = config.parent.name.rpartition("-")[2]
    return int(number) if number.isdecimal() and len(number) < 20 else -1, config.parent.name


def why_not_loaded(folder: Path, error: BaseException) -> str:
    """Returns why transformers does not load a model, and what to do where that is known.

    Args:
        folder: of the model.
        error: of transformers, which names packages of its own, or a place on the hub.
    """
    said = _settings(folder / "config.json")
    quantised = said.get("quantization_config")
    if isinstance(quantised, dict) and "quantiz" in str(error).lower():
        method = str(quantised.get("quant_method"))[:40]
        return (
            f"it is quantised ({method}), and what reads that is not there; give the model that it "
            "was made of"
        )
    if said.get("auto_map"):
        return (
            "it needs code of its own (auto_map in config.json), which kdzoo never runs; give "
            "another model, or let it label the texts in Python and give the file as "
            "teacher.outputs"
        )
    if "Unrecognized model" in str(error) and not said.get("model_type"):
        return "its config.json names no model_type; download or save the model again"
    return first_line(error)


def why_no_tokenizer(folder: Path, error: BaseException) -> str:
    """Returns why transformers does not load the tokenizer of a model, and what to do.

    Args:
        folder: of the model.
        error: of transformers, or of tokenizers.
    """
    if said := _settings(folder / "tokenizer_config.json").get("auto_map"):
        return (
            f"it needs code of its own ({str(said)[:80]}), which kdzoo never runs; give a model "
            "with a tokenizer.json"
        )
    there = [*folder.glob("*.model"), *folder.glob("vocab.*"), *folder.glob("tokenizer.json")]
    if not there:
        return f"it is not there (tokenizer.json); {tokenizer_beside(folder)}"
    return f"{kind_and_words(error).rstrip(': ')}; save it again from the model's own"


def tokenizer_beside(folder: Path | None = None) -> str:
    """Returns how ``tokenizer.json`` comes into the folder of a model that lacks it.

    Args:
        folder: of the model; None where it may lie on the hub.
    """
    place = "FOLDER" if folder is None else repr(str(folder))
    return (
        f"save it beside the weights: AutoTokenizer.from_pretrained(MODEL).save_pretrained({place})"
    )


def one_file(folder: Path, source: str) -> str:
    """Returns how the weights of a model come into the one file that kdzoo reads.

    Args:
        folder: of a model without ``model.safetensors``.
        source: what the user calls it, a folder or a hub id.
    """
    where, is_of_hub = _called(folder, source), _is_of_hub(source)
    variants = [file.name.split(".")[1] for file in sorted(folder.glob("model.*.safetensors"))]
    parts = [file for pattern in _PARTS for file in folder.glob(pattern)]
    if not (is_of_hub or variants or parts):
        return "download the whole model, its weights too"
    if not is_of_hub and (fault := fault_of(folder)):
        return fault
    if (folder / _MODULES).is_file():  # which says how its vectors come about
        return f"{_ONCE}: {_anew(where)}"
    variant = f", variant={variants[0]!r}" if variants else ""
    return (
        f"{_ONCE}: import transformers; transformers.{_auto_class(folder)}"
        f".from_pretrained({where}{variant}).save_pretrained('whole', max_shard_size='1TB'); "
        f"transformers.AutoTokenizer.from_pretrained({where}).save_pretrained('whole')"
    )


def _is_of_hub(source: str) -> bool:
    return not with_home(source).is_dir() and ":" not in source  # as package: has


def _called(folder: Path, source: str) -> str:
    """Returns what Python code calls a model by: its folder, or its id and revision on a hub."""
    if not _is_of_hub(source):
        return repr(str(folder))
    name, _, revision = source.partition("@")
    return repr(name) + (f", revision={revision!r}" if revision else "")


def _anew(where: str) -> str:
    """Returns the Python that has sentence-transformers write a model as it does today."""
    return (
        "from sentence_transformers import SentenceTransformer; "
        f"SentenceTransformer({where}).save_pretrained('whole')"
    )


def _old_transformer(folder: Path) -> str | None:
    """Returns the folder within a sentence-transformers one that holds its encoder, if one does."""
    modules: Any = None
    with suppress(ValueError, OSError):
        modules = read_json(folder / _MODULES)
    for entry in modules if isinstance(modules, list) else ():
        if isinstance(entry, dict) and str(entry.get("type")).endswith(".Transformer"):
            return str(entry.get("path", ""))[:80] or None
    return None


def _auto_class(folder: Path) -> str:
    """Returns the Auto class of transformers for what a configuration says of its class."""
    named = _settings(folder / "config.json").get("architectures")
    name = str(named[0]) if isinstance(named, list) and named else ""
    ends = ("ForSequenceClassification", "ForTokenClassification")
    if not name and has_head(folder):
        return f"AutoModel{ends[0]}"
    return f"AutoModel{next((end for end in ends if name.endswith(end)), '')}"


def _settings(path: Path) -> dict[str, Any]:
    with suppress(ValueError, OSError):
        said = read_json(path)
        return said if isinstance(said, dict) else {}
    return {}
