"""From what a recipe calls a model to a folder on this disk."""

from __future__ import annotations

import importlib.util
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from kdzoo.bounds import read_json
from kdzoo.digest import content_hash, file_sha256
from kdzoo.errors import ModelError, OutOfReachError, TeacherError, first_line
from kdzoo.files import check_readable, has_file, with_home
from kdzoo.model import OWN_PADDING, TYPES, tokenizer_files
from kdzoo.model_files import CHECKPOINT, check_model_files
from kdzoo.model_folders import instead_of, one_file, refuse_adapter
from kdzoo.offline import hub_in_reach
from kdzoo.recipe.teacher import Teacher as TeacherSection
from kdzoo.text import reader_of

_FILES = ["*.safetensors", "*.json", "*.txt", "*.model"]
_NOT_FILES = ["[!1-9]*/*"]  # 1_Pooling, 2_Dense: what a sentence encoder has behind its layers


def find_model(source: str, fallback: str | None = None, sha256: str | None = None) -> Path:
    """Returns the folder of a model: ``package:NAME/PATH``, a folder, or a hub id.

    A package is found without importing it. A hub id may name a commit, branch or tag:
    ``owner/name@revision``.

    Args:
        source: what a user calls it.
        fallback: another, for where the first is not installed.
        sha256: of the weights, in hexadecimal digits.

    Raises:
        TeacherError: it is nowhere, or its weights are other ones than ``sha256`` says.
        ModelError: it is an adapter, without its base model.
    """
    called = source
    try:
        folder = _find(source)
    except TeacherError:
        if fallback is None:
            raise
        try:
            folder, called = _find(fallback), fallback
        except TeacherError as error:
            raise type(error)(
                f"{error}\n  (the fallback of {source}, which is not installed)"
            ) from error
    try:
        check_model_files(folder)
    except ModelError as error:
        raise TeacherError(f"{source}: {error}") from error
    weights = folder / "model.safetensors"
    if not has_file(weights):
        raise TeacherError(
            f"{called}: no model.safetensors in {folder}; kdzoo reads weights in one file of that "
            f"kind: {one_file(folder, called)}"
        )
    if sha256 is not None and (found := file_sha256(weights)) != sha256:
        raise TeacherError(
            f"{source}: the weights are not the ones that the recipe names\n"
            f"  wanted sha256 {sha256}\n  found  sha256 {found}\n"
            "  fetch those that it names; if these are meant, remove teacher.sha256"
        )
    return folder


def find_sources(section: TeacherSection) -> list[Path]:
    """Returns the folders of the models that teach; none where a file of outputs does.

    Raises:
        KdzooError: one of them is nowhere, or is not the one that the recipe names.
    """
    fallback = section.fallback if len(section.sources) == 1 else None
    return [find_model(name, fallback, section.sha256) for name in section.sources]


def find_encoder(section: TeacherSection) -> Path | None:
    """Returns the folder of the encoder that a recipe names; None where it names none.

    Beside a file of outputs it is the one model of the recipe's teacher, which fallback and sha256
    are of; beside other models these are of them.

    Raises:
        KdzooError: it is nowhere, or is not the one that the recipe names.
    """
    if section.encoder is None:
        return None
    if section.outputs is None:
        return find_model(section.encoder)
    return find_model(section.encoder, section.fallback, section.sha256)


def _find(source: str) -> Path:
    if source.startswith("package:"):
        return _in_package(source)
    path = with_home(source)
    if path.is_dir():
        _refuse_other_folder(path, source)
        check_readable(*_deciding(path))
        return path.resolve()
    if source.startswith((".", "/", "~")) or source.partition("@")[0].count("/") > 1:
        raise TeacherError(f"no such model folder: {source}")
    folder = _from_hub(source)
    _refuse_other_folder(folder, source)
    return folder


def _refuse_other_folder(folder: Path, source: str) -> None:
    """Refuses a folder that is not a model's itself, though there may be one in it."""
    refuse_adapter(folder, source)
    if not has_file(folder / "config.json"):
        raise TeacherError(
            f"{source} is not a model folder: it has no config.json{instead_of(folder, source)}"
        )


def _in_package(source: str) -> Path:
    name, _, inside = source.removeprefix("package:").partition("/")
    try:
        spec = importlib.util.find_spec(name) if name.isidentifier() else None
    except ValueError:  # `__main__` and its like have none
        spec = None
    if spec is None or spec.origin is None:
        raise TeacherError(
            f"{source}: the package '{name}' is not installed; "
            f"pip install {name.replace('_', '-')}, or name a folder or a hub id in its place"
        )
    root = Path(spec.origin).parent.resolve()
    folder = (root / inside).resolve()
    if not folder.is_relative_to(root) or not (folder / "config.json").is_file():
        raise TeacherError(f"{source}: the package holds no model folder '{inside}'")
    refuse_adapter(folder, source)
    return folder


