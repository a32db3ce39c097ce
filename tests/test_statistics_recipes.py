"""Recipes compared: over other texts and other seeds, with what a whole study says of luck."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from tiny_hits import Hits, World, some_hits

from kdzoo.statistics import (
    Effect,
    Interval,
    RecipeComparison,
    compare_recipes,
    of_distilling,
)
from kdzoo.statistics.luck import Seeds, luck_of, seeds_of
from kdzoo.statistics.recipes import MOST_SEEDS


def compared(student: Hits, control: Hits) -> RecipeComparison:
    """Returns the comparison in a study of one row."""
    (found,) = compare_recipes({"own": student, "hard": control}, [("own", "hard")])
    return found


def ends(found: RecipeComparison) -> tuple[float, float]:
    low, high = found.difference.low, found.difference.high
    assert low is not None
    assert high is not None
    return low, high


def alike(seeds: int, right: int, texts: int) -> Hits:
    """Returns the hits [S, N] of seeds that are all right on the first texts alone."""
    return np.tile(np.arange(texts) < right, (seeds, 1))


def pairs_of_hits(fewest: int) -> st.SearchStrategy[tuple[Hits, Hits]]:
    """Returns two recipes' hits on the same texts, of as many seeds each."""
    return st.tuples(st.integers(fewest, 4), st.integers(1, 30)).flatmap(
        lambda size: st.tuples(some_hits(*size), some_hits(*size))
    )


class TestOneSeed:
    @settings(deadline=None, max_examples=100)
    @given(st.integers(1, 200).flatmap(lambda n: st.tuples(some_hits(1, n), some_hits(1, n))))
    def test_never_gives_a_verdict(self, pair: tuple[Hits, Hits]) -> None:
        """Whatever the difference is, it is told; how many seeds would do too."""
        found = compared(*pair)

        verdict = of_distilling(found, found.p_value)

        assert found.p_value is None
        assert found.difference == Interval(pytest.approx(pair[0].mean() - pair[1].mean()))
        assert verdict.kind is Effect.ONE_SEED
        assert "no verdict from one seed" in verdict.sentence
        assert "seeds would" in verdict.sentence

    def test_gives_none_beside_rows_that_have_more(self) -> None:
        """What the others say of luck is no reason to judge it."""
        rng = np.random.default_rng(0)
        student, control = World().study(rng, 500, (3.0, 3), (1.0, 3))
        hits = {"a": student, "b": control, "c": student[:1], "d": control[:1]}

        many, one = compare_recipes(hits, [("a", "b"), ("c", "d")])

        assert many.p_value is not None
        assert (one.p_value, one.difference.low, one.luck) == (None, None, None)

    def test_of_one_side_alone_gives_none_either(self) -> None:
        student, control = World().study(np.random.default_rng(0), 500, (3.0, 3), (1.0, 1))

        assert compared(student, control).p_value is None

    def test_needs_more_seeds_the_smaller_the_difference(self) -> None:
        needed = [
            compared(alike(1, 1000 + gain, 2000), alike(1, 1000, 2000)).seeds_needed
            for gain in (400, 100, 60, 40, 0)
        ]

        known = [each for each in needed if each is not None]
        assert known[0] == 2
        assert known == sorted(known)
        assert len(set(known)) > 2
        assert needed[-1] is None

    @pytest.mark.parametrize(("texts", "skill"), [(400, 1.35), (1000, 1.2)])
    def test_as_many_as_are_told_tell_the_gain_in_most_studies(
        self, texts: int, skill: float
    ) -> None:
        """With what the study's other row tells of luck, and of models' own chance."""
        rng, world, told = np.random.default_rng(0), World(), []
        recipes = ("own", skill), ("hard", 1.0)
        for _ in range(40):
            sides = world.study(rng, texts, *((each, 1) for _, each in recipes))
            others = world.study(rng, texts, (skill, 3), (1.0, 3))
            hits = dict(zip(("own", "hard", "a", "b"), (*sides, *others), strict=True))
            found, _ = compare_recipes(hits, [("own", "hard"), ("a", "b")])
            told.append(found.seeds_needed or MOST_SEEDS + 1)
        seeds = int(np.median(told))

        gains = 0
        for _ in range(60):
            student, control = world.study(rng, texts, (skill, seeds), (1.0, seeds))
            found = compared(student, control)
            gains += of_distilling(found, found.p_value).kind is Effect.GAIN

        assert seeds <= MOST_SEEDS
        assert gains > 0.6 * 60

    def test_needs_as_many_as_the_studys_luck_asks_for(self) -> None:
        """Where other rows tell of it."""
        rng, needed = np.random.default_rng(0), []
        hits = {"own": alike(1, 1100, 2000), "hard": alike(1, 1000, 2000)}
        for luck in (0.0, 0.2):
            a, b = World(luck=luck).study(rng, 2000, (1.0, 5), (1.0, 5))
            found = compare_recipes(hits | {"a": a, "b": b}, [("own", "hard"), ("a", "b")])
            needed.append(found[0].seeds_needed or MOST_SEEDS + 1)

        assert needed[0] < needed[1]


