"""F1 of labels, or entities, with its interval: it is no mean over texts, which are resampled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.stats import hmean

from kdzoo.statistics.interval import Interval, of_all_or_none, percentile_interval
from kdzoo.statistics.paired import Comparison, least_reach, p_by_seed, permutation_p
from kdzoo.statistics.resampling import Counts, Floats, chunks, paired_seeds, rows_of
from kdzoo.task.tags import Tags, entity_counts, right_counts
from kdzoo.task.thresholds import f1_of_counts

Sets = npt.NDArray[np.bool_]  # which labels each text has, [..., N, C]
Counted = npt.NDArray[np.bool_ | np.integer[Any]]  # [..., N, C]
_Counts = tuple[Floats, Floats, Floats]  # how often kinds are right, given and wanted, [R, C] each
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

    def by_kind(self, average: Average) -> tuple[Counted, Counted, Counted]:
        """Returns right, given and wanted with the kinds that an average is over."""
        if average is macro:
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

    It says how far other texts would move the figure of these very models. Where all is right, or
    all wrong, no resample is otherwise: then the ends are those of a share of as many texts as
    ``_texts_behind`` says.

    Args:
        marks: of N texts.
        average: over kinds.
    """
    value = float(f1_by_seed(marks, average).mean())
    if value in (0.0, 1.0):
        texts = _texts_behind(marks, average)
        return of_all_or_none(value, texts) if texts else Interval(value)
    resampled = [
        np.mean([average(*counts) for counts in by_seed], axis=0)
        for (by_seed,) in _resamples(marks)
    ]
    return percentile_interval(value, np.concatenate(resampled))


def _texts_behind(marks: Marks, average: Average) -> int:
    """Returns of how many texts an average is, as far as chance goes; 0 where nothing is to find.

    A text counts for a kind that it has, or is given. A mean over C kinds of n such texts each
    varies as a share of C² / Σ 1/n texts does, C times their harmonic mean: rare kinds say little.
    All kinds of a text are of one text, so that these are never more than there are.
    """
    _, given, wanted = marks.by_kind(average)
    occurs = wanted.any(0)
    if not occurs.any():
        return 0
    counts = (wanted[:, occurs] > 0) | (given[..., occurs] > 0).any(0)  # [N, C]
    alike: int = round(counts.shape[1] * float(hmean(counts.sum(0))))
    return min(alike, int(counts.any(1).sum()))


def f1_values(marks: Marks) -> Floats:
    """Returns what each text adds to the leading F1, [S, N]: numbers whose mean over texts it is.

    The infinitesimal jackknife (Efron, 1982): F1 plus N times its derivative by the text's weight.
    Their variance over texts is that of F1, so that what is known of means holds of it, as nearly
    as it is linear in single texts.
    """
    right, given, wanted = marks.by_kind(marks.leading)
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
    for sides in _resamples(first, second):
        own, other = (
            np.stack([first.leading(*counts) for counts in side], axis=1) for side in sides
        )  # [R, S]
        seeds = len(by_seed)
        weights = rng.multinomial(max(1, seeds - 1), np.full(seeds, 1 / seeds), size=len(own))
        resampled.append(((own - other) * weights).sum(1) / weights.sum(1))
    return Comparison(
        difference=percentile_interval(
            float(by_seed.mean()), np.concatenate(resampled), least_reach(one, two)
        ),
        p_value=permutation_p(one, two),
        p_by_seed=p_by_seed(one, two),
        by_seed=tuple(by_seed.tolist()),
    )


def _resamples(*several: Marks) -> Iterator[tuple[list[_Counts], ...]]:
    """Yields the counts of marks in resamples of their texts, of each seed; some resamples at once.

    A resample takes the same texts for all of them.
    """
    rows = rows_of(len(several[0].wanted))
    matrices = [
        ([_by_row(each, rows) for each in marks.right],
         [_by_row(each, rows) for each in marks.given],
         _by_row(marks.wanted, rows))
        for marks in several
    ]  # fmt: skip
    rng, drawable = np.random.default_rng(0), int(rows.max()) + 1
    for count in chunks(_RESAMPLES, drawable):
        shares = np.full(drawable, 1 / drawable)
        drawn = rng.multinomial(drawable, shares, size=count).astype(np.float64)  # [R, N]
        yield tuple(
            [
                (_summed(drawn, own_right), _summed(drawn, own_given), all_wanted)
                for all_wanted in [_summed(drawn, wanted)]
                for own_right, own_given in zip(right, given, strict=True)
            ]
            for right, given, wanted in matrices
        )


def _by_row(counted: Counted, rows: Counts) -> csr_array:
    """Returns the sums of counts [N, C] over the texts of each row; few kinds are in a text."""
    texts = len(rows)
    belongs = csr_array((np.ones(texts), (rows, np.arange(texts))), (int(rows.max()) + 1, texts))
    return belongs @ csr_array(counted)


def _summed(drawn: Floats, counted: csr_array) -> Floats:
    """Returns drawn @ counted, [R, C]."""
    return np.asarray(counted.T @ drawn.T).T
