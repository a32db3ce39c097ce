"""Lists that Python gives: what is no list is refused before anything goes through it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike

from kdzoo.errors import RecipeError


def refuse_no_list(**given: object) -> None:
    """Refuses one text, path, number or mapping where several things are named.

    Args:
        given: each argument of a call by its name; None is none.

    Raises:
        RecipeError: one is no list; the message writes it as one.
    """
    each: list[object]
    for name, value in given.items():
        match value:
            case str():  # an override may have commas of its own
                kind, each = "one text", [value] if "=" in value else [*_parts(value)]
            case PathLike():
                kind, each = "one path", [str(value)]
            case int() | float():
                kind, each = "a number", [value]
            case Mapping() if name == "overrides":
                kind = "a mapping"
                each = [f"{key}={_written(value[key])}" for key in value]
            case Mapping():
                kind, each = "a mapping", [*map(str, value)]
            case _:
                continue
        raise RecipeError(
            f"{name} is {kind}; write a list, as in "
            f"{name}={json.dumps(each, ensure_ascii=False, default=str)}"
        )


def _parts(text: str) -> list[str]:
    """Returns what stands between commas, as the command line reads it."""
    return [part.strip() for part in text.split(",")]


def _written(value: object) -> str:
    """Returns a value as an override has it."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
