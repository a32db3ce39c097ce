"""What all variants of a study share, because one table compares their models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kdzoo.data import Corpus
from kdzoo.errors import RecipeError
from kdzoo.recipe import Study
from kdzoo.steps import StudyData

_ONE_FOR_ALL = ("reject", "thresholds", "int8", "threads")  # of measure


def check_one_table(study: Study, data: StudyData) -> None:
    """Sees that all variants ask the same of the same texts: one table compares their models.

    Those of validation too: a teacher that several variants share is read on them once. Which
    column a text is read from may differ.

    Args:
        study: the recipes.
        data: reads what they name, and keeps it.

    Raises:
        RecipeError: one has another task than the first, other labels, or other texts for test or
            validation.
    """
    first, *others = study.variants
    seed = first.recipe.seeds[0]  # which may draw the texts
    own = data.corpus(first.recipe.data, seed)
    for variant in others:
        corpus = data.corpus(variant.recipe.data, seed)
        if (corpus.task, corpus.labels) != (own.task, own.labels):
            other = "other labels"
        elif not _are_read_alike(corpus, own, [*own.tests]):
            other = "other test texts"
        elif not _are_read_alike(corpus, own, ["validation"]):
            other = "other validation texts"
        else:
            continue
        raise RecipeError(
            f"{variant.name} has {other} than {first.name}, and a study has one table, which "
            "compares its models on the same texts; run them into folders of their own (--out)"
        )


def _are_read_alike(one: Corpus, other: Corpus, splits: Sequence[str]) -> bool:
    """Whether two corpora have the same gold labels in splits, text by text."""
    return {*one.tests} == {*other.tests} and all(
        np.array_equal(one.gold(name), other.gold(name)) for name in splits
    )


def check_one_rule(study: Study) -> None:
    """Sees that all variants decide, quantise and are timed by one rule.

    What a model decides, and each form of it, is stored once, and rows share models: their teacher
    always, and a variant of measuring alone its own.

    Raises:
        RecipeError: two variants have different rules.
    """
    for name in _ONE_FOR_ALL:
        rules = {getattr(variant.recipe.measure, name) for variant in study.variants}
        if len(rules) > 1:
            raise RecipeError(
                f"measure.{name}: all rows of a study have the same; write the same in each, or "
                "run them into folders of their own (--out)"
            )
