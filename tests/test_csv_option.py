"""How files are written, as recipes and ``--csv`` say it; names that are whole numbers."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from kdzoo.cli.app import csv_of, with_csv
from kdzoo.data.place import DATA, UNLABELLED
from kdzoo.errors import RecipeError
from kdzoo.recipe.csv import Csv, as_written, names_in
from kdzoo.recipe.data import Data
from kdzoo.recipe.document import parse_scalar
from kdzoo.recipe.schema import Unlabelled
from kdzoo.recipe.teacher import Teacher


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["separator=;"], {"separator": ";"}),
        (["separator=|"], {"separator": "|"}),
        (["separator=tab"], {"separator": "\t"}),
        (["separator=\\t"], {"separator": "\t"}),
        (["separator=, "], {"separator": ", "}),
        (["comment=#"], {"comment": "#"}),
        (["comment=//", "quoted=false"], {"comment": "//", "quoted": False}),
        (["columns=text, label"], {"columns": ["text", "label"]}),
        (["columns=0,1"], {"columns": ["0", "1"]}),
        (["separator=="], {"separator": "="}),
        (['columns=text,"a, b", "c"'], {"columns": ["text", "a, b", "c"]}),
        (['columns="a, b",the "text"'], {"columns": ["a, b", 'the "text"']}),
        (['columns="say ""so""",b'], {"columns": ['say "so"', "b"]}),
        ([], {}),
    ],
)
def test_an_option_is_read_as_it_is_written(written: list[str], read: dict[str, Any]) -> None:
    """By commands over files, and by those over recipes, for which it is like ``--set``."""
    assert csv_of(written) == Csv(**read)
    overrides = [each.removeprefix("data.csv.").split("=", 1) for each in with_csv([], written)]
    assert Csv(**{key: parse_scalar(value) for key, value in overrides}) == Csv(**read)


WORD = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)
NAMES = st.lists(st.lists(WORD, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=4)


@given(names=NAMES)
@example(names=["a, b", "c"])
@example(names=['say "so", twice', "'", "$HOME `x` \\"])
def test_names_of_columns_are_read_as_messages_write_them(names: list[str]) -> None:
    """As an option, as ``--set``, and in a recipe, whatever names hold."""
    assert names_in(as_written(names)) == names
    for place in (DATA, UNLABELLED):
        said = place.layout("columns", as_written(names))
        option, recipe = said.split(" (in a recipe ")
        _, word = shlex.split(option)
        key, _, value = word.partition("=")

        assert key.endswith("columns")
        assert Csv.model_validate({"columns": value}).columns == names
        written = yaml.safe_load(recipe.partition(" beside ")[0].removeprefix("csv: "))
        assert Csv.model_validate(written).columns == names


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("separator", "write KEY=VALUE"),
        ("separater=;", "did you mean 'separator'?"),
        ("separator=;;", "must be one character"),
        ('separator="', "must be one character"),
        ("separator=", "must be one character"),
        ("comment=", "comment"),
        ("quoted=perhaps", "quoted"),
    ],
)
def test_an_option_that_cannot_be_is_refused(written: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        csv_of([written])
    assert said in str(caught.value)
    assert "--csv" in str(caught.value)


@pytest.mark.parametrize("mark", ["#", "|", ">", "# x"])
def test_a_set_value_is_never_a_comment_or_block(mark: str) -> None:
    assert parse_scalar(mark) == mark


@pytest.mark.parametrize("section", [Data, Unlabelled])
def test_a_dataset_of_the_hub_is_not_written_in_cells(section: type[Data | Unlabelled]) -> None:
    with pytest.raises(ValidationError, match="csv belongs to files"):
        section(hub="some/set", csv=Csv(separator=";"))


def test_names_may_be_whole_numbers() -> None:
    """As the data's own are, which files hold as their digits."""
    numbers: Any = [0, 1, -1, "two"]
    data = Data.model_validate({"files": "a.csv", "text": 0, "label": 1, "oos_label": 3,
                                "positive_label": 2})  # fmt: skip

    assert Teacher(model="a", labels=numbers).labels == ["0", "1", "-1", "two"]
    assert (data.text, data.label, data.oos_label, data.positive_label) == ("0", "1", "3", "2")


@pytest.mark.parametrize("value", [True, 1.0, 0.5])
@pytest.mark.parametrize("key", ["oos_label", "positive_label", "label"])
def test_names_with_several_spellings_are_asked_for_in_quotes(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match="put it in quotes"):
        Data.model_validate({"files": "a.csv", key: value})
