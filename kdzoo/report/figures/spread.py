"""Figures of several models as one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kdzoo.results import FormRecord, Record
from kdzoo.statistics import Interval
from kdzoo.task import TASKS


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over seeds; one seed has no deviation.

    A figure of which other texts may say otherwise has its 95 % interval over texts.
    """

    mean: float
    sd: float
    seeds: int
    interval: Interval | None = None

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Returns mean and sample standard deviation."""
        array = np.asarray(values, dtype=float)
        deviation = float(array.std(ddof=1)) if len(array) > 1 else math.nan
        return cls(float(array.mean()), deviation, len(array))


def figures_on(record: Record | FormRecord, split: str) -> dict[str, float]:
    """Returns the figures of a split; beside those of test, the accuracy on each other test set."""
    others = record.data.other_tests if split == "test" else ()
    read = {name: record.quality[name] for name in others if name in record.quality}
    leading = TASKS[record.data.task].leading
    return record.quality[split] | {
        f"{name}_{leading}": figures[leading] for name, figures in read.items()
    }


def spreads(models: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """Returns each figure over the models that have it, by name, in the order of the models.

    A single model's are given with their intervals; those of several models together have to be
    made from all their outcomes.
    """
    names = dict.fromkeys(name for figures in models for name in figures)
    ends = {f"{name}{end}" for name in names for end in ("_low", "_high")}
    found = {
        name: Spread.of([figures[name] for figures in models if name in figures])
        for name in names
        if name not in ends
    }
    return with_intervals(found, _intervals(models[0])) if len(models) == 1 else found


def _intervals(figures: Mapping[str, float]) -> dict[str, Interval]:
    """Returns the intervals that a model's figures have."""
    return {
        name: Interval(value, figures[f"{name}_low"], figures[f"{name}_high"])
        for name, value in figures.items()
        if {f"{name}_low", f"{name}_high"} <= figures.keys()
    }


def with_intervals(
    spreads: Mapping[str, Spread], intervals: Mapping[str, Interval]
) -> dict[str, Spread]:
    """Returns figures with the intervals that are known of them, by name."""
    return {
        name: replace(spread, interval=intervals.get(name, spread.interval))
        for name, spread in spreads.items()
    }


def with_known_intervals(
    found: Mapping[str, Spread], known: Mapping[str, Spread]
) -> dict[str, Spread]:
    """Returns figures with the intervals of known ones that are the same: of the same answers."""
    same = {
        name: of.interval
        for name, of in known.items()
        if of.interval is not None and name in found and replace(of, interval=None) == found[name]
    }
    return with_intervals(found, same)
