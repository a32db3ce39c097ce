"""What the public surface says of itself: each parameter of a function that has many."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kdzoo

ROOMS = sorted(room.name for room in pkgutil.iter_modules(kdzoo.__path__) if room.name[0] != "_")
FEW = 2  # parameters that a sentence can tell of


def methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yields what a class has of its own that is called by name."""
    for name, value in vars(kind).items():
        function = getattr(value, "__func__", value)
        if inspect.isfunction(function) and not name.startswith("_"):
            yield f"{kind.__name__}.{name}", function


def public(room: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yields the functions, and the methods of the classes, that a room shows and kdzoo wrote."""
    module = importlib.import_module(f"kdzoo.{room}")
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        found = methods(value) if inspect.isclass(value) else iter([(name, value)])
        for each, function in found:
            if inspect.isfunction(function) and function.__module__.startswith("kdzoo."):
                yield each, function


@pytest.mark.parametrize("room", ROOMS)
def test_a_public_function_of_many_parameters_tells_of_each(room: str) -> None:
    silent = []
    for name, function in public(room):
        parameters = [
            each for each in inspect.signature(function).parameters if each not in ("self", "cls")
        ]
        described = (inspect.getdoc(function) or "").partition("Args:")[2]
        missing = [each for each in parameters if f"\n    {each}: " not in described]
        if len(parameters) > FEW and missing:
            silent.append(f"{name} does not tell of {', '.join(missing)}")

    assert silent == []


def test_the_reader_of_docstrings_finds_what_is_there() -> None:
    """What this file relies on: functions, methods and class methods are looked at."""
    assert {"train", "make_accelerator"} <= {name for name, _ in public("training")}
    names = {name for name, _ in public("results")}
    assert {"Store.folder", "Store.read", "merge"} <= names
