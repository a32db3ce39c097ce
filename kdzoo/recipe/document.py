"""A YAML file as data that remembers its lines, without YAML's surprises."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kdzoo.bounds import DEEPEST
from kdzoo.errors import Problem, RecipeError, first_line
from kdzoo.files import check_readable
from kdzoo.plain import is_unicode
from kdzoo.recipe.spelling import KeyPath, keep_spelling

LARGEST = 1 << 18  # bytes: a recipe of 5,000 labels has a third of that; a megabyte takes a minute


@dataclass
class Document:
    """What a file says and on which line it says it."""

    source: str
    data: dict[str, Any]
    places: dict[KeyPath, str] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Returns "line 7" of the key, or of the nearest key above it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, "")

    def forget_below(self, path: KeyPath) -> None:
        """Forgets the lines of what stood in a value that another is put in the place of."""
        below = [each for each in self.places if each[: len(path)] == path and each != path]
        for each in below:
            del self.places[each]


class _Loader(yaml.SafeLoader):
    """The safe loader with YAML 1.2's scalars: `no` is a word, `5e-4` a number, `12:30` a text."""

    _depth = 0  # of what is composed now

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuses aliases, a few lines of which can stand for gigabytes, tags, and deep nesting."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        found = "aliases (*name)" if isinstance(event, yaml.AliasEvent) else "tags (!name)"
        if isinstance(event, yaml.AliasEvent) or event.tag is not None:
            raise yaml.MarkedYAMLError(
                problem=f"{found} are not read", problem_mark=event.start_mark
            )
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem="brackets are nested too deeply", problem_mark=event.start_mark
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9][0-9_]*$", "-+0123456789"),
    (
        "float",
        r"^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$",
        "-+.0123456789",
    ),
    ("float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", "-+."),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))
# `0123` is decimal; YAML 1.1 reads it as octal
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value.replace("_", "")))


def parse_scalar(text: str, path: KeyPath = ()) -> Any:
    """Returns the value that ``text`` would have in a recipe (for ``--set key=value``).

    Args:
        text: as YAML has it; what is none is a text.
        path: of the key at which it would stand.
    """
    if len(text) > LARGEST or text[:1] in ("#", "|", ">"):  # no comment, no block of lines to come
        return text
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        keep_spelling(node, path)
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text


def read_document(path: Path, name: str) -> Document:
    """Returns the document in the file.

    Raises:
        RecipeError: the file is missing, empty, not UTF-8, not YAML, or says a key twice.
        FileError: it is no file.
    """
    try:
        check_readable(path)
        size = path.stat().st_size
        if size > LARGEST:
            raise RecipeError(
                f"{name} has {size:,} bytes; a recipe has {LARGEST:,} at most: is it one?"
            )
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(f"no such recipe file: {name}") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise RecipeError(
            name, Problem("not UTF-8 text", f"line {line}", "save the file as UTF-8")
        ) from None
    except OSError as error:
        raise RecipeError(f"the recipe file {name} cannot be read: {error.strerror}") from None
    loader, node = _composed(text, name)
    if node is None:
        raise RecipeError(
            name,
            Problem("the file is empty", cure="start from `kdzoo new quickstart/bilstm my.yaml`"),
        )
    keep_spelling(node)
    places: dict[KeyPath, str] = {}
    problems = list(_walk(node, (), places))
    if not isinstance(node, yaml.MappingNode):
        problems = [Problem("a recipe is a mapping of keys to values", "line 1")]
    if problems:
        raise RecipeError(name, *problems)
    return Document(name, _construct(loader, node, name), places)


def _composed(text: str, name: str) -> tuple[_Loader, yaml.Node | None]:
    try:
        loader = _Loader(text)
        return loader, loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise RecipeError(name, Problem(f"not valid YAML: {error.problem}", where)) from None
    except yaml.YAMLError as error:
        raise RecipeError(name, Problem(f"not valid YAML: {first_line(error)}")) from None
    except RecursionError:
        raise RecipeError(name, Problem("brackets are nested too deeply")) from None


def _construct(loader: _Loader, node: yaml.Node, name: str) -> dict[str, Any]:
    try:
        data: dict[str, Any] = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}" if mark else ""
        raise RecipeError(name, Problem(f"{error.problem}", where)) from None
    except ValueError as error:  # a number with thousands of digits
        raise RecipeError(name, Problem(f"not a value: {error}")) from None
    return data


def _walk(node: yaml.Node, path: KeyPath, places: dict[KeyPath, str]) -> list[Problem]:
    """Notes the line of every key below ``node``; returns what YAML passes over in silence."""
    places.setdefault(path, f"line {node.start_mark.line + 1}")
    problems: list[Problem] = []
    if isinstance(node, yaml.ScalarNode) and not is_unicode(node.value):
        line = f"line {node.start_mark.line + 1}"
        problems.append(Problem("half a character (a lone surrogate)", line, "write it whole"))
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key_node.value)
            line = f"line {key_node.start_mark.line + 1}"
            if key in seen:
                problems.append(
                    Problem(f"the key '{key}' is given twice", line, "keep one of them")
                )
            seen.add(key)
            places[(*path, key)] = line
            problems += _walk(key_node, (*path, key), places)
            problems += _walk(value_node, (*path, key), places)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            problems += _walk(item, (*path, index), places)
    return problems
