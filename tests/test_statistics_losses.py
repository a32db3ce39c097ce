"""What was lost and for whom: by hand, and shares that add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kdzoo.statistics import class_losses, inheritance
from kdzoo.statistics.losses import ClassLoss

GOLD = np.array([0, 0, 0, 0, 1, 1, 2])
TEACHER = np.array([[0, 0, 0, 1, 1, 1, 0]])
STUDENT = np.array([[0, 0, 1, 1, 1, 1, 2], [0, 0, 0, 2, 0, 1, 1]])


def label_ids(seeds: int, texts: int = 12) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.int32, (seeds, texts), elements=st.integers(0, 3))


class TestClassLosses:
    def test_of_known_labels_are_known(self) -> None:
        """Class 1 loses a quarter, class 0 an eighth, class 2 gains a half; none has label 3.

        Text 4 is taken for class 0, text 2 for class 1; class 2 has nothing that it could lose.
        """
        assert class_losses(STUDENT, TEACHER, GOLD) == [
            ClassLoss(label=1, texts=2, student=0.75, teacher=1.0, instead=0, lost=(4,)),
            ClassLoss(label=0, texts=4, student=0.625, teacher=0.75, instead=1, lost=(2,)),
            ClassLoss(label=2, texts=1, student=0.5, teacher=0.0),
        ]

    def test_begin_with_the_texts_that_most_seeds_lose(self) -> None:
        student = np.array([[1, 1, 0], [0, 2, 0], [0, 2, 0]])

        (found,) = class_losses(student, np.zeros((1, 3), dtype=int), np.zeros(3, dtype=int))

        assert found.lost == (1, 0)
        assert found.instead == 1  # as often as label 2, and the first of them

    @settings(deadline=None, max_examples=30)
    @given(label_ids(3), label_ids(1), label_ids(1))
    def test_name_the_texts_that_the_teacher_alone_gets_right(
        self, student: np.ndarray, teacher: np.ndarray, gold: np.ndarray
    ) -> None:
        named = [number for each in class_losses(student, teacher, gold[0]) for number in each.lost]

        lost = ((teacher == gold) & (student != gold)).any(0)
        assert sorted(named) == np.flatnonzero(lost).tolist()

    @settings(deadline=None, max_examples=30)
    @given(label_ids(3), label_ids(1), label_ids(1))
    def test_add_up_to_what_was_lost_in_all(
        self, student: np.ndarray, teacher: np.ndarray, gold: np.ndarray
    ) -> None:
        found = class_losses(student, teacher, gold[0])

        lost = (teacher == gold).sum() - (student == gold).sum() / 3
        assert sum(each.loss * each.texts for each in found) == pytest.approx(lost)
        assert sum(each.texts for each in found) == 12
        losses = [each.loss for each in found]
        assert losses == sorted(losses, reverse=True)


class TestInheritance:
    def test_of_known_labels_is_known(self) -> None:
        """Two errors of the teacher under two seeds: one copied, two otherwise wrong, one mended.

        Of the five texts that it gets right, each seed's student loses one.
        """
        found = inheritance(STUDENT, TEACHER, GOLD)

        assert found.copied == 1 / 4
        assert found.otherwise_wrong == 2 / 4
        assert found.corrected == 1 / 4
        assert found.lost == 2 / 10

    @settings(deadline=None, max_examples=50)
    @given(label_ids(3), label_ids(1), label_ids(1))
    def test_has_shares_that_add_up(
        self, student: np.ndarray, teacher: np.ndarray, gold: np.ndarray
    ) -> None:
        found = inheritance(student, teacher, gold[0])

        shares = (found.copied, found.otherwise_wrong, found.corrected)
        if (teacher == gold).all():
            assert shares == (None, None, None)
        else:
            assert sum(each for each in shares if each is not None) == pytest.approx(1)

    def test_of_the_teacher_itself_copies_everything(self) -> None:
        found = inheritance(TEACHER, TEACHER, GOLD)

        assert (found.copied, found.corrected, found.lost) == (1, 0, 0)

    def test_of_a_teacher_that_is_always_wrong_has_nothing_to_lose(self) -> None:
        found = inheritance(STUDENT, (GOLD + 1)[np.newaxis], GOLD)

        assert found.lost is None
