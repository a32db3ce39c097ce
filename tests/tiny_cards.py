"""Model cards as a reader of the hub sees them, and a study by hand whose student has one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from tiny_results import HandWritten, one_student_deployed

from kdzoo.card import model_card
from kdzoo.results import Record, Store, TrainingSummary

STUDENT, TEACHER, CONTROL = "s" * 16, "t" * 16, "c" * 16
RECIPE: dict[str, Any] = {
    "data": {"hub": None, "files": "/home/somebody/secret/tiny"},
    "teacher": {"model": "/home/somebody/secret/bert", "fine_tune": {"epochs": 4}},
    "transfer": {"unlabelled": None, "augment": None},
    "objective": {"kind": "kl", "temperature": 2.0, "alpha": 0.25},
    "training": {"batch_size": 16},
}
TRAINING = TrainingSummary(
    steps=60,
    best_step=40,
    seconds=1.0,
    texts=500,
    unlabelled=300,
    augmented=90,
    augmented_wanted=90,
)


@dataclass(frozen=True)
class Shown:
    """A card as it is shown: what its Markdown becomes, read as XML."""

    text: str

    @cached_property
    def card(self) -> ModelCard:
        return ModelCard(self.text)

    @cached_property
    def body(self) -> ElementTree.Element:
        shown = MarkdownIt("commonmark", {"html": True, "xhtmlOut": True}).enable("table")
        html = shown.enable("strikethrough").render(self.card.text)
        return ElementTree.fromstring(f"<body>{html}</body>")  # noqa: S314 - of the test's own card

    @property
    def words(self) -> str:
        """All that is read, code included, with single blanks."""
        return " ".join("".join(self.body.itertext()).split())

    @property
    def tables(self) -> list[list[list[str]]]:
        """The rows of each table, the titles first."""
        return [
            [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
            for table in self.body.iter("table")
        ]

    def figures(self) -> dict[str, dict[str, str]]:
        """The first table: by row, then by title."""
        (_, *titles), *rows = self.tables[0]
        return {name: dict(zip(titles, cells, strict=True)) for name, *cells in rows}

    def forms(self) -> dict[str, dict[str, str]]:
        """The second table: by form, then by title."""
        (_, *titles), *rows = self.tables[1]
        return {name: dict(zip(titles, cells, strict=True)) for name, *cells in rows}

    @property
    def labels(self) -> list[str]:
        """The labels of the last table."""
        return [label for _, label in self.tables[-1][1:]]

    @property
    def tags(self) -> set[str]:
        """The elements that it is made of."""
        return {each.tag for each in self.body.iter()}

    @property
    def codes(self) -> list[str]:
        """The blocks of code."""
        return ["".join(block.itertext()) for block in self.body.iter("pre")]


def a_study(root: Path, **changes: Any) -> HandWritten:
    """Returns a study in every runtime, whose student's record has these changes."""
    study = one_student_deployed(root)
    change(study.store, teacher_key=TEACHER, recipe=RECIPE, training=TRAINING, **changes)
    add_files(study.store)
    return study


def add_files(store: Store, key: str = STUDENT, **config: Any) -> None:
    """Writes what a card reads beside the record: which model it is, and how long texts may be."""
    folder = store.finished(key)
    config = config or {"model_type": "kdzoo", "student": "fasttext"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = json.dumps({"model_max_length": 48})
    (folder / "tokenizer_config.json").write_text(tokenizer, encoding="utf-8")


def change(store: Store, key: str = STUDENT, **changes: Any) -> Record:
    """Changes a model's record."""
    record = store.read(key).model_copy(update=changes)
    store.write(store.finished(key), record)
    return record


def change_data(store: Store, key: str = STUDENT, **changes: Any) -> None:
    """Changes what a model's record says of its data."""
    change(store, key, data=store.read(key).data.model_copy(update=changes))


def card_of(store: Store, name: str = "tiny", seed: int = 0, **options: Any) -> Shown:
    """Returns the card of a row's seed, as it is shown."""
    (row,) = (row for row in store.manifest().rows if row.name == name)
    (member,) = (member for member in row.members if member.seed == seed)
    return Shown(model_card(store, row, member, **options))
