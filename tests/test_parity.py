"""The parity gate: a form that answers as PyTorch does passes, no other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kdzoo.runtime import Input, Logits
from kdzoo.runtime.alone import TextByText
from kdzoo.runtime.parity import (
    LARGEST_DIFFERENCE,
    LARGEST_LOSS,
    LOST_TEXTS,
    RAGGED_BATCH,
    Parity,
    parity_of,
    ragged_logits,
)
from kdzoo.task import MULTI_LABEL
from kdzoo.task.thresholds import label_thresholds, macro_f1

CLASSES, LABELS = 4, 28
Labels = npt.NDArray[np.int64]
any_logits = st.integers(1, 30).flatmap(
    lambda texts: arrays.arrays(np.float32, (texts, CLASSES), elements=st.floats(-8, 8, width=32))
)


def answers(labels: Sequence[int]) -> Logits:
    """Returns logits [N, C] that give these labels, without a doubt."""
    return np.eye(CLASSES, dtype=np.float32)[list(labels)] * 4


def shifted(logits: Logits, by: float, where: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Returns the logits with one of them moved, without rounding."""
    moved = logits.astype(np.float64)
    moved[where] += by
    return moved


def no_ragged() -> Logits:
    return np.empty((0, CLASSES), dtype=np.float32)


def several_labels(texts: int = 3000) -> tuple[Logits, npt.NDArray[np.bool_]]:
    """Returns logits [N, C] that know labels of any frequency, and which labels texts have."""
    generator, often = np.random.default_rng(0), np.geomspace(0.2, 0.01, LABELS)
    gold = generator.random((texts, LABELS)) < often
    logits = np.log(often / (1 - often)) + 2.6 * gold + generator.normal(0, 0.9, gold.shape)
    return logits.astype(np.float32), gold


def of_labels(gold: npt.NDArray[np.bool_]) -> Callable[[Logits], float]:
    """Returns macro-F1 at the thresholds that fit."""

    def figure(logits: Logits) -> float:
        thresholds = label_thresholds(MULTI_LABEL.probabilities(logits), gold)
        return macro_f1(MULTI_LABEL.answers(logits, thresholds), gold)

    return figure


class TestExactForm:
    @settings(deadline=None, max_examples=50)
    @given(any_logits, st.floats(0, 1e-2), st.sampled_from((1, -1)), st.booleans(), st.data())
    def test_passes_if_and_only_if_no_logit_is_further_off_than_the_bound(
        self, reference: Logits, size: float, sign: int, in_ragged: bool, data: st.DataObject
    ) -> None:
        """One logit of one text decides, in batches of either kind; labels do not matter."""
        where = (
            data.draw(st.integers(0, len(reference) - 1), "text"),
            data.draw(st.integers(0, CLASSES - 1), "class"),
        )
        moved: Any = shifted(reference, sign * size, where)
        logits, ragged = (reference, moved) if in_ragged else (moved, reference)

        parity = parity_of(
            reference, logits, reference.argmax(1), exact=True, ragged=ragged[: where[0] + 1]
        )

        difference = abs(float(moved[where]) - float(reference[where]))
        assert parity.logit_difference == difference
        assert parity.passed == (difference <= LARGEST_DIFFERENCE)

    @settings(deadline=None, max_examples=50)
    @given(any_logits)
    def test_that_gives_the_same_logits_passes_whatever_is_right(self, reference: Logits) -> None:
        wrong = (reference.argmax(1) + 1) % CLASSES

        parity = parity_of(reference, reference.copy(), wrong, exact=True, ragged=reference[:3])

        assert parity == Parity(
            texts=len(reference),
            logit_difference=0,
            other_labels=0,
            accuracy_change=0,
            passed=True,
        )

    def test_fails_even_where_it_is_better(self) -> None:
        """It is asked to be the same model, not a lucky one."""
        gold = np.array([0, 1, 2, 3])

        parity = parity_of(
            answers([1, 1, 1, 1]), answers(gold), gold, exact=True, ragged=no_ragged()
        )

        assert parity.accuracy_change == 0.75
        assert not parity.passed


