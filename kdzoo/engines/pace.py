"""How long a study may still take, by what its own steps have cost so far."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean

from kdzoo.plan import TRAINED, Step
from kdzoo.recipe import Recipe, Study

PHASES = {  # the steps of a plan come in this order; one of a later phase says nothing of these
    "training": ("teacher", "baseline", "labels", "student", "control"),
    "reading and exporting": ("quality", "export"),
}
Like = tuple[str, str]


@dataclass
class Pace:
    """What steps cost of a study's time: of those that are made side by side, each its share.

    A step costs what its likes have cost: a training those of the same architecture, by the texts
    that it trains on; where there is none yet, those of architectures that need as many threads, or
    of any. As long as nothing of a step's kind has been made, nothing is known.

    Attributes:
        study: the recipes.
    """

    study: Study
    _costs_s: dict[Like, list[float]] = field(default_factory=dict)
    _spent_s: dict[Step, float] = field(default_factory=dict)  # by the steps at work
    _put_back: set[Step] = field(default_factory=set)  # what these cost tells nothing
    _last_s: float = 0.0

    def look(self, running: Collection[Step], waiting: Collection[Step], now_s: float) -> None:
        """Counts what has passed since the last look.

        Args:
            running: the steps that are at work.
            waiting: the steps that have not been started.
            now_s: the time.
        """
        for step in self._spent_s:
            self._spent_s[step] += (now_s - self._last_s) / len(self._spent_s)
        self._last_s = now_s
        for step in self._spent_s.keys() - set(running):
            spent_s = self._spent_s.pop(step)
            if step in waiting:  # another run makes it, or its process was killed
                self._put_back.add(step)
            elif step not in self._put_back:
                for like in self._likes(step):
                    self._costs_s.setdefault(like, []).append(spent_s / self._size(step))
        for step in running:
            self._spent_s.setdefault(step, 0.0)

    def left(self, waiting: Collection[Step]) -> str:
        """Returns in words how long the steps that are left may take; nothing where nobody knows.

        Args:
            waiting: the steps that have not been started.
        """
        for phase, kinds in PHASES.items():
            steps = [step for step in (*self._spent_s, *waiting) if step.kind in kinds]
            if not steps:
                continue
            costs_s = {step: self._cost_s(step) for step in steps}
            if None in costs_s.values():
                return ""
            left_s = sum(
                max(0.0, (cost_s or 0.0) - self._spent_s.get(step, 0.0))
                for step, cost_s in costs_s.items()
            )
            return f"about {math.ceil(left_s / 60)} min of {phase} left"
        return ""

    @cached_property
    def _recipes(self) -> Mapping[str, Recipe]:
        return {each.name: each.recipe for each in self.study.variants}

    @cached_property
    def _students(self) -> Mapping[str, str]:
        """What tells the architecture of each variant apart."""
        return {name: each.student.model_dump_json() for name, each in self._recipes.items()}

    def _cost_s(self, step: Step) -> float | None:
        """Returns what a step will cost, by those that are most like it; None where none is."""
        known = (self._costs_s[like] for like in self._likes(step) if like in self._costs_s)
        costs_s = next(known, None)
        return None if costs_s is None else fmean(costs_s) * self._size(step)

    def _likes(self, step: Step) -> tuple[Like, ...]:
        """Returns what a step has in common with others, those that are most like it first."""
        what = step.model_kind
        if what in TRAINED:
            what = self._students[step.variant]
        doing = "training" if step.kind in TRAINED else step.kind
        return (doing, what), (doing, f"wide: {step.is_wide}"), (doing, "")

    def _size(self, step: Step) -> int:
        """Returns how many texts a step trains on; 1 where it trains no student."""
        if step.kind not in TRAINED:
            return 1
        training = self._recipes[step.variant].training
        return training.steps * training.batch_size
