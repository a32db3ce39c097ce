"""The transfer set: gold, unlabelled, augmented texts; each once, none of those measured."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_transfer import (
    MASK,
    WORDS,
    augment_of,
    build,
    corpus_of,
    long_texts,
    section_of,
    texts_of,
)

from kdzoo import registry
from kdzoo.data import NO_LABEL, Corpus, Example, normalised
from kdzoo.errors import DataError
from kdzoo.progress import Bar, Silent
from kdzoo.transfer import build_transfer_set, try_augmenter
from kdzoo.transfer.augmenters import AugmentContext

Augmenter = Callable[..., Any]
AddAugmenter = Callable[[Augmenter], None]

GOLDEN = [  # of two texts, each twice
    "a0 b0 c0 [MASK] e0 f0 [MASK] h0 i0 [MASK] k0 [MASK]",
    "a1 b1 [MASK] [MASK] e1 f1 g1 h1 i1 j1 k1 [MASK]",
    "a0 b0 c0 [MASK] e0 [MASK] g0 h0 i0 j0 [MASK] [MASK]",
    "a1 b1 c1 d1 e1 f1 g1 h1 [MASK] [MASK] [MASK] [MASK]",
]
word_lists = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8)


@pytest.fixture
def add_augmenter(monkeypatch: pytest.MonkeyPatch) -> AddAugmenter:
    """Registers an augmenter called ``mine`` for one test."""
    registry.augmenters.entries()  # the built-in ones first

    def add(augmenter: Augmenter) -> None:
        monkeypatch.delitem(registry.augmenters._entries, "mine", raising=False)
        registry.register_augmenter("mine")(augmenter)

    monkeypatch.setitem(registry.augmenters._entries, "mine", registry.augmenters.get("mask"))
    return add


class TestWithoutAugmentation:
    def test_is_gold_then_unlabelled(self) -> None:
        corpus = corpus_of(["one", "two", "three"], ["four", "five"])

        transfer = build(corpus)

        assert texts_of(transfer) == ["one", "two", "three", "four", "five"]
        assert transfer.gold.tolist() == [0, 1, 0, NO_LABEL, NO_LABEL]
        assert (transfer.wanted, transfer.made) == (0, 0)

    def test_needs_no_mask_token(self) -> None:
        assert texts_of(build(corpus_of(["one"]), mask_token=None)) == ["one"]

    def test_holds_no_text_twice(self) -> None:
        """A text counts once; where gold and unlabelled texts are the same, the gold one stays."""
        transfer = build(corpus_of(["one", "two", "one"], ["two", "three", "three"]))

        assert texts_of(transfer) == ["one", "two", "three"]
        assert transfer.gold.tolist() == [0, 1, NO_LABEL]

    @pytest.mark.parametrize(
        ("labels", "gold"),
        [
            ([1, 0, 0], 0),
            ([0, 0, 1], 0),
            ([0, 1, 0, 1], 0),
            ([1, 0, 0, 1], 1),
            ([(0,), (0, 1), (0, 1)], (0, 1)),
            ([(), (1,), ()], ()),
        ],
    )
    def test_takes_the_most_frequent_label_of_a_text_that_has_several(
        self, labels: list[Any], gold: Any
    ) -> None:
        """Of labels that are as frequent, the first; of sets of labels, the whole one."""
        one = (0,) if isinstance(gold, tuple) else 0
        rows = [Example("often", label=label) for label in labels]
        corpus = Corpus(("a", "b"), (Example("once", label=one), *rows), (), ())

        transfer = build(corpus)

        assert texts_of(transfer) == ["once", "often"]
        assert [example.label for example in transfer.labelled().examples] == [one, gold]

    def test_tells_a_text_from_a_pair_that_begins_with_it(self) -> None:
        corpus = Corpus(("a",), (Example("x", label=0), Example("x", "y", label=0)), (), ())

        assert len(build(corpus).examples) == 2

    def test_has_a_labelled_part_for_the_control(self) -> None:
        """The hard-label control learns from the gold texts and from nothing else."""
        corpus = corpus_of(long_texts(4), long_texts(3, "u"))

        labelled = build(corpus, kind="mask", copies=2).labelled()

        assert tuple(labelled.examples) == corpus.train
        assert np.array_equal(labelled.gold, corpus.gold("train"))


class TestAugmented:
    CORPUS = corpus_of(long_texts(5), long_texts(4, "u"), long_texts(2, "v"), long_texts(2, "t"))
    OPTIONS: ClassVar[dict[str, Any]] = {"kind": "mask", "copies": 2, "p_mask": 0.3}

    def test_texts_come_last_and_without_a_label(self) -> None:
        """Every gold and unlabelled text has as many copies as asked for."""
        sources = [*self.CORPUS.train, *self.CORPUS.unlabelled]

        transfer = build(self.CORPUS, kind="mask", copies=3, p_mask=0.3)

        assert list(transfer.examples[:9]) == sources
        assert len(transfer.examples) == 9 + 27
        assert all(MASK in example.text for example in transfer.examples[9:])
        assert set(transfer.gold[5:].tolist()) == {NO_LABEL}
        assert (transfer.wanted, transfer.made) == (27, 27)

    def test_texts_are_the_same_for_the_same_seed_and_others_for_another(self) -> None:
        made = [build(self.CORPUS, seed, kind="mask", p_mask=0.3) for seed in (0, 0, 1)]

        assert texts_of(made[0]) == texts_of(made[1])
        assert not set(texts_of(made[0])[9:]) & set(texts_of(made[2])[9:])

    def test_texts_do_not_depend_on_the_order_or_number_of_the_others(self) -> None:
        """A text's copies are its own: data that grows keeps what the teacher has labelled."""
        backwards = corpus_of([example.text for example in self.CORPUS.train[::-1]])

        one, other = build(backwards, **self.OPTIONS), build(self.CORPUS, **self.OPTIONS)

        assert set(texts_of(one)) < set(texts_of(other))

    def test_texts_are_masked_in_places_of_their_own(self) -> None:
        """One pattern for all texts would hide the same positions everywhere."""
        transfer = build(corpus_of(long_texts(9)), kind="mask", p_mask=0.5)

        patterns = [
            tuple(word == MASK for word in example.text.split())
            for example in transfer.examples[9:]
        ]

        assert len(set(patterns)) == 9

    def test_first_copies_do_not_depend_on_how_many_follow(self) -> None:
        few, many = (build(self.CORPUS, kind="mask", copies=n, p_mask=0.3) for n in (2, 4))

        assert texts_of(many)[: len(few.examples)] == texts_of(few)
        assert len(many.examples) > len(few.examples)

    def test_texts_are_what_they_were_in_earlier_versions(self) -> None:
        """The teacher has labelled them, and students were trained on them under a key."""
        transfer = build(corpus_of(long_texts(2)), **self.OPTIONS)

        assert texts_of(transfer)[2:] == GOLDEN

    @pytest.mark.study
    def test_texts_do_not_depend_on_the_process(self) -> None:
        """Strings hash differently in every process; nothing here follows that."""
        program = (
            "import sys; sys.path.insert(0, sys.argv[1]); from test_transfer import *\n"
            "print(*texts_of(build(TestAugmented.CORPUS, **TestAugmented.OPTIONS)), sep='\\n')"
        )

        there = subprocess.run(
            [sys.executable, "-P", "-c", program, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": "1"},
            capture_output=True,
            text=True,
            check=True,
        )

        assert there.stdout.splitlines() == texts_of(build(self.CORPUS, **self.OPTIONS))

    @given(
        train=st.lists(word_lists, min_size=1, max_size=6),
        unlabelled=st.lists(word_lists, max_size=4),
        held_out=st.lists(word_lists, max_size=4),
        p_mask=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
        copies=st.integers(1, 4),
    )
    @settings(deadline=None, max_examples=50)
    def test_texts_are_new_not_empty_and_counted(
        self,
        train: list[list[str]],
        unlabelled: list[list[str]],
        held_out: list[list[str]],
        p_mask: float,
        copies: int,
    ) -> None:
        """None equals a text of train, validation or test, even if those hold masks themselves."""
        measured = [" ".join(words) for words in held_out] + [MASK, f"{MASK} {MASK}"]
        corpus = corpus_of(
            [" ".join(words) for words in train],
            [" ".join(words) for words in unlabelled],
            measured[::2],
            measured[1::2],
        )
        sources = len({example.text for example in (*corpus.train, *corpus.unlabelled)})

        transfer = build(corpus, kind="mask", p_mask=p_mask, copies=copies)

        texts = texts_of(transfer)
        assert len(set(texts)) == len(texts)
        known = {normalised(example) for example in (*corpus.train, *corpus.unlabelled)}
        known |= {normalised(Example(text)) for text in measured}
        assert not {normalised(Example(text)) for text in texts[sources:]} & known
        assert all(text.strip() for text in texts)
        assert transfer.wanted == sources * copies
        assert transfer.made == len(texts) - sources <= transfer.wanted

    @pytest.mark.parametrize(("p_mask", "made"), [(0.0, 0), (1.0, 2)])
    def test_texts_that_cannot_be_made_are_missing_and_counted(
        self, p_mask: float, made: int
    ) -> None:
        """Masking nothing gives nothing new; masking all gives one text per length."""
        corpus = corpus_of(["play it", "stop it", "louder please now"])

        transfer = build(corpus, kind="mask", copies=5, p_mask=p_mask)

        assert (transfer.wanted, transfer.made) == (15, made)
        assert len(transfer.examples) == 3 + made

    def test_texts_of_pairs_are_pairs(self) -> None:
        first, second = long_texts(2)
        corpus = Corpus(("a",), (Example(first, second, label=0),), (), ())

        transfer = build(corpus, kind="mask", copies=2, p_mask=0.3)

        assert all(example.text_pair for example in transfer.examples)
        assert transfer.made == 2

    def test_texts_need_a_mask_token(self) -> None:
        with pytest.raises(DataError, match="needs a mask token, which the teacher does not have"):
            build(self.CORPUS, mask_token=None, kind="mask")

    def test_texts_hold_the_teachers_own_mask_token(self) -> None:
        transfer = build(self.CORPUS, mask_token="<mask>", kind="mask", p_mask=1.0)

        assert set(transfer.examples[-1].text.split()) == {"<mask>"}


class TestAnAugmenterOfOnesOwn:
    def test_gets_words_and_options_and_decides_what_comes_out(
        self, add_augmenter: AddAugmenter
    ) -> None:
        def swap(
            words: Sequence[str], rng: random.Random, context: AugmentContext, *, times: int = 1
        ) -> list[str]:
            """Exchanges neighbours."""
            mixed = list(words)
            for _ in range(times):
                at = rng.randrange(len(mixed) - 1)
                mixed[at], mixed[at + 1] = mixed[at + 1], mixed[at]
            return mixed

        add_augmenter(swap)
        corpus = corpus_of(long_texts(3))

        transfer = build(corpus, kind="mine", copies=2, times=3)

        assert transfer.made == 6
        for number, example in enumerate(transfer.examples[3:]):
            assert sorted(example.text.split()) == sorted(corpus.train[number % 3].text.split())

    @pytest.mark.parametrize(
        ("rubbish", "said"),
        [
            ("one text", "returned str, wanted a list of words"),
            (None, "returned NoneType, wanted a list of words"),
            (["play", 3], "returned int inside a list, wanted a list of words"),
            ((word for word in WORDS), "returned generator, wanted a list of words"),
            ([], "returned an empty text"),
            (["", " "], "returned an empty text"),
            (["play", "\ud83d"], "returned half a character"),
        ],
        ids=["text", "nothing", "number", "generator", "empty", "blank", "half"],
    )
    def test_that_returns_rubbish_is_refused_by_name(
        self, add_augmenter: AddAugmenter, rubbish: Any, said: str
    ) -> None:
        def broken(words: Sequence[str], rng: random.Random, context: AugmentContext) -> Any:
            """Fails in one of many ways."""
            return rubbish

        add_augmenter(broken)

        with pytest.raises(DataError, match=f"the augmenter 'mine' {said}"):
            build(corpus_of(["play it"]), kind="mine")

    def test_that_fails_is_refused_by_name_with_the_text_it_fails_on(
        self, add_augmenter: AddAugmenter
    ) -> None:
        def picky(words: Sequence[str], rng: random.Random, context: AugmentContext) -> list[str]:
            """Cannot do with fewer than two words."""
            return rng.sample(list(words), 2)

        add_augmenter(picky)

        with pytest.raises(
            DataError, match=r"the augmenter 'mine' \(.*test_transfer.py:\d+\)"
        ) as e:
            build(corpus_of(["play it", "stop"]), kind="mine")
        assert "fails on 'stop': ValueError: " in str(e.value)

    def test_is_tried_on_pairs_where_the_data_are_pairs(self, add_augmenter: AddAugmenter) -> None:
        """As it will run: on each side, among pairs; so what fails there is told at once."""

        def one_sided(
            words: Sequence[str], rng: random.Random, context: AugmentContext
        ) -> list[str]:
            """Cannot do with the second text of a pair."""
            assert all(each.text_pair for each in context.examples)
            return {"first": list(words)}[str(context.side)]

        add_augmenter(one_sided)

        with pytest.raises(DataError, match=r"the augmenter 'mine' .*: KeyError: 'second'"):
            try_augmenter(augment_of("mine"), pairs=True)


class TestTexts:
    def test_that_differ_from_the_datas_in_looks_alone_are_not_made(self) -> None:
        """Spaces, case and punctuation make no new text: the teacher was asked already."""
        corpus = corpus_of(["play   it", "Play it!"])

        assert build(corpus, kind="mask", p_mask=0.0, copies=3).made == 0

    def test_that_are_missing_are_told_of(self) -> None:
        transfer = build(corpus_of(["play it"]), kind="mask", p_mask=1.0, copies=1000)

        assert (transfer.wanted, transfer.made) == (1000, 1)
        (note,) = transfer.notes
        assert "mask found 1 new texts of 1,000 asked for (transfer.augment.copies)" in note

    def test_that_are_all_there_need_no_note(self) -> None:
        assert build(corpus_of(long_texts(3)), kind="mask", p_mask=0.5).notes == ()

    def test_are_counted_to_the_last_on_the_bar(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever number of texts the bar moves by at once, it ends at its end."""
        monkeypatch.setattr("kdzoo.transfer.augment.NOTED_EVERY", 4)
        shown: list[tuple[str, int, list[int]]] = []

        class Shown(Silent):
            @contextmanager
            def task(
                self, description: str, total: int, done: int = 0, unit: str = "steps"
            ) -> Iterator[Bar]:
                steps: list[int] = []
                shown.append((description, total, steps))

                class Counted:
                    def advance(self, steps_: int = 1, note: str = "") -> None:
                        steps.append(steps_)

                yield Counted()

        section = section_of(augment={"kind": "mask", "copies": 2})
        build_transfer_set(corpus_of(long_texts(5)), section, MASK, 0, Shown())

        ((description, total, steps),) = shown
        assert (description, total, steps) == ("augmenting (mask)", 10, [4, 4, 2])
