"""The short table, which terminals and notebooks show: a line per row, and what to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rich.cells import cell_len

from kdzoo.plain import one_line
from kdzoo.report.columns.column import Column, ShownIn
from kdzoo.report.columns.costs import WARNING, threads_of
from kdzoo.report.columns.declared import UNTOLD, shown
from kdzoo.report.columns.numbers import NOTHING
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.formats.data import data_caption
from kdzoo.report.formats.table import untold

_WIDTH = 100  # columns of a terminal
_REFERENCES = ("teacher", "reference")
_STUDENTS = ("student", "other")


class Mark(StrEnum):
    """What a cell is looked at for."""

    PLAIN = "plain"
    BEST = "best"  # of the students, in its column
    REFERENCE = "reference"  # what the students are compared with
    UNSURE = "unsure"  # said of no recipe, or timed on a busy machine


@dataclass(frozen=True)
class Cell:
    """What stands in a place of the table."""

    text: str
    mark: Mark = Mark.PLAIN


@dataclass(frozen=True)
class Short:
    """The table, and how to read it."""

    titles: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    caption: str


def short_table(table: Table, width: int = _WIDTH) -> Short:
    """Returns the cells for a terminal, a line per row.

    Columns in which nothing stands are left out, and some of the others where not all fit.

    Args:
        table: the study's rows.
        width: columns of the terminal.
    """
    columns = _fitting(table, width)
    best = {column.name: _best(column, table) for column in columns}

    def marked(row: TableRow, column: Column) -> Cell:
        text = _text(column, row, table)
        if column.is_of_time and text.endswith(WARNING):
            return Cell(text, Mark.UNSURE)
        if row.role in _REFERENCES:
            return Cell(text, Mark.REFERENCE)
        if column.is_of_recipe and row.effect in UNTOLD:
            return Cell(text, Mark.UNSURE)
        is_best = row.role in _STUDENTS and not row.notes and text == best[column.name]
        return Cell(text, Mark.BEST if is_best else Mark.PLAIN)

    return Short(
        tuple(column.heading(table) for column in columns),
        tuple(tuple(marked(row, column) for column in columns) for row in table.rows),
        one_line(_caption(table, columns)),
    )


def _caption(table: Table, columns: Sequence[Column]) -> str:
    """Returns how to read the columns that are shown."""
    parts = [data_caption(table)] if any(row.is_first for row in table.rows) else []
    parts += [
        column.brief.replace("{reference}", table.reference) for column in columns if column.brief
    ]
    if any(column.name == "gap_closed" for column in columns):
        parts += untold({row.effect for row in table.rows})
    if table.timed and any(column.is_of_time for column in columns):
        machines = " and ".join(sorted({latency.cpu for latency in table.timed}))
        parts.append(f"Measured with {threads_of(table.timed)} on {machines}.")
    return " ".join(parts)


def _text(column: Column, row: TableRow, table: Table) -> str:
    """Returns what stands in a cell, fit to be shown anywhere."""
    return one_line(column.text(row, table))


def _fitting(table: Table, width: int) -> list[Column]:
    """Returns the columns in which something stands, as many as a terminal has room for."""
    texts = {
        column: [_text(column, row, table) for row in table.rows]
        for column in shown(table, ShownIn.TERMINAL)
    }
    kept = [column for column, lines in texts.items() if any(line != NOTHING for line in lines)]

    def taken() -> int:
        """Returns the columns of a terminal that these take, two between each."""
        widest = (max(map(cell_len, (column.heading(table), *texts[column]))) for column in kept)
        return sum(widest) + 2 * (len(kept) - 1)

    for column in sorted(
        (column for column in kept if column.spared), key=lambda column: column.spared
    ):
        if taken() > width:
            kept.remove(column)
    return kept


def _best(column: Column, table: Table) -> str | None:
    """Returns the text of the best student's cell; None where there is no best one."""
    known = [
        (merit, text)
        for row in table.rows
        if row.role in _STUDENTS and not row.notes
        if (text := _text(column, row, table)) not in (NOTHING, *UNTOLD.values())
        and (merit := column.merit(row, table)) is not None
    ]
    return max(known)[1] if len({text for _, text in known}) > 1 else None
