"""Progress and tables for a person at a terminal, or for a log."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderableType
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
from rich.segment import Segment
from rich.table import Table as RichTable
from rich.text import Text

from kdzoo.plain import printable
from kdzoo.progress import Bar, Silent

LOG_EVERY_S = 30.0  # between two lines of the same work where there is no terminal


class PlainConsole(Console):
    """A console on which no text steers the terminal, whoever wrote it and wherever it stands."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Yields what is printed; what rich itself does to the terminal stays."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)


class _Bar:
    """Work shown as a bar."""

    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Moves the bar."""
        if note:
            self._bars.update(self._task, advance=steps, note=note)
        else:
            self._bars.advance(self._task, steps)


class _Lines:
    """Work shown as a line now and then."""

    def __init__(
        self, console: Console, description: str, total: int, done: int, unit: str, is_even: bool
    ) -> None:
        self._console, self._description, self._unit = console, description, unit
        self._is_even = is_even
        self._total, self._done, self._first, self._note = total, done, done, ""
        self._start = self._last = time.monotonic()

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Counts, and prints where it is time."""
        self._done += steps
        self._note = note or self._note
        now = time.monotonic()
        if now - self._last < LOG_EVERY_S or self._done >= self._total:
            return
        self._last = now
        so_far = f"{self._description}: {self._done:,} of {self._total:,} {self._unit}"
        parts = (so_far, self._note, self._left(now))
        self._console.print(Text(", ".join(filter(None, parts))), soft_wrap=True)

    def _left(self, now: float) -> str:
        """Returns how long the rest will take; nothing where what is done does not tell."""
        if not self._is_even or self._done == self._first:
            return ""
        unit_s = (now - self._start) / (self._done - self._first)
        return f"{unit_s * (self._total - self._done) / 60:.1f} min left"


class ConsoleProgress:
    """Bars with what is being done, how far it is and how long it will take; lines in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, message: str) -> None:
        """Prints one line."""
        self._console.print(Text(message), soft_wrap=True)

    @contextmanager
    def task(
        self,
        description: str,
        total: int,
        done: int = 0,
        unit: str = "steps",
        *,
        is_even: bool = True,
    ) -> Iterator[Bar]:
        """Opens a bar that disappears when its work is done; nothing where there is no work."""
        if not total:
            with Silent().task(description, total) as unseen:
                yield unseen
            return
        if not _is_live(self._console):
            self.say(_opening(description, total, done, unit))
            yield _Lines(self._console, description, total, done, unit, is_even)
            return
        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}", markup=False),
            TimeElapsedColumn(),
            *((TextColumn("left"), TimeRemainingColumn()) if is_even else ()),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
        )
        with bars:
            task = bars.add_task(description, total=total, completed=done, unit=unit, note="")
            yield _Bar(bars, task)


def _is_live(console: Console) -> bool:
    """Whether bars can move there; FORCE_COLOR, which notebooks set, makes a log no terminal."""
    return console.is_terminal and (console.file.isatty() or "FORCE_COLOR" not in os.environ)


def _opening(description: str, total: int, done: int, unit: str) -> str:
    """Returns the line with which work begins in a log: what is counted, where it is several."""
    if total == 1:
        return description
    return f"{description}: {total:,} {unit}" + (f", {done:,} of them done before" if done else "")


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str | Text]], *, right_from: int = 1
) -> RichTable:
    """Returns a table for the terminal; columns from ``right_from`` on are set to the right."""
    drawn = RichTable(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        side = "right" if number >= right_from else "left"
        drawn.add_column(column, justify=side, no_wrap=number == 0)  # type: ignore[arg-type]
    for row in rows:
        drawn.add_row(*[Text(cell) if isinstance(cell, str) else cell for cell in row])
    return drawn
