"""Texts and labels from .jsonl, .csv, .tsv and .parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kdzoo.data.corpus import SPLITS, RawData, RawRow, SplitName
from kdzoo.data.stream import SUFFIXES, as_input, stream_rows
from kdzoo.errors import DataError, Problem, did_you_mean
from kdzoo.files import with_home


def read_files(
    files: str | Mapping[SplitName, str],
    text: str,
    label: str,
    text_pair: str | None = None,
    others: Sequence[str] = (),
) -> RawData:
    """Returns the rows of a folder with a file per split, one file (all train), or named files.

    Args:
        files: the folder, the file, or a file per split.
        text: the column of the text.
        label: the column of the label.
        text_pair: the column of the second text, of pairs.
        others: names of more files of a folder that are splits.

    Raises:
        DataError: a file is missing, has another encoding, or lacks a column.
    """
    paths = _split_paths(files, others)
    return RawData(
        {split: read_rows(path, text, label, text_pair) for split, path in paths.items()},
        origin=", ".join(path.name for path in paths.values()),
    )


def _split_paths(files: str | Mapping[SplitName, str], others: Sequence[str]) -> dict[str, Path]:
    if not isinstance(files, str):
        return {split: with_home(path) for split, path in files.items()}
    path = with_home(files)
    if path.is_file():
        return {"train": path}
    if not path.is_dir():
        raise DataError(f"no such file or folder of data: {files}")
    found: dict[str, Path] = {}
    for split in dict.fromkeys((*SPLITS, *others)):
        candidates = [path / f"{split}{suffix}" for suffix in SUFFIXES]
        present = [each for each in candidates if each.is_file()]
        if len(present) > 1:
            names = " and ".join(each.name for each in present)
            raise DataError(f"{files} holds {names}; keep one of them")
        if present:
            found[split] = present[0]
    if "train" not in found:
        raise DataError(f"{files} holds no train file; wanted train.jsonl, .csv, .tsv or .parquet")
    return found


def read_rows(path: Path, text: str, label: str, text_pair: str | None = None) -> list[RawRow]:
    """Returns text, or both of a pair, and label name of every row of one file."""
    rows: list[RawRow] = []
    problems: list[Problem] = []
    wanted = [text, label] if text_pair is None else [text, text_pair, label]
    for where, row in stream_rows(path):
        missing = [column for column in wanted if column not in row]
        if missing:
            names = [str(key) for key in row]
            problems.append(Problem(f"no column '{missing[0]}'", where, cure(missing[0], names)))
        else:
            name = as_label(row[label], f"{path.name} {where}")
            rows.append((as_input(row, text, text_pair), name))
        if problems and (path.suffix.lower() != ".jsonl" or len(problems) == 5):
            break
    if problems:
        raise DataError(str(path), *problems)
    if not rows:
        raise DataError(f"{path} holds no rows")
    return rows


def cure(missing: str, known: Sequence[str]) -> str:
    """Returns what to write in a recipe whose data has no such column."""
    if missing == "text" and {"text_a", "text_b"} <= {*known}:
        return "these are pairs: set data.text: text_a and data.text_pair: text_b"
    return f"set data.text, data.text_pair and data.label; {did_you_mean(missing, known)}"


def as_label(value: Any, where: str) -> str:
    """Returns a cell as the name of a label; a missing one is empty.

    Raises:
        DataError: it holds a list.
    """
    if isinstance(value, list | tuple):
        raise DataError(
            f"{where}: the label is a list ({', '.join(map(str, value))}); kdzoo reads one label "
            "per text, multi-label data is not supported"
        )
    return "" if value is None else str(value).strip()
