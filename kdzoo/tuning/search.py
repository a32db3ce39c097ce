"""The search itself: Optuna asks for trials, the store makes them, Optuna is told."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo.checks import check_study
from kdzoo.engines import check_engine, wanted_workers, workers_for
from kdzoo.errors import KdzooError, RecipeError
from kdzoo.files import alone_in, check_writable
from kdzoo.plan import Threads
from kdzoo.progress import Progress
from kdzoo.recipe import Study, Variant
from kdzoo.results import Store
from kdzoo.steps import StudyContext, StudyData, settings_of
from kdzoo.teacher import check_cache
from kdzoo.training import make_accelerator
from kdzoo.tuning.finalists import Finalist, measure_alone, measured_runtime
from kdzoo.tuning.goals import LATENCY, Goal
from kdzoo.tuning.journal import open_journal
from kdzoo.tuning.side_by_side import search_side_by_side
from kdzoo.tuning.space import Source, Space, refuse_other_tasks, space_of, value_in
from kdzoo.tuning.trying import FAILURE, KEYS, Asked, ended, own_figures, try_next

if TYPE_CHECKING:
    import optuna

DEFAULT_TRIALS = 30
_TELLING = 8  # finished trials from which on they say what mattered


@dataclass(frozen=True)
class Trial:
    """A trial that ended.

    Attributes:
        number: in the order in which they began.
        values: of the keys that were searched.
        figures: of the goals; none where it was pruned or failed.
        keys: of its models in the store.
        state: ``finished``, ``pruned`` or ``failed``.
        reason: why it failed.
    """

    number: int
    values: dict[str, Any]
    figures: tuple[float, ...]
    keys: tuple[str, ...]
    state: str
    reason: str = ""


@dataclass(frozen=True, repr=False)
class Tuned:
    """What a search came to.

    Attributes:
        folder: of its store and files.
        variant: the recipe as it stands.
        space: what was searched.
        goals: what for.
        trials: those that ended.
        best: the trials that none of the others beats, the most accurate first.
        own: the goals' figures of the recipe as it stands.
        texts: of validation, by which was chosen.
        mattered: by key the share of what good trials have in common; empty of too few trials.
        measured: where latency was a goal, what was measured of the best.
    """

    folder: Path
    variant: Variant
    space: Space
    goals: tuple[Goal, ...]
    trials: tuple[Trial, ...]
    best: tuple[Trial, ...]
    own: tuple[float, ...]
    texts: int
    mattered: dict[str, float]
    measured: MeasuredBest | None = None

    def __repr__(self) -> str:
        best = self.best[0] if self.best else None
        return (
            f"Tuned({self.variant.recipe.name!r}, {len(self.trials)} trials, best={best!r}, "
            f"folder={str(self.folder)!r})"
        )


@dataclass(frozen=True)
class MeasuredBest:
    """The latency of the best trials, measured alone, beside the recipe as it stands.

    Attributes:
        runtime: in which they were measured.
        by_trial: median milliseconds of a validation text, by the number of the trial.
        own_ms: of the recipe as it stands; None where it could not be measured.
    """

    runtime: str
    by_trial: dict[int, float]
    own_ms: float | None


def tune(
    source: Source,
    folder: Path,
    *,
    trials: int | None,
    hours: float | None,
    seeds: Sequence[int] | None,
    goals: Sequence[Goal],
    workers: int = 1,
    runtime: str | None = None,
    progress: Progress,
) -> Tuned:
    """Searches for the settings of a recipe; see ``kdzoo.api.tune``.

    Args:
        source: the recipe.
        folder: of the store; a search that is there goes on.
        trials: that are to have ended, those of before included.
        hours: after which no trial begins.
        seeds: of each trial; the recipe's first by default.
        goals: what for, accuracy first.
        workers: processes that make trials; 1 makes them one after the other, in this one.
        runtime: in which latency is measured, where that is a goal; the recipe's last by default.
        progress: told what is being done.

    Raises:
        KdzooError: a mistake in recipe or space, another search in the folder, or no trial that
            could be trained.
    """
    variant = source.variant()
    space = space_of(source, variant)
    timed_in = _timed_in(variant, goals, runtime)
    chosen = list(seeds or variant.recipe.seeds[:1])
    accelerator = make_accelerator()
    context = StudyContext(Store(folder), accelerator, StudyData(progress, accelerator.device))
    _check(variant, workers, context)
    asked = Asked(source, space, tuple(chosen), tuple(goals))
    with alone_in(folder, "search"):
        study = open_journal(folder, variant, space, chosen, goals)
        own = own_figures(study, variant, asked, context)
        _search(study, asked, _Limits(trials, hours), workers, context)
        tried = [_trial(trial) for trial in ended(study)]
        best = _best(study, tried)
        measured = None if timed_in is None else _measured(best, timed_in, study, asked, context)
    return Tuned(
        folder=folder,
        variant=variant,
        space=space,
        goals=tuple(goals),
        trials=tuple(tried),
        best=tuple(best),
        own=own,
        texts=len(context.data.corpus(variant.recipe.data, chosen[0]).validation),
        mattered=_mattered(study, tried),
        measured=measured,
    )


def _timed_in(variant: Variant, goals: Sequence[Goal], runtime: str | None) -> str | None:
    """Returns the runtime in which the best are measured; None where latency is no goal.

    Raises:
        KdzooError: a runtime is named and latency is no goal, or no student is measured in it.
    """
    if LATENCY in {goal.name for goal in goals}:
        settings_of(variant.recipe.measure).check()
        return measured_runtime(variant, runtime)
    if runtime is not None:
        raise RecipeError(
            f"--runtime {runtime} is where latency is measured; add --goals accuracy,latency, or "
            "leave it out"
        )
    return None


def _measured(
    best: Sequence[Trial], runtime: str, study: optuna.Study, asked: Asked, context: StudyContext
) -> MeasuredBest:
    """Measures the best trials, when nothing else is at work, beside the recipe as it stands."""
    own = Finalist("the recipe as it stands", asked.source.variant(), study.user_attrs[KEYS][0])
    finalists = [
        Finalist(f"trial {trial.number}", asked.source.variant(trial.values), trial.keys[0])
        for trial in best
    ]
    found = measure_alone([own, *finalists], runtime, asked.seeds[0], context)
    names = {trial.number: f"trial {trial.number}" for trial in best}
    by_trial = {number: found[name] for number, name in names.items() if name in found}
    return MeasuredBest(runtime, by_trial, found.get(own.name))


@dataclass(frozen=True)
class _Limits:
    trials: int | None
    hours: float | None


def _check(variant: Variant, workers: int, context: StudyContext) -> None:
    """Sees that a search can be made, before it begins.

    Raises:
        KdzooError: so many processes cannot be, a folder cannot be written, or recipe, data and
            teacher do not fit each other.
    """
    check_engine("local", workers, None)
    wanted_workers(workers, [variant.recipe])
    workers_for(workers, (), Threads(1, 1, 1), context.accelerator.num_processes, 0)
    check_writable(context.store.root, "give --out a folder that you may write")
    check_cache()
    check_study(Study(variant.recipe.name, (variant,)), context.data)
    refuse_other_tasks(variant, context.data)


def _best(study: optuna.Study, tried: Sequence[Trial]) -> list[Trial]:
    """Returns the trials that none of the others beats, the most accurate first.

    Raises:
        KdzooError: no trial was finished; it says why.
    """
    if all(trial.state != "finished" for trial in tried):
        reasons = dict.fromkeys(trial.reason for trial in tried if trial.reason)
        raise KdzooError("; ".join(reasons) or "no trial was finished: give it more --trials")
    front = study.best_trials if len(study.directions) > 1 else [study.best_trial]
    return sorted(map(_trial, front), key=lambda trial: -trial.figures[0])


def _mattered(study: optuna.Study, tried: Sequence[Trial]) -> dict[str, float]:
    """Returns how much each key explains of what the accurate trials have in common."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    finished = [trial for trial in tried if trial.state == "finished"]
    if len(finished) < _TELLING or len({trial.figures[0] for trial in finished}) < _TELLING // 2:
        return {}
    target = (lambda trial: -trial.values[0]) if len(study.directions) > 1 else None
    with warnings.catch_warnings():  # that of a target the least is good, as it is here
        warnings.simplefilter("ignore", UserWarning)
        found: dict[str, float] = get_param_importances(
            study, evaluator=PedAnovaImportanceEvaluator(), target=target
        )
    return found


