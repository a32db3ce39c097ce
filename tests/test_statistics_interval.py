"""Intervals over seeds and over texts: what scipy says, and the truth as often as they claim."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap
from tiny_hits import Hits, World, some_hits

from kdzoo.statistics import Interval, over_examples, over_seeds


class TestInterval:
    @pytest.mark.parametrize(
        ("low", "high", "excludes_zero", "lies_within"),
        [
            (0.001, 0.02, True, False),
            (-0.02, -0.001, True, False),
            (-0.01, 0.01, False, True),
            (-0.02, 0.001, False, False),
            (0.0, 0.0, False, True),
            (None, None, False, False),
            (0.001, None, True, False),
        ],
    )
    def test_knows_what_it_holds(
        self, low: float | None, high: float | None, excludes_zero: bool, lies_within: bool
    ) -> None:
        """An end that is not known might be anywhere."""
        interval = Interval(0.0, low, high)

        assert interval.excludes_zero() is excludes_zero
        assert interval.lies_within(0.01) is lies_within


class TestOverSeeds:
    def test_is_students_t_interval(self) -> None:
        """By hand: mean 0.2, standard error 0.1 / sqrt(3), and t of 2 degrees of freedom 4.3027."""
        found = over_seeds([0.1, 0.2, 0.3])

        assert found.value == pytest.approx(0.2)
        assert found.low == pytest.approx(0.2 - 0.4302653 / np.sqrt(3))
        assert found.high == pytest.approx(0.2 + 0.4302653 / np.sqrt(3))

    def test_goes_no_further_than_figures_can(self) -> None:
        found = over_seeds([0.9, 1.0])

        assert found.high == 1
        assert found.low == pytest.approx(0.95 - 12.7062 * 0.05)

    def test_of_one_seed_is_not_known(self) -> None:
        assert over_seeds([0.9]) == Interval(0.9, None, None)

    @settings(deadline=None, max_examples=50)
    @given(st.floats(0, 1), st.integers(2, 6))
    def test_of_equal_seeds_has_no_width(self, value: float, seeds: int) -> None:
        found = over_seeds([value] * seeds)

        assert (found.low, found.high) == (found.value, found.value)
        assert found.value == pytest.approx(value)

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
    def test_holds_its_mean(self, values: list[float]) -> None:
        """However near each other the values are: no warning, no NaN."""
        found = over_seeds(values)

        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.value + 1e-12
        assert found.value <= found.high + 1e-12

    def test_holds_the_truth_as_often_as_it_says(self) -> None:
        rng = np.random.default_rng(0)
        found = [over_seeds(rng.normal(0.9, 0.01, 3)) for _ in range(1000)]

        assert np.mean([holds(each, 0.9) for each in found]) == pytest.approx(0.95, abs=0.02)


class TestOverExamples:
    def test_is_scipys_bootstrap_over_texts(self) -> None:
        hits = World().study(np.random.default_rng(3), 200, (1.0, 3))[0]

        found = over_examples(hits)

        wanted = bootstrap(
            (hits.mean(0),), np.mean, method="percentile", rng=np.random.default_rng(0)
        ).confidence_interval
        assert found.value == hits.mean()
        assert found.low == pytest.approx(wanted.low, abs=0.005)
        assert found.high == pytest.approx(wanted.high, abs=0.005)

    @pytest.mark.parametrize("texts", [4, 20, 400])
    def test_of_models_that_are_always_right_ends_where_few_texts_leave_doubt(
        self, texts: int
    ) -> None:
        """And of those that never are; z squared is 3.84."""
        right = over_examples(np.ones((2, texts), dtype=bool))
        wrong = over_examples(np.zeros((2, texts), dtype=bool))

        doubt = pytest.approx(3.8415 / (texts + 3.8415), rel=1e-3)
        assert (right.high, 1 - (right.low or 1)) == (1, doubt)
        assert (wrong.low, wrong.high) == (0, doubt)

    @settings(deadline=None, max_examples=30)
    @given(some_hits())
    def test_holds_its_figure_within_zero_and_one(self, hits: Hits) -> None:
        found = over_examples(hits)

        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found == over_examples(hits)

    def test_holds_the_truth_as_often_as_it_says(self) -> None:
        """For one model without luck, whose accuracy on all texts is known."""
        world, rng = World(luck=0.0), np.random.default_rng(0)

        found = [over_examples(world.study(rng, 500, (2.0, 1))[0]) for _ in range(300)]

        held = np.mean([holds(each, world.accuracy(2.0)) for each in found])
        assert held == pytest.approx(0.95, abs=0.04)

    def test_of_no_texts_is_refused(self) -> None:
        with pytest.raises(ValueError, match="0"):
            over_examples(np.ones((3, 0), dtype=bool))


def holds(interval: Interval, truth: float) -> bool:
    assert interval.low is not None
    assert interval.high is not None
    return interval.low <= truth <= interval.high
