"""What a message says to write is written, as it stands: the same message does not come again.

Each case is a command that is refused, and how its cure is read from the message. What a cure has
to be given (a folder, a column) is what the case says.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_exports import save_student
from tiny_world import LABELS, RunCommand, save_tiny_bert, tiny_recipe_data

Write = Callable[[str, dict[str, Any]], dict[str, Any]]  # message, what is written -> written anew


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
    """

    command: str
    said: str
    cure: Write
    recipe: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    once: bool = True


def words(message: str, written: dict[str, Any], pattern: str) -> dict[str, Any]:
    """Returns the command with the words that the message gives it."""
    found = re.search(pattern, message)
    assert found, message
    return {**written, "command": [*written["command"], *shlex.split(found[0])]}


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
    mistaken = re.search(r"(?:unknown \w+|no \w+|kind|called|cannot be) '(.+?)'", message)
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
        *_, value = re.findall(rf"{re.escape(dotted)}(?:: | to )(\w+)", message)
        return {**written, "command": [*written["command"], "--set", f"{dotted}={value}"]}

    return write


def removed(*names: str) -> Write:
    """Takes out an option with its value, or a key of the recipe, which the message names."""

    def write(message: str, written: dict[str, Any]) -> dict[str, Any]:
        assert any(f"remove {each}" in message for each in (*names, "it", "them")), message
        command, recipe = list(written["command"]), json.loads(json.dumps(written["recipe"]))
        for name in names:
            if name.startswith("--"):
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


FLAGS = ("--check", "--examples")
CHECK = "check mine.yaml"
ROWS = "".join(f"play {i} songs;music\nrain {i};weather\n" for i in range(12))
PAIRS = "".join(f"a{i},b{i},{LABELS[i % 2]}\n" for i in range(24))
NAMELESS = tuple(f"LABEL_{number}" for number in range(len(LABELS)))
ODD = ("don't", 'say "no"', "[x], y", "a: b")