def _search(
    study: optuna.Study,
    asked: Asked,
    limits: _Limits,
    workers: int,
    context: StudyContext,
) -> None:
    """Makes trials until there are enough, or the time is over."""
    start = time.monotonic()

    def room(running: int) -> int:
        """Returns how many more trials may begin, beside so many that are at work."""
        if limits.hours is not None and time.monotonic() - start >= limits.hours * 3600:
            return 0
        most = sys.maxsize if limits.trials is None else limits.trials
        return max(0, most - len(ended(study)) - running)

    if workers > 1:
        folder, progress = context.store.root, context.progress
        search_side_by_side(study, asked, folder, workers, room, progress)
        return
    while room(0):
        try_next(study, asked, context)


def _trial(frozen: Any) -> Trial:
    from optuna.trial import TrialState

    states = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned"}
    return Trial(
        number=frozen.number,
        values=dict(frozen.params),
        figures=tuple(frozen.values or ()) if frozen.state == TrialState.COMPLETE else (),
        keys=tuple(frozen.user_attrs.get(KEYS, ())),
        state=states.get(frozen.state, "failed"),
        reason=frozen.user_attrs.get(FAILURE, ""),
    )


def own_values(tuned: Tuned) -> dict[str, Any]:
    """Returns what the recipe has at the keys that were searched."""
    return {key: value_in(tuned.variant.recipe, key) for key in tuned.space}


def refuse_other_folder(folder: Path) -> None:
    """Looks whether a folder is free for a search, or holds one.

    Raises:
        RecipeError: the folder is a study's.
    """
    if (folder / "study.json").is_file():
        raise RecipeError(f"{folder} is a study's folder; give --out another for the search")
