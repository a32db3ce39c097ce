"""Progress and tables for a person at a terminal, or for a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table as RichTable
from rich.text import Text


class _Bar:
    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Moves the bar."""
        if note:
            self._bars.update(self._task, advance=steps, note=note)
        else:
            self._bars.advance(self._task, steps)


class ConsoleProgress:
    """Bars with what is being done, how far it is and how long it will take.

    Without a terminal there are no bars: each piece of work is one line when it begins.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, message: str) -> None:
        """Prints one line."""
        self._console.print(Text(message))

    @contextmanager
    def task(self, description: str, total: int, done: int = 0) -> Iterator[_Bar]:
        """Opens a bar that disappears when its work is done."""
        if not self._console.is_terminal:
            self.say(f"{description} ({total:,})")
        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        with bars:
            task = bars.add_task(description, total=total, completed=done, note="")
            yield _Bar(bars, task)


def table(columns: list[str], rows: list[list[str]], *, right_from: int = 1) -> RichTable:
    """Returns a table for the terminal; columns from ``right_from`` on are set to the right."""
    drawn = RichTable(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        drawn.add_column(
            column, justify="right" if number >= right_from else "left", no_wrap=number == 0
        )
    for row in rows:
        drawn.add_row(*[Text(cell) for cell in row])
    return drawn
