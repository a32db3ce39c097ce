"""Paths in a recipe that lie beside it: made absolute, so that it runs from anywhere."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from kdzoo import registry
from kdzoo.recipe.options import pretrained_options
from kdzoo.recipe.spelling import KeyPath

_PATH_KEYS: tuple[KeyPath, ...] = (
    ("data", "files"),
    ("teacher", "model"),
    ("teacher", "models"),
    ("teacher", "outputs"),
    ("teacher", "encoder"),
    ("transfer", "unlabelled", "files"),
    ("student", "embeddings", "vectors"),
)


def anchor_paths(data: dict[str, Any], folder: Path) -> None:
    """Makes paths that lie in the recipe's folder absolute; in its variants and grid too."""
    kind = _kind_of_student(data)
    _anchor_section(data, kind, folder)
    for override in _mapping(data.get("variants")).values():
        _anchor_section(_mapping(override), _kind_of_student(_mapping(override)) or kind, folder)
    grid = _mapping(data.get("grid"))
    for key in grid:
        if tuple(str(key).split(".")) in _PATH_KEYS:
            grid[key] = _anchored(grid[key], folder)


def _anchor_section(data: dict[str, Any], student: str, folder: Path) -> None:
    for *parents, last in (*_PATH_KEYS, *_model_keys(data, student)):
        section: Any = data
        with suppress(KeyError, TypeError):
            for key in parents:
                section = section[key]
            section[last] = _anchored(section[last], folder)


def _mapping(value: Any) -> dict[Any, Any]:
    """Returns the value if it is a mapping; other mistakes than a path's are told elsewhere."""
    return value if isinstance(value, dict) else {}


def _kind_of_student(data: dict[str, Any]) -> str:
    return str(_mapping(data.get("student")).get("kind", ""))


def _model_keys(data: dict[str, Any], student: str) -> list[KeyPath]:
    """Returns the options of the recipe's student that name a model."""
    entry = registry.students.entries().get(student)
    if entry is None:
        return []
    return [("student", name) for name in pretrained_options(entry, _mapping(data.get("student")))]


def _anchored(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: _anchored(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [_anchored(inner, folder) for inner in value]
    if isinstance(value, str) and value and (folder / value).exists():
        return str((folder / value).resolve())
    return value
