"""Whether a recipe asks what its data can be asked: one label a text, several, or one a word."""

from __future__ import annotations

from collections.abc import Iterator

from kdzoo.data import Corpus
from kdzoo.errors import Problem, RecipeError
from kdzoo.model import try_student
from kdzoo.objectives import bind_objective
from kdzoo.recipe import options_of
from kdzoo.recipe.schema import Recipe
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TOKEN_CLASSIFICATION, Task, TaskName

_ALIKE = ("accuracy", "macro_f1", "last")
_SELECTING: dict[TaskName, tuple[str, ...]] = {
    SINGLE_LABEL.name: (*_ALIKE, "in_scope_accuracy"),
    MULTI_LABEL.name: (*_ALIKE, "micro_f1", "average_precision"),
    TOKEN_CLASSIFICATION.name: (*_ALIKE, "entity_f1", "token_accuracy"),
}
_HAVE: dict[TaskName, str] = {
    SINGLE_LABEL.name: "texts have one label each",
    MULTI_LABEL.name: "texts have any number of labels",
    TOKEN_CLASSIFICATION.name: "words have a label each",
}


def check_task(recipe: Recipe, corpus: Corpus) -> None:
    """Sees that a recipe fits what its data ask: one label a text, several, or one a word.

    Raises:
        RecipeError: a setting is for other data; the message lists all that is for other data.
        ModelError: its objective, or its student, is for other data.
    """
    problems = [*_problems(recipe, corpus.task)]
    if problems:
        task = corpus.task.name
        raise RecipeError(f"{recipe.name}: its {_HAVE[task]} ({task})", *problems)
    if recipe.objective.alpha < 1:
        bind_objective(recipe.objective.kind, options_of(recipe.objective), corpus.task)
    if corpus.task.by_word:
        try_student(recipe.student.kind, options_of(recipe.student), task=corpus.task)


def _problems(recipe: Recipe, task: Task) -> Iterator[Problem]:
    chosen = {"training": recipe.training, "teacher.fine_tune": recipe.teacher.fine_tune}
    for name, section in chosen.items():
        known = _SELECTING[task.name]
        if section is not None and section.select_by not in known:
            cure = f"write {', '.join(known[:-1])} or {known[-1]}"
            yield Problem(f"{name}.select_by: {section.select_by} is not known of them", cure=cure)
    if task != MULTI_LABEL and recipe.measure.thresholds != "per_label":
        yield Problem("measure.thresholds is for texts with several labels", cure="remove it")
    if task == SINGLE_LABEL:
        return
    alone = {
        "objective.gold_for": recipe.objective.gold_for,
        "measure.reject": recipe.measure.reject,
        "measure.escalate": recipe.measure.escalate,
        "teacher.folds": recipe.teacher.folds,
    }
    for name, said in alone.items():
        if said:
            yield Problem(f"{name} is for texts with one label", cure="remove it")
    if task.by_word and recipe.objective.hidden:
        yield Problem("objective.hidden is for labels of whole texts", cure="remove it")
    for name in ("head", "outputs") if task.by_word else ():
        if getattr(recipe.teacher, name) is not None:
            cure = "have the teacher fine-tuned: teacher: {fine_tune: {}}"
            yield Problem(f"teacher.{name} is for labels of whole texts", cure=cure)
