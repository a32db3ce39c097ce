"""Figures of several models as one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over seeds; one seed has no deviation."""

    mean: float
    sd: float
    seeds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Returns mean and sample standard deviation."""
        array = np.asarray(values, dtype=float)
        deviation = float(array.std(ddof=1)) if len(array) > 1 else math.nan
        return cls(float(array.mean()), deviation, len(array))


def spreads(models: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """Returns each figure over the models that have it, by name, in the order of the models."""
    names = dict.fromkeys(name for figures in models for name in figures)
    return {
        name: Spread.of([figures[name] for figures in models if name in figures]) for name in names
    }
