"""Accuracy on parts of the texts: every text is in one slice, and the whole is their sum."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tiny_hits import Hits, some_hits

from kdzoo.statistics import Slice, by_bounds, by_quartile

HITS = np.array([[True, True, False, False], [True, False, False, True]])


class TestByBounds:
    def test_of_known_texts_is_known(self) -> None:
        """Two texts at or below 3, none up to 5, two above; means over both seeds."""
        assert by_bounds(HITS, np.array([1, 3, 6, 9]), [3, 5]) == (
            Slice(least=1, most=3, texts=2, accuracy=0.75),
            Slice(least=6, most=9, texts=2, accuracy=0.25),
        )


class TestByQuartile:
    def test_of_as_many_lengths_as_texts_has_four(self) -> None:
        found = by_quartile(np.ones((1, 100), dtype=bool), np.arange(100))

        assert [(each.least, each.most) for each in found] == [
            (0, 24),
            (25, 49),
            (50, 74),
            (75, 99),
        ]

    def test_of_texts_of_one_length_has_one(self) -> None:
        (found,) = by_quartile(HITS, np.full(4, 7.0))

        assert found == Slice(least=7, most=7, texts=4, accuracy=0.5)

    @settings(deadline=None, max_examples=50)
    @given(st.data())
    def test_parts_the_texts(self, data: st.DataObject) -> None:
        hits: Hits = data.draw(some_hits())
        words = data.draw(arrays(np.int32, hits.shape[1], elements=st.integers(0, 40)))

        found = by_quartile(hits, words)

        assert 1 <= len(found) <= 4
        assert sum(each.texts for each in found) == hits.shape[1]
        right = sum(each.accuracy * each.texts for each in found)
        assert right == pytest.approx(hits.mean(0).sum())
        edges = [edge for each in found for edge in (each.least, each.most)]
        assert edges == sorted(edges)
        assert all(a.most < b.least for a, b in pairwise(found))
