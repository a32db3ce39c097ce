"""The folder that deploys: a graph, a tokenizer, the names of the classes, and what they are.

``export.json`` holds the digests of the other files, so that a damaged or edited one is noticed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kdzoo.bounds import MOST, read_json
from kdzoo.digest import file_sha256
from kdzoo.errors import ModelError
from kdzoo.files import has_file
from kdzoo.plain import are_names
from kdzoo.task import SINGLE_LABEL, TASKS, TaskName
from kdzoo.tokenizer_files import check_tokenizer_file

SCHEMA_VERSION = 1
EXPORT = "export.json"
CASCADE = "cascade.json"  # of a folder that holds two exported forms
STUDENT, TEACHER = "student", "teacher"  # their folders
GRAPH, TOKENIZER, LABELS, README = "model.onnx", "tokenizer.json", "labels.json", "README.md"
DEPLOYED = (GRAPH, TOKENIZER, LABELS)  # what a process that answers has to read


@dataclass(frozen=True)
class ExportedForm:
    """What an exported folder holds.

    Attributes:
        runtime: the registered name of what runs it.
        max_length: tokens; longer texts are cut.
        pad_id: the id of padding.
        vocabulary: rows of the model's table: the tokenizer has no higher id.
        sha256: digests of the deployed files, by name.
        made_with: versions of the libraries that wrote it.
        reads_pairs: whether it was trained on pairs of texts; None where that is not known.
        int8: where 8 bits get the ranges of activations from: ``dynamic``, the texts that are run
            together, or ``static``, calibration; None in float32, and from an older kdzoo.
        splits_special_tokens: whether a special token's name in a text is read as text, which
            ``tokenizer.json`` cannot say.
        heeds_padding: whether a text is answered otherwise beside a longer one, so that texts have
            to be read one at a time.
        task: whether a text gets one label, any number of them, or each word one.
    """

    runtime: str
    max_length: int
    pad_id: int
    vocabulary: int
    sha256: dict[str, str]
    made_with: dict[str, str] = field(default_factory=dict)
    reads_pairs: bool | None = None
    int8: str | None = None
    splits_special_tokens: bool = False
    heeds_padding: bool = False
    task: TaskName = "single-label"
    schema_version: int = SCHEMA_VERSION


def write_exported_form(folder: Path, form: ExportedForm) -> None:
    """Writes ``export.json``, last: a folder that holds it is whole."""
    told = asdict(form)
    if form.task == SINGLE_LABEL.name:  # as it was before there were others
        del told["task"]
    (folder / EXPORT).write_text(json.dumps(told, indent=1), encoding="utf-8")


def is_exported_form(folder: Path) -> bool:
    """Whether the folder says that it is an exported model."""
    return has_file(folder / EXPORT)


def read_exported_form(folder: Path) -> ExportedForm:
    """Returns what an exported folder says of itself.

    Raises:
        ModelError: it is none, is damaged, or a newer kdzoo wrote it.
    """
    if not is_exported_form(folder):
        raise ModelError(f"{folder} is no exported model: it holds no {EXPORT}")
    content = _read_json(folder / EXPORT)
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise ModelError(
            f"{folder} was exported by a newer kdzoo (schema {version}, this one reads "
            f"{SCHEMA_VERSION}): pip install --upgrade kdzoo"
        )
    try:
        form = ExportedForm(**content)
        _check_entries(form)
    except (TypeError, ValueError) as error:  # no mapping, or one with other keys or values
        raise ModelError(
            f"{folder / EXPORT} is not what kdzoo writes: {error}; export the model again"
        ) from error
    return form


def _check_entries(form: ExportedForm) -> None:
    # by hand: pydantic would count as memory of each model whose process reads a folder
    numbers = dict.fromkeys(("max_length", "pad_id", "vocabulary"), int)
    wanted = {"runtime": str, **numbers, "sha256": dict}
    wanted |= dict.fromkeys(("splits_special_tokens", "heeds_padding"), bool)
    for name, kind in wanted.items():
        if type(getattr(form, name)) is not kind:
            raise ValueError(f"'{name}' is no {kind.__name__}")
    if form.reads_pairs not in (True, False, None):
        raise ValueError("'reads_pairs' is neither true, false nor null")
    if form.int8 not in ("dynamic", "static", None):
        raise ValueError("'int8' is neither dynamic, static nor null")
    if form.task not in TASKS:
        raise ValueError(f"'task' is none of {', '.join(TASKS)}")
    if not 0 < form.max_length <= MOST:
        raise ValueError(f"'max_length' is {str(form.max_length)[:20]}")
    if not 0 <= form.pad_id < form.vocabulary <= MOST:
        raise ValueError(
            f"'pad_id' {str(form.pad_id)[:20]} is not among {str(form.vocabulary)[:20]} ids"
        )
    if set(form.sha256) != set(DEPLOYED):
        raise ValueError(f"'sha256' has to name {', '.join(DEPLOYED)}, and nothing else")


def _read_json(path: Path) -> Any:
    try:
        return read_json(path)
    except ValueError as error:
        raise ModelError(f"{path} cannot be read: {error}; export the model again") from error


def check_exported_form(folder: Path) -> ExportedForm:
    """Returns what an exported folder says of itself, once its files are seen to be those.

    Raises:
        ModelError: a file is missing, or other than the one that was exported; or its tokenizer
            may take memory or time without end.
    """
    form = read_exported_form(folder)
    for name, digest in form.sha256.items():
        path = folder / name
        if not has_file(path):
            raise ModelError(f"{folder} is not whole: it lacks {name}; export the model again")
        if file_sha256(path) != digest:
            raise ModelError(
                f"{path} is not the file that was exported (its digest differs from the one in "
                f"{EXPORT}): it is damaged, was edited, or belongs to another model; export again"
            )
    check_tokenizer_file(folder / TOKENIZER)
    return form


def damaged_form(folder: Path, sizes: Mapping[str, int]) -> Path | None:
    """Returns a file of an exported folder that is not there or was cut off; None where none is.

    Args:
        folder: that was exported.
        sizes: bytes of its deployed files, by name, when they were written.
    """
    try:
        read_exported_form(folder)
    except ModelError:
        return folder / EXPORT
    files = (folder / name for name in DEPLOYED)
    are = ((file, file.stat().st_size if file.is_file() else None) for file in files)
    return next((file for file, size in are if size != sizes.get(file.name)), None)


def read_labels(folder: Path) -> tuple[str, ...]:
    """Returns the names of the classes, in the order of the logits.

    Raises:
        ModelError: they cannot be read.
    """
    labels = _read_json(folder / LABELS)
    if not are_names(labels):
        raise ModelError(f"{folder / LABELS} is no list of names; export the model again")
    return tuple(labels)


def deployed_bytes(folder: Path) -> int:
    """Returns the bytes of what a process that answers has to read; of a cascade, of both forms."""
    parts = parts_of(folder) if has_file(folder / CASCADE) else [folder]
    return sum((part / name).stat().st_size for part in parts for name in DEPLOYED)


def parts_of(folder: Path) -> list[Path]:
    """Returns the forms in a cascade's folder: the student's, and the teacher's if it is there."""
    teacher = folder / TEACHER
    return [folder / STUDENT, *([teacher] if teacher.is_dir() else [])]


def refuse_to_overwrite(target: Path, noun: str, mark: str, files: Iterable[str]) -> None:
    """Lets a folder that deploys be replaced by another one, and nothing else.

    Args:
        target: the folder to write; there or not.
        noun: what may lie there.
        mark: the file that says so.
        files: what else it may hold.

    Raises:
        ModelError: it is a file, or holds other things.
    """
    if target.exists() and not target.is_dir():
        raise ModelError(f"{target} is a file; give --out a folder")
    held = {path.name for path in target.iterdir()} if target.exists() else set()
    if held and (mark not in held or held - {mark, *files}):
        raise ModelError(
            f"{target} holds other things than {noun}, which would be lost; give --out a new folder"
        )
