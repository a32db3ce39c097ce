"""The transfer set: gold, unlabelled, augmented texts; each once, none of those measured."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdzoo import registry
from kdzoo.data import Corpus, Example
from kdzoo.errors import DataError
from kdzoo.objectives.total import NO_LABEL
from kdzoo.recipe.options import recipe_model
from kdzoo.transfer import TransferSet, build_transfer_set
from kdzoo.transfer.augmenters import AugmentContext, mask

MASK = "[MASK]"
WORDS = [*"abcdefghijkl"]

Augmenter = Callable[..., Any]
AddAugmenter = Callable[[Augmenter], None]

word_lists = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8)


def long_texts(count: int, mark: str = "") -> list[str]:
    """Returns texts so different that no two of them become one by masking."""
    return [" ".join(f"{word}{mark}{number}" for word in WORDS) for number in range(count)]


def corpus_of(
    train: Sequence[str],
    unlabelled: Sequence[str] = (),
    validation: Sequence[str] = ("v",),
    test: Sequence[str] = ("t",),
) -> Corpus:
    """Returns a corpus in which the labels a and b alternate."""
    gold, validated, tested = (
        tuple(Example(text, label=number % 2) for number, text in enumerate(texts))
        for texts in (train, validation, test)
    )
    return Corpus(("a", "b"), gold, validated, tested, tuple(map(Example, unlabelled)))


def build(
    corpus: Corpus, seed: int = 0, mask_token: str | None = MASK, **augment: Any
) -> TransferSet:
    """Returns the transfer set that a recipe with this ``augment`` section gives."""
    fields = recipe_model().model_fields["transfer"].annotation
    assert fields is not None
    section = fields.model_validate({"augment": augment or None})
    return build_transfer_set(corpus, section, mask_token, seed)


def texts_of(transfer: TransferSet) -> list[str]:
    """Returns the texts alone."""
    return [example.text for example in transfer.examples]


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

    def test_tells_a_text_from_a_pair_that_begins_with_it(self) -> None:
        corpus = Corpus(("a",), (Example("x", label=0), Example("x", "y", label=0)), (), ())

        assert len(build(corpus).examples) == 2

    def test_has_a_labelled_part_for_the_control(self) -> None:
        """The hard-label control learns from the gold texts and from nothing else."""
        corpus = corpus_of(long_texts(4), long_texts(3, "u"))

        labelled = build(corpus, kind="mask", copies=2).labelled()

        assert labelled.examples == corpus.train
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

        assert made[0] == made[1]
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

        assert many.examples[: len(few.examples)] == few.examples

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
        assert not set(texts[sources:]) & set(measured)
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

    def test_texts_of_pairs_keep_their_second_text(self) -> None:
        first, second = long_texts(2)
        corpus = Corpus(("a",), (Example(first, second, label=0),), (), ())

        transfer = build(corpus, kind="mask", copies=2, p_mask=0.3)

        assert {example.text_pair for example in transfer.examples} == {second}
        assert transfer.made == 2

    def test_texts_need_a_mask_token(self) -> None:
        with pytest.raises(DataError, match="needs a mask token, which the teacher does not have"):
            build(self.CORPUS, mask_token=None, kind="mask")

    def test_texts_hold_the_teachers_own_mask_token(self) -> None:
        transfer = build(self.CORPUS, mask_token="<mask>", kind="mask", p_mask=1.0)

        assert set(transfer.examples[-1].text.split()) == {"<mask>"}


class TestMask:
    @given(words=word_lists, p_mask=st.floats(0, 1), seed=st.integers(0, 99))
    @settings(deadline=None, max_examples=50)
    def test_leaves_every_other_word_in_its_place(
        self, words: list[str], p_mask: float, seed: int
    ) -> None:
        before = list(words)

        masked = mask(words, random.Random(seed), AugmentContext(MASK), p_mask=p_mask)

        assert words == before
        assert len(masked) == len(words)
        assert all(new in (old, MASK) for old, new in zip(words, masked, strict=True))

    @pytest.mark.parametrize(("p_mask", "expected"), [(0.0, WORDS), (1.0, [MASK] * len(WORDS))])
    def test_masks_none_or_all_at_the_ends(self, p_mask: float, expected: list[str]) -> None:
        assert mask(WORDS, random.Random(0), AugmentContext(MASK), p_mask=p_mask) == expected

    def test_masks_about_the_share_it_is_told(self) -> None:
        masked = mask(["word"] * 20_000, random.Random(0), AugmentContext(MASK), p_mask=0.3)

        assert masked.count(MASK) / 20_000 == pytest.approx(0.3, abs=0.02)


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
        ],
        ids=["text", "nothing", "number", "generator", "empty", "blank"],
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
