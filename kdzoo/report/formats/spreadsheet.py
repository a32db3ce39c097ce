"""The table as CSV: all figures, unrounded."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator

from kdzoo.plain import one_line
from kdzoo.report.columns.column import Column, ShownIn
from kdzoo.report.columns.declared import known
from kdzoo.report.columns.kinds import Piece
from kdzoo.report.figures.rows import Table, TableRow


def comma_separated(table: Table) -> str:
    """Returns the unrounded figures, a line per row, and per machine where several timed rows.

    Both questions stand in the line that says what a model gives, each with its verdict: ``model_``
    is this model against the teacher, ``recipe_`` this recipe against hard labels.
    """
    target = io.StringIO()
    metrics = list(dict.fromkeys(name for row in table.rows for name in row.metrics))
    columns = known(table, ShownIn.CSV, metrics)
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(
        inert(f"{column.name}{suffix}") for column in columns for suffix in column.kind.suffixes
    )
    for there in table.by_machine:
        for row in there.rows:
            writer.writerow(cell for column in columns for cell in _cells(column, row, there))
    return target.getvalue()


def _cells(column: Column, row: TableRow, table: Table) -> Iterator[str]:
    """Yields what stands below each of a column's names."""
    value = column.read(row, table)
    if value is None:
        yield from ("" for _ in column.kind.suffixes)
    else:
        yield from map(_cell, column.kind.pieces(value))


def _cell(piece: Piece) -> str:
    if isinstance(piece, str):
        return inert(piece)
    if isinstance(piece, int):
        return str(piece)
    return "" if piece is None or math.isnan(piece) else f"{piece:.6g}"


def inert(text: str) -> str:
    """Returns text on one line that no spreadsheet takes for a formula."""
    line = one_line(text)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
