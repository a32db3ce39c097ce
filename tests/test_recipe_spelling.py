"""Names of the data's in a recipe are what stands there, whatever YAML would make of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from kdzoo.recipe import load_study, parse_scalar
from kdzoo.recipe.csv import _as_name
from kdzoo.recipe.document import read_document
from kdzoo.recipe.schema import Recipe
from kdzoo.recipe.spelling import NAMES, KeyPath

SPELT = ("01", "010", "08", "0", "-1", "+1", "1_000", "1.0", "1.10", "5e-4", ".5", "true",
         "False", "null",
         "~", ".nan", "-.inf", "2024-01-02", "12:30", "0x1F", "no", "'05'", '"a b"')  # fmt: skip
QUICKSTART = "quickstart/cnn"


def meant(written: str) -> str:
    return written.strip("'\"")


def names_of(model: type[BaseModel], path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yields the keys that the schema takes for names, or lists of them."""
    for key, field in model.model_fields.items():
        kinds: list[Any] = [field.annotation]
        marks = list(field.metadata)
        for kind in kinds:  # grows: types stand within each other
            kinds += get_args(kind)
            marks += getattr(kind, "__metadata__", ())
        if any(getattr(mark, "func", None) is _as_name for mark in marks):
            yield (*path, key)
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from names_of(kind, (*path, key))


def test_those_that_are_kept_are_all_that_the_schema_has() -> None:
    assert {*names_of(Recipe)} == NAMES


@pytest.mark.parametrize("path", sorted(NAMES, key=str), ids=lambda path: ".".join(path))
def test_a_name_is_as_it_is_spelt(path: KeyPath, tmp_path: Path) -> None:
    """In a list and alone, in a recipe, a variant, a grid and --set."""
    for written in SPELT:
        listed = path[-1] in ("labels", "columns", "gold_for")
        nothing = (
            None if written in ("null", "~") else meant(written)
        )  # alone, it takes a name back
        value, read = (f"[{written}, a]", [meant(written), "a"]) if listed else (written, nothing)
        nested, dotted = value, ".".join(map(str, path))
        for key in reversed(path):
            nested = f"{{{key}: {nested}}}"
        file = tmp_path / "a.yaml"
        file.write_text(
            f"{nested[1:-1]}\nvariants: {{data: {nested}}}\ngrid:\n  {dotted}:\n    - {value}\n",
            encoding="utf-8",
        )

        found = read_document(file, "a.yaml").data

        assert found["grid"][dotted] == [read]
        assert parse_scalar(value, path) == read
        assert parse_scalar(nested) == {path[0]: found[str(path[0])]}
        for own in (found, found["variants"]["data"]):
            for key in path:
                own = own[key]
            assert own == read


@pytest.mark.parametrize("written", ["01", "1.0", "true", "5e-4"])
def test_other_values_are_what_yaml_says(written: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"training: {{label: {written}, labels: [{written}]}}", encoding="utf-8")

    found = read_document(file, "a.yaml").data["training"]

    assert not isinstance(found["label"], str)
    assert found["labels"] == [found["label"]]


def test_names_reach_the_recipe_from_the_command_line() -> None:
    overrides = [
        "data.oos_label=010",
        "teacher={head: null, lower_layers: [], labels: [01, 1e3, no]}",
    ]

    found = load_study(QUICKSTART, overrides=overrides).variants[0].recipe

    assert found.data.oos_label == "010"
    assert found.teacher.labels == ["01", "1e3", "no"]
