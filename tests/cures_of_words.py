"""Mistakes in words and their tags, and in what is asked of models that label words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from cures_of_tasks import mended
from tiny_cures import CHECK, SHARES, Case, Write, done, removed, rewritten

ONE = [(["play", "song", "now"], ["O", "B-music", "O"]), (["rain", "on"], ["B-weather", "O"])]
FITTED = {"fine_tune": {"epochs": 1, "learning_rate": 1e-3, "batch_size": 16}}


def tagged(
    *odd: tuple[Any, Any], rows: Any = ONE, columns: tuple[str, str] = ("tokens", "tags")
) -> str:
    """Returns a .jsonl of different sentences with tags, and the odd ones."""
    own = [([*words, f"w{n}"], [*tags, "O"]) for n in range(15) for words, tags in rows]
    return "".join(
        json.dumps(dict(zip(columns, each, strict=True))) + "\n" for each in (*own, *odd)
    )


def spans(*odd: tuple[str, Any]) -> str:
    """Returns a .jsonl of texts with entities, and the odd ones."""
    own = [(f"play song w{n}", [[5, 9, "music"]]) for n in range(15)]
    own += [(f"rain on w{n}", [[0, 4, "weather"]]) for n in range(15)]
    rows = [{"text": text, "entities": entities} for text, entities in (*own, *odd)]
    return "".join(json.dumps(row) + "\n" for row in rows)


def over(file: str, **said: Any) -> dict[str, Any]:
    """Returns what makes the tiny recipe one that labels words."""
    student = {"kind": "bilstm", "dim": 8, "hidden": 8, "head": 8}
    data = {"files": file, "oos_label": None, "split": SHARES, **said}
    return {"data": data, "student": student}


def odd(row: tuple[Any, Any], said: str, *cure: str, quick: bool = False) -> Case:
    """Returns the case of a row that is mended as the message says."""
    write = mended(*cure)
    return Case(CHECK, said, write, over("a.jsonl"), {"a.jsonl": tagged(row)}, quick=quick)


def odd_span(row: tuple[str, Any], said: str, *cure: str) -> Case:
    """Returns the case of a text whose entities are mended as the message says."""
    return Case(CHECK, said, mended(*cure), over("a.jsonl"), {"a.jsonl": spans(row)})


def texts_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Names the columns as the message does."""
    assert "remove data.task" not in message, message
    found = re.search(r"name its columns: (--text \S+ --label \w+)", message)
    assert found, message
    return {**written, "command": [*written["command"], *found[1].split()]}


def replaced(old: str, new: str, content: str) -> None:
    """Writes one file in the place of another."""
    Path(old).unlink()
    Path(new).write_text(content, encoding="utf-8")


def asked(said: dict[str, Any], part: str, cure: Write) -> Case:
    """Returns the case of a recipe that asks what is for labels of texts."""
    return Case(CHECK, part, cure, over("a.jsonl") | said, {"a.jsonl": tagged()})


