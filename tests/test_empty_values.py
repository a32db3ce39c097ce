"""An option or argument that is blank: refused before anything is read or written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tiny_world import RunCommand

from kdzoo.cli.app import app

TEXTS = {("predict", "text"), ("predict", "--pair")}  # whose message is that of texts


def taking_values() -> Iterator[tuple[str, Any]]:
    """Yields each command's name and each of its parameters that is given a value."""
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        for parameter in command.params:
            is_flag = getattr(parameter, "is_flag", False) or parameter.name == "help"
            if not is_flag and (name, parameter.opts[0]) not in TEXTS:
                yield name, parameter


CASES = {f"{name} {each.opts[0]}": (name, each) for name, each in taking_values()}


BLANK = [
    (case, value)
    for case in CASES
    for value in ("", "  ")
    if not (value and case.endswith("--label-separator"))  # it may be a space
]


@pytest.mark.parametrize(("case", "value"), BLANK)
def test_is_refused_by_its_name(kdzoo: RunCommand, case: str, value: str) -> None:
    name, parameter = CASES[case]
    option = parameter.opts[0]
    before = [option] if option.startswith("-") else ["something"] * _place(name, parameter)

    outcome = kdzoo(name, *before, value)

    assert outcome.code == 2
    assert "it is empty" in outcome.err, outcome.err
    assert [*Path().iterdir()] == []


@pytest.mark.parametrize(
    ("extra", "shown"), [([""], "''"), (["jazz", ""], "jazz ''"), (["a b"], "'a b'")]
)
def test_that_is_one_too_many_is_seen(kdzoo: RunCommand, extra: list[str], shown: str) -> None:
    outcome = kdzoo("predict", "something", "play", *extra)

    assert outcome.code == 2
    assert f"too many arguments: {shown}; quote what has spaces" in outcome.err


def test_a_space_separates_labels(kdzoo: RunCommand) -> None:
    outcome = kdzoo("init", "--data", "none.csv", "--teacher", "t", "--label-separator", " ")

    assert outcome.code == 2
    assert "it is empty" not in outcome.err


def _place(name: str, parameter: Any) -> int:
    """Returns how many arguments of the command stand before this one."""
    arguments = [each for other, each in CASES.values() if other == name]
    places = [each for each in arguments if not each.opts[0].startswith("-")]
    return places.index(parameter)


def test_all_that_take_values_are_tried() -> None:
    assert len(CASES) > 60