class TestInexactForm:
    @settings(deadline=None, max_examples=50)
    @given(st.integers(1, 2000), st.integers(0, 40), st.integers(0, 40))
    def test_passes_if_and_only_if_it_loses_few_texts(
        self, texts: int, lost: int, won: int
    ) -> None:
        """Half a point of accuracy, or two texts, whichever is more; what it wins counts too."""
        lost, won = min(lost, texts), min(won, texts - min(lost, texts))
        gold = np.zeros(texts, dtype=np.int64)
        before, after = np.zeros(texts, dtype=np.int64), np.zeros(texts, dtype=np.int64)
        after[:lost] = 1
        before[lost : lost + won] = 1

        parity = parity_of(answers(before), answers(after), gold, exact=False, ragged=no_ragged())

        net = lost - won
        assert parity.passed == (net <= 2 or net / texts <= 0.005)
        assert parity.accuracy_change == -net / texts
        assert parity.other_labels == lost + won

    @pytest.mark.parametrize(
        ("texts", "allowed"), [(1, 2), (100, 2), (400, 2), (599, 2), (600, 3), (3000, 15)]
    )
    def test_may_lose_more_texts_of_more(self, texts: int, allowed: int) -> None:
        assert max(math.floor(LARGEST_LOSS * texts), LOST_TEXTS) == allowed
        gold = np.zeros(texts, dtype=np.int64)
        for lost in (allowed, allowed + 1):
            if lost <= texts:
                after = (np.arange(texts) < lost).astype(np.int64)
                parity = parity_of(
                    answers(gold), answers(after), gold, exact=False, ragged=no_ragged()
                )
                assert parity.passed == (lost == allowed)

    @settings(deadline=None, max_examples=50)
    @given(any_logits, st.floats(0, 100))
    def test_may_have_any_logits_as_long_as_the_labels_hold(
        self, reference: Logits, shift: float
    ) -> None:
        """A constant on all logits of a text changes no answer."""
        gold = reference.argmax(1)
        logits = (reference + np.float32(shift)).astype(np.float32)
        logits[np.arange(len(gold)), gold] += 1  # rounding must not tie them

        parity = parity_of(reference, logits, gold, exact=False, ragged=no_ragged())

        assert parity.passed
        assert parity.other_labels == 0
        assert parity.logit_difference >= shift - 1e-4


class TestLeadingFigure:
    """Of several labels, or of tags, most answers hold where rare ones are lost."""

    def test_of_rare_labels_counts_though_no_set_changes(self) -> None:
        """They hardly ever pass one half, and are given from the thresholds that are fitted."""
        reference, gold = several_labels()
        logits, rare = reference.copy(), np.arange(19, LABELS)
        noise = np.random.default_rng(1).normal(size=(len(gold), len(rare)))
        logits[:, rare] = reference[:, rare].mean(0) + 0.5 * noise

        plain = parity_of(reference, logits, gold, exact=False, ragged=gold[:0], task=MULTI_LABEL)
        parity = parity_of(
            reference, logits, gold, exact=False, ragged=gold[:0], task=MULTI_LABEL,
            leading=of_labels(gold),
        )  # fmt: skip

        assert plain.passed
        assert plain.leading_change is None
        assert parity.accuracy_change == plain.accuracy_change
        assert parity.leading_change is not None
        assert parity.leading_change < -0.1
        assert not parity.passed

    @pytest.mark.parametrize(
        ("texts", "fall", "passes"),
        [(1000, 0.004, True), (1000, 0.006, False), (100, 0.019, True), (100, 0.021, False)],
    )
    def test_may_fall_by_half_a_point_or_what_two_texts_are(
        self, texts: int, fall: float, passes: bool
    ) -> None:
        reference, gold = several_labels(texts)
        known = {id(reference): 0.5}

        parity = parity_of(
            reference, reference.copy(), gold, exact=False, ragged=gold[:0], task=MULTI_LABEL,
            leading=lambda logits: known.get(id(logits), 0.5 - fall),
        )  # fmt: skip

        assert parity.leading_change == pytest.approx(-fall)
        assert parity.passed == passes

    def test_does_not_count_where_logits_have_to_be_the_same(self) -> None:
        reference, gold = several_labels()
        falls = iter((0.9, 0.1))

        parity = parity_of(
            reference, reference.copy(), gold, exact=True, ragged=reference[:0], task=MULTI_LABEL,
            leading=lambda _: next(falls),
        )  # fmt: skip

        assert parity.passed

    def test_is_not_asked_of_what_is_no_number(self) -> None:
        reference, gold = several_labels()
        logits = reference.copy()
        logits[3, 2] = math.nan

        parity = parity_of(
            reference, logits, gold, exact=False, ragged=gold[:0], task=MULTI_LABEL,
            leading=of_labels(gold),
        )  # fmt: skip

        assert not parity.passed
        assert parity.leading_change is None

    def test_is_missing_from_what_an_older_kdzoo_wrote(self) -> None:
        old = '{"texts":3,"logit_difference":0,"other_labels":0,"accuracy_change":0,"passed":true}'

        assert Parity.model_validate_json(old).leading_change is None


