"""What a process needs to know to make the steps of a study, and how it makes one."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.engines.relay import FileProgress
from kdzoo.measure.workers import thread_variables

if TYPE_CHECKING:
    from kdzoo.plan import Performer, Result, Threads
    from kdzoo.results import Member

TimedSeed = tuple[str, int, "Member", str | None]  # variant, seed, its models, the baseline's key
_until_the_end = ExitStack()  # what holds as long as the process lives
PARENT_S = 1.0  # between two looks whether the first process is still there
ENVIRONMENT = {  # of a process that makes steps; a step that gets more threads takes them itself
    **thread_variables(1),
    "PYTHONSAFEPATH": "1",  # no file of the working folder stands in for a library
    "LOKY_MAX_MEMORY_LEAK_SIZE": "1e15",  # bytes: a model and its texts are no leak to restart for
}


@dataclass(frozen=True)
class Assignment:
    """A study, and how its steps are made.

    Attributes:
        study: its recipes, as ``packed_study`` has them.
        out: the study's folder.
        cache: the folder of logits and vectors.
        read_test: whether the test split is read.
        track: the experiment trackers.
        extensions: the users' files that are to be loaded, by path; with their content where other
            machines have no such path.
        threads: that a step computes with.
        label_parts: steps into which each labelling is divided.
        told: the folder in which processes tell how far they are, a file each.
        measure_again: whether latency is measured where it was measured before.
    """

    study: str
    out: str
    cache: str
    read_test: bool
    track: tuple[str, ...]
    extensions: tuple[tuple[str, str | None], ...]
    threads: Threads
    label_parts: int
    told: str
    measure_again: bool = False


def begin(first: int) -> None:
    """Readies a worker: Ctrl-C is for the first process, and without it there is nothing to do.

    Args:
        first: the number of that process, which may have ended by now.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == first:
            time.sleep(PARENT_S)
        os._exit(1)  # its claims are free with it; the next run goes on from its checkpoint

    threading.Thread(target=watch, daemon=True).start()


def perform_step(assignment: Assignment, name: str, keys: Mapping[str, str]) -> Result:
    """Makes a step of the study in this process.

    Args:
        assignment: the study.
        name: of the step.
        keys: of the models that have been made, by the names of their steps.

    Raises:
        KdzooError: what all steps need is not there.
    """
    os.environ["KDZOO_CACHE"] = assignment.cache
    performer = _performer(assignment)
    step = performer.plan.by_name[name]
    progress = performer.context.progress
    assert isinstance(progress, FileProgress)  # noqa: S101 - as it was made below
    progress.step = name
    progress.tell(now=name)  # in the place of what a killed process told of it
    return performer.attempt(step, keys, assignment.threads.of(step))


def time_there(assignment: Assignment, rows: Sequence[TimedSeed]) -> None:
    """Measures the latency of a study's rows on this machine.

    Args:
        assignment: the study.
        rows: what has been trained.
    """
    from kdzoo.steps import Trained, time_study

    os.environ["KDZOO_CACHE"] = assignment.cache
    performer = _performer(assignment)
    trained = []
    for variant, seed, member, baseline_key in rows:
        run = performer.run_of(performer.variant(variant), seed)
        trained.append(Trained(run, member, baseline_key))
    time_study(trained, performer.context, again=assignment.measure_again)


@lru_cache(maxsize=1)
def _performer(assignment: Assignment) -> Performer:
    """Returns what makes the steps; data and teachers are read once for all of them."""
    from kdzoo.claims import Claims
    from kdzoo.extensions import load_extensions
    from kdzoo.plan import Performer, plan_of
    from kdzoo.progress import quiet
    from kdzoo.recipe.carried import unpacked_study
    from kdzoo.results import Store
    from kdzoo.steps import StudyContext, StudyData
    from kdzoo.teacher import claims_folder
    from kdzoo.tracking import TRACKING, Tracking
    from kdzoo.training import make_accelerator

    _until_the_end.enter_context(quiet())
    for path, content in assignment.extensions:
        load_extensions(path if content is None else _laid_down(path, content, assignment.told))
    study, out = unpacked_study(assignment.study), Path(assignment.out)
    progress = FileProgress.below(Path(assignment.told))
    tracking = Tracking(assignment.track, study.name, out / TRACKING, progress)
    claims = Claims((claims_folder(), out), waits=False)
    accelerator = make_accelerator()
    data = StudyData(progress, accelerator.device)
    context = StudyContext(Store(out), accelerator, data, tracking, claims)
    plan = plan_of(study, assignment.label_parts)
    return Performer(study, plan, context, assignment.read_test)


def _laid_down(path: str, content: str, told: str) -> Path:
    """Returns a file of that name and content, which goes with the folder of what is told.

    Ray ends its processes by a kill: one that lay elsewhere would stay.
    """
    file = Path(tempfile.mkdtemp(dir=told)) / Path(path).name
    file.write_text(content, encoding="utf-8")
    return file
