"""How many processes make a study's steps: as many as have something to do, and fit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress

from kdzoo import extensions, registry
from kdzoo.engines.connection import check_ray
from kdzoo.engines.schedule import WORKER_BYTES
from kdzoo.errors import EngineError, KdzooError, did_you_mean
from kdzoo.limits import memory_limit, usable_cores
from kdzoo.model import size_bytes
from kdzoo.plan import TRAINED, Plan, Step, Threads
from kdzoo.recipe import Study, options_of, pretrained_options
from kdzoo.recipe.schema import Recipe
from kdzoo.recipe.used import entries_of
from kdzoo.teacher import find_model

ENGINES = ("local", "ray")
MOST_PARTS = 10_000  # of a labelling


def check_engine(
    engine: str, workers: int | None, threads: int | None, label_parts: int = 1
) -> None:
    """Sees that a way to run a study is one.

    Args:
        engine: where steps are made.
        workers: processes of this machine; None leaves it to kdzoo.
        threads: of each step; None leaves it to kdzoo.
        label_parts: steps into which each labelling is divided.

    Raises:
        EngineError: no engine has that name, or it cannot be had with so many workers, threads or
            parts; the message says what to write instead.
    """
    name, colon, address = engine.partition(":")
    if name not in ENGINES or (name == "local" and colon):
        raise EngineError(
            f"--engine {engine}: there is no such engine; {did_you_mean(name, ENGINES)}"
        )
    if name == "ray":
        if workers is not None:
            raise EngineError(
                f"--workers {workers}: with --engine ray the cluster decides how many; leave it out"
            )
        check_ray(address)
    if workers is not None and workers < 1:
        raise EngineError(f"--workers {workers}: write 1 or more, or leave it out")
    if threads is not None and threads < 1:
        raise EngineError(f"--threads {threads}: write 1 or more")
    if not 1 <= label_parts <= MOST_PARTS:
        raise EngineError(f"--label-parts {label_parts}: write 1 to {MOST_PARTS}")
    if workers is None or engine != "local":
        return
    most = _fitting()
    if workers > most:
        free_gb, each_gb = memory_limit().available_bytes / 1e9, WORKER_BYTES / 1e9
        raise EngineError(
            f"--workers {workers}: each takes about {each_gb:.1f} GB, and {free_gb:.1f} GB of "
            f"memory are free; write --workers {most}"
        )


def wanted_workers(workers: int | None, recipes: Iterable[Recipe]) -> int | None:
    """Returns ``workers``; 1 where it is None and other processes do not know what recipes use.

    Raises:
        EngineError: the user wants several all the same.
    """
    used = (entry for recipe in recipes for entry in entries_of(recipe))
    lonely = next(filter(extensions.is_here_alone, used), None)
    if lonely is None:
        return workers
    if (workers or 1) > 1:
        raise EngineError(
            f"--workers {workers}: '{lonely.name}' was registered in this process, and others do "
            "not know it; put it into a file and give that as --students (students= in Python), or "
            "write --workers 1"
        )
    return 1


def workers_for(
    wanted: int | None, steps: Sequence[Step], threads: Threads, processes: int, gpus: int
) -> int:
    """Returns how many processes make the steps.

    Args:
        wanted: what the user says; None leaves it to kdzoo.
        steps: those that are still to be made.
        threads: that they compute with; one with more than others is made alone.
        processes: that train together, as ``accelerate launch`` starts them.
        gpus: of this machine.

    Raises:
        EngineError: the user says several, and several train together.
    """
    if processes > 1:
        if (wanted or 1) > 1:
            raise EngineError(
                f"--workers {wanted}: accelerate has started {processes} processes for one "
                "training; write --workers 1, or start kdzoo without accelerate"
            )
        return 1
    if wanted is not None:
        return wanted
    alone = threads.wide if threads.wide > threads.narrow else math.inf
    side_by_side = sum(threads.of(step) < alone for step in steps)
    room = gpus or int(usable_cores())
    return max(1, min(room, _fitting(), side_by_side))


def threads_for(wanted: int | None, transformers: int, cores: int, widest: int) -> Threads:
    """Returns how many threads steps compute with, by what the study is and where it is made.

    Transformers are trained side by side: two with a thread each end sooner than one after the
    other with two threads. Where there are fewer of them than cores, each gets its share of these.

    Args:
        wanted: what the user says; None leaves it to kdzoo.
        transformers: students that are trained side by side.
        cores: of all machines.
        widest: the most threads that a step may have.
    """
    if wanted is not None:
        return Threads(wanted, wanted, wanted)
    return Threads(1, widest, max(1, min(widest, cores // max(1, transformers))))


def transformers_of(study: Study, plan: Plan) -> int:
    """Returns how many students that are transformers are trained side by side.

    All that the plan has, controls too, or as many as the machine's memory holds: each takes its
    weights four times, with gradients and what AdamW keeps, and is no larger than its teacher, or
    than the model that it starts from.
    """
    trained = [step for step in plan.steps if step.kind in TRAINED and step.is_wide]
    names = {step.variant for step in trained}
    recipes = [v.recipe for v in study.variants if v.name in names]
    largest = max((_largest_bytes(recipe) for recipe in recipes), default=0)
    fitting = memory_limit().total_bytes // (WORKER_BYTES + 4 * largest)
    return max(1, min(len(trained), fitting))


def _largest_bytes(recipe: Recipe) -> int:
    """Returns how large the largest model is that teaches, or that the student starts from.

    One that is not there counts nothing.
    """
    teacher, student = recipe.teacher, recipe.student
    own = pretrained_options(registry.students.get(student.kind), options_of(student))
    named = [(name, teacher.fallback) for name in teacher.sources]
    sizes = [0]
    for name, fallback in [*named, *((name, None) for name in own.values())]:
        with suppress(KdzooError):  # whoever makes teacher or student tells of it
            sizes.append(size_bytes(find_model(name, fallback)))
    return max(sizes)


def _fitting() -> int:
    """Returns how many processes the memory has room for; one in any case."""
    return max(1, memory_limit().available_bytes // WORKER_BYTES)
