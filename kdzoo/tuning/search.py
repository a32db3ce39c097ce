"""The search itself: Optuna asks for trials, the store makes them, Optuna is told."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo.errors import KdzooError, RecipeError
from kdzoo.files import alone_in, check_writable
from kdzoo.progress import Progress
from kdzoo.recipe import Study, Variant
from kdzoo.recipe.search import Range
from kdzoo.results import Store
from kdzoo.steps import StudyContext, StudyData
from kdzoo.study import check_study
from kdzoo.task import SINGLE_LABEL
from kdzoo.teacher import check_cache
from kdzoo.training import make_accelerator
from kdzoo.tuning.goals import Goal
from kdzoo.tuning.journal import open_journal
from kdzoo.tuning.space import Source, Space, space_of, value_in
from kdzoo.tuning.training import PrunedError, train_trial

if TYPE_CHECKING:
    import optuna

DEFAULT_TRIALS = 30
_TELLING = 8  # finished trials from which on they say what mattered
_KEYS, _FAILURE, _OWN = "keys", "failure", "own"


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


@dataclass(frozen=True)
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


def tune(
    source: Source,
    folder: Path,
    *,
    trials: int | None,
    hours: float | None,
    seeds: Sequence[int] | None,
    goals: Sequence[Goal],
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
        progress: told what is being done.

    Raises:
        KdzooError: a mistake in recipe or space, another search in the folder, or no trial that
            could be trained.
    """
    variant = source.variant()
    space = space_of(source, variant)
    chosen = list(seeds or variant.recipe.seeds[:1])
    check_writable(folder, "give --out a folder that you may write")
    check_cache()
    data = StudyData(progress)
    check_study(Study(variant.recipe.name, (variant,)), data)
    if data.corpus(variant.recipe.data, chosen[0]).task != SINGLE_LABEL:
        raise RecipeError(
            f"{variant.recipe.name}: kdzoo tune searches for accuracy, of texts with one label; "
            "these have several, or one a word: vary settings with grid: in the recipe, and kdzoo "
            "run it"
        )
    with alone_in(folder, "search"):
        study = open_journal(folder, variant, space, chosen, goals)
        context = StudyContext(Store(folder), make_accelerator(), data)
        own = _own(study, variant, chosen, goals, context)
        _search(study, source, space, _Limits(trials, hours), chosen, goals, context)
    # one that was killed is no failure: its values were tried again
    ended = [_trial(trial) for trial in study.get_trials() if trial.state.is_finished()]
    ended = [trial for trial in ended if trial.state != "failed" or trial.reason]
    finished = [trial for trial in ended if trial.state == "finished"]
    if not finished:
        reasons = dict.fromkeys(trial.reason for trial in ended if trial.reason)
        raise KdzooError("; ".join(reasons) or "no trial was finished: give it more --trials")
    best = sorted((_trial(trial) for trial in _front(study)), key=lambda trial: -trial.figures[0])
    texts = len(data.corpus(variant.recipe.data, chosen[0]).validation)
    return Tuned(
        folder=folder,
        variant=variant,
        space=space,
        goals=tuple(goals),
        trials=tuple(ended),
        best=tuple(best),
        own=own,
        texts=texts,
        mattered=_mattered(study, finished),
    )


@dataclass(frozen=True)
class _Limits:
    trials: int | None
    hours: float | None


def _front(study: optuna.Study) -> list[Any]:
    return study.best_trials if len(study.directions) > 1 else [study.best_trial]


