"""Whether the data have the labels that a recipe's teacher and its objective ask for."""

from __future__ import annotations

from kdzoo.data import Corpus
from kdzoo.errors import RecipeError
from kdzoo.objectives import gold_for
from kdzoo.recipe.schema import Recipe
from kdzoo.steps import refuse_other_kind
from kdzoo.teacher import columns_of, find_sources, named_outputs, refuse_few, refuse_folds


def check_labels(recipe: Recipe, corpus: Corpus) -> None:
    """Sees that a teacher fits the labels: a finished one has them, another has texts of each.

    Raises:
        TeacherError: it has other labels than the data, or some have too few texts.
    """
    section = recipe.teacher
    if section.head is not None:
        refuse_few(corpus)
    if section.folds is not None:
        refuse_folds(corpus, section.folds, linear=section.head is not None)
    if section.outputs is not None:
        named_outputs(section, corpus.labels)
    if not section.is_finished:
        return
    for folder in find_sources(section):
        refuse_other_kind(folder, corpus)
        columns_of(folder, corpus.labels, section.labels)


def check_gold(recipe: Recipe, corpus: Corpus) -> None:
    """Sees that the data have the gold labels that the objective asks for.

    Raises:
        DataError: labels are missing; each word of ``objective.gold_for`` is told with its cure.
        RecipeError: gold labels are weighted, and the objective asks for none.
    """
    objective = recipe.objective
    if recipe.training.class_weights and not objective.alpha and not objective.gold_for:
        raise RecipeError(
            f"{recipe.name}: training.class_weights weighs the loss on gold labels, and with "
            "objective.alpha 0 students have none; write objective.alpha above 0 or "
            "objective.gold_for, or remove training.class_weights"
        )
    if objective.alpha < 1:
        gold_for(objective.gold_for, corpus)
