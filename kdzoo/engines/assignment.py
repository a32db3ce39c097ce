"""What a process needs to know to make the steps of a study, and how it makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from kdzoo.engines.worker import Worker, Workplace, open_worker

if TYPE_CHECKING:
    from kdzoo.plan import Performer, Result, Threads
    from kdzoo.results import Member

TimedSeed = tuple[str, int, "Member", str | None]  # variant, seed, its models, the baseline's key


@dataclass(frozen=True)
class Assignment:
    """A study, and how its steps are made.

    Attributes:
        study: its recipes, as ``packed_study`` has them.
        workplace: the folders in which its steps are made.
        read_test: whether the test split is read.
        track: the experiment trackers.
        threads: that a step computes with.
        label_parts: steps into which each labelling is divided.
        measure_again: whether latency is measured where it was measured before.
    """

    study: str
    workplace: Workplace
    read_test: bool
    track: tuple[str, ...]
    threads: Threads
    label_parts: int
    measure_again: bool = False


def perform_step(assignment: Assignment, name: str, keys: Mapping[str, str]) -> Result:
    """Makes a step of the study in this process.

    Args:
        assignment: the study.
        name: of the step.
        keys: of the models that have been made, by the names of their steps.

    Raises:
        KdzooError: what all steps need is not there.
    """
    worker, performer = _worker(assignment), _performer(assignment)
    step = performer.plan.by_name[name]
    worker.take_up(name)
    return performer.attempt(step, keys, assignment.threads.of(step))


def time_there(assignment: Assignment, rows: Sequence[TimedSeed]) -> None:
    """Measures the latency of a study's rows on this machine.

    Args:
        assignment: the study.
        rows: what has been trained.
    """
    from kdzoo.steps import Trained, time_study

    performer = _performer(assignment)
    trained = []
    for variant, seed, member, baseline_key in rows:
        run = performer.run_of(performer.variant(variant), seed)
        trained.append(Trained(run, member, baseline_key))
    time_study(trained, performer.context, again=assignment.measure_again)


def _worker(assignment: Assignment) -> Worker:
    return open_worker(assignment.workplace, waits=False)


@lru_cache(maxsize=1)
def _performer(assignment: Assignment) -> Performer:
    """Returns what makes the steps; teachers are read once for all of them."""
    from kdzoo.plan import Performer, plan_of
    from kdzoo.recipe.carried import unpacked_study
    from kdzoo.tracking import TRACKING, Tracking

    worker = _worker(assignment)  # the study may name what the users' files register
    study, out = unpacked_study(assignment.study), worker.context.store.root
    tracking = Tracking(assignment.track, study.name, out / TRACKING, worker.progress)
    context = replace(worker.context, tracking=tracking)
    return Performer(study, plan_of(study, assignment.label_parts), context, assignment.read_test)