CASES: dict[str, Case] = {
    "a tag too few": odd((["a", "b"], ["O"]), "write one for each word",
                         "write one for each word", '["O"]', '["O", "O"]', quick=True),
    "tags in one text": odd((["a", "b"], "O O"), "the tags are no list",
                            "write one for each word", '"O O"', '["O", "O"]'),
    "a word that is none": odd((["a", ""], ["O", "O"]), "is no word; write each",
                               "write each as a string, none empty", '"a", ""', '"a", "b"'),
    **{
        f"tags of words as labels, {how}": Case(
            CHECK, said, done(cure, lambda _, new=new: replaced("d/train.csv", *new)),
            over("d"), {"d/train.csv": "text,label\n" + "".join(rows)}, quick=how == "a word a row",
        )
        for how, said, cure, new, rows in (
            ("a word a row", "a word in each row", "as .conll, a word and its tag on each line",
             ("d/train.conll", "".join(f"play O\nsong B-m\nw{n} O\n\n" for n in range(20))),
             [f"play,O\nsong,B-m\nw{n},O\n" for n in range(20)]),
            ("a sentence a cell", "those of a sentence in one cell", "write the words of each",
             ("d/train.jsonl", tagged()), [f"play song w{n},O B-m O\n" for n in range(20)]),
        )
    },
    "a word of two": odd((["New York"], ["B-music"]), "holds a space",
                         "write its parts as words with a tag each",
                         '["New York"], "tags": ["B-music"]',
                         '["New", "York"], "tags": ["B-music", "I-music"]'),
    "a part of speech": odd((["a"], ["NOUN"]), "is no tag",
                            "wanted O, or a name behind B-", '"NOUN"', '"B-music"'),
    "a sentence without end": odd(
        (["a"] * 4097, ["O"] * 4097), "words; divide it", "divide it",
        json.dumps({"tokens": ["a"] * 4097, "tags": ["O"] * 4097}),
        json.dumps({"tokens": ["a"] * 3, "tags": ["O"] * 3}),
    ),
    "a text without end": odd_span(
        ("a " * 4097, []), "a text of", "divide it", "a " * 4097, "a few"),
    "a span in a word": odd_span(
        ("playing a song", [[0, 4, "music"]]), "let it begin and end where words do",
        "where words do: [0, 7, ...]", '[[0, 4, "music"]]', '[[0, 7, "music"]]'),
    "a span of nothing": odd_span(("a  b", [[1, 2, "music"]]), "holds no word",
                                  "take it out", '[[1, 2, "music"]]', "[]"),
    "spans that overlap": odd_span(
        ("a song", [[2, 6, "music"], [0, 6, "music"]]), "overlaps with another one",
        "leave one of them", ', [0, 6, "music"]', ""),
    "a span of two": odd_span(("a song", [[2, 6]]), "is no entity; write",
                              "write [start, end, label]", "[[2, 6]]", '[[2, 6, "music"]]'),
    "no list of words": Case(
        CHECK, "and the label no list", removed("data.task"),
        {"data": {"task": "token-classification"}}, quick=True,
    ),
    "columns that are only called so": Case(
        "init --teacher {encoder} -o mine --students static --data a.csv",
        "and the label no list", texts_as_said,
        files={"a.csv": "tokens,tags\n" + "".join(f"play {n},{'ab'[n % 2]}\n" for n in range(40))},
    ),
    "words with a second text": Case(
        CHECK, "words with tags stand alone", removed("data.text_pair"),
        over("a.jsonl", text="tokens", label="tags", text_pair="other"),
        {"a.jsonl": tagged(columns=("tokens", "tags")).replace("}", ', "other": "b"}')},
    ),
    "words, and a second text": Case(
        CHECK, "text_pair: words with tags stand alone", removed("data.text_pair"),
        over("a.jsonl", task="token-classification", text_pair="other"), {"a.jsonl": tagged()},
    ),
    "a separator of tags": Case(
        CHECK, "which needs no separator; remove data", removed("data.label_separator"),
        over("a.jsonl", label_separator="|"), {"a.jsonl": tagged()},
    ),
    "0/1 columns of tags": Case(
        CHECK, "but words with tags", removed("data.label_columns"),
        over("a.jsonl", label_columns=["a", "b"]), {"a.jsonl": tagged()},
    ),
    "no entity": Case(
        CHECK, "no word is in an entity", mended("tag some", '["O", "O"]}', '["B-a", "O"]}'),
        over("a.jsonl"), {"a.jsonl": tagged(rows=[(["a"], ["O"]), (["b"], ["O"])])},
    ),
    "a type that train lacks": Case(
        CHECK, "types of entities that train lacks",
        mended("write names alike in all splits", "B-Music", "B-music", "d/test.jsonl"),
        over("d", split=None),
        {"d/train.jsonl": tagged(), "d/validation.jsonl": tagged().replace('"w', '"v'),
         "d/test.jsonl": tagged().replace('"w', '"x').replace("B-music", "B-Music")},
    ),
    "words beside texts": Case(
        CHECK, "some rows are words with tags", mended(
            "write all of them as words with tags", '{"text": "a", "label": "x"}',
            '{"tokens": ["a"], "tags": ["O"]}', "d/test.jsonl"),
        over("d", split=None),
        {"d/train.jsonl": tagged(), "d/validation.jsonl": tagged().replace('"w', '"v'),
         "d/test.jsonl": '{"text": "a", "label": "x"}\n'},
    ),
    "few labels of words": Case(
        CHECK, "each word has a tag here; remove", removed("data.labels_per_class"),
        over("a.jsonl", labels_per_class=3), {"a.jsonl": tagged()},
    ),
    "a line without a tag": Case(
        CHECK, "a word without a tag", mended(
            "write a word and its tag", "alone", "alone O", "a.conll"),
        over("a.conll"),
        {"a.conll": "".join(f"play O\nsong B-m\nw{n} O\n\n" for n in range(20)) + "alone\n"},
    ),
    **{
        f"words without empty lines, {times}": Case(
            CHECK, what, done("write an empty line behind each sentence", lambda _: Path(
                "a.conll").write_text("".join(f"play O\nsong B-m\nw{n} O\n\n" for n in range(20)),
                                      encoding="utf-8")),
            over("a.conll"), {"a.conll": "play O\nsong B-m\nrain O\n" * times},
        )
        for times, what in ((20, "no empty line divides it"), (2000, "words without an empty line"))
    },
    "a student of texts": asked(
        {"student": {"kind": "fasttext", "dim": 8}}, "labels texts, not words",
        rewritten("student.kind: bilstm", student={"kind": "bilstm", "dim": 8})),
    "a linear head over words": asked(
        {"teacher": {"fine_tune": None, "head": "linear"}}, "is for labels of whole texts",
        rewritten("teacher: {fine_tune: {}}", teacher={"head": None, **FITTED})),
    "encodings of words": asked(
        {"objective": {"hidden": 1.0}}, "objective.hidden is for labels of whole texts",
        removed("objective.hidden")),
    "a teacher of texts for words": asked(
        {"teacher": {"model": "{teacher}", "fine_tune": None}}, "and the data want one that",
        rewritten("teacher: {fine_tune: {}}", teacher=FITTED)),
}  # fmt: skip
