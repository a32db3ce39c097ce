"""Which texts are timed: a mix of lengths that is the same for every round and every row."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_runtimes import obedient

from kdzoo.measure import (
    NOISY,
    Candidate,
    MeasureSettings,
    Speed,
    measure_candidates,
    measurement,
    noise,
)
from kdzoo.measure.measurement import BATCH_TEXTS, WHOLE_S
from kdzoo.measure.mix import mixed_order, one_of_each, strata
from kdzoo.measure.speed import WHOLE
from kdzoo.progress import Silent
from kdzoo.runtime import Input

LENGTHS = st.lists(st.integers(0, 30), min_size=1, max_size=60)
COUNT = st.integers(1, 20)


def of_lengths(lengths: list[int]) -> list[str]:
    """Returns a text of each length, each a text of its own."""
    return [chr(0x4E00 + place) * length or f"\n{place}" for place, length in enumerate(lengths)]


def varied(count: int) -> list[str]:
    """Returns texts as varied in length as people's are, the shortest first."""
    lengths = np.random.default_rng(0).lognormal(4, 0.8, count).astype(int)
    return ["x" * length for length in sorted(1 + lengths)]


class TestStrata:
    @settings(deadline=None, max_examples=60)
    @given(LENGTHS, COUNT, st.integers(0, 9))
    def test_are_alike_in_size_and_ordered_by_length(
        self, lengths: list[int], count: int, seed: int
    ) -> None:
        texts = of_lengths(lengths)

        parts = strata(texts, count, random.Random(seed))

        assert len(parts) == count
        sizes = {len(part) for part in parts}
        assert max(sizes) - min(sizes) <= 1
        in_order = [len(text) for part in parts for text in part]
        assert in_order == sorted(in_order)
        assert {text for part in parts for text in part} == set(texts)
        if count <= len(texts):
            assert sum(map(len, parts)) == len(texts)

    @settings(deadline=None, max_examples=30)
    @given(st.integers(1, 5), st.integers(5, 20))
    def test_of_few_texts_have_each_as_often_as_the_others(self, few: int, count: int) -> None:
        parts = strata(of_lengths(list(range(few))), count, random.Random(0))

        often = Counter(text for part in parts for text in part).values()
        assert len(often) == few
        assert max(often) - min(often) <= 1

    def test_take_pairs_as_long_as_both_their_texts(self) -> None:
        pairs: list[Input] = [("a" * 9, "b"), "c" * 5, ("d", "e" * 2)]

        assert strata(pairs, 3, random.Random(0)) == [[pairs[2]], [pairs[1]], [pairs[0]]]

    def test_put_texts_of_one_length_in_the_order_of_the_seed(self) -> None:
        texts = [f"{number:02}" for number in range(40)]
        orders = [strata(texts, 4, random.Random(seed)) for seed in (0, 0, 1)]

        assert orders[0] == orders[1] != orders[2]


class TestARound:
    def test_reads_a_text_of_every_stratum_in_random_order(self) -> None:
        """The first texts are those that warm a candidate up, which are not to be the shortest."""
        texts, rng = varied(160), random.Random(0)
        parts = strata(texts, 16, rng)

        rounds = [one_of_each(parts, rng) for _ in range(60)]

        for drawn in rounds:
            assert sum(any(text in part for text in drawn) for part in parts) == 16
        assert len({tuple(drawn) for drawn in rounds}) == 60
        firsts = {next(n for n, part in enumerate(parts) if drawn[0] in part) for drawn in rounds}
        assert len(firsts) > 8

    @pytest.mark.parametrize("count", [64, 100, 1287])
    def test_reads_all_texts_alike_in_the_long_run(self, count: int) -> None:
        texts = [f"{'x' * (number // 3)} {number:04}" for number in range(count)]
        rng, rounds = random.Random(0), 20 * count
        parts = strata(texts, 16, rng)

        often = Counter(text for _ in range(rounds) for text in one_of_each(parts, rng))

        expected = 16 * rounds / count
        assert set(often) == set(texts)
        assert all(0.6 * expected < times < 1.4 * expected for times in often.values())


class TestAMixedOrder:
    @settings(deadline=None, max_examples=40)
    @given(LENGTHS, COUNT, st.integers(0, 9))
    def test_holds_each_text_once(self, lengths: list[int], count: int, seed: int) -> None:
        texts = of_lengths(lengths)

        assert sorted(mixed_order(texts, count, random.Random(seed))) == sorted(texts)

    @pytest.mark.parametrize("beginning", [256, 300, 512, 1000, 2048])
    def test_begins_with_the_mix_of_the_whole(self, beginning: int) -> None:
        texts = varied(5500)

        for seed in range(5):
            order = mixed_order(texts, 256, random.Random(seed))

            found = fmean(map(len, order[:beginning]))
            assert found == pytest.approx(fmean(map(len, texts)), rel=0.03)


class ByLength:
    """Stands for a candidate on a quiet machine: what a text costs follows its length alone."""

    def __init__(self, candidate: Candidate, threads: int) -> None:
        self.character_ms = {"fast": 0.001, "slow": 1.0}[candidate.name]

    def load(self, text: Input, limit_s: float) -> dict[str, Any]:
        return {}

    def ask(self, command: str, details: Mapping[str, Any], limit_s: float) -> dict[str, Any]:
        text_ms = [self.character_ms * len(text) for text in details["texts"]]
        same_ms = [self.character_ms * len(details.get("same", ""))] * 5
        if command == "throughput":
            return {"seconds": sum(text_ms) / 1e3}
        return {"text_ms": text_ms, "same_ms": same_ms, "model_ms": text_ms}

    def close(self) -> None:
        """Nothing runs."""


@pytest.fixture
def by_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Speed]:
    """A slow and a fast row, on texts that their file holds in the order of their length."""
    monkeypatch.setattr(measurement, "LocalWorker", ByLength)
    monkeypatch.setattr(measurement, "BATCH_TEXTS", BATCH_TEXTS)  # tests of studies read fewer
    monkeypatch.setattr(measurement, "WHOLE_S", WHOLE_S)
    measured = measure_candidates(
        [obedient(tmp_path, name) for name in ("slow", "fast")],
        varied(2048),
        settings=MeasureSettings(is_isolated=False),
        seed=0,
        progress=Silent(),
    )
    return {candidate.name: speed for candidate, speed in measured.speeds.items()}


def test_texts_of_varied_length_do_not_make_a_quiet_machine_noisy(
    by_length: dict[str, Speed],
) -> None:
    for speed in by_length.values():
        assert noise(speed.rounds_ms) < NOISY / 2
        assert noise(speed.same_work_ms) == 0


def test_throughput_of_slow_and_fast_rows_is_of_the_same_mix(by_length: dict[str, Speed]) -> None:
    """A slow row reads the first 256 texts, a fast one all of them."""
    slow, fast = (by_length[name].throughput[WHOLE] for name in ("slow", "fast"))

    assert fast / slow == pytest.approx(1000, rel=0.03)
