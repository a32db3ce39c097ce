"""The tiny world where each word has a tag: names of two kinds, of one word or two."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tiny_world import FILLERS, WORDS, tiny_recipe_data, write_splits

TYPES = ("music", "weather")  # in the order kdzoo gives them from files
LABELS = ("O", "B-music", "I-music", "B-weather", "I-weather")
Row = tuple[list[str], list[str]]


def rows_of(count: int, rng: random.Random) -> list[Row]:
    """Returns different sentences with the tags of their words; a fifth or so has no entity."""
    found: dict[str, Row] = {}
    while len(found) < count:
        words: list[str] = []
        tags: list[str] = []
        for name in rng.sample(TYPES, rng.randint(0, 2)):
            lead = rng.sample(FILLERS, rng.randint(1, 3))
            own = rng.sample(WORDS[name], rng.randint(1, 2))
            words += [*lead, *own]
            tags += ["O"] * len(lead) + [f"B-{name}", f"I-{name}"][: len(own)]
        rest = rng.sample(FILLERS, rng.randint(1, 3))
        words, tags = [*words, *rest], [*tags, *["O"] * len(rest)]
        found[" ".join(words)] = (words, tags)
    return list(found.values())


def save_tokens(folder: Path, seed: int = 7) -> Path:
    """Writes train (150), validation (40) and test (60) as .jsonl, with tokens and tags."""
    rows = rows_of(250, random.Random(seed))
    return write_splits(folder, [{"tokens": words, "tags": tags} for words, tags in rows])


def token_recipe_data(data: Path, encoder: Path, kind: str = "bilstm") -> dict[str, Any]:
    """Returns a recipe over such data that trains a small student of words in seconds."""
    recipe = tiny_recipe_data(data, encoder)
    recipe["name"], recipe["data"] = "tokens", {"files": str(data)}
    recipe["objective"]["alpha"] = 0.95
    own = {"bilstm": {"dim": 16, "hidden": 16, "head": 16}, "cnn": {"dim": 16, "maps": 16}}
    recipe["student"] = {"kind": kind, **own.get(kind, {})}
    return recipe
