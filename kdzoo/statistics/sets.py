"""F1 of labels, or entities, with its interval: it is no mean over texts, which are resampled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from kdzoo.statistics.interval import Interval, percentile_interval
from kdzoo.statistics.paired import Comparison, least_reach, p_by_seed, permutation_p
from kdzoo.statistics.resampling import Floats, chunks, paired_seeds
from kdzoo.task.tags import Tags, entity_counts, right_counts
from kdzoo.task.thresholds import f1_of_counts

Sets = npt.NDArray[np.bool_]  # which labels each text has, [..., N, C]
Counted = npt.NDArray[np.bool_ | np.integer[Any]]  # [..., N, C]
Average = Callable[[Floats, Floats, Floats], Floats]  # counts [..., C] -> F1 [...]

_RESAMPLES = 999  # of the texts


def macro(right: Floats, given: Floats, wanted: Floats) -> Floats:
    """Returns the mean over labels of their F1, [...], of counts [..., C].

    A label that no text of a resample has is left out of its mean.
    """
    occurs = wanted > 0
    found = np.where(occurs, f1_of_counts(right, given, wanted), 0.0).sum(-1)
    return np.asarray(found / np.maximum(occurs.sum(-1), 1))


def micro(right: Floats, given: Floats, wanted: Floats) -> Floats:
    """Returns the F1 of all labels of all texts together, [...], of counts [..., C]."""
    return f1_of_counts(right.sum(-1), given.sum(-1), wanted.sum(-1))


AVERAGES: dict[str, Average] = {"macro_f1": macro, "micro_f1": micro}
ENTITY_AVERAGES: dict[str, Average] = {"entity_f1": micro, "macro_f1": macro}


@dataclass(frozen=True, eq=False)
class Marks:
    """What F1 is made of: how often each text is given what it has, of each of C kinds.

    Kinds are labels, of which a text has each or not; or types of entities, of which a sentence has
    any number.

    Attributes:
        right: given, and there, [S, N, C].
        given: by each of S models, [S, N, C].
        wanted: that are there, [N, C].
        averages: the F1s that are told, by name; the first is the leading one.
    """

    right: Counted
    given: Counted
    wanted: Counted
    averages: Mapping[str, Average]

    @classmethod
    def of_sets(cls, answers: Sets, gold: Sets) -> Marks:
        """Returns those of sets of labels, [S, N, C] and [N, C]."""
        return cls(answers & gold, answers, gold, AVERAGES)

    @classmethod
    def of_entities(cls, tags: Sequence[Tags], gold: Tags, labels: int) -> Marks:
        """Returns those of the entities of sentences, [N, W], S models and the gold ones.

        Args:
            tags: of each model.
            gold: likewise.
            labels: how many tags there are.
        """
        types = (labels - 1) // 2
        return cls(
            right=np.stack([right_counts(own, gold, types) for own in tags]),
            given=np.stack([entity_counts(own, types) for own in tags]),
            wanted=entity_counts(gold, types),
            averages=ENTITY_AVERAGES,
        )

    @property
    def leading(self) -> Average:
        """The average of the leading figure."""
        return next(iter(self.averages.values()))

    def by_kind(self) -> tuple[Counted, Counted, Counted]:
        """Returns right, given and wanted with the kinds that the leading figure averages over."""
        if self.leading is macro:
            return self.right, self.given, self.wanted
        counts = (self.right, self.given, self.wanted)
        right, given, wanted = (count.sum(-1, keepdims=True) for count in counts)
        return right, given, wanted


def f1_by_seed(marks: Marks, average: Average) -> Floats:
    """Returns the F1 of each seed's model, [S]."""
    right, given = marks.right.sum(1), marks.given.sum(1)  # [S, C]
    wanted = marks.wanted.sum(0)
    return average(*(counts.astype(np.float64) for counts in (right, given, wanted)))


