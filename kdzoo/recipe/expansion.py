"""The variants of a recipe and its grid: what each stands for, as recipes of their own."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kdzoo.bounds import DEEPEST
from kdzoo.errors import Problem, RecipeError
from kdzoo.plain import is_unicode, shortened
from kdzoo.recipe.document import Document
from kdzoo.recipe.schema import Augment, Objective, Student
from kdzoo.recipe.section import Section
from kdzoo.recipe.spelling import KeyPath

# A section whose kind is overridden keeps these keys and drops the other kind's options.
_KEPT_KEYS: dict[str, type[Section]] = {
    "student": Student,
    "objective": Objective,
    "augment": Augment,
}
MOST_VARIANTS = 1000  # of a recipe, its grid's products included
LONGEST_NAME = 200  # characters of a variant's name


def expand(document: Document) -> list[tuple[str, Document, str]]:
    """Returns (name, document, origin) of the recipe, its variants, and their grid's products."""
    base = copy.deepcopy(document.data)
    variants, grid = base.pop("variants", None) or {}, base.pop("grid", None) or {}
    if problems := _problems(document, variants, grid):
        raise RecipeError(document.source, *problems)
    named = [("", base, "", {**document.places})]
    for name, override in variants.items():
        places = document.places | _places_below(document, ("variants", str(name)))
        named.append((str(name), merge(base, override), f"in variant '{name}'", places))
    expanded = []
    for name, data, origin, places in named:
        for key in grid:
            places |= places_of(tuple(key.split(".")), document.place(("grid", key)), places)
        for values in itertools.product(*grid.values()):
            point = dict(zip(grid, values, strict=True))
            nested = data
            for key, value in sorted(point.items(), key=lambda item: not is_kind(item[0])):
                nested = merge(nested, nest(key.split("."), value))
            label = ",".join(f"{key.rpartition('.')[2]}={value}" for key, value in point.items())
            title = "/".join(filter(None, (name, label)))
            expanded.append((title, Document(document.source, nested, places), origin))
    return expanded


def _places_below(document: Document, path: KeyPath) -> dict[KeyPath, str]:
    depth = len(path)
    return {
        key[depth:]: place
        for key, place in document.places.items()
        if key[:depth] == path and len(key) > depth
    }


def _problems(document: Document, variants: Any, grid: Any) -> list[Problem]:
    problems = [
        Problem("must be a mapping", f"{document.place((key,))}  {key}")
        for key, value in (("variants", variants), ("grid", grid))
        if not isinstance(value, dict)
    ]
    if isinstance(variants, dict):
        problems += _problems_of_variants(document, variants)
    if isinstance(grid, dict):
        problems += _problems_of_grid(document, grid)
    if problems:
        return problems
    count = (1 + len(variants)) * math.prod(map(len, grid.values()))
    if count <= MOST_VARIANTS:
        return []
    return [
        Problem(
            f"stands for {count:,} variants, more than {MOST_VARIANTS:,}",
            document.place(("grid",)) or document.place(("variants",)),
            "give it fewer values, or make several recipes of it",
        )
    ]


def _problems_of_variants(document: Document, variants: dict[Any, Any]) -> Iterator[Problem]:
    for key, override in variants.items():
        name, place = str(key), document.place(("variants", key))
        if len(name) > LONGEST_NAME:
            what = f"a name has {LONGEST_NAME} characters at most"
            yield Problem(what, f"{place}  {shortened(name)}")
        if not name.strip():
            yield Problem("a variant has no name", place, "give it one")
        if "/" in name:
            shown = shortened(name)
            yield Problem(
                f"'{shown}' has a slash, which parts a recipe's name from its variant's",
                place,
                f"call it {shown.replace('/', '-')}",
            )
        if not isinstance(override, dict):
            yield Problem("must be a mapping of keys to override", f"{place}  {name}")


def _problems_of_grid(document: Document, grid: dict[Any, Any]) -> Iterator[Problem]:
    for key, values in grid.items():
        where = f"{document.place(('grid', str(key)))}  {key}"
        if not (is_key(key) and isinstance(values, list) and values):
            yield Problem(
                "must be a dotted key and a list of values",
                where,
                "as in `training.steps: [500, 1000]`",
            )
        elif any(value in values[:number] for number, value in enumerate(values)):
            yield Problem("a value is there twice", where, "keep one")


def places_of(path: KeyPath, place: str, known: Mapping[KeyPath, str]) -> dict[KeyPath, str]:
    """Returns the places of a key that stands outside the recipe's own text, and of its sections.

    Args:
        path: of the key.
        place: where it stands.
        known: where the recipe's own keys stand, whose sections keep their places.
    """
    sections = [path[:depth] for depth in range(1, len(path))]
    return {each: place for each in sections if each not in known} | {path: place}


def is_key(key: Any) -> bool:
    """Whether it is a dotted key that a recipe can have."""
    if not isinstance(key, str) or not is_unicode(key):
        return False
    parts = key.split(".")
    return all(parts) and len(parts) <= DEEPEST


def is_kind(key: str) -> bool:
    """Whether a dotted key names a kind: it is laid first, as it drops the other kind's options."""
    return key.endswith(".kind")


def merge(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """Returns ``base`` with ``override`` laid over it, key by key, to any depth.

    A section whose ``kind`` changes keeps what all kinds share and drops the other kind's options.
    """
    merged = copy.deepcopy(base)
    for key, value in override.items():
        under = merged.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            if key in _KEPT_KEYS and value.get("kind", under.get("kind")) != under.get("kind"):
                shared = _KEPT_KEYS[key].model_fields
                under = {k: v for k, v in under.items() if k in shared}
            merged[key] = merge(under, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def nest(path: Sequence[str], value: Any) -> dict[str, Any]:
    """Returns a recipe that says one thing: the value under a dotted key's parts."""
    return {path[0]: nest(path[1:], value) if len(path) > 1 else value}
