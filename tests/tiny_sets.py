"""The tiny world where a text has any number of labels: words of each, of several, or of none."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tiny_world import FILLERS, WORDS, tiny_recipe_data, write_splits

NAMES = ("alarm", "music", "weather")  # in the order kdzoo gives labels from files
Row = tuple[str, list[str]]


def rows_of(count: int, rng: random.Random) -> list[Row]:
    """Returns different texts with the labels whose words they hold; a tenth or so has none."""
    found: dict[str, list[str]] = {}
    while len(found) < count:
        labels = [name for name in NAMES if rng.random() < 0.45]
        words = [word for name in labels for word in rng.sample(WORDS[name], rng.randint(1, 2))]
        words += rng.sample(FILLERS, rng.randint(2, 5))
        rng.shuffle(words)
        found[" ".join(words)] = labels
    return list(found.items())


def save_sets(folder: Path, seed: int = 7) -> Path:
    """Writes train (150), validation (40) and test (60) as .jsonl, a list of labels in each row."""
    rows = rows_of(250, random.Random(seed))
    return write_splits(folder, [{"text": text, "label": labels} for text, labels in rows])


def set_recipe_data(data: Path, encoder: Path) -> dict[str, Any]:
    """Returns a recipe over such data that trains a fasttext student in a second or two."""
    recipe = tiny_recipe_data(data, encoder)
    recipe["name"], recipe["data"] = "sets", {"files": str(data)}
    return recipe
