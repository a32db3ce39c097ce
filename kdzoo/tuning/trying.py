"""One trial of a search: Optuna is asked for values, the store makes them, Optuna is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdzoo.errors import StoreError
from kdzoo.recipe import Variant
from kdzoo.recipe.search import Range
from kdzoo.steps import FATAL, StudyContext, reason_of
from kdzoo.tuning.goals import Goal
from kdzoo.tuning.space import Source, Space
from kdzoo.tuning.training import PrunedError, keys_of, train_trial

if TYPE_CHECKING:
    import optuna

KEYS, FAILURE, OWN, MADE_BY = "keys", "failure", "own", "made by"  # what a trial notes beside it


@dataclass(frozen=True)
class Asked:
    """What is searched, as far as whoever makes a trial has to know it.

    Attributes:
        source: the recipe.
        space: values of its keys.
        seeds: of each trial.
        goals: what for.
    """

    source: Source
    space: Space
    seeds: tuple[int, ...]
    goals: tuple[Goal, ...]


def own_figures(
    study: optuna.Study, variant: Variant, asked: Asked, context: StudyContext
) -> tuple[float, ...]:
    """Returns the figures of the recipe as it stands, with which the best is compared.

    Raises:
        StoreError: the search began with other data or files: its trials cannot be compared.
    """
    if OWN not in study.user_attrs:
        context.progress.say(f"{variant.name} as it stands")
        figures, keys = train_trial(variant, asked.seeds, asked.goals, context, None)
        study.set_user_attr(KEYS, keys)
        study.set_user_attr(OWN, figures)
    elif keys_of(variant, asked.seeds, context) != study.user_attrs[KEYS]:
        raise StoreError(
            f"{context.store.root} holds a search with other data, another teacher or other files "
            "than the recipe has now: give --out another folder, or remove that one"
        )
    return tuple(study.user_attrs[OWN])


def try_next(study: optuna.Study, asked: Asked, context: StudyContext, made_by: str = "") -> None:
    """Makes the trial that the search asks for next.

    Args:
        study: the search.
        asked: what is searched.
        context: the store, and who is told.
        made_by: which process makes it, so that its trial is found where it is killed.
    """
    trial = study.ask()
    if made_by:
        trial.set_user_attr(MADE_BY, made_by)
    values = {key: _suggested(trial, key, choice) for key, choice in asked.space.items()}
    told = ", ".join(f"{key.rpartition('.')[2]} {short(value)}" for key, value in values.items())
    context.progress.say(f"trial {trial.number}: {told}")
    _make(study, trial, values, asked, context)


def _make(
    study: optuna.Study,
    trial: optuna.Trial,
    values: Mapping[str, Any],
    asked: Asked,
    context: StudyContext,
) -> None:
    from optuna.trial import TrialState

    def report(step: int, figure: float) -> None:
        trial.report(figure, step)
        if trial.should_prune():
            raise PrunedError

    watch = report if len(asked.goals) == 1 else None
    try:
        variant = asked.source.variant(values)  # values may be fit alone, and not together
        figures, keys = train_trial(variant, asked.seeds, asked.goals, context, watch)
    except PrunedError:
        study.tell(trial, state=TrialState.PRUNED)
        context.progress.say(f"trial {trial.number}: pruned, others did better by then")
    except FATAL:  # no fault of its values: the same command tries them again
        raise
    except Exception as error:  # values that do not train, for whatever reason: the others go on
        trial.set_user_attr(FAILURE, reason_of(error))
        study.tell(trial, state=TrialState.FAIL)
        context.progress.say(f"trial {trial.number} failed: {reason_of(error)}")
    else:
        trial.set_user_attr(KEYS, keys)
        study.tell(trial, figures)


def ended(study: optuna.Study) -> Sequence[optuna.trial.FrozenTrial]:
    """Returns the trials that count: one that was killed is tried again, and is none of them."""
    return [
        trial
        for trial in study.get_trials()
        if trial.state.is_finished() and (trial.state.name != "FAIL" or FAILURE in trial.user_attrs)
    ]


def _suggested(trial: optuna.Trial, key: str, values: Any) -> Any:
    if not isinstance(values, Range):
        return trial.suggest_categorical(key, values)
    if isinstance(values.low, int):
        return trial.suggest_int(key, values.low, int(values.high), log=values.log)
    return trial.suggest_float(key, values.low, values.high, log=values.log)


def short(value: Any) -> str:
    """Returns a value as it is told."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
