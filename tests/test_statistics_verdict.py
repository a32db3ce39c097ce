"""Sentences: no more is said than the interval and the corrected p-value hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_hits import World

from kdzoo.statistics import (
    MARGIN,
    Comparison,
    Effect,
    Interval,
    RecipeComparison,
    Standing,
    against_teacher,
    compare,
    compare_recipes,
    of_distilling,
    of_variant,
)

ONE_SEED = ", for this model of one seed; another would differ"
THREE_SEEDS = ", for these 3 models on average"


def comparison(value: float, low: float | None, high: float | None, seeds: int = 3) -> Comparison:
    """Returns a comparison whose figures are given in points."""
    points = [None if each is None else each / 100 for each in (low, high)]
    by_seed = (value / 100,) * seeds
    return Comparison(Interval(value / 100, *points), 0.5, (0.5,) * seeds, by_seed)


def of_recipes(value: float, low: float, high: float) -> RecipeComparison:
    """Returns a comparison of recipes over three seeds, whose figures are given in points."""
    interval = Interval(value / 100, low / 100, high / 100)
    return RecipeComparison(interval, 0.5, (value / 100,) * 3, 0.0)


class TestUnsteadySeeds:
    """Three seeds that differ by points: the bootstrap alone would say too much."""

    @pytest.mark.parametrize(
        ("by_seed", "p", "kind"),
        [
            ((0.038, 0.04, 0.042), 0.2, Standing.BETTER),  # they hardly differ: the texts decide
            ((0.0, 0.02, 0.1), 0.2, Standing.UNDECIDED),
            ((0.01, 0.03, 0.08), 0.01, Standing.BETTER),  # each for itself
            ((-0.01, 0.03, 0.1), 0.01, Standing.UNDECIDED),  # and one the other way
            ((0.025, 0.04, 0.05), 0.2, Standing.BETTER),  # the t-interval excludes zero
        ],
    )
    def test_have_to_agree_among_themselves(
        self, by_seed: tuple[float, ...], p: float, kind: Standing
    ) -> None:
        comparison = Comparison(Interval(0.04, 0.01, 0.07), 0.001, (p,) * 3, by_seed)

        found = against_teacher(comparison, 0.001)

        unsure = kind is Standing.UNDECIDED
        assert found.kind is kind
        assert ("the seeds differ too much to say" in found.sentence) == unsure

    def test_of_a_model_without_any_are_not_missed(self) -> None:
        """A baseline is fitted the same way each time."""
        comparison = Comparison(Interval(-0.04, -0.05, -0.03), 0.001, (0.001,), (-0.04,))

        assert "one seed" in against_teacher(comparison, 0.001).sentence
        assert "one seed" not in against_teacher(comparison, 0.001, has_seeds=False).sentence


class TestAgainstTheTeacher:
    @pytest.mark.parametrize(
        ("figures", "p", "kind", "sentence"),
        [
            (
                (-0.1, -0.6, 0.4),
                0.7,
                Standing.EQUAL,
                "as good as the teacher (-0.1 points; 95 % interval -0.6 to 0.4)",
            ),
            (
                (1.2, 0.3, 2.0),
                0.01,
                Standing.BETTER,
                "better than the teacher (+1.2 points; 95 % interval 0.3 to 2.0)",
            ),
            (
                (-3.1, -3.9, -2.3),
                0.001,
                Standing.WORSE,
                "worse than the teacher (-3.1 points; 95 % interval -3.9 to -2.3)",
            ),
            (
                (-0.8, -2.1, 0.5),
                0.2,
                Standing.UNDECIDED,
                "not measurably different from the teacher "
                "(-0.8 points; 95 % interval -2.1 to 0.5)",
            ),
            (
                (-0.5, -0.8, -0.2),
                0.01,
                Standing.WORSE,
                "worse than the teacher, by less than a point "
                "(-0.5 points; 95 % interval -0.8 to -0.2)",
            ),
            (
                (0.5, 0.2, 0.8),
                0.01,
                Standing.BETTER,
                "better than the teacher, by less than a point "
                "(+0.5 points; 95 % interval 0.2 to 0.8)",
            ),
            (
                (-1.3, -2.5, -0.1),
                0.081,
                Standing.UNDECIDED,
                "not measurably different from the teacher "
                "(-1.3 points; 95 % interval -2.5 to -0.1; "
                "p 0.081 with all comparisons counted)",
            ),
            (
                (-1.3, -2.7, 0.1),
                0.001,  # these seeds differ on any texts; other seeds might not
                Standing.UNDECIDED,
                "not measurably different from the teacher "
                "(-1.3 points; 95 % interval -2.7 to 0.1)",
            ),
            (
                (0.0, 0.0, 0.0),
                1.0,
                Standing.EQUAL,
                "as good as the teacher (0.0 points; 95 % interval 0.0 to 0.0)",
            ),
            (
                (-0.9, -1.8, -0.02),
                0.01,
                Standing.WORSE,
                "worse than the teacher (-0.90 points; 95 % interval -1.80 to -0.02)",
            ),
            (
                (-0.9, None, None),
                0.01,
                Standing.UNDECIDED,
                "not measurably different from the teacher (-0.9 points)",
            ),
        ],
    )
    def test_says_what_is_known(
        self,
        figures: tuple[float, float | None, float | None],
        p: float,
        kind: Standing,
        sentence: str,
    ) -> None:
        found = against_teacher(comparison(*figures), p)

        assert (found.kind, found.sentence) == (kind, sentence + THREE_SEEDS)

    def test_says_that_one_seed_is_one_seed(self) -> None:
        found = against_teacher(comparison(-3.1, -3.9, -2.3, seeds=1), 0.001)

        assert (
            found.sentence
            == "worse than the teacher (-3.1 points; 95 % interval -3.9 to -2.3)" + ONE_SEED
        )

    def test_of_identical_models_is_as_good(self) -> None:
        hits = World().study(np.random.default_rng(0), 500, (1.0, 3))[0]
        found = compare(hits, hits)

        assert against_teacher(found, found.p_value).kind is Standing.EQUAL

    @given(st.floats(-0.03, 0.03), st.floats(0, 0.02), st.floats(0, 0.02), st.floats(0, 1))
    def test_never_says_more_than_the_interval(
        self, value: float, below: float, above: float, p: float
    ) -> None:
        interval = Interval(value, value - below, value + above)

        kind = against_teacher(Comparison(interval, p, (p,), (interval.value,)), p).kind

        if kind in (Standing.BETTER, Standing.WORSE):
            assert p < 0.05
            assert (value - below > 0) if kind is Standing.BETTER else (value + above < 0)
        if kind is Standing.EQUAL:
            assert max(abs(value - below), abs(value + above)) <= MARGIN


class TestOfDistilling:
    @pytest.mark.parametrize(
        ("figures", "p", "kind", "sentence"),
        [
            (
                (4.9, 4.1, 5.7),
                0.001,
                Effect.GAIN,
                "distilling gave +4.9 points over hard labels (95 % interval 4.1 to 5.7)",
            ),
            (
                (-1.2, -1.9, -0.5),
                0.001,
                Effect.LOSS,
                "distilling cost 1.2 points against hard labels (95 % interval 0.5 to 1.9)",
            ),
            (
                (0.1, -0.4, 0.6),
                0.7,
                Effect.NONE,
                "no measurable effect (+0.1 points; 95 % interval -0.4 to 0.6)",
            ),
            (
                (0.4, 0.1, 0.8),
                0.081,
                Effect.NONE,
                "no measurable effect (+0.4 points; 95 % interval 0.1 to 0.8; "
                "p 0.081 with all comparisons counted)",
            ),
        ],
    )
    def test_says_what_is_known(
        self, figures: tuple[float, float, float], p: float, kind: Effect, sentence: str
    ) -> None:
        found = of_distilling(of_recipes(*figures), p)

        assert (found.kind, found.sentence) == (kind, sentence)

    @pytest.mark.parametrize(
        ("figures", "said"),
        [
            (
                (1.2, 0.4, 2.0),
                "the change gave +1.2 points over cnn (95 % interval 0.4 to 2.0)",
            ),
            (
                (-1.2, -2.0, -0.4),
                "the change cost 1.2 points against cnn (95 % interval 0.4 to 2.0)",
            ),
            (
                (0.1, -1.0, 1.2),
                "no measurable effect (+0.1 points; 95 % interval -1.0 to 1.2)",
            ),
        ],
    )
    def test_of_a_variant_names_its_recipe(
        self, figures: tuple[float, float, float], said: str
    ) -> None:
        assert of_variant(of_recipes(*figures), 0.01, "cnn").sentence == said

    @pytest.mark.parametrize(
        ("needed", "is_bound", "told"),
        [
            (3, False, "3 seeds would tell so large a difference"),
            (3, True, "at most 3 seeds would tell so large a difference"),
            (2, True, "2 seeds would tell so large a difference"),
            (None, False, "10 seeds would not tell so small a difference"),
            (None, True, "more seeds would say what it is worth"),
        ],
    )
    def test_of_one_seed_is_no_verdict(self, needed: int | None, is_bound: bool, told: str) -> None:
        """Where no other row tells of luck, fewer seeds may do than are told."""
        alone = RecipeComparison(
            Interval(0.049), None, (0.049,), seeds_needed=needed, is_bound=is_bound
        )

        found = of_distilling(alone, None)

        sentence = f"no verdict from one seed (these two models differ by +4.9 points; {told})"
        assert (found.kind, found.sentence) == (Effect.ONE_SEED, sentence)

    def test_of_a_real_gain_is_a_gain(self) -> None:
        student, control = World().study(np.random.default_rng(0), 3000, (2.0, 3), (1.0, 3))
        hits = {"student": student, "control": control}
        pairs = [("student", "control"), ("control", "student")]

        gain, loss = compare_recipes(hits, pairs)

        assert of_distilling(gain, gain.p_value).kind is Effect.GAIN
        assert of_distilling(loss, loss.p_value).kind is Effect.LOSS
