"""Whether a recipe asks what its data can be asked: one label a text, several, or one a word."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kdzoo.data import Corpus
from kdzoo.errors import Problem, RecipeError
from kdzoo.model import try_student
from kdzoo.objectives import bind_objective
from kdzoo.recipe import Study, options_of
from kdzoo.recipe.schema import Recipe, Training
from kdzoo.recipe.teacher import FineTune
from kdzoo.steps.study_data import StudyData
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


def selected_by(section: Training | FineTune, task: Task) -> str:
    """Returns the validation figure of the best checkpoint: the task's own, where none is named."""
    return section.select_by if "select_by" in section.model_fields_set else task.leading


def check_one_table(study: Study, data: StudyData) -> None:
    """Sees that all variants ask the same of the same test texts: one table compares their models.

    Which column a text is read from may differ.

    Args:
        study: the recipes.
        data: reads what they name, and keeps it.

    Raises:
        RecipeError: one has another task than the first, other labels, or other test texts.
    """
    first, *others = study.variants
    own = data.corpus(first.recipe.data, first.recipe.seeds[0])
    for variant in others:
        corpus = data.corpus(variant.recipe.data, variant.recipe.seeds[0])
        if (corpus.task, corpus.labels) != (own.task, own.labels):
            other = "other labels"
        elif not _are_tested_alike(corpus, own):
            other = "other test texts"
        else:
            continue
        raise RecipeError(
            f"{variant.name} has {other} than {first.name}, and a study has one table, which "
            "compares its models on the same texts; run them into folders of their own (--out)"
        )


def _are_tested_alike(one: Corpus, other: Corpus) -> bool:
    """Whether two corpora have the same gold labels in each test split, text by text."""
    return {*one.tests} == {*other.tests} and all(
        np.array_equal(one.gold(name), other.gold(name)) for name in one.tests
    )


def check_task(recipe: Recipe, corpus: Corpus) -> None:
    """Sees that a recipe fits what its data ask: one label a text, several, or one a word.

    Raises:
        RecipeError: it does not; the message lists all that is for other data.
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
