"""A study as another process gets it: its recipes as they were read here, as text."""

from __future__ import annotations

import json

from kdzoo.recipe.load import Study, Variant
from kdzoo.recipe.options import recipe_model


def packed_study(study: Study) -> str:
    """Returns a study as JSON: files that change meanwhile change nothing of it.

    What a recipe does not say stays unsaid: a task may have a default of its own for it.
    """
    variants = []
    for variant in study.variants:
        said = variant.recipe.model_dump(mode="json", by_alias=True, exclude_unset=True)
        variants.append([said, variant.variant, variant.source])
    return json.dumps([study.name, variants])


def unpacked_study(text: str) -> Study:
    """Returns the study that ``packed_study`` made the text of.

    The users' files that register what it names have been loaded.
    """
    name, variants = json.loads(text)
    model = recipe_model()
    return Study(
        name,
        tuple(
            Variant(model.model_validate(recipe), variant, source)
            for recipe, variant, source in variants
        ),
    )