class TestAlways:
    @settings(deadline=None, max_examples=100)
    @given(pairs_of_hits(2))
    def test_figures_hang_together(self, pair: tuple[Hits, Hits]) -> None:
        """Of any outcomes: few texts, equal seeds, all right, all wrong."""
        found = compared(*pair)
        low, high = ends(found)

        assert found.difference.value == pytest.approx(pair[0].mean() - pair[1].mean())
        assert low <= found.difference.value <= high
        assert -1 <= low < high <= 1
        assert found.p_value is not None
        assert 0 < found.p_value <= 1
        assert found.difference.excludes_zero() or found.p_value >= 0.05 - 1e-9
        assert len(found.by_seed) == len(pair[0])

    @pytest.mark.parametrize(("right", "wrong"), [(1, 0), (0, 1)])
    def test_no_interval_goes_further_than_a_hundred_points(self, right: int, wrong: int) -> None:
        found = compared(alike(2, 8 * right, 8), alike(2, 8 * wrong, 8))
        low, high = ends(found)

        assert (high if right else low) == found.difference.value == right - wrong

    @settings(deadline=None, max_examples=50)
    @given(pairs_of_hits(2), st.integers(0, 99))
    def test_sides_and_orders_do_not_matter(self, pair: tuple[Hits, Hits], seed: int) -> None:
        rng = np.random.default_rng(seed)
        seeds, texts = pair[0].shape
        order = np.ix_(rng.permutation(seeds), rng.permutation(texts))

        found, turned = compared(*pair), compared(*reversed(pair))
        moved = compared(pair[0][order], pair[1][order])

        assert turned.p_value == pytest.approx(found.p_value)
        assert ends(turned) == pytest.approx([-each for each in reversed(ends(found))])
        assert moved.p_value == pytest.approx(found.p_value)
        assert ends(moved) == pytest.approx(ends(found))

    @pytest.mark.parametrize("seeds", [2, 3, 5])
    @pytest.mark.parametrize(
        ("right", "texts"), [((100, 100), 100), ((0, 0), 100), ((60, 60), 100), ((2, 2), 2)]
    )
    def test_recipes_of_equal_answers_do_not_differ(
        self, seeds: int, right: tuple[int, int], texts: int
    ) -> None:
        """Nor are they known to be equal: others of so many texts might have differed."""
        found = compared(*(alike(seeds, each, texts) for each in right))
        low, high = ends(found)

        assert found.difference.value == 0
        assert found.p_value == 1
        assert low == pytest.approx(-high)
        assert 1 / texts < high < 10 / texts

    @pytest.mark.parametrize("other_texts", [0, 1, 3])
    def test_recipes_of_nearly_equal_answers_differ_by_less_than_unlike_ones(
        self, other_texts: int
    ) -> None:
        """Models of a seed that answer alike tell more of their recipes, not next to nothing."""
        (one,) = World(luck=0.01).study(np.random.default_rng(0), 300, (0.0, 3))
        (unlike,) = World(luck=0.01).study(np.random.default_rng(1), 300, (0.0, 3))
        other = one.copy()
        other[0, :other_texts] ^= True

        near, far = compared(one, other), compared(one, unlike)

        low, high = ends(near)
        assert low <= near.difference.value <= high
        assert high - low < 2 * (ends(far)[1] - ends(far)[0])
        assert high - low < 0.2

    @pytest.mark.parametrize("texts", [1, 2, 3, 4, 5])
    def test_a_handful_of_texts_never_tells(self, texts: int) -> None:
        found = compared(alike(3, texts, texts), alike(3, 0, texts))

        assert found.difference.value == 1
        assert of_distilling(found, found.p_value).kind is Effect.NONE

    def test_a_gain_on_many_texts_is_told_though_all_seeds_agree(self) -> None:
        found = compared(alike(3, 90, 100), alike(3, 70, 100))

        assert found.luck == 0
        assert of_distilling(found, found.p_value).kind is Effect.GAIN


