"""What a comparison says, in a sentence and as one of a few words.

Three questions have two kinds of verdict. ``against_teacher``: may *this model* be deployed? It is
of the models that were trained, on texts like these. ``of_distilling``: does *this recipe* help?
``of_variant``: does *this change* of a recipe help? They are of all models that the recipes would
train, with other seeds too; of one seed there is none.

Two sides are told apart where the p-value, corrected for all comparisons that are shown together,
is significant and the interval excludes zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from kdzoo.statistics.interval import Interval, over_seeds
from kdzoo.statistics.paired import SIGNIFICANT, Comparison
from kdzoo.statistics.recipes import FEWEST_SEEDS, MOST_SEEDS, RecipeComparison

MARGIN = 0.01  # of accuracy, within which two models are as good as each other
UNSTEADY = 0.01  # standard deviation of the seeds' differences from which seeds matter most


class Standing(StrEnum):
    """Where a model stands beside its teacher."""

    BETTER = "better"
    EQUAL = "equal"
    UNDECIDED = "undecided"
    WORSE = "worse"


class Effect(StrEnum):
    """What distilling, or a change of the recipe, does to a student."""

    GAIN = "gain"
    NONE = "none"
    LOSS = "loss"
    ONE_SEED = "one seed"  # of which nothing can be said


Kind = TypeVar("Kind", Standing, Effect)
Compared = TypeVar("Compared", Comparison, RecipeComparison)


@dataclass(frozen=True)
class Verdict(Generic[Kind, Compared]):
    """What a comparison says.

    Attributes:
        kind: in a word.
        sentence: with the figures, in points (hundredths of accuracy); no full stop.
        comparison: that says it.
        adjusted_p: its p-value, corrected for all comparisons shown together; None where a recipe
            has one seed.
        beside: what the sentence calls the other side: a teacher, hard labels or a recipe.
    """

    kind: Kind
    sentence: str
    comparison: Compared
    adjusted_p: float | None
    beside: str


ModelVerdict = Verdict[Standing, Comparison]
RecipeVerdict = Verdict[Effect, RecipeComparison]


def against_teacher(
    comparison: Comparison,
    adjusted_p: float,
    *,
    has_seeds: bool = True,
    teacher: str = "the teacher",
) -> ModelVerdict:
    """Returns how good the very models of a row are beside their teacher.

    "As good as" is only said where the whole interval lies within a point. Where seeds differ by
    more than a point, their mean says little of each: then each has to differ by itself, or
    Student's interval over them has to exclude zero.

    Args:
        comparison: of the student with the teacher.
        adjusted_p: its p-value, as ``adjusted`` returns it for all comparisons shown together.
        has_seeds: whether another seed would give another student.
        teacher: how the sentence calls it.
    """
    difference = comparison.difference
    is_close = difference.lies_within(MARGIN)
    if _is_significant(comparison, adjusted_p):
        kind = Standing.BETTER if difference.value > 0 else Standing.WORSE
        extent = ", by less than a point" if is_close else ""
        sentence = f"{kind} than {teacher}{extent} ({_figures(difference)})"
    elif is_close:
        kind = Standing.EQUAL
        sentence = f"as good as {teacher} ({_figures(difference)})"
    else:
        kind = Standing.UNDECIDED
        why = (
            "; the seeds differ too much to say"
            if seeds_decide(comparison)
            else _chance(difference, adjusted_p)
        )
        figures = _figures(difference) + why
        sentence = f"not measurably different from {teacher} ({figures})"
    sentence += _whose(comparison) if has_seeds else ""
    return Verdict(kind, sentence, comparison, adjusted_p, teacher)


def of_distilling(comparison: RecipeComparison, adjusted_p: float | None) -> RecipeVerdict:
    """Returns what distilling does to a student, whatever the seed.

    Args:
        comparison: of the student with its control.
        adjusted_p: its p-value, as ``adjusted`` returns it for all comparisons shown together;
            None of one seed, of which there is no verdict.
    """
    return _of_recipe(comparison, adjusted_p, "distilling", "hard labels")


def of_variant(
    comparison: RecipeComparison, adjusted_p: float | None, recipe: str
) -> RecipeVerdict:
    """Returns what a change of a recipe does to its student, whatever the seed.

    Args:
        comparison: of the variant with the recipe.
        adjusted_p: its p-value, as ``adjusted`` returns it for all variants shown together; None of
            one seed, of which there is no verdict.
        recipe: the name of the recipe's row.
    """
    return _of_recipe(comparison, adjusted_p, "the change", recipe)


def _of_recipe(
    comparison: RecipeComparison, adjusted_p: float | None, cause: str, other: str
) -> RecipeVerdict:
    difference = comparison.difference
    if adjusted_p is None:
        kind, sentence = Effect.ONE_SEED, _of_one_seed(comparison)
    elif not (adjusted_p < SIGNIFICANT and difference.excludes_zero()):
        figures = _figures(difference) + _chance(difference, adjusted_p)
        kind, sentence = Effect.NONE, f"no measurable effect ({figures})"
    elif difference.value > 0:
        points, *ends = _in_points(difference)
        kind = Effect.GAIN
        sentence = f"{cause} gave +{points} points over {other} ({_ends(ends)})"
    else:
        points, *ends = _in_points(_turned(difference))
        kind = Effect.LOSS
        sentence = f"{cause} cost {points} points against {other} ({_ends(ends)})"
    return Verdict(kind, sentence, comparison, adjusted_p, other)


def _of_one_seed(comparison: RecipeComparison) -> str:
    figures = _figures(comparison.difference)
    if comparison.seeds_needed is not None:
        told = f"{of_seeds(comparison)} so large a difference"
    elif comparison.is_bound:
        told = of_seeds(comparison)
    else:
        told = f"{of_seeds(comparison)} so small a difference"
    return f"no verdict from one seed (these two models differ by {figures}; {told})"


def of_seeds(comparison: RecipeComparison) -> str:
    """Returns how many seeds would tell the difference of two models of one seed."""
    if comparison.seeds_needed is not None:
        most = "at most " if comparison.is_bound and comparison.seeds_needed > FEWEST_SEEDS else ""
        return f"{most}{comparison.seeds_needed} seeds would tell"
    if comparison.is_bound:
        return "more seeds would say what it is worth"
    return f"{MOST_SEEDS} seeds would not tell"


def _is_significant(comparison: Comparison, adjusted_p: float) -> bool:
    return (
        adjusted_p < SIGNIFICANT
        and comparison.difference.excludes_zero()
        and not _depends_on_seeds(comparison)
    )


def seeds_decide(comparison: Comparison) -> bool:
    """Whether the texts tell two sides apart, and seeds differ too much to say it of each."""
    return comparison.p_value < SIGNIFICANT and _depends_on_seeds(comparison)


def _depends_on_seeds(comparison: Comparison) -> bool:
    return (
        comparison.spread > UNSTEADY
        and not over_seeds(comparison.by_seed).excludes_zero()
        and not comparison.holds_in_each_seed()
    )


def _chance(difference: Interval, adjusted_p: float) -> str:
    """Returns why an interval that excludes zero does not tell two sides apart."""
    if not difference.excludes_zero():
        return ""
    return f"; p {adjusted_p:.3g} with all comparisons counted"


def _whose(comparison: Comparison) -> str:
    """Returns whose verdict it is."""
    if comparison.seeds == 1:
        return ", for this model of one seed; another would differ"
    return f", for these {comparison.seeds} models on average"


def in_points(difference: float) -> str:
    """Returns a difference of accuracies in points, with its sign."""
    return _signed(_in_points(Interval(difference))[0])


def _figures(difference: Interval) -> str:
    """Returns the difference with its sign, and its interval, in points."""
    points, *ends = _in_points(difference)
    return "; ".join([f"{_signed(points)} points", *([_ends(ends)] if ends else [])])


def _signed(points: str) -> str:
    return f"+{points}" if float(points) > 0 else points


def _ends(ends: Sequence[str]) -> str:
    return f"95 % interval {' to '.join(ends)}"


def _in_points(interval: Interval) -> list[str]:
    """Returns the value, and the ends where they are known, in points.

    With one decimal, or two where an end would round to zero and is not.
    """
    ends = [end for end in (interval.low, interval.high) if end is not None]
    decimals = 2 if any(0 < abs(end) * 100 < 0.05 for end in ends) else 1
    rounded = (round(end * 100, decimals) + 0.0 for end in (interval.value, *ends))  # no -0.0
    return [f"{figure:.{decimals}f}" for figure in rounded]


def _turned(interval: Interval) -> Interval:
    low, high = (None if end is None else -end for end in (interval.high, interval.low))
    return Interval(-interval.value, low, high)
