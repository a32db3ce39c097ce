"""Each labelled text is labelled by a teacher that has not seen it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import some_texts, tiny_corpus
from tiny_world import LABELS, RunCommand, WriteRecipe

from kdzoo.data import Corpus, Example, Texts
from kdzoo.errors import TeacherError
from kdzoo.progress import Silent
from kdzoo.results import Store
from kdzoo.teacher import (
    CachedRows,
    LinearFold,
    LogitTable,
    OutOfFold,
    fit_head,
    folds_of,
    open_sentence_encoder,
    refuse_folds,
)

CPU = torch.device("cpu")


@dataclass
class Constant:
    """A labeller that says a number of every text, and remembers whom it was asked about."""

    value: float
    asked: list[bytes] = field(default_factory=list)

    @property
    def key(self) -> str:
        return str(self.value)

    def label(self, examples: Any, *_: Any) -> LogitTable:
        texts = Texts.of(examples)
        self.asked += [each.tobytes() for each in texts.digests]
        shard = np.zeros(len(texts), dtype=[("digest", "<u8", (2,)), ("logits", "<f2", (2,))])
        shard["logits"] = self.value
        places = np.stack([np.zeros(len(texts)), np.arange(len(texts))], axis=1).astype(np.int64)
        return LogitTable((CachedRows(places, [shard]),), (np.arange(2),))


@pytest.mark.parametrize("count", [2, 3, 7])
def test_texts_are_labelled_by_who_has_not_seen_them(count: int) -> None:
    """In any order, with texts among them that are not labelled: these the whole labels."""
    corpus = tiny_corpus()
    fold_of = folds_of(corpus, count)
    teacher = OutOfFold(Constant(-1), tuple(map(Constant, range(count))), fold_of)
    others = [each for each in some_texts(20) if each.digest not in fold_of]
    mixed = [each for pair in zip(corpus.train, [*others, *others], strict=False) for each in pair]

    said = teacher.label(mixed, Silent(), CPU)[:]

    assert said[:, 0].tolist() == [fold_of.get(each.digest, -1) for each in mixed]
    assert np.array_equal(said[:, 0], said[:, 1])


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_each_label_is_spread_evenly(count: int) -> None:
    corpus = tiny_corpus()
    fold_of = folds_of(corpus, count)

    sizes = Counter((each.label, fold_of[each.digest]) for each in corpus.train)

    for label in range(len(LABELS)):
        own = [sizes[label, fold] for fold in range(count)]
        assert sum(own) == 8
        assert max(own) - min(own) <= 1


def test_a_text_that_stands_there_twice_is_in_one_fold() -> None:
    """Else the teacher that labels it would have seen it; also where its labels differ."""
    corpus = tiny_corpus()
    twice = (*corpus.train, *(Example(each.text, label=0) for each in corpus.train))

    assert folds_of(replace(corpus, train=twice), 4) == folds_of(corpus, 4)


def test_a_text_that_is_written_in_another_way_is_in_the_same_fold() -> None:
    """An uncased teacher that has seen the one has seen the other; the rest stays as it was."""
    corpus = tiny_corpus()
    shouted = [Example(f" {each.text.upper()}  ", label=each.label) for each in corpus.train[::3]]

    found = folds_of(replace(corpus, train=(*shouted, *corpus.train)), 4)

    for again, each in zip(shouted, corpus.train[::3], strict=True):
        assert found[again.digest] == found[each.digest]


def test_folds_do_not_depend_on_the_order_of_the_texts() -> None:
    corpus = tiny_corpus()

    turned = replace(corpus, train=corpus.train[::-1])

    assert folds_of(turned, 4) == folds_of(corpus, 4)


def test_a_linear_fold_is_fitted_to_the_other_texts(tiny_encoder: Path) -> None:
    """To the bit the head that is fitted to them alone; and only once."""
    corpus = tiny_corpus()
    encoder = open_sentence_encoder(tiny_encoder, None, 32, 8)
    seen, left = replace(corpus, train=corpus.train[::2]), corpus.train[1::2]

    said = LinearFold((("a linear fold", encoder),), seen).label(left, Silent(), CPU)[:]

    vectors = encoder.vectors(left, Silent(), CPU)[:].astype(np.float32)
    wanted = fit_head(encoder, seen, Silent(), CPU).logits(vectors)
    np.testing.assert_array_equal(said, wanted.astype(np.float16))


def few(counts: tuple[int, ...]) -> Corpus:
    """Returns a corpus with so many texts of each label."""
    train = tuple(
        Example(f"text {number} of {label}", label=label)
        for label, count in enumerate(counts)
        for number in range(count)
    )
    return Corpus(tuple(LABELS[: len(counts)]), train, train, train)


@pytest.mark.parametrize(
    ("counts", "folds", "linear", "words"),
    [
        ((9, 3), 5, False, "'music' has 3 training texts, .* --set teacher.folds=3"),
        ((1, 9), 2, False, "'alarm' has 1 training text, .* remove teacher.folds"),
        ((9, 2), 2, True, "'music' has 2 training texts, .* remove teacher.folds"),
        ((9, 3), 2, True, "remove teacher.folds"),
        ((9, 4), 5, True, "--set teacher.folds=4"),
    ],
)
def test_a_label_with_fewer_texts_than_folds_is_told(
    counts: tuple[int, ...], folds: int, linear: bool, words: str
) -> None:
    with pytest.raises(TeacherError, match=words):
        refuse_folds(few(counts), folds, linear=linear)


def test_a_label_whose_texts_are_in_one_fold_is_told() -> None:
    """Texts that have another label too lie where that one's do: a fold may hold all of them."""
    corpus = few((40, 0))
    fold_of = folds_of(corpus, 2)
    own = [each for each in corpus.train if not fold_of[each.digest]][:6]
    twice = replace(corpus, labels=tuple(LABELS[:2]))
    twice = replace(twice, train=(*corpus.train, *(Example(each.text, label=1) for each in own)))

    with pytest.raises(TeacherError, match=f"'{LABELS[1]}' has 6 training texts"):
        refuse_folds(twice, 2, linear=True)


