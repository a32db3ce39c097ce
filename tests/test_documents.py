"""README, docs/ and the other documents: their links lead somewhere, their commands exist."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from kdzoo.api import schema
from kdzoo.cli import app
from kdzoo.recipe import load_study, shipped_recipes
from kdzoo.report.check import stale_blocks

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
RESULTS = sorted((ROOT / "results").glob("*.md"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *PAGES]
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]

_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
_SHELL = {"", "console", "bash", "sh"}  # languages of blocks that hold commands
_BETWEEN = {"&&", "||", "|", ";"}  # of two commands in a line


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(text: str, *languages: str) -> list[str]:
    """Returns the code blocks of some languages."""
    return [code for language, code in _BLOCK.findall(text) if language in languages]


def slugs(text: str) -> set[str]:
    """Returns the anchors of a document's headings, as GitHub and mkdocs make them."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text), re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings]
    return {re.sub(r"\s", "-", heading) for heading in plain}


def dead_links(path: Path, text: str) -> Iterator[str]:
    """Yields the relative links of a document that lead nowhere."""
    for link in _LINK.findall(_CODE.sub("", _BLOCK.sub("", text))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in slugs(text_of(target))):
            yield link


def commands(text: str) -> Iterator[list[str]]:
    """Yields the words of each call of kdzoo: of blocks, and of code in sentences."""
    shell = "\n".join(blocks(text, *_SHELL))
    lines = [*shell.splitlines(), *_CODE.findall(_BLOCK.sub("", text))]
    for line in lines:
        if not re.search(r"\bkdzoo\b", line):
            continue
        words: list[str] = []
        for word in [*_split(line), ";"]:
            if word in _BETWEEN:
                if words[:1] == ["kdzoo"] and words[1:]:
                    yield words
                words = []
            else:
                words.append(word)


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a sentence in code, with an apostrophe
        return line.split()


def known_options() -> dict[str, set[str]]:
    """Returns the options of each command."""
    group: Any = typer.main.get_command(app)
    return {
        name: {
            "--help",
            *(o for each in command.params for o in (*each.opts, *each.secondary_opts)),
        }
        for name, command in group.commands.items()
    }


def unknown(text: str) -> Iterator[str]:
    """Yields the calls of kdzoo that name a command or an option that there is not."""
    known = known_options()
    for words in commands(text):
        command = words[1]
        if command.isupper() or command.startswith("-"):  # any command; of kdzoo itself
            continue
        given = {re.split(r"[=\[]", each)[0] for each in words[2:] if re.match(r"--?[a-z]", each)}
        if command not in known or given - known[command]:
            yield " ".join(words)


def pages_of(part: Any) -> Iterator[str]:
    """Yields the pages that a navigation names."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from pages_of(value)
    else:
        for value in part:
            yield from pages_of(value)


def test_every_page_stands_in_the_navigation_and_each_of_it_is_there() -> None:
    settings = text_of(ROOT / "mkdocs.yml").replace("!relative ", "")  # a tag of MkDocs
    named = list(pages_of(yaml.safe_load(settings)["nav"]))

    assert sorted(named) == sorted(path.relative_to(DOCS).as_posix() for path in PAGES)


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_relative_links_lead_somewhere(path: Path) -> None:
    assert list(dead_links(path, text_of(path))) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_commands_and_their_options_exist(path: Path) -> None:
    assert list(unknown(text_of(path))) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_python_can_be_read(path: Path) -> None:
    for code in blocks(text_of(path), "python"):
        if "--8<--" not in code:  # a file, included when the site is built
            ast.parse(code)


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_what_is_included_is_named_as_the_site_reads_it(path: Path) -> None:
    """A formatter that takes the mark for code would leave its words on the page."""
    marks = re.findall(r"-*\s*8\s*<\s*-+", text_of(path))

    assert {mark.strip() for mark in marks} <= {"--8<--"}


@pytest.mark.parametrize("path", [*DOCUMENTS, *RESULTS], ids=lambda path: path.name)
def test_tables_of_studies_are_the_published_ones(path: Path) -> None:
    """No number in them is typed."""
    if "(the table of quality" not in text_of(path):  # a block that shows how to write one
        assert stale_blocks(path) == []


def recipe_parts() -> list[tuple[str, str]]:
    """Returns each YAML block of the documents, with its document's name."""
    found = zip(NAMES, DOCUMENTS, strict=True)
    return [(name, code) for name, path in found for code in blocks(text_of(path), "yaml")]


@pytest.mark.parametrize(("name", "part"), recipe_parts())
def test_a_part_of_a_recipe_is_read_as_it_stands(
    name: str, part: str, own_registries: None, tmp_path: Path
) -> None:
    """Put into a recipe that comes with kdzoo in place of its own section, it is a recipe."""
    recipe = yaml.safe_load(text_of(shipped_recipes()["quickstart/static"]))
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump({**recipe, **yaml.safe_load(part)}), encoding="utf-8")

    assert load_study(str(file)).variants


def test_the_reference_has_every_field_of_a_recipe(own_registries: None) -> None:
    """Of every section and every kind of one: what the schema says of it is in the table."""
    spec = spec_from_file_location("fields", DOCS / "_hooks" / "fields.py")
    assert spec is not None
    assert spec.loader is not None
    fields = module_from_spec(spec)
    spec.loader.exec_module(fields)
    found = schema()
    lines = [re.sub(r"\s+", " ", line) for line in fields.recipe_fields(found).splitlines()]

    for section in (found, *found["$defs"].values()):
        for name, field in section["properties"].items():
            said = re.sub(r"\s+", " ", field.get("description", "")).replace("|", "\\|")
            if "$ref" not in field and "discriminator" not in field and name != "kind":
                assert any(f"`{name}`" in line and said in line for line in lines), name


def test_included_files_are_there() -> None:
    found = re.findall(r'^--8<-- "([^":]+)', "\n".join(map(text_of, PAGES)), re.MULTILINE)

    assert found
    assert [name for name in found if not (ROOT / name).is_file()] == []


def test_the_readme_fits_on_a_screen_and_a_half() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= 120


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("```\nkdzoo fly runs/x\n```", "kdzoo fly runs/x"),
        ("```console\npip install x && kdzoo run x --fast\n```", "kdzoo run x --fast"),
        (
            "```console\ntail x | kdzoo predict x --no-such=1 -\n```",
            "kdzoo predict x --no-such=1 -",
        ),
        ("a sentence with `kdzoo report x --print`", "kdzoo report x --print"),
        ("```bash\nkdzoo predict x -z\n```", "kdzoo predict x -z"),
    ],
)
def test_a_call_that_is_not_there_is_found(text: str, call: str) -> None:
    assert list(unknown(text)) == [call]


@pytest.mark.parametrize("link", ["nowhere.md", "../README.md", "README.md#no-heading", "#none"])
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert list(dead_links(ROOT / "README.md", f"[a]({link})")) == [link]
