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
        StoreError: it is another search's.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    _check_same(folder, variant, space, seeds, goals)
    storage = JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    directions = [goal.direction for goal in goals]
    study = optuna.create_study(
        study_name="kdzoo", storage=storage, load_if_exists=True, directions=directions
    )
    ended = len(study.get_trials())
    study.sampler = optuna.samplers.TPESampler(seed=ended)  # another start where it goes on
    study.pruner = optuna.pruners.MedianPruner() if len(goals) == 1 else optuna.pruners.NopPruner()
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):  # of a killed process
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return study


def _check_same(
    folder: Path, variant: Variant, space: Space, seeds: list[int], goals: Sequence[Goal]
) -> None:
    """Looks whether a folder holds this search, or none yet; writes down which one it holds now.

    Raises:
        StoreError: it is another search's.
    """
    recipe = variant.recipe.model_dump(mode="json", exclude=_SEARCHES_NOTHING)
    asked = {
        "space": plain(dict(space)),
        "seeds": seeds,
        "goals": [goal.name for goal in goals],
        "recipe": recipe,
    }
    asked, path = json.loads(json.dumps(asked)), folder / SEARCH
    known = read_json(path) if has_file(path) else asked
    what = [name for name, value in asked.items() if known.get(name) != value]
    if what:
        raise StoreError(
            f"{folder} holds a search with another {' and another '.join(what)}: give --out "
            "another folder, or remove that one"
        )
    write_atomically(path, json.dumps(asked, indent=1))
