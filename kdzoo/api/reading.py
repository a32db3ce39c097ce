"""What the calls that run a study, or parts of it, have in common: its recipes, its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.extensions import load_extensions
from kdzoo.files import with_home

if TYPE_CHECKING:
    from kdzoo.progress import Progress
    from kdzoo.recipe import Study


def read_study(
    target: str,
    overrides: Sequence[str],
    seeds: Sequence[int] | None,
    data: str | None,
    students: str | Path | None,
    progress: Progress | None,
) -> tuple[Study, Progress]:
    """Returns the study that is meant, and who is told of it.

    Args:
        target: a recipe's name, a folder of recipes, or a recipe file.
        overrides: ``key.path=value`` each.
        seeds: instead of the recipes' own.
        data: a file or folder in place of the recipes' data source.
        students: a file or folder of students of the user's own.
        progress: told what is being done; this process's stderr if None.

    Raises:
        KdzooError: a mistake in recipe or students.
    """
    from rich.console import Console

    from kdzoo.console import ConsoleProgress
    from kdzoo.recipe import load_study

    shown = progress or ConsoleProgress(Console(stderr=True, force_jupyter=False))
    shown.say(f"reading {target}")
    load_extensions(students)
    study = load_study(target, overrides=overrides, seeds=seeds, data=data)
    count = sum(len(variant.recipe.seeds) for variant in study.variants)
    names = ", ".join(variant.name for variant in study.variants)
    shown.say(f"{study.name}: {names} ({count} students); starting up")
    return study, shown


def folder_of(study: Study, out: str | Path | None) -> Path:
    """Returns the study's folder: what the user says, or its own below ``runs/``."""
    return with_home(out) if out is not None else Path("runs") / study.name
