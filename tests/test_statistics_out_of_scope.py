"""Finding texts out of scope: by hand, and a threshold that is the best there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from kdzoo.statistics import detection, rejection, tune_threshold

MIXED = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]), st.booleans()),
    min_size=2,
    max_size=30,
).filter(lambda texts: len({is_oos for _, is_oos in texts}) == 2)


class TestDetection:
    def test_of_known_scores_is_known(self) -> None:
        """Of 2 * 3 pairs, one is the wrong way round; to find both, one of three is flagged."""
        scores = np.array([0.9, 0.4, 0.5, 0.2, 0.1])
        is_oos = np.array([True, True, False, False, False])
        predicted = np.array([True, False, True, False, False])

        found = detection(scores, predicted, is_oos)

        assert found is not None
        assert found.auroc == pytest.approx(5 / 6)
        assert found.false_positive_rate == pytest.approx(1 / 3)
        assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)

    def test_of_a_perfect_score_has_no_false_alarm(self) -> None:
        is_oos = np.arange(100) < 30

        found = detection(is_oos.astype(float), is_oos, is_oos)

        assert found is not None
        assert (found.auroc, found.false_positive_rate, found.f1) == (1, 0, 1)

    def test_needs_no_more_than_95_in_100_found(self) -> None:
        """The last out-of-scope text of twenty may stay hidden, at no cost."""
        is_oos = np.arange(40) < 20
        scores = np.where(is_oos, 0.9, 0.1)
        scores[0] = 0.0

        found = detection(scores, is_oos, is_oos)

        assert found is not None
        assert found.false_positive_rate == 0

    def test_has_no_precision_where_the_label_is_never_predicted(self) -> None:
        is_oos = np.array([True, False])

        found = detection(np.array([0.4, 0.1]), np.array([False, False]), is_oos)

        assert found is not None
        assert (found.auroc, found.precision, found.recall, found.f1) == (1, 0, 0, 0)

    @pytest.mark.parametrize("is_oos", [True, False])
    def test_is_none_where_all_texts_or_none_are_out_of_scope(self, is_oos: bool) -> None:
        flags = np.full(3, is_oos)

        assert detection(np.zeros(3), flags, flags) is None
        assert tune_threshold(np.zeros(3), flags) is None


class TestThreshold:
    @settings(deadline=None, max_examples=100)
    @given(MIXED)
    def test_is_the_best_there_is(self, texts: list[tuple[float, bool]]) -> None:
        scores = np.array([score for score, _ in texts])
        is_oos = np.array([flag for _, flag in texts])

        found = tune_threshold(scores, is_oos)

        assert found is not None
        tried = [*scores, np.inf]
        best = max(balanced_accuracy_score(is_oos, scores >= each) for each in tried)
        assert balanced_accuracy_score(is_oos, scores >= found) == pytest.approx(best)

    def test_does_not_know_how_many_texts_are_out_of_scope(self) -> None:
        """Validation may have far fewer of them than what comes later."""
        rng = np.random.default_rng(0)
        inside, outside = rng.normal(0, 1, 300), rng.normal(1, 1, 300)

        def tuned(times: int) -> float | None:
            scores = np.concatenate([np.tile(inside, times), outside])
            return tune_threshold(scores, np.arange(len(scores)) >= len(inside) * times)

        assert tuned(1) == tuned(10)

    def test_is_infinite_where_every_flag_is_a_false_alarm(self) -> None:
        assert tune_threshold(np.array([0.1, 0.9]), np.array([True, False])) == np.inf


class TestRejection:
    def test_of_known_scores_is_known(self) -> None:
        """Three of four out of scope reach the threshold, and one of two in scope."""
        scores = np.array([0.1, 0.5, 0.7, 0.9, 0.4, 0.5])
        is_oos = np.array([False, False, True, True, True, True])

        found = rejection(scores, is_oos, 0.5)

        assert found is not None
        assert (found.threshold, found.recall, found.false_alarms) == (0.5, 0.75, 0.5)

    @pytest.mark.parametrize("flags", [[True, True], [False, False]])
    def test_needs_texts_of_both_kinds(self, flags: list[bool]) -> None:
        assert rejection(np.zeros(2), np.array(flags), 0.5) is None
