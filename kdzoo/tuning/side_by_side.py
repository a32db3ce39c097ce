"""Several trials at once, each in a process of its own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.claims import Claims
from kdzoo.engines import LostError, Processes, ToldOnce
from kdzoo.engines.relay import FileProgress
from kdzoo.engines.schedule import LOOK_S, MOST_LOSSES
from kdzoo.errors import TrainingError
from kdzoo.extensions import load_extensions, loaded_files
from kdzoo.progress import Progress, quiet
from kdzoo.results import Store
from kdzoo.steps import StudyContext, StudyData
from kdzoo.teacher import cache_root, claims_folder
from kdzoo.training import make_accelerator
from kdzoo.tuning.journal import join_journal, try_again
from kdzoo.tuning.trying import MADE_BY, Asked, try_next

if TYPE_CHECKING:
    import optuna

_until_the_end = ExitStack()  # what holds as long as the process lives


@dataclass(frozen=True)
class Place:
    """Where the trials of a search are made, for the processes that make them.

    Attributes:
        folder: of the search.
        cache: of logits and vectors.
        extensions: the users' files that are to be loaded.
        told: the folder in which processes tell how far they are.
    """

    folder: str
    cache: str
    extensions: tuple[str, ...]
    told: str


def search_side_by_side(
    study: optuna.Study,
    asked: Asked,
    folder: Path,
    workers: int,
    room: Callable[[int], int],
    progress: Progress,
) -> None:
    """Has so many processes make trials, until there are enough.

    Args:
        study: the search.
        asked: what is searched.
        folder: of the search.
        workers: processes.
        room: how many more trials may begin, beside so many that are at work.
        progress: told what they tell.

    Raises:
        TrainingError: a trial's process was killed again and again.
    """
    losses: Counter[str] = Counter()
    begun = len(study.get_trials())  # another start of chance for each trial
    with Processes(workers, ToldOnce(progress)) as processes:
        place = Place(
            str(folder.absolute()),
            str(cache_root().absolute()),
            tuple(map(str, loaded_files())),
            str(processes.relay.folder),
        )
        running: dict[Future[None], str] = {}
        while True:
            for _ in range(min(workers - len(running), room(len(running)))):
                name = f"process {begun}"
                running[processes.submit(name, make_trial, place, asked, name, begun)] = name
                begun += 1
            if not running:
                return
            done = wait(running, LOOK_S, FIRST_COMPLETED).done
            processes.relay.look()
            for future in done:
                _take(study, future, running.pop(future), losses)


def _take(study: optuna.Study, future: Future[None], made_by: str, losses: Counter[str]) -> None:
    """Has the values of a trial tried again whose process was killed; not for ever."""
    try:
        future.result()
    except LostError as error:
        begun = [
            trial
            for trial in study.get_trials()
            if trial.user_attrs.get(MADE_BY) == made_by and not trial.state.is_finished()
        ]
        lost = repr([sorted(trial.params.items()) for trial in begun])  # none, before it has asked
        losses[lost] += 1
        if losses[lost] >= MOST_LOSSES:
            raise TrainingError(
                f"the process of a trial was given up, {MOST_LOSSES} times: {error}; search with "
                "fewer --workers, or leave such values out of search:"
            ) from error
        for trial in begun:
            try_again(study, trial)


def make_trial(place: Place, asked: Asked, made_by: str, seed: int) -> None:
    """Makes one trial in this process.

    Args:
        place: where.
        asked: what is searched.
        made_by: what the first process calls this.
        seed: of the values that are asked for.
    """
    os.environ["KDZOO_CACHE"] = place.cache
    context = _context(place)
    progress = context.progress
    assert isinstance(progress, FileProgress)  # noqa: S101 - as it was made below
    progress.step = made_by
    progress.tell(now=made_by)  # in the place of what a killed process told of it
    study = join_journal(Path(place.folder), asked.goals, seed)
    try_next(study, asked, context, made_by)


@lru_cache(maxsize=1)
def _context(place: Place) -> StudyContext:
    """Returns what makes the trials; data are read once for all of them."""
    _until_the_end.enter_context(quiet())
    for path in place.extensions:
        load_extensions(path)
    progress, folder = FileProgress.below(Path(place.told)), Path(place.folder)
    claims = Claims((claims_folder(), folder), say=progress.say)
    accelerator = make_accelerator()
    data = StudyData(progress, accelerator.device)
    return StudyContext(Store(folder), accelerator, data, claims=claims)
