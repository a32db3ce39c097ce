"""One seed of one variant: what all its models have in common."""

from __future__ import annotations

from dataclasses import dataclass

from kdzoo.data import Corpus
from kdzoo.recipe import Variant
from kdzoo.recipe.schema import Recipe
from kdzoo.steps.teacher import StudyTeacher


@dataclass(frozen=True)
class SeedRun:
    """One seed of one variant, with the data and the teacher that it gets.

    Attributes:
        variant: the recipe.
        seed: of initialisation, batches, augmentation and the choice of few labels.
        corpus: the data as this seed sees it.
        teacher: the teacher.
    """

    variant: Variant
    seed: int
    corpus: Corpus
    teacher: StudyTeacher

    @property
    def recipe(self) -> Recipe:
        """The recipe of the variant."""
        return self.variant.recipe

    @property
    def setting(self) -> str:
        """Stands for data and teacher: rows that share both share teacher and baseline."""
        return self.recipe.data.model_dump_json() + self.recipe.teacher.model_dump_json()
