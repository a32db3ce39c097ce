"""Rows, and files of them in every format, as programs and people write them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pyarrow
import pyarrow.parquet

LABELS = ("food", "music", "travel", "weather")
_WORDS = {
    "food": "how do i cook {}", "music": "play {} now", "travel": "book a train to {}",
    "weather": "will it rain in {}",
}  # fmt: skip
_THINGS = ("ramen", "blues", "lima", "oslo", "tacos", "jazz")
ROWS = [(_WORDS[label].format(thing), label) for thing, label in product(_THINGS, LABELS)]
TEXTS = [text for text, _ in ROWS]
COUNT = len(ROWS)  # six a label
Rows = Sequence[Sequence[Any]]


def table(rows: Rows = ROWS, header: Sequence[str] = ("text", "label"), **style: Any) -> bytes:
    """Returns rows as the csv module writes them."""
    file = io.StringIO()
    csv.writer(file, **{"lineterminator": "\n", **style}).writerows([header, *rows])
    return file.getvalue().encode()


def plain(rows: Rows = ROWS, separator: str = ",", header: str | None = None) -> bytes:
    """Returns rows as a program writes them that knows of no quotes."""
    head = separator.join(("text", "label")) if header is None else header
    lines = [head, *(separator.join(row) for row in rows)]
    return "".join(f"{line}\n" for line in lines).encode()


def lines(rows: Rows = ROWS) -> bytes:
    """Returns rows as .jsonl."""
    return "".join(json.dumps({"text": t, "label": n}) + "\n" for t, n in rows).encode()


def parquet(texts: Any, labels: Any, features: dict[str, Any] | None = None) -> bytes:
    """Returns columns as .parquet, with the features that datasets would note."""
    found = pyarrow.table({"text": texts, "label": labels})
    if features is not None:
        noted = json.dumps({"info": {"features": features}})
        found = found.replace_schema_metadata({"huggingface": noted})
    file = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(found, file)
    return bytes(file.getvalue())


def labelled(change: Callable[[int, str], Any]) -> list[tuple[str, Any]]:
    """Returns the rows with other labels: a function of number and label."""
    return [(text, change(number, label)) for number, (text, label) in enumerate(ROWS)]


def worded(change: Callable[[int, str], Any]) -> list[tuple[Any, str]]:
    """Returns the rows with other texts: a function of number and text."""
    return [(change(number, text), label) for number, (text, label) in enumerate(ROWS)]


def every(number: int) -> bool:
    """Whether a row is one of the few (every fourth) that are special."""
    return number % 4 == 0


IDS = labelled(lambda _, label: str(LABELS.index(label)))
PARTS = {name: ROWS[start::3] for start, name in enumerate(("train", "validation", "test"))}
NAMES = ["weather", "travel", "music", "food"]
CLASSES = {"text": {"_type": "Value"}, "label": {"_type": "ClassLabel", "names": NAMES}}


def folder(validation: str = "validation", **parts: bytes) -> dict[str, bytes]:
    """Returns a file per split; some may be other ones."""
    names = {"train": "train.csv", "validation": f"{validation}.csv", "test": "test.csv"}
    return {names[split]: parts.get(split, table(PARTS[split])) for split in names}
