"""Parts of pages that are made from kdzoo itself, where ``<!-- generated: NAME -->`` stands."""

from __future__ import annotations

import re

import typer.cli
from fields import recipe_fields
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from typer.main import get_command

from kdzoo.api import list_choices, schema
from kdzoo.cli import app

_PLACE = re.compile(r"<!-- generated: (\w+) -->")


def commands() -> str:
    """Returns what ``--help`` says of each command, as typer writes it in Markdown."""
    group = get_command(app)
    with group.make_context("kdzoo", [], resilient_parsing=True) as context:
        pages = typer.cli.get_docs_for_click(obj=group, ctx=context, name="kdzoo")
    return pages.partition("\n## ")[1].lstrip() + pages.partition("\n## ")[2]


def fields() -> str:
    """Returns a table for each section of a recipe, from the schema."""
    return recipe_fields(schema())


def choices(section: str) -> str:
    """Returns what ``kdzoo list`` shows of one section, as a table."""
    rows = list_choices(section)[section]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Returns text in which nothing is a link or ends the cell."""
    return text.replace("|", "\\|").replace("[", "\\[")


_MAKERS = {"commands": commands, "fields": fields}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Returns the page with what is made from kdzoo."""
    return _PLACE.sub(
        lambda found: _MAKERS[found[1]]() if found[1] in _MAKERS else choices(found[1]), markdown
    )