@pytest.mark.parametrize(
    ("counts", "folds", "linear"), [((5, 9), 5, False), ((2, 2), 2, False), ((4, 5), 4, True)]
)
def test_as_many_texts_as_folds_are_enough(
    counts: tuple[int, ...], folds: int, linear: bool
) -> None:
    refuse_folds(few(counts), folds, linear=linear)


class TestStudy:
    @pytest.mark.study
    @pytest.mark.parametrize(
        "teacher",
        [
            {"head": "linear", "fine_tune": None},
            pytest.param({}, marks=pytest.mark.slow),  # trains three teachers
        ],
        ids=["linear", "fine_tuned"],
    )
    def test_students_learn_from_folds_and_the_table_shows_the_whole(
        self, write_recipe: WriteRecipe, kdzoo: RunCommand, teacher: dict[str, Any]
    ) -> None:
        """With folds the teacher's row is the same, the student another; again, nothing is made."""
        quick = {
            "training": {"steps": 5, "evaluations": 1},
            "controls": {"hard_labels": False, "baseline": False},
        }
        plain = write_recipe("plain.yaml", teacher=teacher, **quick)
        folded = write_recipe("folded.yaml", teacher={**teacher, "folds": 2}, **quick)
        rows = []
        for recipe in (plain, folded, folded):
            outcome = kdzoo("run", str(recipe), "--out", f"runs/{recipe.stem}")
            assert outcome.code == 0, outcome.err
            store = Store(Path("runs") / recipe.stem)
            rows.append({row.role: row.members[0] for row in store.manifest().rows})

        assert rows[0]["student"].teacher_key == rows[1]["student"].teacher_key
        assert rows[0]["student"].key != rows[1]["student"].key
        assert rows[1] == rows[2]

    @pytest.mark.parametrize("command", ["check", "run"])
    def test_too_few_texts_are_told_before_anything_is_fitted(
        self, write_recipe: WriteRecipe, kdzoo: RunCommand, command: str
    ) -> None:
        """And the cure that is told does it."""
        recipe = write_recipe(teacher={"folds": 5}, data={"labels_per_class": 4})

        outcome = kdzoo(command, str(recipe))

        assert outcome.code == 2
        assert "--set teacher.folds=4" in outcome.err
        assert not Path("runs/tiny/models").exists()
        assert kdzoo("check", str(recipe), "--set", "teacher.folds=4").code == 0

    def test_a_finished_teacher_has_none(
        self, write_recipe: WriteRecipe, kdzoo: RunCommand, tiny_teacher: Path
    ) -> None:
        teacher = {"model": str(tiny_teacher), "fine_tune": None, "folds": 2}

        outcome = kdzoo("check", str(write_recipe(teacher=teacher)))

        assert outcome.code == 2
        assert "folds belong to a teacher that is fitted here" in outcome.err