class TestStudy:
    def test_a_row_is_no_surer_for_seeds_that_agree_by_chance(self) -> None:
        """Three seeds of the same accuracy, in a study whose other rows differ by points."""
        rng = np.random.default_rng(0)
        hits = dict(enumerate(World(luck=0.2).study(rng, 5500, *[(2.0, 3)] * 6)))
        agree = {"own": np.roll(alike(3, 4400, 5500), 30, 1), "hard": alike(3, 4400, 5500)}
        pairs = [(0, 1), (2, 3), (4, 5)]

        alone = compared(agree["own"], agree["hard"])
        among = compare_recipes(hits | agree, [*pairs, ("own", "hard")])[-1]

        assert ends(among)[1] > 3 * ends(alone)[1]

    def test_shared_controls_are_counted_once(self) -> None:
        """Two rows beside one control: the second row says nothing new of its luck."""
        rng = np.random.default_rng(0)
        one, two, control = World(luck=0.1).study(rng, 1000, (2.0, 3), (2.0, 3), (1.5, 3))

        shared = compare_recipes({0: one, 1: two, 2: control}, [(0, 2), (1, 2)])
        copied = compare_recipes({0: one, 1: two, 2: control, 3: control}, [(0, 2), (1, 3)])

        assert shared[0].by_seed == copied[0].by_seed
        assert shared[0].luck != copied[0].luck

    def test_of_no_rows_is_nothing(self) -> None:
        assert compare_recipes({}, []) == []


class TestSeeds:
    @settings(deadline=None, max_examples=50)
    @given(
        st.integers(2, 5).flatmap(lambda s: st.integers(2, 20).flatmap(lambda n: some_hits(s, n)))
    )
    def test_chance_is_the_interaction_of_seeds_and_texts(self, hits: Hits) -> None:
        cells = hits.astype(float)
        seeds, texts = cells.shape
        by_seed, by_text = cells.mean(1, keepdims=True), cells.mean(0, keepdims=True)
        residual = cells - by_seed - by_text + cells.mean()

        found = seeds_of(hits)

        interaction = (residual**2).sum() / ((seeds - 1) * (texts - 1))
        assert found.chance == pytest.approx(interaction / texts, abs=1e-12)
        assert found.variance == pytest.approx(cells.mean(1).var(ddof=1), abs=1e-12)
        assert found.degrees == seeds - 1

    def test_variance_without_luck_is_chance_alone(self) -> None:
        rng = np.random.default_rng(0)
        found = [seeds_of(World(luck=0.0).study(rng, 500, (1.0, 3))[0]) for _ in range(300)]

        variance, chance = (
            np.mean([getattr(each, name) for each in found]) for name in ("variance", "chance")
        )
        assert variance == pytest.approx(chance, rel=0.15)


class TestLuck:
    def test_of_recipes_that_are_alike_is_pooled(self) -> None:
        recipes = [Seeds(each, 0.0, 2) for each in (0.9, 1.0, 1.1, 1.0)]

        found = luck_of(recipes)

        assert found is not None
        assert found.of(*recipes[:2]) == (pytest.approx(2.0), 8)

    @pytest.mark.parametrize("rest", [0.0, 0.01])
    def test_of_recipes_that_are_luckier_than_the_rest_is_their_own(self, rest: float) -> None:
        lucky = [Seeds(1.0, 0.0, 2), Seeds(3.0, 0.0, 2)]
        found = luck_of([*lucky, *[Seeds(rest, 0.0, 2)] * 4])

        assert found is not None
        assert found.of(*lucky) == (pytest.approx(4.0), 4)
        assert found.of(*[Seeds(rest, 0.0, 2)] * 2) == (pytest.approx(2 * found.pooled), 12)

    def test_counts_recipes_by_their_seeds(self) -> None:
        """Five seeds say four times as much as two; one says nothing."""
        found = luck_of([Seeds(1.0, 0.0, 4), Seeds(6.0, 0.0, 1), Seeds(0.0, 0.0, 0)])

        assert found is not None
        assert (found.pooled, found.degrees) == (pytest.approx(2.0), 5)

    def test_seldom_takes_recipes_for_luckier_that_are_not(self) -> None:
        rng = np.random.default_rng(0)
        drawn = chi2.rvs(2, size=(2000, 6), random_state=rng) / 2
        recipes = [[Seeds(each, 0.0, 2) for each in study] for study in drawn]

        luckier = [luck.of(*each[:2])[1] == 4 for each in recipes if (luck := luck_of(each))]

        assert np.mean(luckier) == pytest.approx(0.1, abs=0.02)

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), max_size=8))
    def test_is_never_less_than_the_studys_mean(self, known: list[tuple[float, int]]) -> None:
        recipes = [Seeds(v if d else 0.0, 0.0, d) for v, d in known]

        found = luck_of(recipes)

        assert (found is None) == all(each.degrees == 0 for each in recipes)
        for each in recipes:
            if found is not None and each.degrees:
                variance, degrees = found.of(each)
                assert variance >= found.pooled - 1e-12
                assert 0 < degrees <= found.degrees
