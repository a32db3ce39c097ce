"""What all variants of a study share, because one table compares their models."""

from __future__ import annotations

import numpy as np

from kdzoo.data import Corpus
from kdzoo.errors import RecipeError
from kdzoo.recipe import Study
from kdzoo.steps import StudyData

_ONE_FOR_ALL = ("reject", "thresholds", "int8", "threads")  # of measure


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


def check_one_rule(study: Study) -> None:
    """Sees that all variants decide, quantise and are timed by one rule.

    What a model decides, and each form of it, is stored once, and rows share models: their teacher
    always, and a variant of measuring alone its own.

    Raises:
        RecipeError: they do not.
    """
    for name in _ONE_FOR_ALL:
        rules = {getattr(variant.recipe.measure, name) for variant in study.variants}
        if len(rules) > 1:
            raise RecipeError(
                f"measure.{name}: all rows of a study have the same; write the same in each, or "
                "run them into folders of their own (--out)"
            )
