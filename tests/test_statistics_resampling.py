"""Resampling over distinct columns: the bootstrap itself, at a small part of its cost."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_hits import Hits, World, some_hits

from kdzoo.statistics.paired import compare
from kdzoo.statistics.resampling import (
    RESAMPLES,
    _distinct_rows,
    chunks,
    distinct_columns,
    drawn_seeds,
    paired_seeds,
    resampled_means,
)


class CountingGenerator(np.random.Generator):
    """Counts the numbers that are drawn."""

    drawn = 0

    def multinomial(self, *args: Any, **kwargs: Any) -> Any:
        found = super().multinomial(*args, **kwargs)
        self.drawn += found.size
        return found


@given(st.integers(0, 5000), st.integers(0, 2**24))
def test_draws_are_made_in_chunks_that_memory_holds(total: int, width: int) -> None:
    """All of them, as few chunks as there may be; one that is too wide is made alone."""
    sizes = list(chunks(total, width))

    assert sum(sizes) == total
    assert all(size * width <= 2**22 or size == 1 for size in sizes)
    assert len(set(sizes[:-1])) <= 1


class TestDistinctColumns:
    @settings(deadline=None, max_examples=100)
    @given(some_hits())
    def test_stand_for_all_columns(self, hits: Hits) -> None:
        rows = hits.astype(np.int8)

        columns, counts = distinct_columns(rows, np.ones(rows.shape[1], dtype=np.int64))

        repeated = np.repeat(columns, counts, axis=1)
        assert sorted(map(tuple, repeated.T)) == sorted(map(tuple, rows.T))
        assert len({tuple(each) for each in columns.T}) == len(counts)
        assert list(counts) == sorted(counts, reverse=True)

    def test_know_how_often_a_column_occurs(self) -> None:
        columns, counts = distinct_columns(np.array([[5, 7, 5]]), np.array([10, 15, 20]))

        assert (columns.tolist(), counts.tolist()) == ([[5, 7]], [30, 15])


class TestResampledMeans:
    @pytest.mark.parametrize("seeds", [1, 3])
    def test_are_distributed_as_if_every_text_had_been_drawn(self, seeds: int) -> None:
        """Means, deviations and correlation of two outcomes, beside indices of seeds and texts."""
        rng = np.random.default_rng(0)
        cells = np.stack([rng.integers(-1, 2, (seeds, 60)), rng.integers(0, 3, (seeds, 60))])
        cells[1] += cells[0]
        cells[:, 0] += 1

        found = resampled_means(cells, rng)

        chosen = rng.integers(0, seeds, (RESAMPLES, max(1, seeds - 1), 1))
        texts = rng.integers(0, 60, (RESAMPLES, 1, 60))
        plain = cells[:, chosen, texts].mean((2, 3)).T  # [R, A]
        np.testing.assert_allclose(found.mean(0), plain.mean(0), atol=0.02)
        np.testing.assert_allclose(np.cov(found.T), np.cov(plain.T), rtol=0.06, atol=1e-3)
        levels = [0.01, 0.1, 0.5, 0.9, 0.99]
        np.testing.assert_allclose(
            np.quantile(found, levels, axis=0), np.quantile(plain, levels, axis=0), atol=0.05
        )

    def test_of_a_large_report_draw_few_numbers(self) -> None:
        """For 200 rows of three seeds on 5,500 texts; indices of texts would be eleven billion."""
        rng = CountingGenerator(np.random.PCG64(0))
        for _ in range(200):
            student, teacher = World().study(rng, 5500, (3.0, 3), (4.0, 1))
            resampled_means((student.astype(np.int8) - teacher)[np.newaxis], rng)

        seeds, differences = 3, 5  # columns drawn for a resample: -1, -1/2, 0, 1/2 and 1
        assert rng.drawn <= 200 * RESAMPLES * (seeds + differences)  # sixteen million

    @pytest.mark.parametrize("seeds", [3, pytest.param(20, marks=pytest.mark.study)])
    def test_of_a_comparison_take_little_memory(self, seeds: int) -> None:
        """An index for every text and resample would take 440 MB."""
        student, teacher = World().study(np.random.default_rng(0), 5500, (3.0, seeds), (4.0, 1))
        compare(student, teacher)  # whatever is imported when first used

        tracemalloc.start()
        compare(student, teacher)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert peak_bytes < 20e6


class TestDrawnSeeds:
    @pytest.mark.parametrize("seeds", [2, 3, 5, 10])
    def test_vary_as_a_mean_over_so_many_seeds_does(self, seeds: int) -> None:
        """The variance of their mean is the sample variance over S, not (S - 1) / S of it."""
        values = np.random.default_rng(1).normal(size=seeds)

        drawn = drawn_seeds(seeds, np.random.default_rng(0))

        means = drawn @ values / drawn.sum(1)
        assert drawn.shape == (RESAMPLES, seeds)
        assert means.mean() == pytest.approx(values.mean(), abs=0.02)
        assert means.var() == pytest.approx(values.var(ddof=1) / seeds, rel=0.05)

    def test_are_always_the_one_that_there_is(self) -> None:
        assert (drawn_seeds(1, np.random.default_rng(0)) == 1).all()


class TestPairedSeeds:
    def test_repeat_a_single_one(self) -> None:
        many, one = np.eye(3, 4, dtype=bool), np.ones((1, 4), dtype=bool)

        first, second = paired_seeds(many, one)

        assert (first == many).all()
        assert second.shape == (3, 4)
        assert second.all()

    @pytest.mark.parametrize(
        ("first", "second", "message"),
        [
            ((3, 5), (2, 5), r"outcomes of \[2, 3\] seeds cannot be paired"),
            ((0, 5), (1, 5), r"outcomes of \[0\] seeds"),
            ((1, 5), (1, 1), r"outcomes of \[1, 5\] texts cannot be compared"),
            ((1, 0), (1, 0), r"outcomes of \[0\] texts"),
        ],
    )
    def test_that_cannot_be_paired_are_refused(
        self, first: tuple[int, int], second: tuple[int, int], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            paired_seeds(np.ones(first, dtype=bool), np.ones(second, dtype=bool))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 18), st.integers(0, 1000))
def test_distinct_draws_are_those_of_numpy(seeds: int, seed: int) -> None:
    """In the same order: what is drawn after them is then the same too."""
    drawn = drawn_seeds(seeds, np.random.default_rng(seed))[:500]

    found, times = _distinct_rows(drawn)

    wanted, counts = np.unique(drawn, axis=0, return_counts=True)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(times, counts)
