"""What a column is: everything that any format has to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

from kdzoo.report.columns.costs import marked
from kdzoo.report.columns.kinds import PLAIN, Kind
from kdzoo.report.columns.numbers import NOTHING
from kdzoo.report.figures.rows import Table, TableRow

Reader = Callable[[TableRow, Table], Any]


class ShownIn(Flag):
    """Where a column is shown."""

    TABLE = auto()  # table.md
    PAGE = auto()
    LATEX = auto()
    TERMINAL = auto()  # notebooks have its table
    CSV = auto()
    FRAME = auto()
    PICK = auto()
    CARD = auto()


class TablePart(Flag):
    """In which of a report's two tables it stands."""

    MODEL = auto()  # what each model gives
    FORM = auto()  # as deployed


TABLES = ShownIn.TABLE | ShownIn.PAGE
FILES = ShownIn.CSV | ShownIn.FRAME
BOTH = TablePart.MODEL | TablePart.FORM


def _always(_: Table) -> bool:
    return True


def _no_words(_: TableRow) -> str | None:
    return None


@dataclass(frozen=True)
class Column:
    """A figure of a row.

    Attributes:
        name: in files, with its unit.
        read: what it is of a row in a table; None where it is not known.
        places: where it is shown.
        kind: of figure.
        title: in tables, with its unit; ``{reference}`` is what the rows are compared with.
        show: how it prints in a table.
        part: the table that it stands in.
        metric: the name of the quality figure that it is; empty where it is none.
        in_tables: whether it is shown in tables at all.
        in_files: whether files have it.
        instead: the words that stand in its place in a table, as where it may be chance.
        better: 1 where more is better, -1 where less is, 0 where it is neither.
        is_bold: whether LaTeX sets the best bold.
        is_of_time: whether a busy machine spoils it.
        is_of_recipe: whether it says something of the recipe, not of the model.
        spared: a place in the order in which a terminal that is too narrow leaves columns out; 0
            for one that stays.
        meaning: a sentence for the caption, where the title does not say enough.
        brief: the same where there is little room, as in a terminal.
    """

    name: str
    read: Reader
    places: ShownIn
    kind: Kind = PLAIN
    title: str = ""
    show: Callable[[Any], str] = str
    part: TablePart = TablePart.MODEL
    metric: str = ""
    in_tables: Callable[[Table], bool] = _always
    in_files: Callable[[Table], bool] = _always
    instead: Callable[[TableRow], str | None] = _no_words
    better: int = 0
    is_bold: bool = False
    is_of_time: bool = False
    is_of_recipe: bool = False
    spared: int = 0
    meaning: str = ""
    brief: str = ""

    def heading(self, table: Table) -> str:
        """Returns its title."""
        return self.title.replace("{reference}", table.reference)

    def text(self, row: TableRow, table: Table) -> str:
        """Returns what stands in its cell; a dash where it is not known."""
        words = self.instead(row)
        if words is not None:
            return words
        value = self.read(row, table)
        shown = NOTHING if value is None else self.show(value)
        return marked(shown, row.latency) if self.is_of_time else shown

    def merit(self, row: TableRow, table: Table) -> float | None:
        """Returns a number that is the higher the better; None where there is none."""
        value = self.read(row, table) if self.better else None
        return None if value is None else self.better * self.kind.number(value)
