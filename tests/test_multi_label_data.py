"""Data with any number of labels a text: read in each way that it is written, or refused."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Sequence, Value
from pydantic import ValidationError
from tiny_sets import NAMES, Row, rows_of, save_sets

from kdzoo.data import Corpus, describe, few_labels, fingerprint, load_corpus, read_labelled
from kdzoo.errors import DataError
from kdzoo.recipe.data import Data
from kdzoo.scaffold.data import OwnData, data_section
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL

Way = Callable[..., dict[str, Any]]  # of writing rows to a path; what the data section says then
ROWS = rows_of(120, random.Random(1))
SPLIT = {"validation": "0.2 of train", "test": "0.25 of train"}


def as_lists(path: Path, rows: list[Row] = ROWS, column: str = "label") -> dict[str, Any]:
    """Writes a list of names in each row; returns what the data section says of it."""
    lines = [json.dumps({"text": text, column: labels}) for text, labels in rows]
    path.with_suffix(".jsonl").write_text("\n".join(lines), encoding="utf-8")
    return {"files": str(path.with_suffix(".jsonl"))}


def as_parquet(path: Path, rows: list[Row] = ROWS) -> dict[str, Any]:
    """Writes a .parquet with lists of names."""
    frame = pd.DataFrame(rows, columns=["text", "label"])
    frame.to_parquet(path.with_suffix(".parquet"))
    return {"files": str(path.with_suffix(".parquet"))}


def as_classes(path: Path, rows: list[Row] = ROWS) -> dict[str, Any]:
    """Writes a .parquet as datasets does, with lists of the numbers of classes."""
    features = Features({"text": Value("string"), "label": Sequence(ClassLabel(names=[*NAMES]))})
    ids = [[NAMES.index(each) for each in labels] for _, labels in rows]
    made = Dataset.from_dict({"text": [t for t, _ in rows], "label": ids}, features=features)
    made.to_parquet(path.with_suffix(".parquet"))
    return {"files": str(path.with_suffix(".parquet"))}


def in_cells(separator: str) -> Way:
    """Returns what writes a .csv in which names stand in one cell."""

    def write(path: Path, rows: list[Row] = ROWS) -> dict[str, Any]:
        cells = [(text, f" {separator} ".join(labels)) for text, labels in rows]
        _table(path.with_suffix(".csv"), ("text", "label"), cells)
        return {"files": str(path.with_suffix(".csv")), "label_separator": separator}

    return write


def in_columns(yes: object, no: object) -> Way:
    """Returns what writes a .csv with a column for each label."""

    def write(path: Path, rows: list[Row] = ROWS) -> dict[str, Any]:
        cells = [(text, *(yes if n in labels else no for n in NAMES)) for text, labels in rows]
        _table(path.with_suffix(".csv"), ("text", *NAMES), cells)
        return {"files": str(path.with_suffix(".csv")), "label_columns": [*NAMES]}

    return write


def _table(path: Path, header: tuple[str, ...], rows: list[Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def as_printed(printed: Callable[[list[str]], str]) -> Way:
    """Returns what writes a .csv with a list in each cell, as a program prints it."""

    def write(path: Path, rows: list[Row] = ROWS) -> dict[str, Any]:
        cells = [(text, printed([*labels])) for text, labels in rows]
        _table(path.with_suffix(".csv"), ("text", "label"), cells)
        return {"files": str(path.with_suffix(".csv")), "task": "multi-label"}

    return write


WAYS: dict[str, Way] = {
    "lists": as_lists,
    "lists in parquet": as_parquet,
    "lists of classes": as_classes,
    "cells, |": in_cells("|"),
    "cells, ;": in_cells(";"),
    "cells, words": in_cells("and"),
    "columns of numbers": in_columns(1, 0),
    "columns of decimals": in_columns(1.0, 0.0),
    "columns of truth": in_columns(True, False),
}


PRINTED: dict[str, Way] = {
    "JSON in cells": as_printed(json.dumps),
    "Python in cells": as_printed(repr),
    "tuples in cells": as_printed(lambda labels: repr(tuple(labels))),
}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The corpus that all ways of writing it have to give."""
    return load_corpus(Data(**as_lists(tmp_path_factory.mktemp("way") / "a"), split=SPLIT))


