"""Texts and labels from .jsonl, .csv, .tsv and .parquet files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kdzoo.data.corpus import SPLITS, RawData, SplitName
from kdzoo.errors import DataError, Problem, did_you_mean

SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")
Row = tuple[str, Mapping[str, Any]]  # where it stands, and its columns


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
    if not path.is_file():
        raise DataError(f"no such data file: {path}")
    rows: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for where, row in _rows(path):
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


def as_text(value: Any) -> str:
    """Returns a cell as text; a missing one is empty."""
    return "" if value is None else str(value)


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


def _rows(path: Path) -> Iterator[Row]:
    match path.suffix.lower():
        case ".jsonl":
            return _jsonl_rows(path)
        case ".csv":
            return _csv_rows(path, ",")
        case ".tsv":
            return _csv_rows(path, "\t")
        case ".parquet":
            return _parquet_rows(path)
        case _:
            raise DataError(f"{path}: cannot read '{path.suffix}'; wanted {', '.join(SUFFIXES)}")


def _decoded(path: Path) -> str:
    """Returns the file's text, or says which line is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            str(path), Problem("not UTF-8 text", f"line {line}", "save the file as UTF-8")
        ) from None


def _jsonl_rows(path: Path) -> Iterator[Row]:
    for number, line in enumerate(_decoded(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                str(path), Problem(f"not JSON: {error.msg}", f"line {number}")
            ) from None
        if not isinstance(row, dict):
            raise DataError(str(path), Problem("not a JSON object", f"line {number}"))
        yield f"line {number}", row


def _csv_rows(path: Path, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(1 << 24)
    reader = csv.DictReader(
        io.StringIO(_decoded(path), newline=""), delimiter=delimiter, strict=True
    )
    try:
        for row in reader:
            line = reader.reader.line_num  # the outer count lags behind empty lines and errors
            if None in row:
                raise DataError(
                    str(path),
                    Problem(
                        "more cells than the header has columns",
                        f"line {line}",
                        "quote texts that hold the separator",
                    ),
                )
            yield f"line {line}", row
    except csv.Error as error:
        raise DataError(
            str(path), Problem(f"not CSV: {error}", f"line {reader.reader.line_num}")
        ) from None


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} is not a parquet file: {error}") from None
    for number, row in enumerate(table.to_pylist(), start=1):
        yield f"row {number}", row
