"""Texts and labels from .jsonl, .csv, .tsv and .parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kdzoo.data.corpus import SPLITS, RawData, SplitName
from kdzoo.data.stream import SUFFIXES, as_text, stream_rows
from kdzoo.errors import DataError, Problem, did_you_mean


def read_files(files: str | Mapping[SplitName, str], text: str, label: str) -> RawData:
    """Returns the rows of a folder with a file per split, one file (all train), or named files.

    Raises:
        DataError: a file is missing, has another encoding, or lacks a column.
    """
    paths = _split_paths(files)
    return RawData(
        {split: read_rows(path, text, label) for split, path in paths.items()},
        origin=", ".join(path.name for path in paths.values()),
    )


def _split_paths(files: str | Mapping[SplitName, str]) -> dict[str, Path]:
    if not isinstance(files, str):
        return {split: Path(path).expanduser() for split, path in files.items()}
    path = Path(files).expanduser()
    if path.is_file():
        return {"train": path}
    if not path.is_dir():
        raise DataError(f"no such file or folder of data: {files}")
    found: dict[str, Path] = {}
    for split in SPLITS:
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


def read_rows(path: Path, text: str, label: str) -> list[tuple[str, str]]:
    """Returns (text, label name) of every row of one file."""
    rows: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for where, row in stream_rows(path):
        missing = [column for column in (text, label) if column not in row]
        if missing:
            known = did_you_mean(missing[0], [str(key) for key in row])
            cure = f"set data.text and data.label; {known}"
            problems.append(Problem(f"no column '{missing[0]}'", where, cure))
        else:
            rows.append((as_text(row[text]), as_label(row[label], f"{path.name} {where}")))
        if problems and (path.suffix.lower() != ".jsonl" or len(problems) == 5):
            break
    if problems:
        raise DataError(str(path), *problems)
    if not rows:
        raise DataError(f"{path} holds no rows")
    return rows


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