@pytest.mark.parametrize("way", [*WAYS, *PRINTED])
def test_however_it_is_written_it_is_the_same_data(
    way: str, tmp_path: Path, wanted: Corpus
) -> None:
    corpus = load_corpus(Data(**(WAYS | PRINTED)[way](tmp_path / "data"), split=SPLIT))

    assert corpus.task == MULTI_LABEL
    assert corpus.labels == NAMES
    assert corpus.fingerprint == wanted.fingerprint
    assert corpus.test_fingerprint == wanted.test_fingerprint
    names = {e.text: [NAMES[each] for each in e.label] for e in corpus.train}  # type: ignore[union-attr]
    assert names == {text: labels for text, labels in ROWS if text in names}


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_a_split_has_its_share_of_each_label(share: float, tmp_path: Path) -> None:
    """By iterative stratification: so many of each label, if not of the texts; always the same."""
    rows = rows_of(400, random.Random(5))
    said = as_lists(tmp_path / "a", rows)
    rule = {"validation": f"{share} of train", "test": "0.1 of train"}

    first, second = (load_corpus(Data(**said, split=rule)) for _ in range(2))

    assert first.fingerprint == second.fingerprint
    whole = np.concatenate([first.gold(name) for name in ("train", "validation", "test")])
    taken = first.gold("validation")
    assert taken.sum(0) == pytest.approx(share * whole.sum(0), abs=3)
    assert len(taken) == pytest.approx(share * len(whole), rel=0.3)


def test_a_label_of_one_text_stays_in_train(tmp_path: Path) -> None:
    rows = [*rows_of(60, random.Random(2)), ("only here", ["music", "rare"])]

    corpus = load_corpus(Data(**as_lists(tmp_path / "a", rows), split=SPLIT))

    assert corpus.gold("train")[:, corpus.labels.index("rare")].sum() == 1


@pytest.mark.parametrize("count", [1, 5])
def test_few_labels_are_kept_of_each(count: int, tmp_path: Path) -> None:
    """Some have more, where a text has others too; that a text has none counts as a label."""
    section = Data(files=str(save_sets(tmp_path / "d")), labels_per_class=count)

    few = few_labels(load_corpus(section), section, 0)
    again = few_labels(load_corpus(section), section, 0)

    assert fingerprint(few.labels, few.train) == fingerprint(again.labels, again.train)
    gold = few.gold("train")
    assert (gold.sum(0) >= count).all()
    assert (~gold.any(1)).sum() >= count
    assert len(few.train) <= (len(NAMES) + 1) * count
    assert len(few.train) + len(few.unlabelled) == 150


def test_what_it_is_is_said_in_a_line(tmp_path: Path) -> None:
    said = describe(load_corpus(Data(files=str(save_sets(tmp_path / "d")))))

    assert said.startswith("150 labelled, 40 validation, 60 test texts; 3 labels, 1.")
    assert " a text, " in said
    assert " have none, the rarest '" in said


def test_a_label_that_no_text_has_is_the_rarest_and_noted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(cells_of("1,1,0", "1,0,0", "0,1,0", header="a,b,never"))

    corpus = load_corpus(Data(files=str(tmp_path / "a.csv"), split=SPLIT, **NEVER))
    said = describe(corpus)

    assert "3 labels, " in said
    assert said.endswith("the rarest 'never' with 0")
    assert any(note.startswith("labels that no training text has, ") for note in corpus.notes)
    assert "'never'" not in " ".join(
        load_corpus(Data(**as_lists(tmp_path / "b", ROWS), split=SPLIT)).notes
    )


def test_texts_that_stand_with_two_sets_are_noted(tmp_path: Path) -> None:
    rows = [*ROWS, (ROWS[0][0].upper(), []), (ROWS[1][0].title(), [*NAMES])]

    corpus = load_corpus(Data(**as_lists(tmp_path / "a", rows), split=SPLIT, on_leak="warn"))

    assert any("stand with two labels: " in note for note in corpus.notes)


def test_one_list_a_row_may_be_one_label_a_text_where_that_is_said(tmp_path: Path) -> None:
    """A name with a comma in it, of others' names, is one label for who says so."""
    rows = [("play it", "music"), ("rain", "weather"), ("play in rain", "music, weather")] * 4
    _table(
        tmp_path / "a.csv", ("text", "label"), [(f"{t} {n}", v) for n, (t, v) in enumerate(rows)]
    )

    corpus = load_corpus(Data(files=str(tmp_path / "a.csv"), task="single-label", split=SPLIT))

    assert corpus.task == SINGLE_LABEL
    assert corpus.labels == ("music", "music, weather", "weather")


ONE_EACH: list[Row] = [(f"{text} {n}", [NAMES[n % 3]]) for n, (text, _) in enumerate(ROWS)]