class TestNoNumber:
    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("exact", [True, False])
    @settings(deadline=None, max_examples=50)
    @given(reference=any_logits, data=st.data())
    def test_never_passes(
        self, value: float, exact: bool, reference: Logits, data: st.DataObject
    ) -> None:
        """Wherever it stands: a graph that gives no number is no form of the model."""
        logits, text = reference.copy(), data.draw(st.integers(0, len(reference) - 1))
        logits[text, data.draw(st.integers(0, CLASSES - 1))] = value

        parity = parity_of(reference, logits, reference.argmax(1), exact=exact, ragged=no_ragged())

        assert not parity.passed

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_in_ragged_batches_alone_does_not_pass_either(self, value: float) -> None:
        """That is what a mask gone wrong looks like: right where no text is padded."""
        reference = answers([0, 1, 2])
        ragged = reference.copy()
        ragged[1, 2] = value

        parity = parity_of(reference, reference, np.array([0, 1, 2]), exact=True, ragged=ragged)

        assert not parity.passed
        assert not math.isfinite(parity.logit_difference)

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_can_be_written_down_and_read_again(self, value: float) -> None:
        """The record of a form that fails is a file like others."""
        parity = Parity(
            texts=3, logit_difference=value, other_labels=1, accuracy_change=0, passed=False
        )

        again = Parity.model_validate_json(parity.model_dump_json())

        assert again.model_dump() == pytest.approx(parity.model_dump(), nan_ok=True)


class Counting:
    """A classifier whose logits are counts of letters: a text's own affair, whatever is beside it.

    Args:
        neighbours: how much the longest text of a batch moves the logits of all: 0 for none.
    """

    labels, reads_pairs = tuple("aeiou"), None

    def __init__(self, neighbours: float = 0.0) -> None:
        self.neighbours = neighbours
        self.batches: list[list[Input]] = []

    def encode(self, texts: Sequence[Input]) -> list[Input]:
        return list(texts)

    def run(self, encoded: list[Input]) -> Logits:
        self.batches.append(encoded)
        counts = [[str(text).count(letter) for letter in self.labels] for text in encoded]
        longest = max(len(text) for text in encoded)
        return np.array(counts, dtype=np.float32) + np.float32(self.neighbours * longest)

    def logits(self, texts: Sequence[Input]) -> Logits:
        return self.run(self.encode(texts))


class TestReading:
    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.text(alphabet="aeiou ", max_size=40), min_size=1, max_size=60))
    def test_gives_the_same_in_all_batches_of_a_classifier_that_reads_texts_alone(
        self, texts: list[str]
    ) -> None:
        classifier = Counting()

        wanted = classifier.logits(texts)

        np.testing.assert_array_equal(ragged_logits(classifier, texts), wanted)
        np.testing.assert_array_equal(TextByText(classifier).logits(texts), wanted)

    def test_in_ragged_batches_leaves_texts_in_their_order(self) -> None:
        """Long beside short: sorting by length, as deployment does, would hide a wrong mask."""
        texts = [f"{'e' * (17 * number % 29)}" for number in range(2 * RAGGED_BATCH + 3)]
        classifier = Counting()

        ragged_logits(classifier, texts)

        assert [text for batch in classifier.batches for text in batch] == texts
        assert [len(batch) for batch in classifier.batches] == [RAGGED_BATCH, RAGGED_BATCH, 3]

    def test_text_by_text_knows_no_neighbours(self) -> None:
        """Where neighbours count, as they do in 8 bits, each text is answered by itself."""
        texts = ["a", "ee", "iii"]
        classifier = Counting(neighbours=0.5)
        alone = TextByText(classifier)
        wanted = np.concatenate([Counting(0.5).logits([text]) for text in texts])

        found = alone.logits(texts)

        assert [len(batch) for batch in classifier.batches] == [1, 1, 1]
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(ragged_logits(alone, texts), wanted)
        np.testing.assert_array_equal(alone.logits(texts[1:2]), wanted[1:2])
        assert alone.logits([]).shape == (0, len(alone.labels))
        assert not np.array_equal(wanted, ragged_logits(classifier, texts))
