"""F1 of sets of labels with its interval: it is no mean over texts, which are resampled whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from kdzoo.statistics.interval import Interval, percentile_interval
from kdzoo.statistics.paired import Comparison, permutation_p
from kdzoo.statistics.resampling import Floats, paired_seeds
from kdzoo.task.thresholds import f1_of_counts

Sets = npt.NDArray[np.bool_]  # which labels each text has, [..., N, C]
Average = Callable[[Floats, Floats, Floats], Floats]  # counts [..., C] -> F1 [...]

_RESAMPLES = 999  # of the texts
_CELLS = 2**22  # drawn at once: 32 MB


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


def f1_by_seed(answers: Sets, gold: Sets, average: Average) -> Floats:
    """Returns the F1 of each seed's model, [S].

    Args:
        answers: [S, N, C].
        gold: [N, C].
        average: over labels.
    """
    right, given = (answers & gold).sum(1), answers.sum(1)  # [S, C]
    return average(*(counts.astype(np.float64) for counts in (right, given, gold.sum(0))))


def f1_over_texts(answers: Sets, gold: Sets, average: Average, seed: int = 0) -> Interval:
    """Returns F1, mean over seeds, with its percentile bootstrap interval over texts.

    It says how far other texts would move the figure of these very models.

    Args:
        answers: [S, N, C].
        gold: [N, C].
        average: over labels.
        seed: of the bootstrap.
    """
    value = float(f1_by_seed(answers, gold, average).mean())
    resampled = [
        np.mean([average(*counts) for counts in _counts(drawn, answers, gold)], axis=0)
        for drawn in _resamples(len(gold), seed)
    ]
    return percentile_interval(value, np.concatenate(resampled))


def f1_values(answers: Sets, gold: Sets) -> Floats:
    """Returns what each text adds to macro-F1, [S, N]: numbers whose mean over texts it is.

    The infinitesimal jackknife (Efron, 1982): F1 plus N times its derivative by the text's weight.
    Their variance over texts is that of F1, so that what is known of means holds of it, as nearly
    as it is linear in single texts.

    Args:
        answers: [S, N, C].
        gold: [N, C].
    """
    wanted = gold.sum(0)
    occurs = wanted > 0
    answers, gold, wanted = answers[..., occurs], gold[:, occurs], wanted[occurs]
    right = answers & gold  # [S, N, C]
    total = np.maximum(answers.sum(1, keepdims=True) + wanted, 1)  # [S, 1, C]
    found = 2 * right.sum(1, keepdims=True) / total  # F1 of each label
    slopes = (2 * right - found * (answers + gold.astype(np.int8))) / total
    values: Floats = found.mean(-1) + len(gold) * slopes.mean(-1)
    return values


def compare_sets(first: Sets, second: Sets, gold: Sets, seed: int = 0) -> Comparison:
    """Returns how macro-F1 of the first model differs from the second's.

    The interval resamples texts and seeds, each for itself, and macro-F1 is worked out anew from
    each resample. The p-value is that of swapping a text's two sides, to first order: of
    ``f1_values``.

    Args:
        first: [S, N, C], of the same texts in the same order as ``second``.
        second: [S, N, C]; one of the two may have a single seed.
        gold: [N, C].
        seed: of the bootstrap.

    Raises:
        ValueError: other texts, or numbers of seeds that cannot be paired.
    """
    one, two = paired_seeds(f1_values(first, gold), f1_values(second, gold))
    by_seed = one.mean(1) - two.mean(1)  # [S]
    rng, resampled = np.random.default_rng(seed + 1), []
    for drawn in _resamples(len(gold), seed):
        own, other = (
            np.stack([macro(*counts) for counts in _counts(drawn, member, gold)], axis=1)
            for member in (first, second)
        )  # [R, S]
        seeds = len(by_seed)
        weights = rng.multinomial(max(1, seeds - 1), np.full(seeds, 1 / seeds), size=len(drawn))
        resampled.append(((own - other) * weights).sum(1) / weights.sum(1))
    return Comparison(
        difference=percentile_interval(float(by_seed.mean()), np.concatenate(resampled)),
        p_value=permutation_p(one, two),
        mcnemar_p=tuple(permutation_p(*(sample[np.newaxis] for sample in pair))
                        for pair in zip(one, two, strict=True)),
        by_seed=tuple(by_seed.tolist()),
    )  # fmt: skip


def _resamples(texts: int, seed: int) -> Iterator[Floats]:
    """Yields how often each text is drawn, [R, N], some resamples at once."""
    rng, at_once = np.random.default_rng(seed), max(1, _CELLS // max(1, texts))
    for begin in range(0, _RESAMPLES, at_once):
        count = min(at_once, _RESAMPLES - begin)
        yield rng.multinomial(texts, np.full(texts, 1 / texts), size=count).astype(np.float64)


def _counts(drawn: Floats, answers: Sets, gold: Sets) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yields of each seed how often labels are right, given and wanted in resamples, [R, C]."""
    wanted = drawn @ gold.astype(np.float64)
    for own in answers:
        yield drawn @ (own & gold).astype(np.float64), drawn @ own.astype(np.float64), wanted
