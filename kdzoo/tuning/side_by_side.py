"""Several trials at once, each in a process of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.engines import LostError, Processes, ToldOnce
from kdzoo.engines.schedule import LOOK_S, MOST_LOSSES
from kdzoo.engines.worker import Workplace, open_worker, workplace_of
from kdzoo.errors import TrainingError
from kdzoo.progress import Progress
from kdzoo.tuning.journal import join_journal, try_again
from kdzoo.tuning.trying import MADE_BY, Asked, short, try_next

if TYPE_CHECKING:
    import optuna


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
        workplace = workplace_of(folder, str(processes.relay.folder))
        running: dict[Future[None], str] = {}
        while True:
            for _ in range(min(workers - len(running), room(len(running)))):
                name = f"process {begun}"
                made = processes.submit(name, make_trial, workplace, asked, name, begun)
                running[made] = name
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
                f"fewer --workers{_or_without(begun)}"
            ) from error
        for trial in begun:
            try_again(study, trial)


def _or_without(trials: Sequence[optuna.trial.FrozenTrial]) -> str:
    """Returns which values may be left out; nothing where no trial had asked for any."""
    values = {
        f"{key}={short(value)}": None for each in trials for key, value in each.params.items()
    }
    return f", or leave such values out of search: {', '.join(values)}" if values else ""


def make_trial(workplace: Workplace, asked: Asked, made_by: str, seed: int) -> None:
    """Makes one trial in this process.

    Args:
        workplace: of this process; its store is the search's folder.
        asked: what is searched.
        made_by: what the first process calls this.
        seed: of the values that are asked for.
    """
    worker = open_worker(workplace, waits=True)
    worker.take_up(made_by)
    study = join_journal(worker.context.store.root, asked.goals, seed)
    try_next(study, asked, worker.context, made_by)
