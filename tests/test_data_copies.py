"""Texts that stand several times in the data: drawn splits keep all copies of one together."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdzoo.data import Corpus, Example, RawData, load_corpus, normalised
from kdzoo.data.corpus import RawRow, Tags
from kdzoo.data.split import keep_few_labels, make_splits
from kdzoo.data.words import form_of
from kdzoo.errors import DataError
from kdzoo.recipe.data import Data

RULES: Any = {"validation": "0.15 of train", "test": "0.25 of train"}


def written(copy: int, text: str) -> str:
    """Returns a copy of a text, which the leak check takes for the same."""
    return (text, text.title(), f"{text}.", f" {text}!")[copy % 4]


def mixed(rows: list[RawRow]) -> list[RawRow]:
    """Returns the rows in some order."""
    return random.Random(7).sample(rows, len(rows))


def copied(texts: int, copies: int) -> list[RawRow]:
    """Returns so many texts of four labels, each so many times."""
    every = [(written(n, f"text {t}"), "abcd"[t % 4]) for t in range(texts) for n in range(copies)]
    return mixed(every)  # type: ignore[arg-type]


def drawn(rows: list[RawRow], rules: Any = RULES, **options: Any) -> dict[str, list[RawRow]]:
    """Returns the splits that are drawn from the rows, of which none is lost."""
    splits = make_splits(RawData({"train": rows}, origin="my.csv"), rules, **options).splits
    assert sorted(repr(row) for part in splits.values() for row in part) == sorted(map(repr, rows))
    return splits


def forms(rows: list[RawRow]) -> set[str]:
    return {form_of(given) for given, _ in rows}


def shared(splits: dict[str, list[RawRow]]) -> int:
    """Returns how many texts stand in more than one split."""
    counts = Counter(form for rows in splits.values() for form in forms(rows))
    return sum(count > 1 for count in counts.values())


def shares(splits: dict[str, list[RawRow]]) -> dict[str, float]:
    total = sum(map(len, splits.values()))
    return {name: len(rows) / total for name, rows in splits.items()}


@pytest.mark.parametrize("copies", [2, 4, 25])
def test_copies_of_a_text_are_drawn_to_one_side(copies: int) -> None:
    """A student is tested on no text that it has learnt, and the shares are those asked for."""
    splits = drawn(copied(240, copies))

    assert shared(splits) == 0
    assert shares(splits) == pytest.approx({"train": 0.6, "validation": 0.15, "test": 0.25})
    assert all({label for _, label in rows} == set("abcd") for rows in splits.values())


@pytest.mark.parametrize("most", [30, 300])
def test_shares_are_about_right_where_some_texts_have_many_copies(most: int) -> None:
    """As in logs, where "hello" is every tenth line."""
    often = mixed(
        [(f"text {t}", "ab"[t % 2]) for t in range(300) for _ in range(1 + most // (t + 1))]
    )

    splits = drawn(often)

    assert shared(splits) == 0
    assert shares(splits) == pytest.approx(
        {"train": 0.6, "validation": 0.15, "test": 0.25}, abs=0.03
    )


def test_a_text_with_two_labels_is_on_one_side_too() -> None:
    """Each label stays in train, the one that a text has by mistake too."""
    rows: list[RawRow] = copied(40, 3)
    rows += [("text 1", "a"), ("text 2", "rare"), ("text 3", "rare"), ("text 3", "rare")]

    splits = drawn(mixed(rows))

    assert shared(splits) == 0
    assert {label for _, label in splits["train"]} == {"a", "b", "c", "d", "rare"}


@given(
    rows=st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc")), min_size=1, max_size=60),
    several=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_whatever_is_repeated_no_text_is_on_two_sides(
    rows: list[tuple[int, str]], several: bool
) -> None:
    """Nothing is lost, the order stays, and each label has a row in train."""
    base = [(f"other {number}", label) for label in "abc" for number in range(15)]
    given_rows = [*base, *((f"text {text}", label) for text, label in rows)]
    whole: list[RawRow] = [(f"{t}", (label,) if several else label) for t, label in given_rows]

    splits = drawn(whole)

    assert shared(splits) == 0
    assert {label for _, label in splits["train"]} == {label for _, label in whole}
    for part in splits.values():
        in_order = iter(whole)
        assert all(row in in_order for row in part)


def test_pairs_are_the_same_where_both_texts_are() -> None:
    rows: list[RawRow] = [
        ((written(n, f"one {t}"), written(n + 1, "the other")), "ab"[t % 2])
        for t in range(80)
        for n in range(4)
    ]

    splits = drawn(mixed(rows))

    assert shared(splits) == 0
    assert shares(splits)["test"] == pytest.approx(0.25)


def test_copies_with_several_labels_each_are_on_one_side() -> None:
    sets = [(), ("joy",), ("joy", "anger"), ("fear",)]
    rows: list[RawRow] = [
        (written(n, f"text {t}"), sets[t % 4]) for t in range(160) for n in range(3)
    ]
    rows += [("text 0", ("rare",)), *[("often", ("joy",))] * 60]

    splits = drawn(mixed(rows))

    assert shared(splits) == 0
    assert shares(splits) == pytest.approx(
        {"train": 0.6, "validation": 0.15, "test": 0.25}, abs=0.03
    )
    assert {n for _, names in splits["train"] for n in names} == {"joy", "anger", "fear", "rare"}


def test_copies_of_a_sentence_with_tags_are_on_one_side() -> None:
    rows: list[RawRow] = [
        (f"Ada met {t}", Tags(("B-PER", "O", "B-LOC" if t % 5 else "O")))
        for t in range(100)
        for _ in range(4)
    ]

    splits = drawn(mixed(rows))

    assert shared(splits) == 0
    assert shares(splits)["test"] == pytest.approx(0.25, abs=0.03)


def test_without_copies_rows_are_drawn_as_they_would_be_one_by_one() -> None:
    """Splits of what was drawn before hold."""
    for labels in ([*"abcd"], [("a",), ("a", "b"), (), ("c",)]):
        rows: list[RawRow] = [(f"text {t}", labels[t % 4]) for t in range(200)]

        assert drawn(mixed(rows)) == drawn(mixed(rows), together=False)


def written_file(folder: Path) -> Path:
    file = folder / "rows.jsonl"
    lines = [f'{{"text": "{text}", "label": "{label}"}}\n' for text, label in copied(120, 4)]
    file.write_text("".join(lines), encoding="utf-8")
    return file


def overlap(corpus: Corpus) -> int:
    """Returns how many texts of train are tested on."""
    train = {normalised(example) for example in corpus.train}
    return len(train & {normalised(example) for example in corpus.test})


@pytest.mark.parametrize("on_leak", ["warn", "error"])
def test_of_drawn_splits_there_is_no_leak_to_tell(tmp_path: Path, on_leak: Any) -> None:
    corpus = load_corpus(Data(files=str(written_file(tmp_path)), split=RULES, on_leak=on_leak))

    assert overlap(corpus) == 0
    assert not any("two splits" in note for note in corpus.notes)


def test_where_leaks_are_dropped_draws_are_those_of_before(tmp_path: Path) -> None:
    """Copies leave train anyway, and what was published with such splits holds."""
    section = Data(files=str(written_file(tmp_path)), split=RULES, on_leak="drop")
    one_by_one = drawn(copied(120, 4), together=False)

    corpus = load_corpus(section)

    assert [example.text for example in corpus.test] == [text for text, _ in one_by_one["test"]]
    assert overlap(corpus) == 0
    assert len(corpus.train) < len(one_by_one["train"])


def test_labels_of_one_text_each_leave_nothing_to_draw() -> None:
    """However many copies it has."""
    rows: list[RawRow] = [(f"text {t}", f"label {t}") for t in range(3) for _ in range(6)]

    with pytest.raises(DataError, match=r"3 labels stand on 18 rows \(3 texts\) that are left"):
        drawn(rows)


@pytest.mark.parametrize("several", [False, True])
def test_few_labels_are_of_so_many_texts_however_many_copies_they_have(several: bool) -> None:
    """Ten labels of a class are ten texts that someone labelled; copies come along."""
    rows = [
        Example(f"text {t}", label=(t % 3,) if several else t % 3)
        for t in range(90)
        for _ in range(1 + t % 5)
    ]
    corpus = Corpus(("a", "b", "c"), tuple(random.Random(1).sample(rows, len(rows))), (), ())

    few = keep_few_labels(corpus, 10, None, 0)

    assert Counter(label for _, label in {(e.text, e.label) for e in few.train}) == {
        (label,) if several else label: 10 for label in range(3)
    }
    assert not {e.text for e in few.train} & {e.text for e in few.unlabelled}


def test_few_labels_of_texts_that_stand_once_are_those_of_before() -> None:
    """The first of each label in a seeded order."""
    corpus = Corpus(("a", "b"), tuple(Example(f"t{t}", label=t % 2) for t in range(12)), (), ())

    few = keep_few_labels(corpus, 2, None, 5)

    assert [example.text for example in few.train] == ["t2", "t7", "t10", "t11"]
