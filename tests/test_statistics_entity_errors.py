"""Errors of entities by kind: each by hand, and all as counted one entity at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdzoo.statistics.entity_errors import EntityErrors, error_counts
from kdzoo.task.tags import NO_TAG, Tags, best_path, entities_in

KINDS = ("right", "boundary", "type", "boundary_and_type", "missed", "invented")
GOLD = [0, 1, 2, 2, 0, 0]  # one entity of the first type, of three words


def counted_one_by_one(tags: Tags, gold: Tags) -> Counter[str]:
    """Returns the kinds of the entities, each held against all of the other side."""
    found: Counter[str] = Counter()
    for own, wanted in zip(tags.tolist(), gold.tolist(), strict=True):
        given_here, gold_here = (entities_in(row) for row in (own, wanted))
        for start, end, kind in gold_here:
            met = [other for other in given_here if other[0] < end and start < other[1]]
            alike = {(other[:2] == (start, end), other[2] == kind) for other in met}
            found[
                "missed" if not alike
                else "right" if (True, True) in alike
                else "type" if (True, False) in alike
                else "boundary" if (False, True) in alike
                else "boundary_and_type"
            ] += 1  # fmt: skip
        for start, end, _ in given_here:
            found["invented"] += not any(o[0] < end and start < o[1] for o in gold_here)
    return found


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ([0, 1, 2, 2, 0, 0], "right"),
        ([0, 1, 2, 0, 0, 0], "boundary"),  # ends too soon
        ([0, 1, 2, 2, 2, 0], "boundary"),  # ends too late
        ([1, 2, 2, 2, 0, 0], "boundary"),  # begins too soon
        ([0, 0, 1, 2, 0, 0], "boundary"),  # begins too late
        ([0, 1, 2, 1, 0, 0], "boundary"),  # two in its place: neither is invented
        ([0, 3, 4, 1, 0, 0], "boundary"),  # one of them of its type
        ([0, 3, 4, 4, 0, 0], "type"),
        ([0, 3, 4, 0, 0, 0], "boundary_and_type"),
        ([3, 4, 4, 4, 4, 4], "boundary_and_type"),
        ([0, 0, 0, 0, 0, 0], "missed"),
    ],
)
def test_an_entity_is_of_one_kind(tags: list[int], kind: str) -> None:
    counts = error_counts(np.array([tags]), np.array([GOLD]))

    assert dict(zip(KINDS, counts.tolist(), strict=True)) == {**dict.fromkeys(KINDS, 0), kind: 1}


def test_what_touches_no_entity_is_invented_and_leaves_it_missed() -> None:
    counts = error_counts(np.array([[1, 0, 0, 0, 3, 4]]), np.array([GOLD]))

    assert counts.tolist() == [0, 0, 0, 0, 1, 2]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.floats(0, 2))
def test_kinds_are_those_of_one_entity_at_a_time(seed: int, words: int, noise: float) -> None:
    """Over sentences of several lengths, whose tags are somewhat like the gold ones, or not."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(5, words, 7)) * [1, 1, 2, 1, 2, 1, 2]
    gold, tags = (best_path(s) for s in (scores, scores + noise * rng.normal(size=scores.shape)))
    there = np.arange(words) < rng.integers(1, words + 1, size=(5, 1))
    gold = best_path(np.where(there[..., np.newaxis], scores, np.nan))
    tags = np.where(there, tags, NO_TAG)

    counts = error_counts(tags, gold)

    wanted = counted_one_by_one(tags, gold)
    assert counts.tolist() == [wanted[kind] for kind in KINDS]
    assert counts[:5].sum() == sum(len(entities_in(row)) for row in gold.tolist())


def test_shares_are_means_over_seeds_and_of_the_gold_entities() -> None:
    """The first five sum to one, and the first is the recall."""
    gold = np.array([GOLD, [1, 0, 3, 0, 1, 2]])
    seeds = [gold, np.array([GOLD, [0, 3, 0, 1, 2, 0]])]

    found = EntityErrors.of([error_counts(tags, gold) for tags in seeds])

    assert found is not None
    assert astuple(found) == pytest.approx((5 / 8, 1 / 8, 0, 0, 2 / 8, 1 / 8))


def test_sentences_without_an_entity_have_no_shares() -> None:
    assert EntityErrors.of([error_counts(np.array([[1, 2]]), np.array([[0, 0]]))]) is None