@pytest.mark.parametrize("way", WAYS)
def test_one_label_a_text_is_read_as_such_where_that_is_said(way: str, tmp_path: Path) -> None:
    """However lists, cells or columns that may hold several are written; and where not, noted."""
    said = WAYS[way](tmp_path / "data", ONE_EACH)
    plain = as_lists(tmp_path / "plain", [(text, labels[0]) for text, labels in ONE_EACH])
    single = {key: value for key, value in said.items() if key != "label_separator"}

    several = load_corpus(Data(**said, split=SPLIT))
    one = load_corpus(Data(**single, split=SPLIT, task="single-label"))
    wanted = load_corpus(Data(**plain, split=SPLIT))

    assert several.has_one_each
    is_noted = any("has exactly one label" in note for note in several.notes)
    assert is_noted == ("label_separator" not in said)
    assert one == wanted
    assert one.fingerprint == wanted.fingerprint
    assert one.notes == wanted.notes


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_said_of_one_label_where_texts_have_several(way: str, tmp_path: Path) -> None:
    corpus = load_corpus(Data(**WAYS[way](tmp_path / "data"), split=SPLIT))

    assert not corpus.has_one_each
    assert not any("exactly one" in note for note in corpus.notes)


@pytest.mark.parametrize("way", ["lists", "lists in parquet", "lists of classes"])
def test_bench_reads_the_one_name_in_a_list(way: str, tmp_path: Path) -> None:
    file = WAYS[way](tmp_path / "data", ONE_EACH)["files"]

    assert read_labelled(Path(file), "text", "label")[1] == [labels[0] for _, labels in ONE_EACH]


def lines_of(*labels: object) -> bytes:
    """Returns a .jsonl with these labels, over and over."""
    rows = [{"text": f"text {n} {n * n}", "label": each} for n, each in enumerate(labels * 6)]
    return "\n".join(map(json.dumps, rows)).encode()


def cells_of(*labels: str, header: str = "label") -> bytes:
    """Returns a .csv with these cells, over and over."""
    return "\n".join(
        [f"text,{header}", *(f"text {n} {n * n},{each}" for n, each in enumerate(labels * 6))]
    ).encode()


