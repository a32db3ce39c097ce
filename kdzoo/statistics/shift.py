"""Whether a split is like validation, as far as gold labels tell: what is promised holds for such.

A chi-square test asks whether both have the same shares of the labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2_contingency

from kdzoo.amounts import percent
from kdzoo.statistics.paired import SIGNIFICANT

Labels = npt.NDArray[Any]  # ids of gold labels, [N]


def shift_in_words(validation: Labels, other: Labels, split: str, oos: int | None) -> str | None:
    """Returns how a split differs from validation, as a clause; None where not measurably.

    Args:
        validation: gold labels of its texts, [N].
        other: those of the split's, [M].
        split: what it is called.
        oos: the label of texts out of scope, whose shares are named where they differ.
    """
    if not _differ(validation, other):
        return None
    how = "its labels have other shares"
    if oos is not None and _differ(validation == oos, other == oos):
        shares = [percent(float((labels == oos).mean())) for labels in (validation, other)]
        how = f"out of scope: {shares[0]} of validation, {shares[1]} of {split}"
    return f"{split} is not like validation ({how})"


def _differ(first: Labels, second: Labels) -> bool:
    """Whether values have measurably other shares in the second."""
    values, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    if len(values) < 2 or not (len(first) and len(second)):
        return False
    counts = [np.bincount(part, minlength=len(values)) for part in np.split(places, [len(first)])]
    return bool(chi2_contingency(np.array(counts)).pvalue < SIGNIFICANT)
