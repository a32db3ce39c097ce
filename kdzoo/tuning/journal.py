"""What is written down of a search, so that it goes on after whatever ended it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.bounds import read_json
from kdzoo.errors import StoreError
from kdzoo.files import has_file, write_atomically
from kdzoo.recipe import Variant
from kdzoo.recipe.search import plain
from kdzoo.tuning.goals import Goal
from kdzoo.tuning.space import Space

if TYPE_CHECKING:
    import optuna

JOURNAL = "trials.log"  # Optuna's own; JSON lines
SEARCH = "search.json"  # which search it is of
_SEARCHES_NOTHING = {"search", "seeds", "card", "measure", "controls"}  # sections of the recipe


def open_journal(
    folder: Path, variant: Variant, space: Space, seeds: list[int], goals: Sequence[Goal]
) -> optuna.Study:
    """Returns the search of that folder, a new one or what was left of it.

    Raises:
        StoreError: the folder is another search's, or damaged.
    """
    from optuna.trial import TrialState

    _check_same(folder, variant, space, seeds, goals)
    _cut_torn_line(folder / JOURNAL)
    try:
        study = join_journal(folder, goals)
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # Optuna reads it as its own
        raise StoreError(f"{folder / JOURNAL} is damaged; remove {folder}") from error
    for trial in study.get_trials(states=[TrialState.RUNNING]):  # of a killed process
        try_again(study, trial)
    return study


def join_journal(folder: Path, goals: Sequence[Goal], seed: int | None = None) -> optuna.Study:
    """Returns the search of that folder, for any of the processes that make its trials.

    Args:
        folder: of the search.
        goals: what for.
        seed: of the values that are asked for; by default another one wherever it goes on.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    directions = [goal.direction for goal in goals]
    study = optuna.create_study(
        study_name="kdzoo", storage=storage, load_if_exists=True, directions=directions
    )
    begun = len(study.get_trials()) if seed is None else seed
    study.sampler = optuna.samplers.TPESampler(seed=begun)
    study.pruner = optuna.pruners.MedianPruner() if len(goals) == 1 else optuna.pruners.NopPruner()
    return study


def _cut_torn_line(path: Path) -> None:
    """Drops what a full disk or a power cut left of a last line; the next one would end in it."""
    if not has_file(path):
        return
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        write_atomically(path, content[: content.rfind(b"\n") + 1])


def try_again(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Has the values of a trial whose process was killed asked for next."""
    from optuna.trial import TrialState

    study.tell(trial.number, state=TrialState.FAIL)
    study.enqueue_trial(trial.params)


def _check_same(
    folder: Path, variant: Variant, space: Space, seeds: list[int], goals: Sequence[Goal]
) -> None:
    """Looks whether a folder holds this search, or none yet; writes down which one it holds now.

    Raises:
        StoreError: the folder is another search's, or damaged.
    """
    recipe = variant.recipe.model_dump(mode="json", exclude=_SEARCHES_NOTHING)
    asked = {
        "space": plain(dict(space)),
        "seeds": seeds,
        "goals": [goal.name for goal in goals],
        "recipe": recipe,
    }
    asked, path = json.loads(json.dumps(asked)), folder / SEARCH
    try:
        known = read_json(path) if has_file(path) else asked
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise StoreError(f"{path} is damaged; remove {folder}")
    what = [name for name, value in asked.items() if known.get(name) != value]
    if what:
        raise StoreError(
            f"{folder} holds a search with another {' and another '.join(what)}: give --out "
            "another folder, or remove that one"
        )
    write_atomically(path, json.dumps(asked, indent=1))
