"""What is registered that a recipe uses."""

from __future__ import annotations

from collections.abc import Iterator

from kdzoo import registry
from kdzoo.entries import Entry
from kdzoo.recipe.schema import Recipe


def entries_of(recipe: Recipe) -> Iterator[Entry]:
    """Yields the student, objective, augmenter, dataset and runtimes that a recipe names.

    Raises:
        RegistryError: one of them is not registered here.
    """
    yield registry.students.get(recipe.student.kind)
    yield registry.objectives.get(recipe.objective.kind)
    if recipe.transfer.augment is not None:
        yield registry.augmenters.get(recipe.transfer.augment.kind)
    if recipe.data.embedded is not None:
        yield registry.datasets.get(recipe.data.embedded)
    for name in recipe.measure.runtimes:
        yield registry.runtimes.get(name)
