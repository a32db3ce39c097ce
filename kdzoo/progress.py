"""What long work tells the person who waits for it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Bar(Protocol):
    """One bar: so many steps of so many, and what is known by now."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Moves on by ``steps``; a ``note`` (loss, metric, texts/s) replaces the last one."""


def with_speed(bar: Bar) -> Callable[[int], None]:
    """Returns a function that moves the bar on and notes how many texts a second that makes."""
    start, done = time.perf_counter(), 0

    def advance(steps: int) -> None:
        nonlocal done
        done += steps
        speed = done / max(1e-9, time.perf_counter() - start)
        bar.advance(steps, f"{speed:,.0f} texts/s")

    return advance


class Progress(Protocol):
    """Where long work reports to: a terminal, a log, or nowhere."""

    def say(self, message: str) -> None:
        """Reports one finished thing, or one thing to know."""

    def task(
        self,
        description: str,
        total: int,
        done: int = 0,
        unit: str = "steps",
        *,
        is_even: bool = True,
    ) -> AbstractContextManager[Bar]:
        """Opens a bar for ``total`` steps, of which ``done`` were done before.

        ``unit`` says what they are, as in ``texts``; ``is_even`` whether all take about as long, so
        that those that are done tell how long the others will take.
        """


class _SilentBar:
    def advance(self, steps: int = 1, note: str = "") -> None:
        """Does nothing."""


class Silent:
    """Reports nowhere: for tests, for the API, and for all processes but the first."""

    def say(self, message: str) -> None:
        """Does nothing."""

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
        """Opens a bar that nobody sees."""
        yield _SilentBar()


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps the libraries' own bars and reports from the screen for the block: kdzoo has its own.

    What a user set before holds again afterwards. It imports transformers, which takes seconds: a
    function that tells something first has the block after that, the others are decorated.
    """
    import transformers

    log = transformers.logging
    verbosity, had_bars = log.get_verbosity(), log.is_progress_bar_enabled()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="(accelerate|torch|transformers)\\..*")
        log.set_verbosity_error()
        log.disable_progress_bar()
        try:
            yield
        finally:
            log.set_verbosity(verbosity)
            if had_bars:
                log.enable_progress_bar()
