"""The signature is the schema: a registered thing's keyword-only parameters become recipe keys."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Annotated, Any, Literal, Union, get_type_hints

from pydantic import Field, create_model

from kdzoo import registry
from kdzoo.errors import Problem, RegistryError
from kdzoo.recipe.schema import Augment, Objective, Recipe, Section, Student, Transfer


def option_fields(entry: registry.Entry[Any]) -> dict[str, Any]:
    """Returns pydantic field definitions for the keyword-only parameters of ``entry``.

    Raises:
        RegistryError: a keyword-only parameter has no annotation, so no type to hold a recipe to.
    """
    signed = entry.value.__init__ if inspect.isclass(entry.value) else entry.value
    options = [
        parameter
        for parameter in inspect.signature(signed).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    hints = _types(signed, [parameter.name for parameter in options])
    fields: dict[str, Any] = {}
    for parameter in options:
        if parameter.name not in hints:
            raise RegistryError(
                entry.origin,
                Problem(
                    f"option '{parameter.name}' of '{entry.name}' has no type",
                    cure=f"annotate it, as in `{parameter.name}: int = 64`",
                ),
            )
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return fields


def _types(signed: Any, names: list[str]) -> dict[str, Any]:
    """Returns the types of these parameters; the others' may be known to type checkers only."""
    function = inspect.unwrap(signed)
    annotations = {k: v for k, v in function.__annotations__.items() if k in names}
    return get_type_hints(SimpleNamespace(__annotations__=annotations), function.__globals__)


def _chosen_by_kind(base: type[Section], known: registry.Registry[Any]) -> Any:
    """Returns the union of ``base`` with each registered kind's options, told apart by ``kind``."""
    kinds: list[Any] = [
        create_model(
            f"_{base.__name__}_{name}",
            __base__=base,
            __doc__=entry.summary,
            **{"kind": (Literal[name], ...), **option_fields(entry)},
        )
        for name, entry in known.entries().items()
    ]
    return Annotated[Union[tuple(kinds)], Field(discriminator="kind")]  # noqa: UP007 - made at run time


def recipe_model() -> type[Recipe]:
    """Returns the recipe's model with the options of everything that is registered by now."""
    transfer = create_model(
        "_Transfer",
        __base__=Transfer,
        augment=(_chosen_by_kind(Augment, registry.augmenters) | None, None),
    )
    return create_model(
        "_Recipe",
        __base__=Recipe,
        transfer=(transfer, transfer()),
        student=(_chosen_by_kind(Student, registry.students), ...),
        objective=(_chosen_by_kind(Objective, registry.objectives), ...),
    )


def json_schema() -> dict[str, Any]:
    """Returns the JSON schema of a recipe file, variants and grid included, for editors."""
    file_model = create_model(
        "kdzoo recipe",
        __base__=recipe_model(),
        variants=(
            dict[str, dict[str, Any]],
            Field({}, description="named overrides of this recipe"),
        ),
        grid=(
            dict[str, list[Any]],
            Field({}, description="dotted keys and their values: all products are run"),
        ),
    )
    schema = file_model.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
