"""How long steps may take, from the records of what was trained here before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from kdzoo.errors import KdzooError
from kdzoo.measure import environment
from kdzoo.plan.perform import Made, Result
from kdzoo.plan.step import TRAINED, Plan, Step
from kdzoo.recipe import Recipe, Study
from kdzoo.results import RECORD, Record, Store, read_as
from kdzoo.steps import StudyData
from kdzoo.teacher import short_name

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
        taken_from: the study beside this one whose model is taken over; None where it is made.
        seconds: that it may take, as its like took here before; None where nothing is known.
    """

    number: int
    name: str
    kind: str
    waits_for: tuple[int, ...]
    is_made: bool
    taken_from: Path | None
    seconds: float | None


@dataclass
class Durations:
    """Seconds for each text that passed through a training, of what was trained here before.

    Attributes:
        students: and controls, by kind.
        teachers: by model and by how they were fitted: with a linear head, or fine-tuned.
    """

    students: dict[str, list[float]] = field(default_factory=dict)
    teachers: dict[tuple[str, bool], list[float]] = field(default_factory=dict)

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
                batch_size = _batch_size(record, "teacher", "fine_tune")
                texts = training.steps * batch_size or training.texts
                like = record.kind, training.steps == 0
                found.teachers.setdefault(like, []).append(training.seconds / max(texts, 1))
            elif texts := training.steps * _batch_size(record, "training"):
                found.students.setdefault(record.kind, []).append(training.seconds / texts)
        return found

    def of_step(self, step: Step, recipe: Recipe, data: StudyData) -> float | None:
        """Returns the seconds that a step may take; None where nothing like it is known."""
        if step.kind == "teacher":
            fine_tune = recipe.teacher.fine_tune
            like = "+".join(map(short_name, recipe.teacher.sources)), fine_tune is None
            texts = len(data.corpus(recipe.data, step.seed).train)
            return _scaled(self.teachers.get(like), texts * (fine_tune.epochs if fine_tune else 1))
        if step.kind not in TRAINED:
            return None
        training = recipe.training
        return _scaled(self.students.get(recipe.student.kind), training.steps * training.batch_size)


def _batch_size(record: Record, *section: str) -> int:
    """Returns the batch size that a section of a record's recipe names; 0 where it names none."""
    found: Any = record.recipe
    for name in (*section, "batch_size"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, int) and found > 0 else 0


def _scaled(known: list[float] | None, texts: float) -> float | None:
    return median(known) * texts if known else None


def _records(store: Store) -> Iterable[Record]:
    """Yields the records that can be read: an estimate needs no more."""
    paths = store.root.absolute().parent.glob(f"*/models/*/{RECORD}")
    for path, _ in zip(sorted(paths), range(MOST_RECORDS), strict=False):
        try:
            yield read_as(path, Record)
        except (KdzooError, OSError):  # damaged, or another user's: whoever needs it tells of it
            continue


def planned(
    study: Study, plan: Plan, found: Mapping[str, Result], store: Store, data: StudyData
) -> list[PlannedStep]:
    """Returns the steps of a plan, and how long those that are left may take.

    Args:
        study: the recipes.
        plan: their steps.
        found: those that the store has, or can take over from a study beside it, by name.
        store: of the study.
        data: what the study learns from.
    """
    durations = Durations.of(store)
    numbers = {step.name: number for number, step in enumerate(plan.steps, 1)}
    recipes = {variant.name: variant.recipe for variant in study.variants}
    sources = {name: _source(result, store) for name, result in found.items()}
    return [
        PlannedStep(
            number=numbers[step.name],
            name=step.name,
            kind=step.kind,
            waits_for=tuple(numbers[name] for name in step.waits_for),
            is_made=step.name in found and sources[step.name] is None,
            taken_from=sources.get(step.name),
            seconds=0.0
            if step.name in found
            else durations.of_step(step, recipes[step.variant], data),
        )
        for step in plan.steps
    ]


def _source(result: Result, store: Store) -> Path | None:
    """Returns the study beside this one that has a model; None for this one's own."""
    key = result.key if isinstance(result, Made) else ""
    seen = store.seen(key) if key else None
    return None if seen is None or store.own(key) is not None else seen.parent.parent
