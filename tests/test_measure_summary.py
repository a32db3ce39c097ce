"""What rounds of calls amount to: percentiles only where known, ratios within rounds, noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, quantile_test

from kdzoo.measure import NOISY, Speed, noise, ratio, shared_rounds, summarise
from kdzoo.measure.summary import Calls

MILLISECONDS = st.floats(0.001, 1000)
ROUNDS = st.lists(st.lists(MILLISECONDS, min_size=1, max_size=20), min_size=1, max_size=6)


def rounds_of(
    median_ms: float, slowdowns: list[float], seed: int, spread: float = 0.1
) -> list[list[float]]:
    """Returns 64 calls a round around a median, all calls of a round slowed down alike."""
    rng = np.random.default_rng(seed)
    return [list(median_ms * slow * rng.lognormal(0, spread, 64)) for slow in slowdowns]


class TestSummary:
    @settings(deadline=None, max_examples=50)
    @given(ROUNDS)
    def test_is_of_all_calls_together(self, rounds: list[list[float]]) -> None:
        """It does not depend on how calls fall into rounds, but for what is known of p99."""
        together = [[call for each in rounds for call in each]]

        found = summarise(rounds)

        assert replace(found, p99_ms=None) == summarise(together)
        assert found.calls == len(together[0])
        assert min(together[0]) <= found.p50_ms * (1 + 1e-9)
        assert found.p50_ms <= found.p90_ms * (1 + 1e-9)
        assert found.p90_ms <= max(together[0]) * (1 + 1e-9)

    def test_of_known_calls_is_known(self) -> None:
        found = summarise([[1.0, 2.0, 3.0], [4.0, 5.0]])

        assert (found.p50_ms, found.p90_ms, found.calls) == pytest.approx((3.0, 4.6, 5))

    @pytest.mark.parametrize(
        ("rounds", "each", "known"),
        [(1, 960, False), (100, 1, False), (458, 1, False), (459, 1, True), (60, 16, True)],
    )
    def test_has_a_p99_only_of_calls_enough_to_know_it(
        self, rounds: int, each: int, known: bool
    ) -> None:
        """The number is MLPerf's, for 99 % confidence: 0.99 ** 459 < 1 %. A round is not many."""
        rng = np.random.default_rng(0)

        assert (summarise(rng.random((rounds, each)).tolist()).p99_ms is not None) is known

    def test_has_the_p99_of_independent_calls_where_they_are(self) -> None:
        """Slow calls that rounds share evenly are as independent as they can be."""
        calls = np.random.default_rng(0).permutation(np.arange(1.0, 961))
        evenly = sorted(calls)
        rounds = [evenly[start::60] for start in range(60)]

        test: Any = quantile_test(calls, q=950, p=0.99, alternative="less")
        assert summarise(rounds).p99_ms == test.confidence_interval(0.99).high

    @pytest.mark.parametrize(
        ("slow", "deviation", "known"),
        [(0.0, 0.0, 1.0), (0.1, 0.0, 0.0), (0.0, 0.1, 0.0)],
        ids=["quiet", "a tenth of the rounds slow", "rounds of other speeds"],
    )
    def test_has_a_p99_that_is_seldom_too_low(
        self, slow: float, deviation: float, known: float
    ) -> None:
        """In 99 of 100 sessions, no more than 1 % of all calls ever take longer, or none is told.

        A machine that slows down whole rounds makes their calls alike.
        """
        rng, told, false, sessions = np.random.default_rng(1), 0, 0, 300
        for _ in range(sessions):
            bursts = np.where(rng.random((60, 1)) < slow, np.log(3), 0)
            rounds = bursts + rng.normal(0, deviation, (60, 1))
            p99_ms = summarise(np.exp(rounds + rng.normal(0, 0.1, (60, 16))).tolist()).p99_ms
            if p99_ms is not None:
                told += 1
                width = np.hypot(0.1, deviation)
                longer = norm.sf(np.log(p99_ms) / width), norm.sf(np.log(p99_ms / 3) / width)
                false += (1 - slow) * longer[0] + slow * longer[1] > 0.01

        assert false / sessions < 0.03
        assert told / sessions == pytest.approx(known, abs=0.1)

    def test_has_a_p99_of_calls_that_are_all_alike(self) -> None:
        assert summarise([[2.0] * 16] * 60).p99_ms == 2.0