CASES: dict[str, Case] = {
    # columns and how files are written
    "separator, init": Case(
        "init --data rows.csv --teacher {encoder} -o mine", "separator looks like", option("--csv"),
        files={"rows.csv": f"text;label\n{ROWS}"},
    ),
    "separator, check": Case(
        CHECK, "separator looks like", option("--csv"),
        {"data": {"files": "rows.csv", "oos_label": None,
                  "split": {"validation": "0.2 of train", "test": "0.2 of train"}}},
        {"rows.csv": f"text;label\n{ROWS}"},
    ),
    "header, check": Case(
        CHECK, "is no header", option("--csv"),
        {"data": {"files": "rows.csv", "oos_label": None,
                  "split": {"validation": "0.2 of train", "test": "0.2 of train"}}},
        {"rows.csv": ROWS.replace(";", ",")},
    ),
    "separator of unlabelled texts": Case(
        CHECK, "separator looks like", set_as_said,
        {"transfer": {"unlabelled": {"files": "more.csv"}}},
        {"more.csv": "id;text\n1;play on\n2;rain, again\n"},
    ),
    "comments before unlabelled texts": Case(
        CHECK, "looks like a comment", set_as_said,
        {"transfer": {"unlabelled": {"files": "more.csv"}}},
        {"more.csv": "# by hand\nid,text\n1,play on\n"},
    ),
    "separator of outputs": Case(
        CHECK, "separator looks like", set_as_said,
        {"teacher": {"model": None, "fine_tune": None, "outputs": "o.csv"},
         "student": {"kind": "fasttext", "text": "words"}},
        {"o.csv": "text;label\nplay;music\n"},
    ),
    "column of unlabelled texts": Case(
        CHECK, "no column 'text'",
        lambda message, written: words(message.replace("=COLUMN", "=query"), written,
                                       r"--set \S+=query"),
        {"transfer": {"unlabelled": {"files": "more.jsonl"}}},
        {"more.jsonl": '{"query": "play on"}\n'},
    ),
    "separator, predict": Case(
        "predict {student} rows.csv", "separator looks like", option("--csv"),
        files={"rows.csv": f"text;label\n{ROWS}"},
    ),
    "separator, bench": Case(
        "bench {student} --texts rows.csv --out bench --rounds 1 --no-isolation --runtimes torch",
        "separator looks like", option("--csv"),
        files={"rows.csv": f"text;label\n{ROWS}"},
    ),
    "separator, label": Case(
        "label {teacher} rows.csv -o out.parquet", "separator looks like", option("--csv"),
        files={"rows.csv": f"text;label\n{ROWS}"},
    ),
    "no splits": Case(
        "check mine.yaml --data rows.csv", "say where to take it from", set_as_said,
        {"data": {"oos_label": None}}, {"rows.csv": f"text,label\n{ROWS.replace(';', ',')}"},
    ),
    "no test split": Case(
        CHECK, "say where to take it from", yaml_as_said,
        {"data": {"files": "rows", "oos_label": None}},
        {"rows/train.csv": f"text,label\n{ROWS.replace(';', ',')}",
         "rows/dev.csv": f"text,label\n{ROWS.replace(';', ',')}"},
    ),
    "leaks": Case(
        CHECK, "stand in two splits", key("data.on_leak"),
        {"data": {"files": "rows", "oos_label": None, "on_leak": "drop"}},
        {f"rows/{name}.csv": f"text,label\n{ROWS.replace(';', ',')}"
         for name in ("train", "dev", "test")},
    ),
    "label of outputs": Case(
        CHECK, "no label is called", another_word, {"data": {"oos_label": "oso"}},
    ),
    # the teacher's labels
    **{
        f"labels of {name}, {how}": Case(
            "init --data {data} --teacher {" + name + "} -o mine", "not those of the data", cure,
        )
        for name in ("nameless", "capitals")
        for how, cure in (("named", quoted("--teacher-labels")), ("fitted", flag("--fine-tune")))
    },
    "labels with quotes": Case(
        "init --data odd.jsonl --teacher {nameless} -o mine", "not those of the data",
        quoted("--teacher-labels"),
        files={"odd.jsonl": "".join(json.dumps({"text": f"play {i}", "label": ODD[i % 4]}) + "\n"
                                    for i in range(32))},
    ),
    "too few names, init": Case(
        "init --data {data} --teacher {nameless} -o mine --teacher-labels '[a, b]'", "has 2 names",
        quoted("--teacher-labels"), once=False,
    ),
    "too few names, check": Case(
        CHECK, "has 2 names", yaml_as_said,
        {"teacher": {"model": "{teacher}", "fine_tune": None, "labels": ["a", "b"]}},
    ),
    "other names, check": Case(
        CHECK, "not those of the data", yaml_as_said,
        {"teacher": {"model": "{capitals}", "fine_tune": None}},
    ),
    "other names, fitted": Case(
        CHECK, "not those of the data", fitted,
        {"teacher": {"model": "{capitals}", "fine_tune": None}},
    ),
    "wrong names, fitted": Case(
        CHECK, "not those of the data", fitted,
        {"teacher": {"model": "{teacher}", "fine_tune": None, "labels": ["a", "b", "c", "d"]}},
    ),
    "names of a teacher to be fitted": Case(
        "init --data {data} --teacher {encoder} -o mine --teacher-labels '[a]'",
        "is to be fine-tuned", removed("--teacher-labels"),
    ),
    "recipes that are there": Case(
        "init --data {data} --teacher {encoder} -o old", "already; give", added("-o", "new"),
        files={"old/cnn.yaml": ""},
    ),
    # recipes
    "a key": Case(CHECK, "unknown key", another_word, {"training": {"stepps": 3}}),
    "a key of an option": Case(CHECK, "unknown key", another_word,
                               {"student": {"kind": "fasttext", "dimm": 3}}),
    "a kind": Case(CHECK, "unknown kind", another_word, {"student": {"kind": "fastext"}}),
    "an objective": Case(CHECK, "unknown kind", another_word, {"objective": {"kind": "kll"}}),
    "a word": Case(CHECK, "cannot be", another_word, {"data": {"on_leak": "wran"}}),
    "a recipe": Case("show quickstart/cmn", "no recipe", another_word),
    "an override": Case("check mine.yaml --set training.steps", "write key.path=value",
                        lambda message, written: {**written, "command": [
                            "check", "mine.yaml", "--set",
                            re.findall(r"as in (\S+)", message)[0]]}),
    "csv of no files": Case(CHECK, "csv belongs to files", removed("data.csv", "data.oos_label"),
                            {"data": {"files": None, "embedded": "assistant",
                                      "csv": {"comment": "#"}, "oos_label": "oos"}}, once=False),
    "csv of no outputs": Case(CHECK, "csv belongs to outputs", removed("teacher.csv"),
                              {"teacher": {"csv": {"separator": ";"}}}),
    "two sources": Case(CHECK, "give exactly one of hub",
                        lambda message, written: {**written, "command": [
                            *written["command"], "--set",
                            f"data.{re.findall('and (embedded)', message)[0]}=null"]},
                        {"data": {"embedded": "assistant"}}),
    "layers": Case(CHECK, "layers cannot be kept",
                   lambda message, written: {**written, "command": [
                       *written["command"], "--set",
                       f"student.layers={re.findall(r'give 1 to (.)', message)[0]}"]},
                   {"student": {"kind": "bert", "layers": 7, "dim": None}}),
    "a logits' objective": Case(
        CHECK, "needs logits", lambda message, written: {**written, "command": [
            *written["command"], "--set", f"objective.kind={re.findall('use (kl)', message)[0]}"]},
        {"teacher": {"model": None, "fine_tune": None, "outputs": "o.csv"},
         "student": {"kind": "fasttext", "text": "words"}, "objective": {"kind": "mse"}},
        {"o.csv": "text,label\nplay,music\n"},
    ),
    "no tokenizer to lend": Case(
        CHECK, "student.text: teacher needs", key("student.text"),
        {"teacher": {"model": None, "fine_tune": None, "outputs": "o.csv"}},
        {"o.csv": "text,label\nplay,music\n"}, once=False,
    ),
    "masks": Case(
        CHECK, "p_mask + p_pos is", lambda message, written: {**written, "command": [
            *written["command"], "--set", "transfer.augment.p_mask=0.5"]},
        {"transfer": {"augment": {"kind": "tang", "p_mask": 0.9, "p_pos": 0.5}}}, once=False,
    ),
    # texts, models, folders
    "a form of output": Case(
        "predict {student} rows.txt -o out.txt", "cannot write '.txt'", added("-o", "out.jsonl"),
        files={"rows.txt": "play\n"},
    ),
    "its own file": Case(
        "predict {student} rows.csv -o rows.csv", "is the file of texts itself",
        added("-o", "other.csv"), files={"rows.csv": "text\nplay\n"},
    ),
    "labels as no parquet": Case(
        "label {teacher} rows.txt -o out.csv", "is written as .parquet", added("-o", "out.parquet"),
        files={"rows.txt": "play\n"},
    ),
    "a runtime": Case(
        "export nowhere --out out --runtime onxn", "unknown runtime", another_word, once=False,
    ),
    "static without texts": Case(
        "export nowhere --out out --int8 static --runtime onnx-int8", "give --texts",
        added("--texts", "none.txt"), once=False,
    ),
    "static in float": Case(
        "export nowhere --out out --int8 static --runtime onnx", "is for onnx-int8",
        removed("--int8"), once=False,
    ),
    "a share in per cent": Case(
        "pick nowhere --min-accuracy 85", "write a share",
        lambda message, written: {**written, "command": [
            "pick", "nowhere", "--min-accuracy", re.findall(r"as in (\S+)", message)[0]]},
        once=False,
    ),
    "a readme": Case("report nowhere --readme README.md", "--readme belongs to --check",
                     added("--check"), once=False),
    "data of a report": Case("report nowhere --data x", "--data belongs to --examples",
                             added("--examples"), once=False),
    "examples that are published": Case(
        "report nowhere --examples --publish there", "remove --examples", removed("--examples"),
        once=False,
    ),
    "what to list": Case("list studnets", "nothing to list", another_word),
    "pairs, bench": Case(
        "bench {student} --texts pairs.csv --text-pair second --out bench --rounds 1 "
        "--no-isolation --runtimes torch", "remove --text-pair",
        removed("--text-pair"), files={"pairs.csv": f"text,second,label\n{PAIRS}"},
    ),
    "pairs, label": Case(
        "label {student} pairs.csv --text-pair second -o out.parquet", "remove --text-pair",
        removed("--text-pair"), files={"pairs.csv": f"text,second,label\n{PAIRS}"},
    ),
}  # fmt: skip
SLOW = ("init", "bench", "label")  # commands that make models once they are cured


