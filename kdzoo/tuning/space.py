"""The space of a search: which keys of a recipe get which values, held against the recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kdzoo.errors import Problem, RecipeError
from kdzoo.recipe import Study, Variant, load_study
from kdzoo.recipe.search import Range, Scalar
from kdzoo.steps import StudyData
from kdzoo.task import SINGLE_LABEL

Space = Mapping[str, Range | list[Scalar]]
_NOT_SEARCHED = ("version", "name", "seeds", "data", "teacher", "measure", "controls", "card",
                 "search")  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where a recipe comes from, so that it can be read with other values.

    Attributes:
        target: its name or file.
        overrides: ``key.path=value`` each.
        data: a file or folder in place of its data source.
    """

    target: str
    overrides: tuple[str, ...] = ()
    data: str | None = None

    def variant(self, values: Mapping[str, Scalar] | None = None) -> Variant:
        """Returns the recipe with these values in the place of its own.

        Raises:
            RecipeError: the recipe cannot have such values, or is several recipes.
        """
        said = [f"{key}={json.dumps(value)}" for key, value in (values or {}).items()]
        study = load_study(self.target, overrides=(*self.overrides, *said), data=self.data)
        if len(study.variants) != 1:
            names = ", ".join(variant.name for variant in study.variants[:5])
            raise RecipeError(
                f"{self.target} is {len(study.variants)} recipes ({names}): a search is of one; "
                "name it, without variants and grid"
            )
        return study.variants[0]


def space_of(source: Source, variant: Variant) -> Space:
    """Returns what the recipe's section ``search`` says, or a sensible space for its student.

    Raises:
        RecipeError: it names a key that the recipe has not, or a value that it cannot be.
    """
    space = dict(variant.recipe.search or _usual(variant))
    problems = []
    for key, values in space.items():
        if key.partition(".")[0] in _NOT_SEARCHED:
            problems.append(
                Problem(
                    "is not searched: trials share data, teacher and measure",
                    f"search  {key}",
                    "search keys of student, objective, training or transfer",
                )
            )
            continue
        tried = [values.low, values.high] if isinstance(values, Range) else values
        for value in tried:
            try:
                source.variant({key: value})
            except RecipeError as error:
                problems += [
                    Problem(f"{key}={value!r}: {problem.what}", f"search  {key}", problem.cure)
                    for problem in error.problems or [Problem(error.title)]
                ]
    if problems:
        raise RecipeError(variant.source, *dict.fromkeys(problems))
    return {key: _whole(source, key, values) for key, values in space.items()}


def refuse_other_tasks(variant: Variant, data: StudyData) -> None:
    """Refuses to search where there is no one accuracy to search for.

    Raises:
        RecipeError: a text has several labels, or one a word.
        DataError: the data cannot be read.
    """
    recipe = variant.recipe
    if data.corpus(recipe.data, recipe.seeds[0]).task != SINGLE_LABEL:
        raise RecipeError(
            f"{recipe.name}: kdzoo tune searches for accuracy, of texts with one label; these have "
            "several, or one a word: vary settings with grid: in the recipe, and kdzoo run it"
        )


def check_searches(
    study: Study, data: StudyData, overrides: Sequence[str] = (), source: str | None = None
) -> None:
    """Sees that each recipe with a section ``search`` can be searched.

    Args:
        study: the recipes.
        data: what they read.
        overrides: with which they were read: ``key.path=value`` each.
        source: a file or folder in place of their data source.

    Raises:
        KdzooError: a section names a key that is not there, or values that the recipe cannot have.
    """
    for variant in study.variants:
        if variant.recipe.search is not None:
            written = Source(variant.source, tuple(overrides), source)
            space_of(written, written.variant())
            refuse_other_tasks(variant, data)


def _usual(variant: Variant) -> dict[str, Range | list[Scalar]]:
    """Returns what is worth a search for any student: how soft, how far gold, how fast."""
    recipe = variant.recipe
    rate = recipe.training.learning_rate
    space: dict[str, Range | list[Scalar]] = {
        "training.learning_rate": Range(low=rate / 5, high=rate * 5, log=True)
    }
    if recipe.objective.alpha < 1:
        space["objective.alpha"] = Range(low=0.0, high=0.9)
        if hasattr(recipe.objective, "temperature"):
            space["objective.temperature"] = Range(low=1.0, high=20.0, log=True)
    if hasattr(recipe.student, "dropout"):
        space["student.dropout"] = Range(low=0.0, high=0.5)
    return space


def _whole(source: Source, key: str, values: Range | list[Scalar]) -> Range | list[Scalar]:
    """Returns a range of whole numbers as such, where the key takes no others."""
    if not isinstance(values, Range):
        return values
    ends = [values.low, values.high]
    if all(float(end).is_integer() for end in ends):
        try:
            source.variant({key: values.low + 0.5})
        except RecipeError:
            return values.model_copy(update={"low": int(values.low), "high": int(values.high)})
    return values.model_copy(update={"low": float(values.low), "high": float(values.high)})


def value_in(recipe: Any, key: str) -> Any:
    """Returns what a recipe has at a dotted key."""
    for part in key.split("."):
        recipe = getattr(recipe, part)
    return recipe