BAR = {"label_separator": "|"}
BOTH = {"label_columns": ["a", "b"]}
NEVER = {"label_columns": ["a", "b", "never"]}
BAD: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "lists beside names": ("a.jsonl", lines_of(["x"], "y"), {}, "others are one name"),
    **{
        f"{what}, said to be one": (
            "a.jsonl", lines_of(["x"], ["y"], odd), {"task": "single-label"}, message
        )
        for what, odd, message in (
            ("lists", ["x", "y"], "remove data.task: single-label (--task)"),
            ("lists that may be empty", [], "6 of 18 labels are empty"),
            ("lists in lists", [["x"]], "the label is a list"),
        )
    },
    **{
        f"{what}, said to be one": (
            "a.csv", cells_of("1,0", "0,1", odd, header="a,b"), BOTH | {"task": "single-label"},
            message,
        )
        for what, odd, message in (
            ("columns", "1,1", "line 4: a and b hold 1, and one label per text is wanted"),
            ("columns that may be empty", "0,0", "6 of 18 labels are empty"),
        )
    },
    "names, said to be several": (
        "a.jsonl", lines_of("x", "y"), {"task": "multi-label"}, "data.label_separator"
    ),
    "several in a cell": ("a.csv", cells_of("x", "y", "x|y"), {}, "--label-separator '|'"),
    "several in a cell, with commas": (
        "a.jsonl", lines_of("x", "y", "x, y"), {}, "label_separator: ','"
    ),
    "printed lists": ("a.csv", cells_of("['x']", "['y']"), {}, "look like lists"),
    "a list with a separator": ("a.jsonl", lines_of(["x"], ["y"]), BAR, "needs no separator"),
    "a printed list with a separator": (
        "a.jsonl", lines_of('["x", "y"]', '["y"]'), {"label_separator": ","},
        "the label is a list as programs print it",
    ),
    "a printed list of Python with a separator": (
        "a.jsonl", lines_of("['x', 'y']", "['y']"), BAR, "data.task: multi-label (--task",
    ),
    "an empty printed list with a separator": (
        "a.jsonl", lines_of("x", "[]"), BAR, "the label is a list as programs print it",
    ),
    "a list of NumPy with a separator": (
        "a.jsonl", lines_of("['x' 'y']", "['y']"), BAR, "brackets enclose the labels",
    ),
    "names in brackets with a separator": (
        "a.jsonl", lines_of("[x|y]", "[y]"), BAR, "write the names without brackets",
    ),
    "a list of NumPy, said to be several": (
        "a.jsonl", lines_of("['x' 'y']", "['y']"), {"task": "multi-label"}, "the label is no list",
    ),
    "nothing before a separator": ("a.csv", cells_of("x", "y", "|x"), BAR, "no name before"),
    "nothing behind a separator": ("a.csv", cells_of("x", "y", "x|"), BAR, "no name before or"),
    "two separators": ("a.csv", cells_of("x", "y", "x||y"), BAR, "no name before or"),
    "a separator inside a name": (
        "a.jsonl", lines_of(["x"], ["y"], ["x, y"]), {}, "names of their own, or rename"
    ),
    "an empty name": ("a.jsonl", lines_of(["x"], ["y", " "]), {}, "is empty"),
    "nothing in a list": ("a.jsonl", lines_of(["x"], ["y", None]), {}, "is empty"),
    "a place for each label": (
        "a.jsonl", lines_of([0, 1], [1, 0], [0, 0]), {}, "data.label_columns (--label-columns)"
    ),
    "a place for each of two labels": (
        "a.jsonl", lines_of([0.0, 1.0], [1.0, 0.0]), {}, "holds 0 and 1"
    ),
    "tags of words": (
        "a.jsonl", lines_of(["O", "O"], ["B-x", "O"], ["O", "B-y"]), {}, "the words as a list too"
    ),
    "a list in a list": ("a.jsonl", lines_of(["x"], [["y"]]), {}, "write a flat list"),
    "a mapping in a list": ("a.jsonl", lines_of(["x"], [{"y": 1}]), {}, "write a flat list"),
    "one label": ("a.jsonl", lines_of(["x"], []), {}, "the one label 'x'"),
    "no label": ("a.jsonl", lines_of([], []), {}, "no row has a label"),
    "half a character": ("a.jsonl", lines_of(["x"], ["y\ud800"]), {}, "lone surrogate"),
    "a number in a column": ("a.csv", cells_of("1,0", "0,2", header="a,b"), BOTH, "'b' holds"),
    "an empty column": ("a.csv", cells_of("1,0", "0,", header="a,b"), BOTH, "wanted 1 where"),
    "a word in a column": ("a.csv", cells_of("1,0", "yes,1", header="a,b"), BOTH, "'a' holds"),
    "no such column": (
        "a.csv", cells_of("1,0", "0,1", header="a,c"), BOTH, "no column 'b'"
    ),
    "out of scope": ("a.jsonl", lines_of(["x"], ["y"]), {"oos_label": "x"}, "--oos-label"),
    "a positive label": (
        "a.jsonl", lines_of(["x"], ["y"]), {"positive_label": "x"}, "remove data.positive_label"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_and_the_cure_is_said(name: str, tmp_path: Path) -> None:
    file, content, said, message = BAD[name]
    (tmp_path / file).write_bytes(content)

    with pytest.raises(DataError) as caught:
        load_corpus(Data(files=str(tmp_path / file), split=SPLIT, **said))

    assert message in str(caught.value)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_label_that_train_lacks_is_refused_with_the_nearest(split: str, tmp_path: Path) -> None:
    folder = save_sets(tmp_path / "d")
    with (folder / f"{split}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"text": "la la", "label": ["music", "wether"]}) + "\n")

    with pytest.raises(DataError, match="did you mean 'weather'") as caught:
        load_corpus(Data(files=str(folder)))

    assert f"{split}: 1 labels that train lacks: wether" in str(caught.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"label_separator": "|", "label_columns": ["a", "b"]}, "remove label_separator or"),
        ({"label_separator": "|", "task": "single-label"}, "label_separator is for several"),
        ({"label_columns": ["a", "b"], "task": "token-classification"}, "of whole texts; remove"),
        ({"label_columns": ["a", "a"]}, "named twice"),
        ({"label_columns": ["a", "text"]}, "that of a text"),
        ({"label_columns": ["a", "b"], "label": "c"}, "in place of label"),
        ({"label_columns": ["a"]}, r"at least 2; write label: a in place .*\(--label a\)"),
        ({"text_pair": "label"}, "'label' is the column of the label; name that of the second"),
        ({"text": "a", "text_pair": "b", "label": "b"}, "'b' is the column of the label"),
        ({"text": "label"}, "text: 'label' is the column of the label; name that of the text"),
    ],
)
def test_what_a_recipe_says_of_labels_may_not_contradict_itself(
    said: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Data(files="a.csv", **said)


@pytest.mark.parametrize("said", [{"task": "multi-label"}, {"label_separator": "|"}])
def test_an_embedded_dataset_has_one_label_a_text(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="one label a text"):
        Data(embedded="assistant", **said)


def test_what_is_said_of_data_with_one_label_is_what_it_was(tmp_path: Path) -> None:
    """Keys are made of it: what came later is not in it where it is not used."""
    (tmp_path / "a.csv").write_bytes(cells_of("x", "y"))
    section = Data(**data_section(OwnData(tmp_path / "a.csv")))

    dumped = section.model_dump(mode="json")

    assert not {"task", "label_separator", "label_columns"} & {*dumped}
