"""Two models on the same texts: exact where scipy is exact, and right as often as claimed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap, permutation_test
from tiny_hits import Hits, World, pairs_of_hits, some_hits

from kdzoo.statistics import adjusted, compare
from kdzoo.statistics.paired import permutation_p


def mcnemar(first: Hits, second: Hits) -> float:
    """Returns the p-value of the exact McNemar test of two models' hits, [N] each."""
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    changed = only_first + only_second
    return float(binomtest(only_first, changed).pvalue) if changed else 1.0


@pytest.mark.parametrize(("changed", "won"), [(7, 5), (2000, 1060), (300_000, 150_400)])
def test_a_permutation_test_of_one_seed_is_the_exact_mcnemar_test(changed: int, won: int) -> None:
    """Of a few changed texts, and of so many that most sums are too rare for a number."""
    first = np.arange(changed)[np.newaxis] < won

    p_value = permutation_p(first, ~first)

    assert p_value == pytest.approx(mcnemar(first[0], ~first[0]), rel=1e-6)


class TestComparison:
    @settings(deadline=None, max_examples=30)
    @given(some_hits())
    def test_of_a_model_with_itself_finds_nothing(self, hits: Hits) -> None:
        found = compare(hits, hits)

        assert found.difference.value == 0
        assert found.difference.high == -(found.difference.low or 0)
        assert found.p_value == 1
        assert found.p_by_seed == (1.0,) * len(hits)
        assert found.seeds == len(hits)

    @pytest.mark.parametrize("texts", [4, 20, 50, 100])
    @pytest.mark.parametrize("seeds", [1, 3])
    def test_of_few_texts_never_says_that_models_are_as_good_as_each_other(
        self, texts: int, seeds: int
    ) -> None:
        """A bootstrap of texts on which both are right has no width, from however few of them."""
        right = np.ones((seeds, texts), dtype=bool)

        found = compare(right, right)

        assert not found.difference.lies_within(0.01)
        assert compare(*[np.ones((seeds, 1000), dtype=bool)] * 2).difference.lies_within(0.01)

    @settings(deadline=None, max_examples=50)
    @given(pairs_of_hits())
    def test_turns_over_with_its_sides(self, pair: tuple[Hits, Hits]) -> None:
        found, turned = compare(*pair), compare(*reversed(pair))

        assert found.difference.value == pytest.approx(-turned.difference.value)
        assert found.p_value == turned.p_value
        assert found.p_by_seed == turned.p_by_seed

    @settings(deadline=None, max_examples=30)
    @given(pairs_of_hits(), st.integers(0, 99))
    def test_does_not_know_the_order_of_texts(self, pair: tuple[Hits, Hits], seed: int) -> None:
        order = np.random.default_rng(seed).permutation(pair[0].shape[1])

        assert compare(*pair) == compare(pair[0][:, order], pair[1][:, order])

    @settings(deadline=None, max_examples=50)
    @given(pairs_of_hits())
    def test_is_the_difference_of_the_mean_accuracies(self, pair: tuple[Hits, Hits]) -> None:
        first, second = pair
        found = compare(first, second)

        assert found.difference.value == pytest.approx(first.mean() - second.mean())
        assert 0 < found.p_value <= 1

    def test_depends_on_its_seed_alone(self) -> None:
        first, second = World().study(np.random.default_rng(0), 300, (1.0, 3), (0.5, 3))

        assert compare(first, second) == compare(first, second)
        assert compare(first, second, seed=1).difference != compare(first, second).difference


