"""Searching for the settings of a recipe: tune."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.arguments import as_annotated
from kdzoo.errors import RecipeError
from kdzoo.extensions import load_extensions
from kdzoo.files import as_file_errors, check_writable, with_home
from kdzoo.progress import Silent, quiet

if TYPE_CHECKING:
    from kdzoo.progress import Progress
    from kdzoo.tuning import Tuned


@as_annotated
@as_file_errors()
@quiet()
def tune(
    recipe: str,
    *,
    trials: int | None = None,
    hours: float | None = None,
    seeds: Sequence[int] | None = None,
    goals: Sequence[str] = ("accuracy",),
    overrides: Sequence[str] = (),
    data: str | None = None,
    students: str | Path | None = None,
    out: str | Path | None = None,
    output: str | Path | None = None,
    workers: int = 1,
    runtime: str | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Searches for the best settings of a recipe on validation, as ``kdzoo tune`` does.

    What is searched stands in the recipe's section ``search``; else it is what is worth it for any
    student. Every finished trial is an ordinary model in the store, found again by its key.

    Args:
        recipe: its name or file.
        trials: that are to have ended, those of an interrupted search included; 30 without hours.
        hours: after which no trial begins.
        seeds: of each trial; the recipe's first by default.
        goals: ``accuracy``, and beside it ``size`` (MB), ``flops`` (of a text) or ``latency``:
            estimated while trials run, and measured of the best at the end.
        overrides: ``key.path=value`` each.
        data: a file or folder in place of the recipe's data source.
        students: a file or folder of students of your own.
        out: the search's folder; ``runs/tune-<recipe>`` by default.
        output: the file for the recipe that was found.
        workers: processes that make trials side by side; 1 makes them one after the other, in this
            process.
        runtime: in which latency is measured, where that is a goal; the recipe's last by default.
        progress: told what is being done; nobody by default.

    Returns:
        The trials, the best of them, and what they are compared with.

    Raises:
        KdzooError: a mistake in recipe or space, another search in the folder, or no trial that
            could be trained.
    """
    if importlib.util.find_spec("optuna") is None:
        raise RecipeError('kdzoo tune needs optuna: pip install "kdzoo[tune]"')
    if trials is not None and trials < 1:
        raise RecipeError(f"--trials {trials}: a search needs at least 1, as in --trials 30")
    if hours is not None and not 0 < hours < 10_000:
        raise RecipeError(f"--hours {hours:g}: give more than 0, as in --hours 2")
    target = None if output is None else with_home(output)
    if target is not None and (target.exists() or target.suffix not in (".yaml", ".yml")):
        reason = "is there already" if target.exists() else "is no .yaml"
        raise RecipeError(f"-o {target} {reason}; give another name, as in best.yaml")
    if target is not None:
        check_writable(target.parent, "give -o a file in a folder that you may write")
    load_extensions(students)
    from kdzoo.tuning import tune as search
    from kdzoo.tuning.goals import goals_of
    from kdzoo.tuning.report import write_best, write_trials
    from kdzoo.tuning.search import DEFAULT_TRIALS, refuse_other_folder
    from kdzoo.tuning.space import Source

    source = Source(recipe, tuple(overrides), data)
    name = source.variant().recipe.name
    folder = with_home(out) if out is not None else Path("runs") / f"tune-{name}"
    refuse_other_folder(folder)
    tuned = search(
        source,
        folder,
        trials=DEFAULT_TRIALS if trials is None and hours is None else trials,
        hours=hours,
        seeds=seeds,
        goals=goals_of(goals),
        workers=workers,
        runtime=runtime,
        progress=progress or Silent(),
    )
    write_trials(tuned)
    if target is not None:
        write_best(tuned, source, target)
    return tuned
