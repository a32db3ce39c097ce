"""By which validation figure the best checkpoint of a training is selected."""

from __future__ import annotations

from kdzoo.recipe.schema import Training
from kdzoo.recipe.teacher import FineTune
from kdzoo.task import Task


def selected_by(section: Training | FineTune, task: Task) -> str:
    """Returns the validation figure of the best checkpoint: the task's own, where none is named."""
    return section.select_by if "select_by" in section.model_fields_set else task.leading
