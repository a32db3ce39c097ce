"""Rows to .jsonl, .csv and .parquet files, one after the other in little memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from kdzoo.errors import DataError
from kdzoo.files import check_writable

PAIR_COLUMN = "text_pair"  # of the second text, where a user names no other
GROUP = 8192  # rows of a .parquet that are written at once

Cells = Sequence[Any]  # a row's, in the order of the columns


def check_output(path: Path) -> None:
    """Looks at where rows are to be written, before any are made.

    Raises:
        DataError: it is a folder, or of a kind that is not written.
        FileError: it cannot be written there.
    """
    if path.suffix.lower() not in _WRITERS:
        raise DataError(f"{path}: cannot write '{path.suffix}'; give -o a .jsonl, .csv or .parquet")
    if path.is_dir():
        raise DataError(f"{path} is a folder; give -o a file")
    check_writable(path.parent, "give -o another place")


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Cells]) -> int:
    """Writes rows beside their place, moves them there when all are, and returns their number.

    Where there is no row there is no file.

    Args:
        path: a .jsonl, .csv or .parquet.
        columns: their names, K of them.
        rows: K cells each, texts or numbers.

    Raises:
        DataError: they cannot be written there.
    """
    check_output(path)
    partial = path.with_name(f".{path.name}.partial")
    count = 0

    def counted() -> Iterator[Cells]:
        nonlocal count
        for count, row in enumerate(rows, start=1):  # noqa: B007 - the last number is the count
            yield row

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            _WRITERS[path.suffix.lower()](file, columns, counted())
        if count:
            partial.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return count


def _write_jsonl(file: BinaryIO, columns: Sequence[str], rows: Iterator[Cells]) -> None:
    for row in rows:
        cells = dict(zip(columns, row, strict=True))
        file.write(json.dumps(cells, ensure_ascii=False).encode() + b"\n")


def _write_csv(file: BinaryIO, columns: Sequence[str], rows: Iterator[Cells]) -> None:
    with TextIOWrapper(file, encoding="utf-8", newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)


def _write_parquet(file: BinaryIO, columns: Sequence[str], rows: Iterator[Cells]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    writer = None
    try:
        while group := list(islice(rows, GROUP)):
            cells = zip(*group, strict=True)
            table = pa.table(dict(zip(columns, map(list, cells), strict=True)))
            writer = writer or parquet.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


_WRITERS: dict[str, Callable[[BinaryIO, Sequence[str], Iterator[Cells]], None]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