def f1_over_texts(marks: Marks, average: Average) -> Interval:
    """Returns F1, mean over seeds, with its percentile bootstrap interval over texts.

    It says how far other texts would move the figure of these very models.

    Args:
        marks: of N texts.
        average: over kinds.
    """
    value = float(f1_by_seed(marks, average).mean())
    resampled = [
        np.mean([average(*counts) for counts in _counts(drawn, marks)], axis=0)
        for drawn in _resamples(len(marks.wanted))
    ]
    return percentile_interval(value, np.concatenate(resampled))


def f1_values(marks: Marks) -> Floats:
    """Returns what each text adds to the leading F1, [S, N]: numbers whose mean over texts it is.

    The infinitesimal jackknife (Efron, 1982): F1 plus N times its derivative by the text's weight.
    Their variance over texts is that of F1, so that what is known of means holds of it, as nearly
    as it is linear in single texts.
    """
    right, given, wanted = marks.by_kind()
    total_wanted = wanted.sum(0)
    occurs = total_wanted > 0
    if not occurs.any():  # there is nothing to find, and the F1 of nothing is 0
        return np.zeros(given.shape[:2])
    right, given, wanted = right[..., occurs], given[..., occurs], wanted[:, occurs]
    total = np.maximum(given.sum(1, keepdims=True) + total_wanted[occurs], 1)  # [S, 1, C]
    found = 2 * right.sum(1, keepdims=True) / total  # F1 of each kind
    slopes = (2 * right - found * (given + wanted.astype(np.int64))) / total
    values: Floats = found.mean(-1) + len(wanted) * slopes.mean(-1)
    return values


def compare_marks(first: Marks, second: Marks) -> Comparison:
    """Returns how the leading F1 of the first model differs from the second's.

    The interval resamples texts and seeds, each for itself, and F1 is worked out anew from each
    resample. The p-value is that of swapping a text's two sides, to first order: of ``f1_values``.

    Args:
        first: of S models.
        second: of the same texts in the same order; one of the two may have a single seed.

    Raises:
        ValueError: other texts, or numbers of seeds that cannot be paired.
    """
    one, two = paired_seeds(f1_values(first), f1_values(second))
    by_seed = one.mean(1) - two.mean(1)  # [S]
    rng, resampled = np.random.default_rng(1), []  # of the seeds; another one draws the texts
    for drawn in _resamples(len(first.wanted)):
        own, other = (
            np.stack([first.leading(*counts) for counts in _counts(drawn, member)], axis=1)
            for member in (first, second)
        )  # [R, S]
        seeds = len(by_seed)
        weights = rng.multinomial(max(1, seeds - 1), np.full(seeds, 1 / seeds), size=len(drawn))
        resampled.append(((own - other) * weights).sum(1) / weights.sum(1))
    return Comparison(
        difference=percentile_interval(
            float(by_seed.mean()), np.concatenate(resampled), least_reach(one, two)
        ),
        p_value=permutation_p(one, two),
        p_by_seed=p_by_seed(one, two),
        by_seed=tuple(by_seed.tolist()),
    )


def _resamples(texts: int) -> Iterator[Floats]:
    """Yields how often each text is drawn, [R, N], some resamples at once."""
    rng = np.random.default_rng(0)
    for count in chunks(_RESAMPLES, texts):
        yield rng.multinomial(texts, np.full(texts, 1 / texts), size=count).astype(np.float64)


def _counts(drawn: Floats, marks: Marks) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yields of each seed how often kinds are right, given and wanted in resamples, [R, C]."""
    wanted = _summed(drawn, marks.wanted)
    for right, given in zip(marks.right, marks.given, strict=True):
        yield _summed(drawn, right), _summed(drawn, given), wanted


def _summed(drawn: Floats, counted: Counted) -> Floats:
    """Returns drawn @ counted, [R, C]; few of the kinds are there in a text, [N, C]."""
    return np.asarray(csr_array(counted).T @ drawn.T).T
