"""Two splits are said to differ where their labels' shares do, and not where that may be chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from kdzoo.statistics.paired import SIGNIFICANT
from kdzoo.statistics.shift import shift_in_words

OOS = 2


def labels(*counts: int) -> np.ndarray:
    """Returns so many gold labels of each class."""
    return np.repeat(np.arange(len(counts)), counts)


def test_shares_out_of_scope_are_named() -> None:
    found = shift_in_words(labels(485, 485, 30), labels(410, 410, 180), "test", OOS)

    assert found == (
        "test is not like validation (out of scope: 3.0 % of validation, 18.0 % of test)"
    )


@pytest.mark.parametrize("oos", [None, OOS])
def test_of_other_labels_it_is_said_that_their_shares_differ(oos: int | None) -> None:
    """Also where the data has a label out of scope, if it is not that one."""
    found = shift_in_words(labels(485, 485, 30), labels(800, 170, 30), "test", oos)

    assert found == "test is not like validation (its labels have other shares)"


def test_a_label_that_only_one_of_them_has_is_a_difference() -> None:
    assert shift_in_words(labels(50, 50), labels(50, 50, 50), "test", None)


@pytest.mark.parametrize(
    ("validation", "other"),
    [
        (labels(48, 49, 3), labels(980, 960, 60)),
        (labels(10), labels(500)),
        (labels(5, 5), labels()),
        (labels(), labels(5, 5)),
    ],
)
def test_of_like_shares_or_no_texts_nothing_is_said(
    validation: np.ndarray, other: np.ndarray
) -> None:
    assert shift_in_words(validation, other, "test", OOS) is None


def test_splits_of_one_source_are_seldom_said_to_differ() -> None:
    generator = np.random.default_rng(0)
    found = [
        shift_in_words(generator.integers(30, size=600), generator.integers(30, size=900), "t", OOS)
        for _ in range(400)
    ]
    said = sum(each is not None for each in found)

    assert binomtest(said, len(found), SIGNIFICANT, alternative="greater").pvalue > 0.01
