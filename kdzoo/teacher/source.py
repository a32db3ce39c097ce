"""From what a recipe calls a model to a folder on this disk."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from kdzoo.digest import file_sha256
from kdzoo.errors import ModelError, OutOfReachError, TeacherError, first_line
from kdzoo.files import check_readable, has_file, with_home
from kdzoo.model import OWN_PADDING, tokenizer_files
from kdzoo.model.auto import auto_tokenizer
from kdzoo.model_files import CHECKPOINT, check_model_files
from kdzoo.model_folders import (
    instead_of,
    no_folder,
    one_file,
    refuse_adapter,
    why_no_tokenizer,
    why_not_loaded,
)
from kdzoo.offline import hub_in_reach
from kdzoo.recipe.teacher import TeacherSection

_PACKAGE = "package:"  # how a model in an installed package is named
_FILES = ["*.safetensors", "*.json", "*.txt", "*.model"]
_NOT_FILES = ["[!1-9]*/*"]  # 1_Pooling, 2_Dense: what a sentence encoder has behind its layers


def find_model(source: str, fallback: str | None = None, sha256: str | None = None) -> Path:
    """Returns the folder of a model: ``package:NAME/PATH``, a folder, or a hub id.

    A package is found without importing it. A hub id may name a commit, branch or tag:
    ``owner/name@revision``.

    Args:
        source: what a user calls it.
        fallback: another, for where ``package:NAME/PATH`` is not installed; of no other source.
        sha256: of the weights, in hexadecimal digits.

    Raises:
        TeacherError: it is nowhere, or its weights are other ones than ``sha256`` says.
        ModelError: it is an adapter, without its base model.
    """
    called = source
    try:
        folder = _find(source)
    except TeacherError:
        if fallback is None or not source.startswith(_PACKAGE):
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
        KdzooError: one of them is nowhere, or is not the one that the recipe names; one that is not
            fine-tuned is named twice.
    """
    fallback = section.fallback if len(section.sources) == 1 else None
    folders = [find_model(name, fallback, section.sha256) for name in section.sources]
    if section.fine_tune is None:
        _refuse_repeats(section, folders)
    return folders


def _refuse_repeats(section: TeacherSection, folders: list[Path]) -> None:
    for place, (name, folder) in enumerate(zip(section.sources, folders, strict=True)):
        if folder in folders[:place]:
            unlike = "" if section.head is None else ", in place of head,"
            raise TeacherError(
                f"teacher.models: '{name}' is named twice, and answers alike each time; write each "
                f"model once, or add fine_tune{unlike} where it is an encoder that is to be "
                "fine-tuned several times, each time from another seed"
            )


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
    if source.startswith(_PACKAGE):
        return _in_package(source)
    path = with_home(source)
    if path.is_dir():
        _refuse_other_folder(path, source)
        check_readable(*deciding_files(path))
        return path.resolve()
    is_path = source.startswith((".", "/", "~")) or source.endswith("/")
    if is_path or path.is_file() or source.partition("@")[0].count("/") > 1:
        raise TeacherError(no_folder(path, source))
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
    name, _, inside = source.removeprefix(_PACKAGE).partition("/")
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
        raise TeacherError(f"{folder} cannot be loaded: {why_not_loaded(folder, error)}") from error


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
    try:
        return auto_tokenizer(folder)
    except Exception as error:  # what it is made of has errors of its own
        raise TeacherError(
            f"the tokenizer in {folder} cannot be loaded: {why_no_tokenizer(folder, error)}"
        ) from error


def short_name(source: str) -> str:
    """Returns the last part of a model's name: no owner, no folders above, no revision."""
    return Path(source if Path(source).is_dir() else source.partition("@")[0]).name


def deciding_files(folder: Path) -> list[Path]:
    """Returns the files of a model that decide its logits, by name: no checkpoint left behind."""
    names = ("config.json", "tokenizer.json", "vocab.txt", *tokenizer_files(folder))
    return sorted(
        file
        for file in folder.iterdir()
        if (file.suffix == ".safetensors" and file.name != CHECKPOINT) or file.name in names
    )
