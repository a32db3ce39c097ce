"""Help and descriptions begin with what the thing is, in sentences that are read once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from test_report import a_row, a_table

from kdzoo import api
from kdzoo.cli import app
from kdzoo.plain import escaped
from kdzoo.report import markdown
from kdzoo.report.columns.declared import columns_of
from kdzoo.report.formats.data import source
from kdzoo.report.formats.short import short_table
from kdzoo.report.words import GLOSSARY, glossary
from kdzoo.task import TaskName

ROOT = Path(__file__).resolve().parent.parent
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


@pytest.mark.parametrize("task", ["single-label", "multi-label"])
def test_titles_of_columns_are_words_of_the_field(task: TaskName) -> None:
    """No private word, and no abbreviation that the field does not use."""
    table = replace(a_table(a_row("one")), task=task)

    titles = " ".join(column.title for column in columns_of(table)).split()

    assert not {"road", "OOS", "control", "outcome"} & set(titles)


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("embedded:assistant", "assistant, which comes with kdzoo"),
        ("embedded:another", "another, which comes with kdzoo"),
        ("hub:owner/name", "owner/name of the Hugging Face hub"),
        ("hub:clinc/clinc_oos/plus", "clinc/clinc_oos/plus of the Hugging Face hub"),
        ("files:my-data", "files called my-data"),
        ("files", "files"),
        ("something else", "something else"),
    ],
)
def test_data_is_said_as_a_reader_would(origin: str, said: str) -> None:
    table = a_table(a_row("one"), origin=origin)

    assert source(origin) == said
    assert f"Data: {escaped(said)}; 4 classes" in markdown(table)
    assert f"Data: {said}; 4 classes" in short_table(table).caption


def test_the_glossary_has_the_words_of_tables_and_pages() -> None:
    page = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")

    assert f"<!-- words -->\n\n{glossary()}\n\n<!-- end of words -->" in page


def test_a_table_leads_to_the_glossary() -> None:
    assert markdown(a_table(a_row("one"))).endswith(f"[glossary]({GLOSSARY}).\n")


def test_are_there_for_every_option() -> None:
    assert not [place for place, text in helps() if text in ("None", "")]
