"""The closed share of the gap: by hand, its interval, and none where there is no gap."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_hits import Hits, World

from kdzoo.statistics import Gap, compare_recipes
from kdzoo.statistics import gap_closed as closed_by


def right(count: int, seeds: int = 1, texts: int = 100) -> Hits:
    """Returns models that are right on the first so many texts."""
    return np.tile(np.arange(texts) < count, (seeds, 1))


def gap_closed(student: Hits, control: Hits, teacher: Hits) -> Gap | None:
    """Returns the gap of a study of one row."""
    (gain,) = compare_recipes({"own": student, "hard": control}, [("own", "hard")])
    return closed_by(student, control, teacher, gain)


class TestGap:
    def test_of_known_hits_is_known(self) -> None:
        """Control 60, teacher 90, student 80 of 100: 20 of 30 points."""
        found = gap_closed(right(80, 3), right(60, 3), right(90))

        assert found is not None
        assert found.width == pytest.approx(0.3)
        assert found.closed.value == pytest.approx(2 / 3)
        assert found.closed.low is not None
        assert found.closed.high is not None
        assert 0.4 < found.closed.low < 2 / 3 < found.closed.high < 0.9

    @pytest.mark.parametrize(("count", "closed"), [(60, 0), (90, 1)])
    def test_is_closed_by_the_teacher_and_not_by_the_control(
        self, count: int, closed: float
    ) -> None:
        """Whatever texts are drawn, so that there is no doubt."""
        found = gap_closed(right(count, 3), right(60, 3), right(90))

        assert found is not None
        figures = (found.closed.value, found.closed.low, found.closed.high)
        assert figures == pytest.approx((closed,) * 3)

    def test_of_one_seed_has_no_interval(self) -> None:
        """Another seed might have closed another share."""
        found = gap_closed(right(80), right(60), right(90))

        assert found is not None
        assert found.closed.value == pytest.approx(2 / 3)
        assert (found.closed.low, found.closed.high) == (None, None)

    def test_can_be_more_than_closed(self) -> None:
        found = gap_closed(right(98), right(60), right(90))

        assert found is not None
        assert found.closed.value > 1

    @pytest.mark.parametrize("teacher", [60, 62, 50, 20])
    def test_is_none_where_the_teacher_is_not_better_or_not_told_apart(self, teacher: int) -> None:
        assert gap_closed(right(70), right(60), right(teacher)) is None

    @pytest.mark.parametrize("luck", [0.0, 0.1])
    def test_holds_the_truth_as_often_as_it_says(self, luck: float) -> None:
        """Three seeds a side, each with its teacher."""
        world, rng = World(luck=luck), np.random.default_rng(0)
        low, middle, high = (world.accuracy(skill) for skill in (0.5, 1.5, 2.0))
        truth, found = (middle - low) / (high - low), []
        for _ in range(200):
            student, control, teacher = world.study(rng, 800, (1.5, 3), (0.5, 3), (2.0, 3))
            gap = gap_closed(student, control, teacher)
            assert gap is not None
            assert gap.closed.low is not None
            assert gap.closed.high is not None
            found.append(gap.closed.low <= truth <= gap.closed.high)

        assert np.mean(found) > 0.92

    def test_has_no_end_where_the_gap_may_be_nothing(self) -> None:
        """Seeds that disagree whether the teacher is better at all."""
        control = np.concatenate([right(60), right(95), right(20)])
        student = np.concatenate([right(70), right(96), right(40)])

        found = gap_closed(student, control, right(90))

        assert found is not None
        assert found.closed.value == pytest.approx(31 / 95)
        assert (found.closed.low, found.closed.high) == (None, None)
