"""Whether a recipe asks what its data can be asked: one label a text, or any number of them."""

from __future__ import annotations

from collections.abc import Iterator

from kdzoo.data import Corpus
from kdzoo.errors import Problem, RecipeError
from kdzoo.objectives import bind_objective
from kdzoo.recipe import options_of
from kdzoo.recipe.schema import Recipe, Training
from kdzoo.recipe.teacher import FineTune
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, Task, TaskName

_ALIKE = ("accuracy", "macro_f1", "last")
_SELECTING: dict[TaskName, tuple[str, ...]] = {
    SINGLE_LABEL.name: (*_ALIKE, "in_scope_accuracy"),
    MULTI_LABEL.name: (*_ALIKE, "micro_f1", "average_precision"),
}


def selected_by(section: Training | FineTune, task: Task) -> str:
    """Returns the validation figure of the best checkpoint: the task's own, where none is named."""
    return section.select_by if "select_by" in section.model_fields_set else task.leading


def check_task(recipe: Recipe, corpus: Corpus) -> None:
    """Sees that a recipe fits the number of labels that its texts have.

    Raises:
        RecipeError: it does not; the message lists all that is for other data.
        ModelError: its objective is for other data.
    """
    problems = [*_problems(recipe, corpus.task)]
    if problems:
        many = "any number of labels" if corpus.task == MULTI_LABEL else "one label each"
        raise RecipeError(f"{recipe.name}: its texts have {many} ({corpus.task.name})", *problems)
    if recipe.objective.alpha < 1:
        bind_objective(recipe.objective.kind, options_of(recipe.objective), corpus.task)


def _problems(recipe: Recipe, task: Task) -> Iterator[Problem]:
    chosen = {"training": recipe.training, "teacher.fine_tune": recipe.teacher.fine_tune}
    for name, section in chosen.items():
        known = _SELECTING[task.name]
        if section is not None and section.select_by not in known:
            cure = f"write {', '.join(known[:-1])} or {known[-1]}"
            yield Problem(f"{name}.select_by: {section.select_by} is not known of them", cure=cure)
    if task == SINGLE_LABEL:
        if recipe.measure.thresholds != "per_label":
            yield Problem("measure.thresholds is for texts with several labels", cure="remove it")
        return
    alone = {
        "objective.gold_for": recipe.objective.gold_for,
        "measure.reject": recipe.measure.reject,
        "teacher.folds": recipe.teacher.folds,
    }
    for name, said in alone.items():
        if said:
            yield Problem(f"{name} is for texts with one label", cure="remove it")
