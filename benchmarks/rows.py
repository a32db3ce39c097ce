"""The rows of a finished study's table: each model in each form in which it was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kdzoo.progress import Progress
from kdzoo.recipe.measure import Measure
from kdzoo.results import Store
from kdzoo.steps import StudyContext, StudyData, TimedRow, timed_rows
from kdzoo.training import make_accelerator

Study = Annotated[Path, typer.Option(help="The folder of a finished study.")]
STUDY = Path("runs/clinc150")


def study_rows(study: Path, section: Measure, progress: Progress) -> dict[TimedRow, str]:
    """Returns the first seed's rows by what the table calls their model.

    Args:
        study: the folder of the study.
        section: of its recipes: in which runtimes its models are.
        progress: of those who use them.

    Raises:
        StoreError: the folder is no study.
    """
    store = Store(study)
    context = StudyContext(store, make_accelerator(), StudyData(progress))
    found: dict[TimedRow, str] = {}
    for row in store.manifest().rows:
        key = row.members[0].key
        found |= dict.fromkeys(timed_rows(key, store.finished(key), section, context), row.name)
    return found
