"""A user's own data: what is said of them, and the section of the recipes that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kdzoo.data import Corpus, load_corpus
from kdzoo.data.files import split_files
from kdzoo.data.stream import AS_NAMED
from kdzoo.errors import DataError
from kdzoo.recipe.csv import Csv
from kdzoo.recipe.data import Data
from kdzoo.task import TaskName

_RULES = {"validation": "0.15 of train", "test": "0.25 of train"}


@dataclass(frozen=True)
class OwnData:
    """Data as their user says them.

    Attributes:
        files: a file, or a folder with train, validation and test files.
        text: column of the text.
        text_pair: column of the second text, of pairs.
        label: column of the label.
        label_separator: what stands between several labels in one cell.
        label_columns: columns of 0 and 1, one for each label, in place of ``label``.
        task: what the data ask; None where its cells show it.
        oos_label: the label that means out of scope.
        csv: how a .csv or .tsv is written.
    """

    files: Path
    text: str = "text"
    text_pair: str | None = None
    label: str = "label"
    label_separator: str | None = None
    label_columns: tuple[str, ...] | None = None
    task: TaskName | None = None
    oos_label: str | None = None
    csv: Csv = AS_NAMED


def read_data(data: OwnData) -> tuple[dict[str, Any], Corpus]:
    """Returns the data section of the recipes, and what it reads.

    Raises:
        DataError: there are no such files, or they cannot be learnt from as they are said to be.
    """
    section = data_section(data)
    return section, load_corpus(_validated(section))


def data_section(data: OwnData) -> dict[str, Any]:
    """Returns the data section, with a split rule for every split that the files lack.

    Raises:
        DataError: there are no such files.
    """
    if not data.files.exists():
        raise DataError(f"no such file or folder of data: {data.files}")
    section: dict[str, Any] = {"files": str(data.files.resolve()), "text": data.text}
    if data.label_columns is None:
        section["label"] = data.label
    present, columns = split_files(str(data.files)), data.label_columns
    further = {
        "text_pair": data.text_pair,
        "oos_label": data.oos_label,
        "csv": data.csv.model_dump(exclude_none=True) or None,
        "split": {split: rule for split, rule in _RULES.items() if split not in present} or None,
        "label_separator": data.label_separator,
        "label_columns": None if columns is None else list(columns),
        "task": data.task,
    }
    return section | {key: said for key, said in further.items() if said is not None}


def _validated(section: dict[str, Any]) -> Data:
    """Returns the data section as recipes have it.

    Raises:
        DataError: the options contradict each other.
    """
    try:
        return Data(**section)
    except ValidationError as error:
        what = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise DataError(f"how the labels of {section['files']} are written: {what}") from None
