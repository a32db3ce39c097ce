"""Rows to .jsonl, .csv and .parquet files, one after the other in little memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

from kdzoo.errors import DataError
from kdzoo.files import beside, check_writable

PAIR_COLUMN = "text_pair"  # of the second text, where a user names no other
GROUP = 8192  # rows of a .parquet that are written at once

ListOf = Literal["text", "number", "count"]
BAR = "|"  # between the elements of a list in a .csv
Cells = Sequence[Any]  # a row's, in the order of the columns


def check_output(path: Path) -> None:
    """Looks at where rows are to be written, before any are made.

    Raises:
        DataError: it is a folder, or of a kind that is not written.
        FileError: the folder cannot be written.
    """
    if path.suffix.lower() not in _WRITERS:
        raise DataError(f"{path}: cannot write '{path.suffix}'; give -o a .jsonl, .csv or .parquet")
    if path.is_dir():
        raise DataError(f"{path} is a folder; give -o a file")
    check_writable(path.parent, "give -o another place")


def write_rows(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Cells],
    lists: Mapping[str, ListOf] | None = None,
) -> int:
    """Writes rows beside their place, moves them there when all are, and returns their number.

    Where there is no row there is no file.

    Args:
        path: a .jsonl, .csv or .parquet.
        columns: their names, K of them.
        rows: K cells each, texts or numbers, or lists of them.
        lists: what the lists hold, by column; none by default. In a .csv a bar stands between.

    Raises:
        DataError: the file cannot be written.
    """
    check_output(path)
    partial = beside(path)
    count = 0

    def counted() -> Iterator[Cells]:
        nonlocal count
        for count, row in enumerate(rows, start=1):  # noqa: B007 - the last number is the count
            yield row

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            _WRITERS[path.suffix.lower()](file, columns, counted(), lists or {})
        if count:
            partial.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return count


def _write_jsonl(
    file: BinaryIO, columns: Sequence[str], rows: Iterator[Cells], _: Mapping[str, ListOf]
) -> None:
    for row in rows:
        cells = dict(zip(columns, row, strict=True))
        file.write(json.dumps(cells, ensure_ascii=False).encode() + b"\n")


def _write_csv(
    file: BinaryIO, columns: Sequence[str], rows: Iterator[Cells], lists: Mapping[str, ListOf]
) -> None:
    with TextIOWrapper(file, encoding="utf-8", newline="") as text:
        plain = csv.writer(text, lineterminator="\n")
        quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        plain.writerow(columns)
        places = [place for place, name in enumerate(columns) if name in lists]
        for row in rows:
            cells = list(row)
            for place in places:
                cells[place] = _in_one_cell(cells[place])
            # Python 3.11 leaves a lone carriage return unquoted, which ends a row when it is read
            (quoted if any("\r" in str(cell) for cell in cells) else plain).writerow(cells)


def _in_one_cell(values: Sequence[Any]) -> str:
    """Returns a list as a cell."""
    return BAR.join(map(str, values))


def check_elements(path: Path, elements: Iterable[str]) -> None:
    """Looks at what lists of text will hold, before any are written.

    Raises:
        DataError: what parts them in a .csv stands in one of them.
    """
    odd = next((text for text in elements if BAR in text), None)
    if odd is not None and path.suffix.lower() == ".csv":
        raise DataError(
            f"'{odd[:60]}' holds a '{BAR}', which parts several labels in a .csv; give -o a .jsonl "
            "or .parquet"
        )


def _write_parquet(
    file: BinaryIO, columns: Sequence[str], rows: Iterator[Cells], lists: Mapping[str, ListOf]
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    known = {"text": pa.string(), "number": pa.float64(), "count": pa.int64()}
    kinds = {name: pa.list_(known[kind]) for name, kind in lists.items()}
    writer = None
    try:
        while group := list(islice(rows, GROUP)):
            cells = zip(*group, strict=True)
            found = dict(zip(columns, map(list, cells), strict=True))
            arrays = {name: pa.array(cells, kinds.get(name)) for name, cells in found.items()}
            table = pa.table(arrays)
            writer = writer or parquet.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


_WRITERS: dict[
    str, Callable[[BinaryIO, Sequence[str], Iterator[Cells], Mapping[str, ListOf]], None]
] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
