"""Mistakes in how many labels a text has, and in how they are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tiny_cures import (
    CHECK,
    SHARES,
    Case,
    Write,
    done,
    flag,
    option,
    refiled,
    removed,
    rewritten,
    yaml_as_said,
)
from tiny_world import LABELS, save_tiny_bert

KINDS = (["music"], ["weather"], ["music", "weather"], [])
WORDS = ("play song {}", "rain on {}", "play in rain {}", "the a {}")


def lists(*kinds: Any) -> str:
    """Returns a .jsonl of fifteen texts of each kind of label."""
    rows = [
        {"text": WORDS[place % 4].format(number), "label": kind}
        for number in range(15)
        for place, kind in enumerate(kinds)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def over(file: str, **said: Any) -> dict[str, Any]:
    """Returns what makes the tiny recipe one over that file."""
    return {"data": {"files": file, "oos_label": None, "split": SHARES, **said}}


def over_teacher(file: str, **said: Any) -> dict[str, Any]:
    """Returns what makes it one over that file, with a classifier that chooses one label."""
    return over(file, **said) | {"teacher": {"model": "{teacher}", "fine_tune": None}}


def mended(said: str, old: str, new: str, file: str = "a.jsonl") -> Write:
    """Writes in the file what the message says, in these words."""

    def write(message: str, written: dict[str, Any]) -> dict[str, Any]:
        assert said in message, message
        content = Path(file).read_text(encoding="utf-8")
        assert old in content
        Path(file).write_text(content.replace(old, new), encoding="utf-8")
        return written

    return write


def several_at_once(_: dict[str, str]) -> None:
    """Saves a classifier that gives several labels."""
    folder = save_tiny_bert(Path("several"), LABELS)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    told = config | {"problem_type": "multi_label_classification"}
    (folder / "config.json").write_text(json.dumps(told), encoding="utf-8")


def with_probabilities(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Writes probabilities in place of labels."""
    assert "a column 'probabilities'" in message, message
    lines = Path("said.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    rows = [{"text": each, "probabilities": {"music": 0.9, "weather": 0.4}} for each in texts]
    Path("said.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return written


def columns_as_said(written: dict[str, Any], message: str) -> dict[str, Any]:
    """Gives the command the option that names columns, as the message has it."""
    return option("--label-columns")(message, written)


def said_to_be_lists(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Gives the command the one option in place of the other, as the message has it."""
    assert "in place of data.label_separator (--label-separator)" in message, message
    place = written["command"].index("--label-separator")
    rest = [*written["command"][:place], *written["command"][place + 2 :]]
    return option("--task")(message.replace(")", " "), {**written, "command": rest})


def instead_of_columns(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Gives the command --label in place of --label-columns, as the message has it."""
    assert "in place of label_columns" in message, message
    place = written["command"].index("--label-columns")
    rest = [*written["command"][:place], *written["command"][place + 2 :]]
    return option("--label")(message.replace(")", " "), {**written, "command": rest})


def words_as_lists(_: dict[str, str]) -> None:
    """Writes three words of each text as a list."""
    rows = map(json.loads, Path("a.jsonl").read_text(encoding="utf-8").splitlines())
    lines = [json.dumps({**row, "text": row["text"].split()[:3]}) for row in rows]
    Path("a.jsonl").write_text("\n".join(lines), encoding="utf-8")


BARS = lists("music", "weather", "music|weather", "")
COLUMNS = "text,music,weather\n" + "".join(
    f"play {n},1,0\nrain {n},0,1\nplay in rain {n},1,1\n" for n in range(15)
)
COMMA = COLUMNS.replace("music", '"x, music"')
ONE_EACH = f"text,{','.join(LABELS)}\n" + "".join(
    f"play {n},{','.join(str(int(n % 4 == place)) for place in range(4))}\n" for n in range(40)
)
INIT = "init --teacher {encoder} -o mine --students static --data"
SETS = {"a.jsonl": lists(*KINDS)}

CASES: dict[str, Case] = {
    "several labels in a cell": Case(
        f"{INIT} a.jsonl", "several labels in one cell", option("--label-separator"),
        files={"a.jsonl": BARS}, once=False, quick=True,
    ),
    "one label that looks like several": Case(
        f"{INIT} a.jsonl", "several labels in one cell", option("--task"),
        files={"a.jsonl": lists("music", "weather", "music|weather")}, quick=True,
    ),
    **{
        f"several labels in a cell, {mark}, {how}": Case(
            words, "several labels in one cell", cure, said,
            {"a.jsonl": lists("music", "weather", f"music{written}weather")},
        )
        for mark, written in (("lines", "\n"), ("tabs", "\t"), ("spaces", " "), ("signs", " & "))
        for how, words, cure, said in (
            ("init", f"{INIT} a.jsonl", option("--label-separator"), {}),
            ("check", CHECK, yaml_as_said, over("a.jsonl")),
        )
    },
    "several labels in a cell, in two ways": Case(
        f"{INIT} a.jsonl", "write the same between them everywhere", mended(
            "write the same between them everywhere, where now '&' and 'newline' do", "\\n", "&"),
        files={"a.jsonl": lists("music", "weather", "music&weather", "weather\nmusic")}, once=False,
    ),
    "a place for each label": Case(
        f"{INIT} a.jsonl", "holds 0 and 1", refiled("write the names", SETS),
        files={"a.jsonl": lists([1, 0], [0, 1], [1, 1], [0, 0])}, quick=True,
    ),
    "tags of a text": Case(
        f"{INIT} a.jsonl", "tags of words", done("write the words as a list too", words_as_lists),
        files={"a.jsonl": lists(["O", "B-city", "O"], ["B-day", "O", "O"])}, once=False,
    ),
    "several labels that look like tags": Case(
        f"{INIT} a.jsonl", "tags of words", option("--task"),
        files={"a.jsonl": lists(["O", "B-city", "O"], ["B-day", "O", "O"])},
    ),
    "one column of labels": Case(
        f"{INIT} a.csv --label-columns music", "a column for each label, at least 2",
        instead_of_columns, files={"a.csv": COLUMNS},
    ),
    **{
        f"the column of the label as {noun}": Case(
            CHECK, "is the column of the label; name", cure, over("a.csv", label="music", **said),
            files={"a.csv": COLUMNS},
        )
        for noun, said, cure in (
            ("a text", {"text": "music"}, rewritten("name that of the text", data={
                "text": "text"})),
            ("a second text", {"text_pair": "music"}, rewritten(
                "or another one for the label: data.label", data={"label": "weather"})),
        )
    },
    "cells and columns, init": Case(
        f"{INIT} a.csv --label-separator '|' --label-columns music,weather",
        "labels stand in one cell", removed("--label-separator"), files={"a.csv": COLUMNS},
    ),
    "a column and columns, init": Case(
        f"{INIT} a.csv --label music --label-columns music,weather",
        "labels stand in one column", removed("--label"), files={"a.csv": COLUMNS},
    ),
    "cells and columns": Case(
        CHECK, "labels stand in cells with a separator", removed("data.label_separator"),
        over("a.csv", label_separator="|", label_columns=["music", "weather"]),
        files={"a.csv": COLUMNS},
    ),
    "a column and columns": Case(
        CHECK, "label_columns stand in place of label", removed("data.label"),
        over("a.csv", label="music", label_columns=["music", "weather"]),
        files={"a.csv": COLUMNS},
    ),
    "a separator of one label": Case(
        CHECK, "is for several labels a text; remove it", removed("data.label_separator"),
        {"data": {"label_separator": "|", "task": "single-label"}},
    ),
    "an embedded dataset": Case(
        CHECK, "the embedded datasets have one label a text", removed("data.task"),
        {"data": {"files": None, "oos_label": None, "embedded": "assistant",
                         "task": "multi-label"}},
        once=False,
    ),
    "lists, said to be one label": Case(
        CHECK, "one label per text is wanted here", removed("data.task"),
        over("a.jsonl", task="single-label"), files=SETS, quick=True,
    ),
    **{
        f"{kind} of one label, {how}": Case(
            command, "and each text of the data has one", cure, over, {f"a.{suffix}": rows},
            quick=kind == "lists",
        )
        for kind, suffix, rows, option_of, said in (
            ("lists", "jsonl", lists(*([label] for label in LABELS)), "", {}),
            ("columns", "csv", ONE_EACH, f" --label-columns {','.join(LABELS)}",
             {"label_columns": [*LABELS]}),
        )
        for how, command, cure, over in (
            ("init", f"init --teacher {{teacher}} -o mine --students cnn --data a.{suffix}"
             + option_of, option("--task"), {}),
            ("fitted, init", f"init --teacher {{teacher}} -o mine --students cnn --data a.{suffix}"
             + option_of, flag("--fine-tune"), {}),
            ("check", CHECK, yaml_as_said, over_teacher(f"a.{suffix}", **said)),
        )
    },
    "a column with a comma, init": Case(
        f"{INIT} a.csv --label-columns 'x, music,weather'", "holds a comma; put it in double",
        lambda message, written: columns_as_said({**written, "command": written["command"][:-2]},
                                          message.replace("OTHERS", "weather")),
        files={"a.csv": COMMA},
    ),
    "a column with a comma, check": Case(
        CHECK, "holds a comma; put it in double", rewritten(
            'label_columns: ["x, music", OTHERS]', data={"label_columns": ["x, music", "weather"]}),
        over("a.csv", label_columns=["x", "music", "weather"]), files={"a.csv": COMMA},
    ),
    "a column with a comma, in a file without a header": Case(
        f"{INIT} a.csv --label-columns '\"x, music\",weather'", "is no header", option("--csv"),
        files={"a.csv": COMMA.partition("\n")[2]},
    ),
    "columns, said to be one label": Case(
        CHECK, "hold 1, and", removed("data.task"),
        over("a.csv", label_columns=["music", "weather"], task="single-label"),
        files={"a.csv": COLUMNS},
    ),
    "tags of columns": Case(
        CHECK, "label_columns are for labels of whole texts", removed("data.task"),
        over("a.csv", label_columns=["music", "weather"], task="token-classification"),
        files={"a.csv": COLUMNS},
    ),
    "names, said to be several": Case(
        CHECK, "and data.task is multi-label",
        rewritten("data.label_separator", data={"label_separator": "|"}),
        over("a.jsonl", task="multi-label"), files={"a.jsonl": BARS},
    ),
    "a separator of lists": Case(
        CHECK, "which needs no separator", removed("data.label_separator"),
        over("a.jsonl", label_separator="|"), files=SETS,
    ),
    **{
        f"printed lists, {how}": Case(
            CHECK, "labels that look like lists", cure, over("a.jsonl"),
            {"a.jsonl": lists("('music',)", "weather", "('music', 'weather')")},
        )
        for how, cure in (
            ("said to be names", yaml_as_said),
            ("written as lists", refiled("save the rows as .jsonl or .parquet, with a list", SETS)),
        )
    },
    "printed lists, said to be lists": Case(
        f"{INIT} a.jsonl", "labels that look like lists", option("--task"),
        files={"a.jsonl": lists("['music']", "['weather']", "['music', 'weather']", "[]")},
    ),
    "printed lists with a separator": Case(
        f"{INIT} a.jsonl --label-separator ,", "as programs print it", said_to_be_lists,
        files={"a.jsonl": lists('["music"]', '["weather"]', '["music", "weather"]')},
    ),
    "brackets around names": Case(
        CHECK, "brackets enclose the labels", refiled("write the names without brackets", {
            "a.jsonl": lists("music", "weather", "music|weather")}),
        over("a.jsonl", label_separator="|"),
        {"a.jsonl": lists("[music]", "[weather]", "[music|weather]")},
    ),
    "an empty name in a list": Case(
        CHECK, "a label in the list is empty", mended("take it out", ', ""', ""),
        over("a.jsonl"), files={"a.jsonl": lists(["music"], ["weather", ""])},
    ),
    "a separator too many": Case(
        CHECK, "has no name before or behind", mended("take that separator out", "music|", "music"),
        over("a.jsonl", label_separator="|"), files={"a.jsonl": lists("music|", "weather")},
    ),
    "out of scope among several": Case(
        CHECK, "and that is for data", removed("data.oos_label"),
        over("a.jsonl", oos_label="music"), files=SETS,
    ),
    "an objective of one label": Case(
        CHECK, "as objective.kind", rewritten("write kl or mse", objective={"kind": "kl"}),
        over("a.jsonl") | {"objective": {"kind": "dkd"}}, files=SETS, quick=True,
    ),
    "thresholds of two rules": Case(
        CHECK, "measure.thresholds: all rows", rewritten("write the same in each", variants=None),
        over("a.jsonl") | {"variants": {"other": {"measure": {"thresholds": "shared"}}}},
        files=SETS,
    ),
    "bare labels of a teacher": Case(
        CHECK, "holds bare labels", with_probabilities,
        over("a.jsonl")
        | {"teacher": {"model": None, "fine_tune": None, "outputs": "said.jsonl"},
           "student": {"text": "words"}},
        files={**SETS, "said.jsonl": lists("music", "weather")}, once=False,
    ),
    "quality of several labels": Case(
        "bench several --texts a.csv --labels label --runtimes torch --rounds 1 --cold-starts 1 "
        "--no-isolation",
        "bench tells the quality", removed("--labels"),
        files={"a.csv": "text,label\n" + "".join(f"play {n},music\n" for n in range(8))},
        prepare=several_at_once,
    ),
}  # fmt: skip
