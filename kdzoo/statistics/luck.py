"""Training luck: by how much accuracy varies from seed to seed, learnt from a whole study.

Three seeds say little of their own variance, and seeds that agree by chance make a difference look
surer than it is. So the variance is that of all models of the study, pooled, unless an F test says
that the recipes in question are luckier than the rest: then they stand for themselves (Bancroft,
1944, "On biases in estimation due to the use of preliminary tests of significance"). That recipes
are steadier than the rest is never concluded: it is what makes verdicts false.

Smyth's empirical Bayes (2004, "Linear models and empirical Bayes methods for assessing differential
expression") was tried beside it. It takes what it has learnt of so few recipes for known: in
simulated studies of three rows its intervals held the truth less often than they said, and its
verdicts on a row that is luckier than the others were false more often than these.
``benchmarks/verdicts.py`` simulates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from kdzoo.statistics.interval import Scores
from kdzoo.statistics.resampling import Floats

LUCKIER = 0.1  # p-value of the F test below which recipes stand for themselves


@dataclass(frozen=True)
class Seeds:
    """How the accuracy of the models of one recipe varies over its seeds.

    Attributes:
        variance: of the seeds' accuracies; 0 of a single one.
        chance: the part of it that is expected without luck, because each model answers some texts
            otherwise: the interaction of seeds and texts in a two-way analysis of variance.
        degrees: of freedom, the number of seeds less one.
    """

    variance: float
    chance: float
    degrees: int


def seeds_of(hits: Scores) -> Seeds:
    """Returns how the accuracy of a recipe's models varies.

    Args:
        hits: [S, N], at least one text.
    """
    seeds, texts = hits.shape
    if seeds == 1:
        return Seeds(0.0, 0.0, 0)
    accuracy = hits.mean(1)  # [S]
    hit_by = hits.sum(0)  # [N]: how many of the seeds' models
    within = _squares_within(hits, accuracy)
    by_text = float(((hit_by - hit_by.mean()) ** 2).sum()) / seeds
    interaction = max(0.0, within - by_text) / ((seeds - 1) * max(1, texts - 1))
    return Seeds(float(accuracy.var(ddof=1)), interaction / texts, seeds - 1)


def _squares_within(hits: Scores, accuracy: Floats) -> float:
    """Returns the squares of what each seed's model gives about its mean [S], summed."""
    if hits.dtype == np.bool_:
        texts: int = hits.shape[1]
        return texts * float((accuracy * (1 - accuracy)).sum())
    return float(((hits - accuracy[:, np.newaxis]) ** 2).sum())


@dataclass(frozen=True)
class Luck:
    """What all models of a study say of the variance over seeds.

    Attributes:
        squares: of the seeds' accuracies about the mean of their recipe, summed.
        degrees: of freedom, of all recipes together.
        chance: the part of the variance that is expected without luck, on average.
    """

    squares: float
    degrees: int
    chance: float

    @property
    def pooled(self) -> float:
        """The variance over seeds of a recipe's accuracy, were all recipes alike."""
        return self.squares / self.degrees

    def of(self, *recipes: Seeds) -> tuple[float, int]:
        """Returns the sum of the variances of recipes of the study, and its degrees of freedom.

        Args:
            recipes: of two seeds at least.
        """
        own_degrees = sum(recipe.degrees for recipe in recipes)
        own = _squares(recipes) / own_degrees
        rest, rest_degrees = self.squares - own * own_degrees, self.degrees - own_degrees
        if rest_degrees and own * rest_degrees > rest:  # at all above the rest's variance
            ratio = own * rest_degrees / rest if rest > 0 else math.inf
            if fdtrc(own_degrees, rest_degrees, ratio) < LUCKIER:
                return len(recipes) * own, own_degrees
        return len(recipes) * self.pooled, self.degrees


def luck_of(recipes: Iterable[Seeds]) -> Luck | None:
    """Returns what the models of a study say of luck; None where no recipe has two seeds.

    Args:
        recipes: each that was trained, once.
    """
    known = [recipe for recipe in recipes if recipe.degrees]
    degrees = sum(recipe.degrees for recipe in known)
    if not degrees:
        return None
    chance = sum(recipe.degrees * recipe.chance for recipe in known) / degrees
    return Luck(_squares(known), degrees, chance)


def _squares(recipes: Iterable[Seeds]) -> float:
    return sum(recipe.degrees * recipe.variance for recipe in recipes)
