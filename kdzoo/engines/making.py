"""Making what a store lacks of a study, with the engine that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from kdzoo.engines.assignment import Assignment
from kdzoo.engines.choice import threads_for, transformers_of, wanted_workers, workers_for
from kdzoo.engines.cluster import Cluster
from kdzoo.engines.in_process import InProcess
from kdzoo.engines.pace import Pace
from kdzoo.engines.schedule import Schedule
from kdzoo.engines.worker import workplace_of
from kdzoo.engines.workers import Workers
from kdzoo.errors import RecipeError
from kdzoo.plan import Performer, Plan, Result, Step, Threads, seen
from kdzoo.recipe.carried import packed_study
from kdzoo.steps import Trained, time_study


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the steps of a study are made; none of it changes what comes out.

    Attributes:
        read_test: whether the test split is read at the end; else all figures are validation's.
        track: names of experiment trackers that are told how training goes.
        workers: processes of this machine; None leaves it to kdzoo, 1 makes all steps in this one.
        engine: ``local``; ``ray`` for a Ray cluster of this machine, ``ray:ADDRESS`` for one that
            is there.
        threads: that each step computes with; by default one for small architectures, and what
            torch takes where a transformer is at work.
        label_parts: steps into which each labelling is divided, for several machines.
        measure_again: whether latency is measured where it was measured before.
    """

    read_test: bool = True
    track: Sequence[str] = ()
    workers: int | None = None
    engine: str = "local"
    threads: int | None = None
    label_parts: int = 1
    measure_again: bool = False


def make(
    performer: Performer,
    way: Way,
    ended: Callable[[Step, Result], None],
    chosen: Sequence[Step] | None = None,
) -> None:
    """Makes what the store lacks of the study, or of some steps of it.

    Args:
        performer: the study, its plan and its store.
        way: engine, workers, threads, trackers.
        ended: told of each step that is there, that has been made, or cannot be.
        chosen: the steps; all of the plan by default.

    Raises:
        RecipeError: the steps wait for others, which are not there.
        KdzooError: what all steps need is not there.
    """
    plan = performer.plan
    wanted = plan.steps if chosen is None else chosen
    results = seen(performer, wanted)
    for name, result in results.items():
        ended(plan.by_name[name], result)
    steps = [step for step in wanted if step.name not in results]
    _refuse_too_early(plan, steps, results)
    if not steps:
        return
    performer.context.store.begin()
    progress, pace = performer.context.progress, Pace(performer.study)
    # how large a teacher is matters only where kdzoo chooses: it may have to be fetched
    transformers = transformers_of(performer.study, plan) if way.threads is None else 1
    if way.engine != "local":
        address = way.engine.partition(":")[2]
        given = _assignment(performer, way, Threads(1, 1, 1))
        with Cluster(given, address, way.threads, transformers, progress, pace) as cluster:
            Schedule(plan, cluster, ended, results, progress.say).perform(steps)
        return
    processes = performer.context.accelerator.num_processes
    cores = torch.get_num_threads()
    threads = threads_for(way.threads, transformers, cores, cores)
    recipes = (variant.recipe for variant in performer.study.variants)
    most = wanted_workers(way.workers, recipes)
    count = workers_for(most, steps, threads, processes, torch.cuda.device_count())
    if count == 1:
        Schedule(plan, InProcess(performer, threads), ended, results, progress.say).perform(steps)
        return
    with Workers(_assignment(performer, way, threads), count, progress, pace) as engine:
        Schedule(plan, engine, ended, results, progress.say).perform(steps)


def measure(performer: Performer, way: Way, trained: Sequence[Trained]) -> None:
    """Measures the latency of a study's rows, on one machine that does nothing else meanwhile.

    That is this machine; of a Ray cluster the one that has the resource ``kdzoo_latency``, where
    there is one.

    Args:
        performer: the study, and its store.
        way: how its steps were made.
        trained: what the study has trained.

    Raises:
        KdzooError: the store cannot be written, or the cluster has gone.
    """
    address = way.engine.partition(":")[2]
    if not address:
        time_study(trained, performer.context, again=way.measure_again)
        return
    given = _assignment(performer, way, Threads(1, 1, 1))
    progress, pace = performer.context.progress, Pace(performer.study)
    with Cluster(given, address, way.threads, 1, progress, pace) as cluster:
        cluster.measure(trained, performer.context)


def _refuse_too_early(plan: Plan, steps: Sequence[Step], results: Mapping[str, Result]) -> None:
    """Refuses steps of which others have to be made before.

    Raises:
        RecipeError: they wait for what is neither there nor among them.
    """
    there = {step.name for step in steps} | results.keys()
    lacking = [step for step in plan.behind(steps) if step.name not in there]
    if lacking:
        # steps that were asked for too, where others of those wait for what is lacking
        first = [step for step in plan.behind(lacking) if step.name not in results]
        numbers = [str(number) for number, step in enumerate(plan.steps, 1) if step in first]
        names = ", ".join(step.name for step in lacking[:3]) + ", ..." * (len(lacking) > 3)
        raise RecipeError(
            f"--only: these steps wait for {names}, not made yet; make them first, with --only "
            f'"{" ".join(numbers)}"'
        )


def _assignment(performer: Performer, way: Way, threads: Threads) -> Assignment:
    """Returns what other processes need to know of the study."""
    return Assignment(
        study=packed_study(performer.study),
        workplace=workplace_of(performer.context.store.root),
        read_test=way.read_test,
        track=tuple(way.track),
        threads=threads,
        label_parts=way.label_parts,
        measure_again=way.measure_again,
    )
