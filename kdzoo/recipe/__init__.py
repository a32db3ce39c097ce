"""What to do: recipes, found, overridden, expanded into variants and validated."""

from kdzoo.recipe.document import parse_scalar
from kdzoo.recipe.load import Study, Variant, find_recipes, load_study, shipped_recipes
from kdzoo.recipe.options import (
    OWN_SCHEMA,
    SHIPPED_SCHEMA,
    json_schema,
    option_fields,
    pretrained_options,
    read_options,
    recipe_model,
    written_options,
)
from kdzoo.recipe.schema import Recipe, options_of

__all__ = [
    "OWN_SCHEMA",
    "SHIPPED_SCHEMA",
    "Recipe",
    "Study",
    "Variant",
    "find_recipes",
    "json_schema",
    "load_study",
    "option_fields",
    "options_of",
    "parse_scalar",
    "pretrained_options",
    "read_options",
    "recipe_model",
    "shipped_recipes",
    "written_options",
]