def _from_hub(source: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    hub_id, _, revision = source.partition("@")
    try:
        return Path(
            snapshot_download(
                hub_id,
                revision=revision or None,
                allow_patterns=_FILES,
                ignore_patterns=_NOT_FILES,
                local_files_only=not hub_in_reach(),
            )
        )
    except LocalEntryNotFoundError:
        raise OutOfReachError(
            f"the model '{source}' is not in the Hugging Face cache and no hub is in reach; name a "
            "folder that holds it in its place, or run where the hub answers. "
            'The quickstart needs no hub: pip install "kdzoo[demo]"'
        ) from None
    except HFValidationError:
        raise TeacherError(
            f"'{source}' is neither a folder nor a hub id (name or owner/name)"
        ) from None
    except (HfHubHTTPError, OSError) as error:
        raise TeacherError(f"the hub has no '{source}' for you: {first_line(error)}") from error


def read_config(folder: Path) -> Any:
    """Returns the Hugging Face configuration of a model's folder.

    Raises:
        TeacherError: it cannot be read.
    """
    from transformers import AutoConfig

    import kdzoo.hf  # noqa: F401 - registers kdzoo's own model type

    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # the library's own checks have no common base
        raise TeacherError(f"{folder} cannot be loaded: {first_line(error)}") from error


def keeps_pad_id(folder: Path) -> bool:
    """Whether a model, and what is cut from it, knows padding by an id that cannot be moved.

    Raises:
        TeacherError: its configuration cannot be read.
    """
    return read_config(folder).model_type in OWN_PADDING


def load_hf_tokenizer(folder: Path) -> Any:
    """Loads the Hugging Face tokenizer of a model's folder.

    Raises:
        TeacherError: it cannot be loaded.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # what it is made of has errors of its own
        raise TeacherError(
            f"the tokenizer in {folder} cannot be loaded: {first_line(error)}"
        ) from error


def short_name(source: str) -> str:
    """Returns the last part of a model's name: no owner, no folders above, no revision."""
    return Path(source if Path(source).is_dir() else source.partition("@")[0]).name


def content_key(folder: Path, max_length: int) -> str:
    """Returns a hash of what decides the logits: weights, configuration, tokenizer, length.

    Raises:
        TeacherError: tokenizer_config.json cannot be read.
    """
    parts = [f"{file.name}:{file_sha256(file)}" for file in _deciding(folder)]
    reading = _unusual_reading(folder, max_length) | _read_otherwise(folder)
    content = {"files": parts, "max_length": max_length, "dtype": "float32", **reading}
    return content_hash(content)


def _unusual_reading(folder: Path, max_length: int) -> dict[str, Any]:
    """Returns what tokenizer_config.json says of reading that tokenizer.json does not.

    Only what is not as in nearly all models, so that their keys stay what they were.
    """
    settings = _tokenizer_settings(folder / "tokenizer_config.json")
    usual = {"truncation_side": "right", "split_special_tokens": False}
    unusual = {
        name: settings[name] for name in usual if settings.get(name, usual[name]) != usual[name]
    }
    limit, inputs = settings.get("model_max_length"), settings.get("model_input_names")
    if isinstance(limit, int | float) and 0 < limit < max_length:
        unusual["model_max_length"] = limit
    if isinstance(inputs, list) and TYPES not in inputs and _has_types(folder):
        unusual[TYPES] = False
    return unusual


def _has_types(folder: Path) -> bool:
    """Whether a model tells the tokens of a pair's second text from those of the first."""
    return int(getattr(read_config(folder), "type_vocab_size", 0) or 0) > 1


def _tokenizer_settings(file: Path) -> dict[str, Any]:
    """Returns what tokenizer_config.json says; nothing where there is none."""
    try:
        settings = read_json(file) if has_file(file) else {}
    except (OSError, ValueError) as error:
        raise TeacherError(f"{file} cannot be read: {first_line(error)}") from error
    if not isinstance(settings, dict):
        raise TeacherError(f"{file} holds no settings: it has to be a mapping of names to values")
    return settings


def _read_otherwise(folder: Path) -> dict[str, str]:
    """Returns what stands for a tokenizer as it reads, where tokenizer.json does not say it all.

    Settings beside it may change what it says (``do_lower_case``, ``add_bos_token``, tokens that
    were added), or be all that there is, beside an old vocabulary. Nothing where it reads as
    tokenizer.json has it: keys of nearly all models stay what they were.
    """
    names = (
        "tokenizer.json",
        "added_tokens.json",
        "special_tokens_map.json",
        *tokenizer_files(folder),
    )
    files = {folder / name for name in ("tokenizer_config.json", *names) if has_file(folder / name)}
    states = ((file.stat().st_mtime_ns, file.stat().st_size) for file in sorted(files))
    return _read_otherwise_in(folder, tuple(states))


@lru_cache(maxsize=64)
def _read_otherwise_in(folder: Path, states: tuple[tuple[int, int], ...]) -> dict[str, str]:
    """Looks once at files in a state: a study asks for its teacher many times."""
    tokenizer = load_hf_tokenizer(folder)
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        return {}  # which is refused where texts are to be read
    reads = _reading(json.loads(reader_of(tokenizer).to_str()))
    file = folder / "tokenizer.json"
    if file.is_file() and reads == _reading(json.loads(Tokenizer.from_file(str(file)).to_str())):
        return {}
    return {"reads": content_hash(reads)}


def _reading(state: dict[str, Any]) -> dict[str, Any]:
    """Returns what of a tokenizer decides the ids of a text."""
    parts = ("model", "normalizer", "pre_tokenizer", "post_processor")
    added = sorted((token["id"], token["content"]) for token in state["added_tokens"])
    return {**{part: state[part] for part in parts}, "added": added}


def _deciding(folder: Path) -> list[Path]:
    """Returns the files of a model that decide its logits, by name: no checkpoint left behind."""
    names = ("config.json", "tokenizer.json", "vocab.txt", *tokenizer_files(folder))
    return sorted(
        file
        for file in folder.iterdir()
        if (file.suffix == ".safetensors" and file.name != CHECKPOINT) or file.name in names
    )
