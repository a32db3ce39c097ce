"""Help and descriptions begin with what the thing is, in sentences that are read once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from kdzoo import api
from kdzoo.cli import app

LONGEST = 25  # words of a sentence
BEGINNINGS = {"for", "from", "in", "of", "so", "that", "to", "where", "with"}  # of what is no noun


def helps() -> Iterator[tuple[str, str]]:
    """Yields what the commands' options and arguments say of themselves."""
    group: Any = typer.main.get_command(app)
    for command in group.commands.values():
        for parameter in command.params:
            if parameter.name != "help":
                yield f"{command.name} {parameter.name}", str(getattr(parameter, "help", None))


def descriptions(part: Any, place: str = "recipe") -> Iterator[tuple[str, str]]:
    """Yields what the schema says of a recipe's fields."""
    if isinstance(part, dict):
        if isinstance(part.get("description"), str):
            yield place, part["description"]
        for key, value in part.items():
            yield from descriptions(value, f"{place}.{key}")
    elif isinstance(part, list):
        for value in part:
            yield from descriptions(value, place)


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, str]]:
    """All of both, each with its place."""
    found = [*helps(), *descriptions(api.schema())]
    assert len(found) > 150
    return found


def test_begin_with_what_the_thing_is(texts: list[tuple[str, str]]) -> None:
    strange = [
        (place, text)
        for place, text in texts
        if not re.match(r"\w", text.lstrip("`'-")) or text.split()[0].lower() in BEGINNINGS
    ]

    assert not strange


def test_are_of_sentences_that_are_read_once(texts: list[tuple[str, str]]) -> None:
    long = [
        (place, sentence)
        for place, text in texts
        for sentence in re.split(r"(?<=[.;])\s", text)
        if len(sentence.split()) > LONGEST
    ]

    assert not long


def test_are_there_for_every_option() -> None:
    assert not [place for place, text in helps() if text in ("None", "")]
