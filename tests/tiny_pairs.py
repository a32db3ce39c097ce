"""Sentence pairs for the tests: whether two short texts are about the same thing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tiny_world import WORDS, texts_of

from kdzoo.data import Corpus, Example

PAIR_LABELS = ("other", "same")  # in the order kdzoo gives labels from files
COLUMNS = {"text": "text_a", "text_pair": "text_b"}


def some_pairs(count: int, seed: int = 0) -> list[tuple[str, str, str]]:
    """Returns different (first, second, label), as many of one label as of the other."""
    rng = random.Random(seed)
    topics = [topic for topic in WORDS if topic != "oos"]
    found: dict[tuple[str, str], str] = {}
    while len(found) < count:
        label = PAIR_LABELS[len(found) % 2]
        first, other = rng.sample(topics, 2)
        second = first if label == "same" else other
        (a,), (b,) = texts_of(first, 1, rng), texts_of(second, 1, rng)
        found.setdefault((a, b), label)
    return [(a, b, label) for (a, b), label in found.items()]


def pair_examples(count: int, seed: int = 0) -> list[Example]:
    """Returns the pairs as examples."""
    return [Example(a, b, PAIR_LABELS.index(label)) for a, b, label in some_pairs(count, seed)]


def pair_corpus(count: int = 20) -> Corpus:
    """Returns a corpus of pairs: ``count`` to train from, half as many elsewhere."""
    examples = pair_examples(2 * count)
    half = count // 2
    return Corpus(
        PAIR_LABELS,
        tuple(examples[:count]),
        tuple(examples[count : count + half]),
        tuple(examples[count + half :]),
        positive=1,
    )


def write_pairs(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    """Writes a .jsonl with the columns text_a, text_b and label."""
    names = ("text_a", "text_b", "label")
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_pair_data(folder: Path) -> Path:
    """Writes train (120), validation (30), test (40) and another test set (20)."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = some_pairs(210)
    for name, start, end in (
        ("train", 0, 120), ("validation", 120, 150), ("test", 150, 190), ("elsewhere", 190, 210),
    ):  # fmt: skip
        write_pairs(folder / f"{name}.jsonl", rows[start:end])
    return folder


def pair_sections(folder: Path, **more: Any) -> dict[str, Any]:
    """Returns what a tiny recipe says where its data are the pairs in the folder."""
    data = {"files": str(folder), "oos_label": None, **COLUMNS, **more}
    return {"data": data, "measure": {"rounds": 1, "texts": 2, "isolated": False}}