@pytest.fixture(scope="module")
def things(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_data: Path,
    tiny_encoder: Path,
    tiny_teacher: Path,
) -> dict[str, str]:
    """What the cases' commands are given, by name."""
    root = tmp_path_factory.mktemp("things")
    return {
        "data": str(tiny_data),
        "encoder": str(tiny_encoder),
        "teacher": str(tiny_teacher),
        "student": str(save_student("fasttext", root / "student", tiny_encoder)),
        "nameless": str(save_tiny_bert(root / "nameless", NAMELESS)),
        "capitals": str(save_tiny_bert(root / "capitals", tuple(map(str.upper, LABELS)))),
    }


def _filled(value: Any, things: dict[str, str]) -> Any:
    """Returns what is written, with the things that names in braces stand for."""
    text = json.dumps(value)
    for name, thing in things.items():
        text = text.replace(f"{{{name}}}", thing)
    return json.loads(text)


def _merged(recipe: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    found = dict(recipe)
    for name, value in over.items():
        is_other = isinstance(value, dict) and "kind" in value
        both = isinstance(value, dict) and not is_other
        found[name] = {**found.get(name, {}), **value} if both else value
    return {
        name: {k: v for k, v in each.items() if v is not None} if isinstance(each, dict) else each
        for name, each in found.items()
    }


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * case.command.startswith(SLOW))
        for name, case in CASES.items()
    ],
)
def test_a_cure_works_as_it_is_written(
    name: str, things: dict[str, str], kdzoo: RunCommand
) -> None:
    case = CASES[name]
    recipe = _merged(tiny_recipe_data(Path(things["data"]), Path(things["encoder"])), case.recipe)
    written = _filled({"command": shlex.split(case.command), "recipe": recipe}, things)
    for file, content in case.files.items():
        Path(file).parent.mkdir(exist_ok=True)
        Path(file).write_text(content, encoding="utf-8")

    def give(written: dict[str, Any]) -> Any:
        Path("mine.yaml").write_text(yaml.safe_dump(written["recipe"]), encoding="utf-8")
        return kdzoo(*written["command"])

    refused = give(written)
    assert (refused.code, refused.out.count("Traceback")) == (2, 0), refused
    assert case.said in refused.err

    outcome = give(case.cure(refused.err, written))

    assert case.said not in outcome.err
    assert outcome.code == 0 or not case.once, outcome.err