def _mattered(study: optuna.Study, finished: Sequence[Trial]) -> dict[str, float]:
    """Returns how much each key explains of what the accurate trials have in common."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    if len(finished) < _TELLING or len({trial.figures[0] for trial in finished}) < _TELLING // 2:
        return {}
    found: dict[str, float] = get_param_importances(
        study,
        evaluator=PedAnovaImportanceEvaluator(),
        target=lambda trial: -trial.values[0],  # it asks what the trials of least target share
    )
    return found


def _own(
    study: optuna.Study,
    variant: Variant,
    seeds: list[int],
    goals: Sequence[Goal],
    context: StudyContext,
) -> tuple[float, ...]:
    """Returns the figures of the recipe as it stands, with which the best is compared."""
    if _OWN not in study.user_attrs:
        context.progress.say(f"{variant.name} as it stands")
        figures, _ = train_trial(variant, seeds, goals, context, None)
        study.set_user_attr(_OWN, figures)
    return tuple(study.user_attrs[_OWN])


def _search(
    study: optuna.Study,
    source: Source,
    space: Space,
    limits: _Limits,
    seeds: list[int],
    goals: Sequence[Goal],
    context: StudyContext,
) -> None:
    """Makes trials until there are enough, or the time is over."""
    start = time.monotonic()
    while not _is_over(study, limits, time.monotonic() - start):
        trial = study.ask()
        values = {key: _suggested(trial, key, choice) for key, choice in space.items()}
        told = ", ".join(
            f"{key.rpartition('.')[2]} {_short(value)}" for key, value in values.items()
        )
        context.progress.say(f"trial {trial.number}: {told}")
        _make(study, trial, source.variant(values), seeds, goals, context)


def _is_over(study: optuna.Study, limits: _Limits, seconds: float) -> bool:
    from optuna.trial import TrialState

    if limits.hours is not None and seconds >= limits.hours * 3600:
        return True
    ended = study.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL])
    done = [
        trial for trial in ended if trial.state != TrialState.FAIL or _FAILURE in trial.user_attrs
    ]
    return limits.trials is not None and len(done) >= limits.trials


def _make(
    study: optuna.Study,
    trial: optuna.Trial,
    variant: Variant,
    seeds: list[int],
    goals: Sequence[Goal],
    context: StudyContext,
) -> None:
    from optuna.trial import TrialState

    def report(step: int, figure: float) -> None:
        trial.report(figure, step)
        if trial.should_prune():
            raise PrunedError

    try:
        figures, keys = train_trial(
            variant, seeds, goals, context, report if len(goals) == 1 else None
        )
    except PrunedError:
        study.tell(trial, state=TrialState.PRUNED)
        context.progress.say(f"trial {trial.number}: pruned, others did better by then")
    except KdzooError as error:  # values that do not train: the others go on
        trial.set_user_attr(_FAILURE, str(error))
        study.tell(trial, state=TrialState.FAIL)
        context.progress.say(f"trial {trial.number} failed: {error}")
    else:
        trial.set_user_attr(_KEYS, keys)
        study.tell(trial, figures)


def _suggested(trial: optuna.Trial, key: str, values: Any) -> Any:
    if not isinstance(values, Range):
        return trial.suggest_categorical(key, values)
    if isinstance(values.low, int):
        return trial.suggest_int(key, values.low, int(values.high), log=values.log)
    return trial.suggest_float(key, values.low, values.high, log=values.log)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _trial(frozen: Any) -> Trial:
    from optuna.trial import TrialState

    states = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned"}
    return Trial(
        number=frozen.number,
        values=dict(frozen.params),
        figures=tuple(frozen.values or ()) if frozen.state == TrialState.COMPLETE else (),
        keys=tuple(frozen.user_attrs.get(_KEYS, ())),
        state=states.get(frozen.state, "failed"),
        reason=frozen.user_attrs.get(_FAILURE, ""),
    )


def own_values(tuned: Tuned) -> dict[str, Any]:
    """Returns what the recipe has at the keys that were searched."""
    return {key: value_in(tuned.variant.recipe, key) for key in tuned.space}


def refuse_other_folder(folder: Path) -> None:
    """Looks whether a folder is free for a search, or holds one.

    Raises:
        RecipeError: it is a study's.
    """
    if (folder / "study.json").is_file():
        raise RecipeError(f"{folder} is a study's folder; give --out another for the search")
