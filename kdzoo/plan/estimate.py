"""How long steps may take, from the records of what was trained here before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from kdzoo.errors import KdzooError
from kdzoo.measure import environment
from kdzoo.plan.step import TRAINED, Plan, Step
from kdzoo.recipe import Study
from kdzoo.results import RECORD, Record, Store
from kdzoo.results.store import read_as

MOST_RECORDS = 2000  # that are read for an estimate


@dataclass(frozen=True)
class PlannedStep:
    """A step of a study, as ``kdzoo run --plan`` shows it.

    Attributes:
        number: from 1 on; what ``--only`` takes, as it takes the name.
        name: tells it apart.
        kind: what it makes.
        waits_for: the numbers of the steps that have to be made before.
        is_made: whether the store has it.
        seconds: that it may take, as its like took here before; None where nothing is known.
    """

    number: int
    name: str
    kind: str
    waits_for: tuple[int, ...]
    is_made: bool
    seconds: float | None


@dataclass
class Durations:
    """Seconds that models took to train.

    Attributes:
        a_step: of students and controls, for each step of their training, by kind.
        teachers: of the fitting of a teacher.
    """

    a_step: dict[str, list[float]] = field(default_factory=dict)
    teachers: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, store: Store) -> Durations:
        """Returns what the records of a store, and of those beside it, tell.

        What a GPU trained says nothing of a machine without one, nor of another GPU.
        """
        found, gpu = cls(), environment().get("gpu")
        for record in _records(store):
            training = record.training
            if training is None or record.environment.get("gpu") != gpu:
                continue
            if record.role == "teacher":
                found.teachers.append(training.seconds)
            elif training.steps:
                found.a_step.setdefault(record.kind, []).append(training.seconds / training.steps)
        return found

    def of_step(self, step: Step, study: Study) -> float | None:
        """Returns the seconds that a step may take; None where nothing like it is known."""
        if step.kind == "teacher":
            return median(self.teachers) if self.teachers else None
        if step.kind not in TRAINED:
            return None
        recipe = next(variant.recipe for variant in study.variants if variant.name == step.variant)
        known = self.a_step.get(recipe.student.kind)
        return median(known) * recipe.training.steps if known else None


def _records(store: Store) -> Iterable[Record]:
    """Yields the records that can be read: an estimate needs no more."""
    paths = store.root.absolute().parent.glob(f"*/models/*/{RECORD}")
    for path, _ in zip(sorted(paths), range(MOST_RECORDS), strict=False):
        try:
            yield read_as(path, Record)
        except (KdzooError, OSError):  # damaged, or another user's: whoever needs it tells of it
            continue


def planned(study: Study, plan: Plan, made: Iterable[str], store: Store) -> list[PlannedStep]:
    """Returns the steps of a plan, and how long those that are left may take.

    Args:
        study: the recipes.
        plan: their steps.
        made: the names of the steps that the store has.
        store: of the study.
    """
    durations, there = Durations.of(store), set(made)
    numbers = {step.name: number for number, step in enumerate(plan.steps, 1)}
    return [
        PlannedStep(
            number=numbers[step.name],
            name=step.name,
            kind=step.kind,
            waits_for=tuple(numbers[name] for name in step.waits_for),
            is_made=step.name in there,
            seconds=0.0 if step.name in there else durations.of_step(step, study),
        )
        for step in plan.steps
    ]
