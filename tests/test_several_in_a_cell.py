"""Several labels in one cell: told from one label by the names that they are made of."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from kdzoo.data import Corpus, load_corpus
from kdzoo.errors import DataError
from kdzoo.recipe.data import Data

NAMES = ("food", "live music", "travel")
SPLIT = {"validation": "0.2 of train", "test": "0.2 of train"}
MARKS = ("|", ";", ",", "+", "/", "&", "\n", "\t", " ")
PRINTED: dict[str, Callable[[list[str]], str]] = {
    "lists": str,
    "tuples": lambda names: str(tuple(names)),
    "sets": lambda names: str({*names}),
    "bare lists": lambda names: f"[{', '.join(names)}]",
    "JSON": json.dumps,
    "arrays": lambda names: str(np.array(names)),
    "arrays of objects": lambda names: f"[{' '.join(map(repr, names))}]",
}


def cells(path: Path, write: Callable[[list[str]], str], names: tuple[str, ...] = NAMES) -> str:
    """Writes a .csv whose labels are sets of names, and returns its name."""
    sets = [*([name] for name in names), [names[0], names[1]], [names[2], names[0]]]
    rows = [(f"text {n} {n * n}", write(sets[n % len(sets)])) for n in range(60)]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return str(path)


def lists(path: Path, names: tuple[str, ...] = NAMES) -> Corpus:
    """Returns the corpus of the same sets as lists."""
    with Path(cells(path.with_suffix(".csv"), "\0".join, names)).open(encoding="utf-8") as file:
        rows = [{**row, "label": row["label"].split("\0")} for row in csv.DictReader(file)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return load_corpus(Data(files=str(path), split=SPLIT))


def refused(file: str) -> str:
    """Returns what is said of a file whose labels may be several."""
    with pytest.raises(DataError) as caught:
        load_corpus(Data(files=file, split=SPLIT))
    return str(caught.value)


@pytest.mark.parametrize("spaces", ["", " "])
@pytest.mark.parametrize("mark", MARKS)
def test_names_with_any_usual_mark_between_are_read_as_the_message_says(
    mark: str, spaces: str, tmp_path: Path
) -> None:
    """Names with spaces too, but where a space is the mark."""
    names = ("food", "music", "travel") if mark == " " else NAMES
    between = mark if mark == " " else f"{spaces}{mark}{spaces}"
    file = cells(tmp_path / "a.csv", between.join, names)

    message = refused(file)
    (separator,) = re.findall(r"--label-separator '(.+?)'", message)
    (said,) = re.findall(r"\{label_separator: '(.+?)'\}", message)

    assert "several labels in one cell" in message
    assert "\n      if a cell" in message  # no mark breaks a line of it
    assert message.count("\n") == 2
    assert separator == said
    corpus = load_corpus(Data(files=file, split=SPLIT, label_separator=separator))
    wanted = lists(tmp_path / "a.jsonl", names)
    assert corpus.fingerprint == wanted.fingerprint
    assert corpus.labels == names


@pytest.mark.parametrize("mark", MARKS)
def test_a_name_of_other_names_is_one_label_where_that_is_said(mark: str, tmp_path: Path) -> None:
    file = cells(tmp_path / "a.csv", mark.join, ("rock", "roll", "jazz"))

    corpus = load_corpus(Data(files=file, split=SPLIT, task="single-label"))

    assert f"rock{mark}roll" in corpus.labels
    assert len(corpus.labels) == 5


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark not in "|;,"])
def test_a_name_of_other_names_is_one_label_where_it_stands_in_a_list(
    mark: str, tmp_path: Path
) -> None:
    """Whoever writes lists has said where a name ends; so has who says what stands between."""
    kinds = [["rock"], ["roll"], [f"rock{mark}roll", "rock"]]
    rows = [{"text": f"text {n} {n * n}", "label": kinds[n % 3]} for n in range(30)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    file = cells(tmp_path / "a.csv", " | ".join, ("rock", "roll", f"rock{mark}roll"))

    for said in ({"files": str(tmp_path / "a.jsonl")}, {"files": file, "label_separator": "|"}):
        corpus = load_corpus(Data.model_validate({**said, "split": SPLIT}))

        assert {*corpus.labels} == {"rock", "roll", f"rock{mark}roll"}


def test_a_name_of_other_names_is_one_label_where_it_names_a_class(tmp_path: Path) -> None:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["a", "b", "a b"])})
    rows = {"text": [f"text {n}" for n in range(30)], "label": [n % 3 for n in range(30)]}
    Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "a.parquet")

    corpus = load_corpus(Data(files=str(tmp_path / "a.parquet"), split=SPLIT))

    assert corpus.labels == ("a", "b", "a b")


@pytest.mark.parametrize("beside", ["themselves", "names"])
@pytest.mark.parametrize("way", PRINTED)
def test_printed_lists_are_refused_beside_names_too(way: str, beside: str, tmp_path: Path) -> None:
    """Sets of one are written as such, or as their name."""
    write = PRINTED[way]
    names = ("food", "music", "travel")

    def one_by_name(each: list[str]) -> str:
        return each[0] if len(each) == 1 and beside == "names" else write(each)

    file = cells(tmp_path / "a.csv", one_by_name, names)

    message = refused(file)
    corpus = load_corpus(Data(files=file, split=SPLIT, task="single-label"))

    assert "labels that look like lists" in message
    assert "save the rows as .jsonl or .parquet, with a list of names in each" in message
    assert len(corpus.labels) == 5


def test_marks_that_differ_from_cell_to_cell_are_told(tmp_path: Path) -> None:
    kinds = ["a", "b", "a;b", "b / a"]
    rows = [f"text {n} {n * n},{kinds[n % 4]}" for n in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")

    assert "where now '/' and ';' do" in refused(str(tmp_path / "a.csv"))


@pytest.mark.parametrize(
    "labels",
    [
        ("rock & roll", "rock", "jazz"),  # what is no label alone
        ("C", "C++", "C/C++ headers"),
        ("n/a", "yes", "no"),
        ("bye bye", "bye", "hello"),
        ("(a)", "(b)", "(c)"),
        ("{person}", "{place}"),
        ("spam (likely)", "spam", "likely (spam)"),
        ("a-b", "a", "b", "a_b", "a.b", "a:b"),
        ("1", "2", "1.2", "12"),
        ("+", "-", "+-"),
    ],
    ids=str,
)
def test_single_names_with_marks_in_them_are_read(labels: tuple[str, ...], tmp_path: Path) -> None:
    rows = [f"text {n} {n * n},{labels[n % len(labels)]}" for n in range(10 * len(labels))]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")

    assert {*load_corpus(Data(files=str(tmp_path / "a.csv"), split=SPLIT)).labels} == {*labels}


@pytest.mark.parametrize("written", ["tab", "\\t", "newline", "\\n"])
def test_a_mark_that_cannot_be_seen_is_written_as_a_word(written: str) -> None:
    separator = Data(files="a.csv", label_separator=written).label_separator

    assert separator == ("\t" if "t" in written[:2] else "\n")
