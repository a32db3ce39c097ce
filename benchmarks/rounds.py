"""Two sides timed in turns, so that whatever else the machine does falls on both."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from kdzoo.progress import Progress, Silent

Visit = Callable[[], float]  # does a fixed amount of work; returns seconds per unit of it


@dataclass(frozen=True)
class Turns:
    """Seconds per unit of work, a number for each round."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    def times(self) -> tuple[float, float]:
        """Returns the median seconds per unit, ours and theirs."""
        return float(np.median(self.ours)), float(np.median(self.theirs))

    def ratio(self, overhead: float = 0.0) -> str:
        """Returns theirs / ours round by round: the median, and the quartiles in brackets.

        Args:
            overhead: seconds per unit that our side spends beside what was timed in the rounds.
        """
        ratios = np.array(self.theirs) / (np.array(self.ours) + overhead)
        low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
        return f"{middle:.2f} ({low:.2f} to {high:.2f})"


class StepClock(Silent):
    """Hears of each step that the loop has taken, and so knows how long one takes.

    What comes before the first step and after the last one is no part of it.
    """

    def __init__(self) -> None:
        self._moments: list[float] = []

    @contextmanager
    def task(
        self,
        description: str,
        total: int,
        done: int = 0,
        unit: str = "steps",
        *,
        is_even: bool = True,
    ) -> Iterator[StepClock]:
        """Begins to listen."""
        self._moments = []
        yield self

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Notes the moment of a step that was taken."""
        if steps:
            self._moments.append(time.perf_counter())

    @property
    def seconds_a_step(self) -> float:
        """From the end of the first step to the end of the last one."""
        return (self._moments[-1] - self._moments[0]) / (len(self._moments) - 1)


def take_turns(ours: Visit, theirs: Visit, rounds: int, title: str, progress: Progress) -> Turns:
    """Visits both sides once to warm up, then ``rounds`` times, in random order in each round."""
    sides = {"ours": ours, "theirs": theirs}
    taken: dict[str, list[float]] = {name: [] for name in sides}
    rng = random.Random(0)
    with progress.task(title, rounds + 1) as task:
        for number in range(rounds + 1):
            for name in rng.sample(list(sides), 2):
                seconds = sides[name]()
                if number:
                    taken[name].append(seconds)
            task.advance()
    return Turns(tuple(taken["ours"]), tuple(taken["theirs"]))
