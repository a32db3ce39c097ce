"""Rows of .jsonl, .csv, .tsv, .parquet and .txt files, one after the other in little memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kdzoo.data.corpus import Input
from kdzoo.errors import DataError, Problem, did_you_mean
from kdzoo.files import check_readable

SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")
Row = tuple[str, Mapping[str, Any]]  # where it stands, and its columns


def stream_rows(path: Path) -> Iterator[Row]:
    """Yields each row of a file, with the place where it stands.

    Raises:
        DataError: there is no such file, or it is not what its name says.
    """
    if not path.is_file():
        raise DataError(f"no such data file: {path}")
    check_readable(path)
    match path.suffix.lower():
        case ".jsonl":
            yield from _jsonl_rows(path)
        case ".csv":
            yield from _csv_rows(path, ",")
        case ".tsv":
            yield from _csv_rows(path, "\t")
        case ".parquet":
            yield from _parquet_rows(path)
        case _:
            raise DataError(f"{path}: cannot read '{path.suffix}'; wanted {', '.join(SUFFIXES)}")


def read_texts(
    path: Path, column: str, column_pair: str | None = None, *, skip_blank: bool = True
) -> Iterator[Input]:
    """Yields the texts of a file that needs no labels; a ``.txt`` holds one a line.

    Args:
        path: of the file.
        column: of the text.
        column_pair: of the second text, of pairs; in a ``.txt``, a tab stands between the two.
        skip_blank: whether blank lines of a ``.txt`` are no texts, rather than empty ones.

    Raises:
        DataError: there is no such file, it is not what its name says, or lacks a column.
    """
    if path.suffix.lower() == ".txt" and path.is_file():
        for number, line in enumerate(_lines(path, "\n"), start=1):
            if line.strip() or not skip_blank:
                yield line.strip() if column_pair is None else two_of(line, f"{path} line {number}")
        return
    for where, row in stream_rows(path):
        _require(path, where, row, column, column_pair)
        yield as_input(row, column, column_pair)


def two_of(line: str, where: str) -> Input:
    """Returns the two texts of a line, which a tab divides.

    Raises:
        DataError: there are not two.
    """
    parts = line.rstrip("\r\n").split("\t")
    if len(parts) != 2:
        raise DataError(f"{where}: {len(parts)} texts, wanted two with one tab between them")
    return parts[0].strip(), parts[1].strip()


def read_labelled(
    path: Path, text: str, label: str, text_pair: str | None = None
) -> tuple[list[Input], list[str]]:
    """Returns the texts of a file, and the label of each.

    Args:
        path: of the file.
        text: the column of the text.
        label: the column of the label.
        text_pair: the column of the second text, of pairs.

    Raises:
        DataError: there is no such file, it is not what its name says, lacks a column or a label.
    """
    texts: list[Input] = []
    labels: list[str] = []
    for where, row in stream_rows(path):
        _require(path, where, row, text, text_pair, label)
        texts.append(as_input(row, text, text_pair))
        labels.append(as_text(row[label]))
        if not labels[-1].strip():
            raise DataError(str(path), Problem(f"'{label}' is empty", where, "give it a label"))
    return texts, labels


def _require(path: Path, where: str, row: Mapping[str, Any], *columns: str | None) -> None:
    for column in columns:
        if column is not None and column not in row:
            known = did_you_mean(column, [str(key) for key in row])
            raise DataError(str(path), Problem(f"no column '{column}'", where, known))


def as_input(row: Mapping[str, Any], text: str, text_pair: str | None) -> Input:
    """Returns the text of a row, or both of its pair."""
    if text_pair is None:
        return as_text(row[text])
    return as_text(row[text]), as_text(row[text_pair])


def as_text(value: Any) -> str:
    """Returns a cell as text; a missing one is empty."""
    return "" if value is None else str(value)


def _lines(path: Path, newline: str) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline=newline) as file:
            yield from file
    except UnicodeDecodeError:
        where = f"line {_first_undecodable_line(path)}"
        problem = Problem("not UTF-8 text", where, "save the file as UTF-8")
        raise DataError(str(path), problem) from None


def _first_undecodable_line(path: Path) -> int:
    number = 1
    with path.open("rb") as file, suppress(UnicodeDecodeError):
        for line in file:
            line.decode()
            number += 1
    return number


def _jsonl_rows(path: Path) -> Iterator[Row]:
    for number, line in enumerate(_lines(path, "\n"), start=1):
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
    reader = csv.DictReader(_lines(path, ""), delimiter=delimiter, strict=True)
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
        batches = pyarrow.parquet.ParquetFile(path).iter_batches()
        number = 0
        for batch in batches:
            for number, row in enumerate(batch.to_pylist(), start=number + 1):  # noqa: B020
                yield f"row {number}", row
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} is not a parquet file: {error}") from None