class TestPValue:
    @settings(deadline=None, max_examples=50)
    @given(pairs_of_hits(2, 10))
    def test_is_that_of_all_permutations(self, pair: tuple[Hits, Hits]) -> None:
        """Where there are few, scipy tries them all."""
        first, second = np.broadcast_arrays(*pair)

        wanted = permutation_test(
            (first.sum(0), second.sum(0)),
            lambda a, b, axis: (a - b).sum(axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=2**10,
        )

        assert compare(*pair).p_value == pytest.approx(float(wanted.pvalue))

    def test_of_known_changes_is_known(self) -> None:
        """By hand: 1 against 5 of 6 changes: 2 * (1 + 6) / 64."""
        first = np.array([[1, 0, 0, 0, 0, 0, 1, 1, 0]], dtype=bool)
        second = np.array([[0, 1, 1, 1, 1, 1, 1, 1, 0]], dtype=bool)

        assert permutation_p(first, second) == pytest.approx(14 / 64)

    @settings(deadline=None, max_examples=100)
    @given(st.integers(1, 200).flatmap(lambda most: pairs_of_hits(1, most)))
    def test_of_each_pair_of_seeds_is_mcnemars(self, pair: tuple[Hits, Hits]) -> None:
        found = compare(*pair)

        wanted = tuple(mcnemar(*each) for each in zip(*np.broadcast_arrays(*pair), strict=True))
        assert found.p_by_seed == pytest.approx(wanted, rel=1e-9)
        if found.seeds == 1:
            assert found.p_value == found.p_by_seed[0]

    @pytest.mark.study
    def test_tells_equal_models_apart_no_more_often_than_it_says(self) -> None:
        """Three seeds beside one teacher: the same text's seeds hang together.

        Swapping each cell of seed and text for itself, as McNemar's test of all cells together
        does, would tell them apart far too often.
        """
        world, rng = World(luck=0.0), np.random.default_rng(0)
        studies = [world.study(rng, 400, (1.0, 3), (1.0, 1)) for _ in range(200)]

        by_text = [compare(*each).p_value < 0.05 for each in studies]
        by_cell = [
            mcnemar(student.ravel(), np.repeat(teacher, 3, axis=0).ravel()) < 0.05
            for student, teacher in studies
        ]

        assert np.mean(by_text) < 0.08
        assert np.mean(by_cell) > 0.1

    def test_finds_a_real_difference(self) -> None:
        first, second = World().study(np.random.default_rng(0), 5500, (3.0, 3), (2.5, 3))

        assert compare(first, second).p_value < 1e-6


class TestInterval:
    def test_of_one_seed_is_scipys_paired_bootstrap(self) -> None:
        first, second = World().study(np.random.default_rng(1), 300, (1.0, 1), (0.5, 1))

        found = compare(first, second).difference

        wanted = bootstrap(
            (first[0].astype(float), second[0].astype(float)),
            lambda a, b, axis: (a - b).mean(axis),
            paired=True,
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
        assert found.low == pytest.approx(wanted.low, abs=0.005)
        assert found.high == pytest.approx(wanted.high, abs=0.005)

    def test_of_many_seeds_is_that_of_drawn_seeds_and_texts(self) -> None:
        """Beside a bootstrap that draws an index for every seed and text."""
        rng = np.random.default_rng(1)
        first, second = World(luck=0.3).study(rng, 200, (1.0, 3), (0.5, 1))
        cells = first.astype(float) - second

        found = compare(first, second).difference

        plain = [
            cells[rng.integers(0, 3, 2)][:, rng.integers(0, 200, 200)].mean() for _ in range(9999)
        ]
        low, high = np.quantile(plain, [0.025, 0.975])
        assert found.low == pytest.approx(low, abs=0.008)
        assert found.high == pytest.approx(high, abs=0.008)

    @pytest.mark.parametrize("seeds", [(3, 3), pytest.param((5, 5), marks=pytest.mark.study)])
    @pytest.mark.parametrize("luck", [0.0, 0.05])
    def test_holds_the_truth_as_often_as_it_says(self, seeds: tuple[int, int], luck: float) -> None:
        """Over studies with other seeds and other texts."""
        world, rng = World(luck=luck), np.random.default_rng(0)
        truth = world.accuracy(1.5) - world.accuracy(1.0)
        held = 0
        for _ in range(100):
            models = zip((1.5, 1.0), seeds, strict=True)
            found = compare(*world.study(rng, 800, *models)).difference
            assert found.low is not None
            assert found.high is not None
            held += found.low <= truth <= found.high

        assert held / 100 > 0.91

    def test_is_wider_where_seeds_differ(self) -> None:
        widths = []
        for luck in (0.0, 0.5):
            rng = np.random.default_rng(0)
            found = compare(*World(luck=luck).study(rng, 1000, (1.0, 3), (1.0, 3))).difference
            assert found.low is not None
            assert found.high is not None
            widths.append(found.high - found.low)

        assert widths[1] > 2 * widths[0]


class TestAdjusted:
    def test_is_benjamini_and_hochbergs(self) -> None:
        """By hand: 0.01 * 4, 0.02 * 4 / 2, 0.03 * 4 / 3, 0.5; none above that of a larger p."""
        found = adjusted([0.5, 0.01, 0.03, 0.02])

        assert found == pytest.approx([0.5, 0.04, 0.04, 0.04])

    def test_of_one_is_itself(self) -> None:
        assert adjusted([0.03]) == pytest.approx([0.03])

    def test_of_none_is_none(self) -> None:
        assert adjusted([]) == []
