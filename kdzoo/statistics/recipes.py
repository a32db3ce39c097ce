"""Whether one recipe is better than another: over other texts, and over other seeds.

How the models of three seeds differ says how *these* models differ. What a recipe gives is the mean
over all seeds that might have been drawn; its variance has two parts, which are estimated apart:

* the texts are a sample: the variance over texts of the difference, averaged over the seeds. It
  holds the chance by which each model answers single texts otherwise;
* the seeds are a sample too: the luck of each side, which the whole study tells (``luck``), less
  that chance, which would be counted twice. Between models that answer nearly alike so little is
  left of both that less than one degree of freedom is, too few for an interval: then chance counts
  twice.

The luck of both sides is taken as independent. That of models which share their start may go the
same way; then the interval is too wide, never too narrow. Student's t, with the degrees of freedom
of the sum (Satterthwaite, 1946), gives interval and p-value. Half a text that differs each way is
added to the variance over texts (Agresti and Min, 2005), so that few texts on which models agree do
not make them certain; and models that the exact permutation test over the texts does not tell apart
tell nothing of their recipes. ``benchmarks/verdicts.py`` shows how often all this is right.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from scipy.special import stdtr, stdtrit

from kdzoo.statistics.interval import CONFIDENCE, Interval, Scores, within_bounds
from kdzoo.statistics.luck import Luck, Seeds, luck_of, seeds_of
from kdzoo.statistics.paired import permutation_p, text_variance
from kdzoo.statistics.resampling import paired_seeds

Name = TypeVar("Name", bound=Hashable)

USUAL_LUCK = 0.01  # standard deviation of a model's accuracy, where no seeds tell of it
POWER = 0.8  # how often a difference should be told
FEWEST_SEEDS, MOST_SEEDS = 2, 10  # that are advised


@dataclass(frozen=True)
class RecipeComparison:
    """How the accuracy that one recipe gives differs from what another gives.

    Attributes:
        difference: first minus second, with its interval over texts and seeds; without ends where
            there is one seed.
        p_value: that recipes which do not differ would give models that differ so; None where
            there is one seed.
        by_seed: the difference of each pair of seeds.
        luck: standard deviation of ``by_seed`` through the seeds' luck, as the study has it; None
            where there is one seed.
        degrees: of freedom that the interval has; None where there is one seed.
        seeds_needed: where there is one seed, how many would tell so large a difference in four
            studies of five; None where ten would not, or are not known to.
        is_bound: whether fewer may do: nothing in the study says how much of a difference is the
            chance by which models answer single texts otherwise, which more seeds take away.
    """

    difference: Interval
    p_value: float | None
    by_seed: tuple[float, ...]
    luck: float | None = None
    degrees: float | None = None
    seeds_needed: int | None = None
    is_bound: bool = False

    @property
    def seeds(self) -> int:
        """How many pairs of seeds were compared."""
        return len(self.by_seed)


def compare_recipes(
    hits: Mapping[Name, Scores], pairs: Sequence[tuple[Name, Name]]
) -> list[RecipeComparison]:
    """Returns how the first recipe of each pair differs from the second.

    The pairs are those of a study: what all their models say of luck counts for each pair.

    Args:
        hits: of the models of every recipe, [S, N] each, on the same texts in the same order; or
            numbers whose mean over the texts is the leading figure.
        pairs: names of recipes.

    Raises:
        ValueError: other texts, or numbers of seeds that cannot be paired.
    """
    seeds = {
        name: seeds_of(hits[name])
        for name in dict.fromkeys(name for pair in pairs for name in pair)
    }
    luck = luck_of(seeds.values())
    return [
        _compare(hits[first], hits[second], seeds[first], seeds[second], luck)
        for first, second in pairs
    ]


def _compare(
    first: Scores, second: Scores, own: Seeds, other: Seeds, luck: Luck | None
) -> RecipeComparison:
    one, two = paired_seeds(first, second)
    by_seed = one.mean(1) - two.mean(1)  # [S]
    value, from_texts = float(by_seed.mean()), text_variance(one, two)
    if luck is None or not (own.degrees and other.degrees):
        needed = _seeds_needed(abs(value), (from_texts, max(1, one.shape[1] - 1)), luck)
        return RecipeComparison(
            Interval(value), None, (value,), seeds_needed=needed, is_bound=luck is None
        )
    between, of_luck = luck.of(own, other)
    chance = own.chance + other.chance
    from_luck = max(0.0, between - chance)
    known = max(between, chance) / len(by_seed)  # what few degrees of freedom estimate
    of_texts = from_texts, max(1, one.shape[1] - 1)
    error = _Error.of(of_texts, from_luck / len(by_seed), known, of_luck)
    if error.degrees < 1:
        error = _Error.of(of_texts, known, known, of_luck)
    p_value = 2 * float(stdtr(error.degrees, -abs(value) / error.deviation))
    return RecipeComparison(
        difference=within_bounds(value, value - error.reach, value + error.reach),
        p_value=max(p_value, permutation_p(one, two)),
        by_seed=tuple(by_seed.tolist()),
        luck=math.sqrt(from_luck),
        degrees=error.degrees,
    )


@dataclass(frozen=True)
class _Error:
    """How far a difference may be from the truth.

    Attributes:
        deviation: its standard error.
        degrees: of freedom.
    """

    deviation: float
    degrees: float

    @classmethod
    def of(
        cls, of_texts: tuple[float, int], from_luck: float, known: float, of_luck: int
    ) -> _Error:
        """Returns the error of a sum of two variances (Satterthwaite, 1946).

        Args:
            of_texts: the variance over texts, and its degrees of freedom.
            from_luck: the variance over seeds.
            known: what that was estimated from, before chance was taken from it.
            of_luck: its degrees of freedom.
        """
        from_texts, many = of_texts
        variance = from_texts + from_luck
        degrees = variance**2 / (from_texts**2 / many + known**2 / of_luck)
        return cls(math.sqrt(variance), degrees)

    @property
    def reach(self) -> float:
        """Half of the interval."""
        return self.deviation * float(stdtrit(self.degrees, (1 + CONFIDENCE) / 2))


def _seeds_needed(difference: float, of_texts: tuple[float, int], luck: Luck | None) -> int | None:
    """Returns how many seeds would tell a difference, were they as lucky as the study's others.

    Args:
        difference: of accuracies.
        of_texts: its variance over texts for one seed, and the degrees of freedom of that.
        luck: as the study has it; None where it has none: then all of that variance is taken to be
            of the texts, and none of it the models' own chance, which several seeds average out.
    """
    from_texts, many = of_texts
    pooled, chance = (USUAL_LUCK**2, 0.0) if luck is None else (luck.pooled, luck.chance)
    for seeds in range(FEWEST_SEEDS, MOST_SEEDS + 1):
        lasting = max(0.0, from_texts - 2 * chance) + 2 * chance / seeds
        from_luck = 2 * max(0.0, pooled - chance) / seeds
        known = 2 * max(pooled, chance) / seeds
        error = _Error.of((lasting, many), from_luck, known, 2 * (seeds - 1))
        levels = stdtrit(max(1.0, error.degrees), [(1 + CONFIDENCE) / 2, POWER])
        if difference >= levels.sum() * error.deviation:
            return seeds
    return None
