"""Whether the files of a finished model are those that were written: seen without loading it.

A copy may have been broken off, a disk may have been full, and a folder beside a study may be
anybody's. What is not whole is no model that was made: it is made anew.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from functools import lru_cache
from pathlib import Path

from kdzoo.bounds import LARGEST_JSON
from kdzoo.errors import KdzooError
from kdzoo.files import has_file
from kdzoo.model_files import stored_in
from kdzoo.results.outcome_file import read_outcome_file
from kdzoo.results.reading import read_as
from kdzoo.results.record import FormRecord, Record
from kdzoo.runtime.decision import DECISION, read_decision
from kdzoo.tokenizer_files import LARGEST_TOKENIZER, read_mapping

RECORD, OUTCOMES = "record.json", "predictions.parquet"
_WEIGHTS, _BASELINE = "model.safetensors", "baseline.skops"
_CONFIG, _TOKENIZER = "config.json", "tokenizer.json"


def has_weights(folder: Path) -> bool:
    """Whether a model's folder holds what a run needs of it."""
    return any((folder / name).is_file() for name in (_WEIGHTS, _BASELINE))


def is_whole(folder: Path) -> bool:
    """Whether a finished model's folder holds what a run needs of it, and that opens."""
    return has_weights(folder) and damaged_file(folder) is None


def damaged_file(folder: Path) -> Path | None:
    """Returns a file of a finished model that is not what was written; None where all open.

    Weights are held against the sizes that their header says, and are not read.
    """
    if (folder / _BASELINE).is_file():
        files = [folder / _BASELINE]
    else:
        files = [folder / _WEIGHTS, folder / _CONFIG]
        files += [folder / _TOKENIZER] * (folder / _TOKENIZER).is_file()
    return next((file for file in files if not _opens(file)), None)


def _opens(file: Path) -> bool:
    try:
        state = file.stat()
    except FileNotFoundError:
        return False
    return _opens_in(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4096)
def _opens_in(file: Path, _changed: int, _size: int) -> bool:
    """Looks once at a file in a state: a study asks for each model many times."""
    try:
        if file.name == _BASELINE:
            return zipfile.is_zipfile(file)
        if file.name == _WEIGHTS:
            return bool(stored_in(file))
        said = read_mapping(file, LARGEST_TOKENIZER if file.name == _TOKENIZER else LARGEST_JSON)
    except KdzooError:
        return False
    return isinstance(said.get("model_type" if file.name == _CONFIG else "model"), str | dict)


def let_go(folder: Path) -> None:
    """Takes weights and configuration of a model away: it is as one that was not made yet."""
    for name in (_WEIGHTS, _CONFIG, _TOKENIZER, _BASELINE):
        (folder / name).unlink(missing_ok=True)


def may_be_read(folder: Path) -> bool:
    """Whether this user may copy all of a model, which may be another one's."""
    return all(os.access(path, os.R_OK) for path in folder.rglob("*"))


def has_record(folder: Path) -> bool:
    """Whether a finished model's record can be read."""
    try:
        read_as(folder / RECORD, Record)
    except KdzooError:
        return False
    return True


def leave_damaged(folder: Path) -> None:
    """Takes out of the copy of a model what it answered, where that is damaged: it is read anew.

    So does an exported form, and what was fitted on validation.
    """
    record = read_as(folder / RECORD, Record)
    try:
        read_decision(folder)
        if has_file(folder / OUTCOMES):
            read_outcome_file(folder / OUTCOMES, record)
    except KdzooError:
        for name in (DECISION, OUTCOMES):
            (folder / name).unlink(missing_ok=True)
    for path in sorted(folder.glob(f"*/{RECORD}")):
        try:
            form = read_as(path, FormRecord)
            read_decision(path.parent)
            if form.failure is None:
                read_outcome_file(path.parent / OUTCOMES, form)
        except (KdzooError, FileNotFoundError):
            shutil.rmtree(path.parent)
