"""What a case of a cure is: a mistake, what its message says, and how its cure is written.

What a cure has to be given (a folder, a column) is what the case says.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tiny_world import LABELS

Write = Callable[[str, dict[str, Any]], dict[str, Any]]  # message, what is written -> written anew
Act = Callable[[dict[str, str]], object]  # on what the tests have, by name; in the case's folder

FLAGS = ("--check", "--examples")
CHECK = "check mine.yaml"
ROWS = "".join(f"play {i} songs;music\nrain {i};weather\n" for i in range(12))
CSV = f"text,label\n{ROWS.replace(';', ',')}"
PAIRS = "".join(f"a{i},b{i},{LABELS[i % 2]}\n" for i in range(24))
SHARES = {"validation": "0.2 of train", "test": "0.2 of train"}


@dataclass(frozen=True)
class Case:
    """A mistake.

    Attributes:
        command: the words of a command; ``{teacher}`` and the like stand for what the tests have.
        said: a part of the message, which must not come again.
        cure: takes it from the message: other words for the command, or another recipe.
        recipe: what is laid over the tiny recipe, which is written to mine.yaml.
        files: other files, by name.
        once: whether nothing else is wrong then.
        prepare: what else has to be there.
        quick: whether it stands for its kind where no more than seconds are to be had.
    """

    command: str
    said: str
    cure: Write
    recipe: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    once: bool = True
    prepare: Act | None = None
    quick: bool = False


def write_files(files: dict[str, str]) -> None:
    """Writes files, by name, into the folder that a case has for itself."""
    for name, content in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content, encoding="utf-8")


def laid_over(recipe: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Returns a recipe with another over it; None takes a key out, another kind all options."""
    found = {} if "kind" in over else dict(recipe)
    for name, value in over.items():
        below = found.get(name)
        both = isinstance(value, dict) and isinstance(below, dict)
        found[name] = laid_over(below, value) if both else value
    return {name: each for name, each in found.items() if each is not None}


def words(message: str, written: dict[str, Any], pattern: str) -> dict[str, Any]:
    """Returns the command with the words that the message gives it."""
    found = re.search(pattern, message)
    assert found, message
    return {**written, "command": [*written["command"], *shlex.split(found[0].rstrip(",;"))]}


def option(name: str) -> Write:
    """Takes over the first option of that name, with its value, as a shell would."""
    value = r"""(?:'(?:[^']|'"'"')*'|(?:[^\s'"]|"[^"]*")+)"""
    return lambda message, written: words(message, written, rf"{name}[ =]{value}")


def quoted(name: str) -> Write:
    """Takes over an option whose value is in quotes for a shell."""
    return lambda message, written: words(message, written, rf"""{name} '(?:[^']|'"'"')*'""")


def flag(name: str) -> Write:
    """Takes over an option without a value."""
    return lambda message, written: words(message, written, name)


def set_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Takes over --set."""
    return option("--set")(message, written)


def another_word(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Writes what was meant in the place of what was written, wherever that stands."""
    meant = re.search(r"did you mean '(.+?)'", message)
    mistaken = re.search(
        r"(?:unknown \w+|(?<!nothing )no \w+|kind|is called|called|cannot be|^.*?:) '(.+?)'",
        message,
        re.MULTILINE,
    )
    mistaken = mistaken or re.search(r"[\w.]*?(\w+): unknown key", message)
    assert meant, message
    assert mistaken, message
    found: dict[str, Any] = json.loads(json.dumps(written).replace(mistaken[1], meant[1]))
    return found


def yaml_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Lays the section that the message writes out over the recipe; "instead of" takes a key."""
    found = re.search(r"(teacher|data|measure): (\{.+\})", message)
    assert found, message
    section = yaml.safe_load(_balanced(found[2]))
    old = {**written["recipe"].get(found[1], {}), **section}
    for key in re.findall(r"instead of (\w+)", message):
        old.pop(key, None)
    return {**written, "recipe": {**written["recipe"], found[1]: old}}


def _balanced(text: str) -> str:
    depth = 0
    for place, each in enumerate(text):
        depth += (each == "{") - (each == "}")
        if not depth:
            return text[: place + 1]
    raise AssertionError(text)


def fitted(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Takes the section that has the teacher fitted."""
    return yaml_as_said(message[message.index("teacher: {fine_tune") :], written)


def key(dotted: str) -> Write:
    """Sets the key, which the message names, to the value that stands behind it."""

    def write(message: str, written: dict[str, Any]) -> dict[str, Any]:
        *_, value = re.findall(rf"{re.escape(dotted)}(?:: | to )([\w.]*\w)", message)
        return {**written, "command": [*written["command"], "--set", f"{dotted}={value}"]}

    return write


def removed(*names: str) -> Write:
    """Takes out an option with its value, or a key of the recipe, which the message names."""

    def write(message: str, written: dict[str, Any]) -> dict[str, Any]:
        meant = (*names, *(each.rpartition(".")[2] for each in names), "it", "them", "this key")
        assert any(f"remove {each}" in message for each in meant), message
        command, recipe = list(written["command"]), json.loads(json.dumps(written["recipe"]))
        for name in names:
            if name.startswith("-"):
                place = command.index(name)
                del command[place : place + (1 if name in FLAGS else 2)]
            else:
                *parents, last = name.split(".")
                section = recipe
                for each in parents:
                    section = section[each]
                section.pop(last)
        return {**written, "command": command, "recipe": recipe}

    return write


def added(*more: str) -> Write:
    """Gives options that the message names a value that they can have."""

    def write(message: str, written: dict[str, Any]) -> dict[str, Any]:
        assert more[0] in message, message
        return {**written, "command": [*written["command"], *more]}

    return write


def rewritten(said: str, **over: Any) -> Write:
    """Writes the recipe as the message says, in these words."""

    def write(message: str, written: dict[str, Any]) -> dict[str, Any]:
        assert said in message, message
        return {**written, "recipe": laid_over(written["recipe"], over)}

    return write


def refiled(said: str, files: dict[str, str]) -> Write:
    """Writes the files as the message says, in these words."""
    return done(said, lambda _: write_files(files))


def done(said: str, act: Act) -> Write:
    """Does with files and folders what the message says, in these words."""

    def write(message: str, written: dict[str, Any]) -> dict[str, Any]:
        assert said in message, message
        act(written["things"])
        return written

    return write


def command(said: str, words: str) -> Write:
    """Gives another command, as the message says, in these words; ``{}`` stands for what it names.

    Args:
        said: a pattern; what its group finds is what the message names.
        words: of the command.
    """

    def write(message: str, written: dict[str, Any]) -> dict[str, Any]:
        found = re.search(said, message)
        assert found, message
        named = words.replace("{}", found[1]) if found.groups() else words
        for name, thing in written["things"].items():
            named = named.replace(f"{{{name}}}", thing)
        return {**written, "command": shlex.split(named)}

    return write


def copied(thing: str, *without: str, to: str = "copy") -> Callable[[dict[str, str]], Path]:
    """Copies a model's folder into the case's own, without some of its files."""

    def act(things: dict[str, str]) -> Path:
        folder = Path(shutil.copytree(things[thing], to, dirs_exist_ok=True))
        for name in without:
            (folder / name).unlink(missing_ok=True)
        return folder

    return act


def edited(file: str | Path, **changes: Any) -> None:
    """Changes values of a JSON file; None takes one out."""
    content = {**json.loads(Path(file).read_text(encoding="utf-8")), **changes}
    kept = {name: each for name, each in content.items() if each is not None}
    Path(file).write_text(json.dumps(kept), encoding="utf-8")
