"""The short table, which terminals and notebooks show: a line per row, and what to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rich.cells import cell_len

from kdzoo.report.costs import NOTHING, WARNING, marked, short
from kdzoo.report.plain import one_line
from kdzoo.report.rows import Table, TableRow
from kdzoo.report.table import UNTOLD, caption, deployed_cells, quality_cells

_TERMINAL_COLUMNS = 100
_SPARED = ("texts", "in scope", "size, MB")  # by a terminal that is too narrow, in this order
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


def short_table(table: Table) -> Short:
    """Returns the cells for a terminal of 100 columns, a line per row.

    Columns in which nothing stands are left out, and some of the others where not all fit.
    """
    lines = [_texts(row, table) for row in table.rows]
    titles = _titles(lines)
    best = {title: _best(title, table.rows, lines) for title in titles}

    def marked(row: TableRow, line: Mapping[str, str], title: str) -> Cell:
        text = line[title]
        is_figure_of_time = title == "p50, ms" or title.startswith("×")
        if is_figure_of_time and text.endswith(WARNING):
            return Cell(text, Mark.UNSURE)
        if row.role in _REFERENCES:
            return Cell(text, Mark.REFERENCE)
        if title in ("hard labels", "gap closed") and line["gap closed"] in UNTOLD.values():
            return Cell(text, Mark.UNSURE)
        is_best = row.role in _STUDENTS and not row.notes and text == best[title]
        return Cell(text, Mark.BEST if is_best else Mark.PLAIN)

    return Short(
        tuple(titles),
        tuple(
            tuple(marked(row, line, title) for title in titles)
            for row, line in zip(table.rows, lines, strict=True)
        ),
        one_line(caption(table)),
    )


def _texts(row: TableRow, table: Table) -> dict[str, str]:
    """Returns the cells of both tables of the report that are shown, fit to be shown anywhere."""
    whole = quality_cells(row, table) | deployed_cells(row)
    wanted = (
        "model", "runtime", "texts", "accuracy", "in scope", "hard labels", "gap closed",
        "size, MB", "p50, ms",
    )  # fmt: skip
    ratio = None if row.latency is None else row.latency.to_fastest
    shown = {title: one_line(whole[title]) for title in wanted if title in whole}
    times = NOTHING if ratio is None else marked(short(ratio.times), row.latency)
    return shown | {f"× {table.reference}": times}


def _titles(lines: Sequence[Mapping[str, str]]) -> list[str]:
    told = [title for title in lines[0] if any(line[title] != NOTHING for line in lines)]
    for title in _SPARED:
        if title in told and _width(lines, told) > _TERMINAL_COLUMNS:
            told.remove(title)
    return told


def _width(lines: Sequence[Mapping[str, str]], titles: Sequence[str]) -> int:
    """Returns the columns of a terminal that these take, two between each."""
    widest = (max(map(cell_len, (title, *(line[title] for line in lines)))) for title in titles)
    return sum(widest) + 2 * (len(titles) - 1)


def _best(title: str, rows: Sequence[TableRow], lines: Sequence[Mapping[str, str]]) -> str | None:
    """Returns the text of the best student's cell; None where there is no best one."""
    merit = _MERITS.get("×" if title.startswith("×") else title)
    known = [
        (value, line[title])
        for row, line in zip(rows, lines, strict=True)
        if merit is not None and row.role in _STUDENTS and not row.notes
        if line[title] not in (NOTHING, *UNTOLD.values()) and (value := merit(row)) is not None
    ]
    return max(known)[1] if len({text for _, text in known}) > 1 else None


def _metric(name: str) -> Callable[[TableRow], float | None]:
    return lambda row: row.metrics[name].mean if name in row.metrics else None


_MERITS: dict[str, Callable[[TableRow], float | None]] = {  # more is better
    "accuracy": _metric("accuracy"),
    "in scope": _metric("in_scope_accuracy"),
    "gap closed": lambda row: row.gap_closed,
    "size, MB": lambda row: -row.size_bytes,
    "p50, ms": lambda row: None if row.latency is None else -row.latency.p50_ms,
    "×": lambda row: (
        row.latency.to_fastest.times if row.latency and row.latency.to_fastest else None
    ),
}