class TestRatio:
    @settings(deadline=None, max_examples=50)
    @given(st.floats(0.05, 200), st.integers(0, 10_000))
    def test_is_found_on_a_busy_machine(self, truth: float, seed: int) -> None:
        """What slows down whole rounds, both sides alike, does not touch it."""
        slowdowns = list(np.random.default_rng(seed).uniform(1, 5, 15))

        found = ratio(rounds_of(2.0, slowdowns, seed), rounds_of(2.0 * truth, slowdowns, seed + 1))

        assert found.times == pytest.approx(truth, rel=0.05)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.times <= found.high
        assert found.high / found.low < 1.1

    @pytest.mark.parametrize("rounds", [3, 4, 5, 9, 10, 60])
    @pytest.mark.parametrize("bursts", [0.0, 0.1])
    def test_has_an_interval_that_holds_the_truth_as_often_as_it_says(
        self, rounds: int, bursts: float
    ) -> None:
        """However few rounds there are, and where some are disturbed on one side alone."""
        rng, held, sessions = np.random.default_rng(rounds), 0, 400
        for _ in range(sessions):
            logs = rng.normal(0, 0.05, rounds)
            logs += np.where(rng.random(rounds) < bursts, rng.choice([-0.4, 0.4], rounds), 0)
            found = ratio([[1.0]] * rounds, [[3.0 * slow] for slow in np.exp(logs)])
            assert found.low is not None
            assert found.high is not None
            held += found.low <= 3.0 <= found.high

        assert 0.92 < held / sessions < 0.98

    @pytest.mark.parametrize("rounds", [1, 2])
    def test_has_no_interval_of_rounds_too_few_for_one(self, rounds: int) -> None:
        found = ratio([[1.0]] * rounds, [[2.0], [2.2]][:rounds])

        assert found.times >= 2
        assert (found.low, found.high) == (None, None)

    @settings(deadline=None, max_examples=30)
    @given(ROUNDS)
    def test_of_a_candidate_to_itself_is_one(self, rounds: list[list[float]]) -> None:
        found = ratio(rounds, rounds)

        assert found.times == 1
        assert (found.low, found.high) == ((1, 1) if len(rounds) > 2 else (None, None))

    @settings(deadline=None, max_examples=30)
    @given(st.floats(0.1, 10), st.integers(0, 1000))
    def test_turns_over_with_its_sides(self, truth: float, seed: int) -> None:
        own = rounds_of(1.0, [1.0] * 5, seed)
        reference = rounds_of(truth, [1.0] * 5, seed + 1)

        assert ratio(own, reference).times == pytest.approx(1 / ratio(reference, own).times)

    def test_depends_on_its_seed_alone(self) -> None:
        own, reference = (rounds_of(1.0, [1.0] * 15, seed) for seed in (1, 2))

        assert ratio(own, reference) == ratio(own, reference)
        assert ratio(own, reference, seed=1) != ratio(own, reference, seed=2)

    def test_of_other_rounds_is_refused(self) -> None:
        with pytest.raises(ValueError, match="other rounds"):
            ratio([[1.0]], [[1.0], [1.0]])


class TestNoise:
    @pytest.mark.parametrize(
        ("medians", "wanted"),
        [([2.0], 0.0), ([2.0, 2.0, 2.0], 0.0), ([1.0, 2.0, 3.0, 4.0, 5.0], 2 / 3)],
    )
    def test_is_the_spread_of_the_rounds_medians(self, medians: list[float], wanted: float) -> None:
        """A few slow calls in a round are not noise between rounds."""
        rounds = [[each, each, each, 100.0] for each in medians]

        assert noise(rounds) == pytest.approx(wanted)

    def test_tells_a_busy_machine_from_a_quiet_one(self) -> None:
        quiet = rounds_of(1.0, [1.0] * 15, 0)
        busy = rounds_of(1.0, [1.0, 1.6, 2.5] * 5, 0)

        assert noise(quiet) < NOISY < noise(busy)


class TestSharedRounds:
    @settings(deadline=None, max_examples=50)
    @given(st.integers(0, 8), st.integers(0, 6), st.integers(0, 8), st.integers(0, 6))
    def test_are_those_in_which_both_were_visited(
        self, first: int, count: int, other_first: int, other_count: int
    ) -> None:
        own, other = numbered(first, count), numbered(other_first, other_count)

        mine, theirs = shared_rounds(own, other)

        both = sorted(
            set(range(first, first + count)) & set(range(other_first, other_first + other_count))
        )
        assert numbers_in(mine) == numbers_in(theirs) == both


def numbered(first: int, count: int) -> Speed:
    """Returns a candidate whose calls are the numbers of their rounds."""
    rounds = tuple((number + 0.5,) for number in range(first, first + count))
    return Speed(first_round=first, rounds_ms=rounds)


def numbers_in(rounds_ms: Calls) -> list[int]:
    return [int(call) for each in rounds_ms for call in each]
