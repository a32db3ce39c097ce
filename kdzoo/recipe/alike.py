"""Whether two recipes, as the records of models hold them, say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from kdzoo.recipe.schema import Recipe

SHAPED_BY = {  # sections of a recipe that shape a model, by its role
    "teacher": ("data", "teacher"),
    "student": ("data", "teacher", "transfer", "student", "objective", "training"),
    "control": ("data", "teacher", "student", "training"),
    "baseline": ("data",),
}


def are_alike(
    one: Mapping[str, Any], other: Mapping[str, Any], section: type[BaseModel] | None = Recipe
) -> bool:
    """Whether two dumped recipes, or parts of them, give the same models.

    What only one of them holds has to be the default: the other left it out, or is older than the
    field. A field that this kdzoo does not know says nothing.

    Args:
        one: a recipe, or any of its sections.
        other: the same part of another.
        section: what knows their fields; None if nothing does, as of the options of a kind.
    """
    fields = {} if section is None else section.model_fields
    return all(
        _is_alike(one.get(name, _MISSING), other.get(name, _MISSING), fields.get(name))
        for name in one.keys() | other.keys()
    )


_MISSING = object()


def _is_alike(one: Any, other: Any, field: FieldInfo | None) -> bool:
    if one is _MISSING or other is _MISSING:
        default = _default(field)
        if default is PydanticUndefined:
            return True
        one, other = (default if value is _MISSING else value for value in (one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return are_alike(one, other, _section_of(field))
    return bool(one == other)


def _default(field: FieldInfo | None) -> Any:
    """Returns a field's default as records hold it; undefined where there is none."""
    if field is None:
        return PydanticUndefined
    default = field.get_default(call_default_factory=True, validated_data={})
    return default if default is PydanticUndefined else to_jsonable_python(default)


def _section_of(field: FieldInfo | None) -> type[BaseModel] | None:
    """Returns the model of a field that is a section, or that may be one."""
    annotation = None if field is None else field.annotation
    found = (kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type))
    return next((kind for kind in found if issubclass(kind, BaseModel)), None)
