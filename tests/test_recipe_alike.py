"""Whether the records of two models name one recipe: defaults may be left out, nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from kdzoo.recipe import Recipe, recipe_model
from kdzoo.recipe.alike import SHAPED_BY, are_alike

RECIPE = {
    "version": 1,
    "name": "tiny",
    "data": {"files": "data"},
    "teacher": {"model": "teacher", "fine_tune": {"epochs": 3}},
    "transfer": {"unlabelled": {"files": "more.txt"}},
    "student": {"kind": "cnn"},
    "objective": {"kind": "kl", "temperature": 2.0},
}
DUMPED: dict[str, Any] = recipe_model().model_validate(RECIPE).model_dump(mode="json")

# of each field that records leave out while it is at its default, another value
OTHER: dict[str, Any] = {
    "data.task": "single-label",
    "data.label_separator": "|",
    "data.label_columns": ["joy", "anger"],
    "teacher.fine_tune.freeze": 2,
    "teacher.fine_tune.label_smoothing": 0.1,
    "teacher.lower_layers": [1, 3],
    "transfer.unlabelled.choose": "nearest",
    "objective.gold_for": ["wrong"],
    "objective.hidden": 1.0,
    "training.embedding_rate": 0.1,
    "training.decay_matrices_only": True,
    "training.average_weights": 0.3,
    "training.class_weights": "balanced",
    "measure.thresholds": "shared",
    "measure.escalate": {"max_loss": 0.1},
    "search": {"training.steps": [1, 2]},
    "card": {"license": "mit"},
}


def left_out(section: type[BaseModel], before: str = "") -> Iterator[str]:
    """Yields the fields of a section, and of those in it, that records may leave out."""
    for name, field in section.model_fields.items():
        if field.exclude_if is not None:
            yield before + name
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from left_out(kind, f"{before}{name}.")


def fields_of(dumped: dict[str, Any], before: str = "") -> Iterator[str]:
    """Yields each field that a dumped recipe holds, by dotted name."""
    for name, value in dumped.items():
        yield before + name
        if isinstance(value, dict):
            yield from fields_of(value, f"{before}{name}.")


def holder_of(dumped: dict[str, Any], field: str) -> tuple[dict[str, Any], str]:
    *path, name = field.split(".")
    for part in path:
        dumped = dumped[part]
    return dumped, name


def test_every_field_that_records_leave_out_is_tried() -> None:
    assert set(left_out(Recipe)) <= OTHER.keys()


@pytest.mark.parametrize("field", OTHER)
def test_a_field_that_is_set_and_left_out_in_the_other_differs(field: str) -> None:
    """Means over rows of both would be of two recipes."""
    changed = copy.deepcopy(DUMPED)
    section, name = holder_of(changed, field)
    section[name] = OTHER[field]

    assert not are_alike(DUMPED, changed)
    assert not are_alike(changed, DUMPED)
    assert are_alike(changed, changed)


@pytest.mark.parametrize("field", [*fields_of(DUMPED)])
def test_a_default_that_an_older_record_does_not_know_is_alike(field: str) -> None:
    """What has no default stands in every record, so its absence says nothing."""
    older = copy.deepcopy(DUMPED)
    section, name = holder_of(older, field)
    value = section.pop(name)
    chosen = field in {
        "teacher.fine_tune", "teacher.model", "teacher.fine_tune.epochs", "transfer",
        "transfer.unlabelled", "transfer.unlabelled.files", "data.files",
    }  # fmt: skip

    assert are_alike(DUMPED, older) == (not chosen), json.dumps(value)


def test_what_no_version_knows_says_nothing() -> None:
    assert are_alike(DUMPED, DUMPED | {"later": 1})
    assert are_alike(DUMPED, DUMPED | {"student": {**DUMPED["student"], "an_option": 1}})


def test_each_section_shapes_a_student_or_is_known_not_to() -> None:
    """Rows of other recipes are told apart by it, in merged results and in pictures."""
    no_shape = {"version", "name", "seeds", "controls", "measure", "card", "search"}

    assert {*SHAPED_BY["student"]} == Recipe.model_fields.keys() - no_shape
    assert all(set(SHAPED_BY["student"]) >= set(sections) for sections in SHAPED_BY.values())
