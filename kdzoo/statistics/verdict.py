"""What a comparison says, in a sentence and as one of a few words.

Two models are told apart where the p-value, corrected for all comparisons that are shown together,
is significant and the interval over texts and seeds excludes zero: the test takes the seeds as
given, the interval does not. Where seeds differ by more than a point, that interval is too narrow
for a few of them: then each seed has to differ by itself, or the t-interval over the seeds has to
exclude zero too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from kdzoo.statistics.interval import Interval, over_seeds
from kdzoo.statistics.paired import SIGNIFICANT, Comparison

MARGIN = 0.01  # of accuracy, within which two models are as good as each other
UNSTEADY = 0.01  # standard deviation of the seeds' differences from which seeds matter most
_ONE_SEED = " - one seed: how much another would differ is not known"


class Standing(StrEnum):
    """Where a model stands beside its teacher."""

    BETTER = "better"
    EQUAL = "equal"
    UNDECIDED = "undecided"
    WORSE = "worse"


class Effect(StrEnum):
    """What distillation did to a model."""

    GAIN = "gain"
    NONE = "none"
    LOSS = "loss"


Kind = TypeVar("Kind", Standing, Effect)


@dataclass(frozen=True)
class Verdict(Generic[Kind]):
    """What a comparison says.

    Attributes:
        kind: in a word.
        sentence: with the figures, in points (hundredths of accuracy); no full stop.
    """

    kind: Kind
    sentence: str


def against_teacher(
    comparison: Comparison,
    adjusted_p: float,
    margin: float = MARGIN,
    *,
    has_seeds: bool = True,
) -> Verdict[Standing]:
    """Returns how good a student is beside its teacher.

    "As good as" is only said where the whole interval lies within the margin.

    Args:
        comparison: of the student with the teacher.
        adjusted_p: its p-value, as ``adjusted`` returns it for all comparisons shown together.
        margin: of accuracy, 0 to 1.
        has_seeds: whether another seed would give another student.
    """
    difference = comparison.difference
    is_close = difference.lies_within(margin)
    if _told_apart(comparison, adjusted_p):
        kind = Standing.BETTER if difference.value > 0 else Standing.WORSE
        extent = f", by less than {_amount(margin)}" if is_close else ""
        sentence = f"{kind} than the teacher{extent} ({_figures(difference)})"
    elif is_close:
        kind = Standing.EQUAL
        interval = _figures(difference, ", 95 % interval ")
        sentence = f"as good as the teacher (difference {interval})"
    else:
        kind = Standing.UNDECIDED
        figures = _figures(difference) + _chance(comparison, adjusted_p)
        sentence = f"not told apart from the teacher (difference {figures})"
    return Verdict(kind, sentence + (_caveat(comparison) if has_seeds else ""))


def of_distilling(comparison: Comparison, adjusted_p: float) -> Verdict[Effect]:
    """Returns what distillation did to a student.

    Args:
        comparison: of the student with its control.
        adjusted_p: its p-value, as ``adjusted`` returns it for all comparisons shown together.
    """
    difference = comparison.difference
    if not _told_apart(comparison, adjusted_p):
        kind = Effect.NONE
        figures = _figures(difference) + _chance(comparison, adjusted_p)
        sentence = f"no measurable effect (difference {figures})"
    elif difference.value > 0:
        kind = Effect.GAIN
        points, *ends = _in_points(difference)
        sentence = f"distillation gave +{points} points over hard labels ({' to '.join(ends)})"
    else:
        kind = Effect.LOSS
        points, *ends = _in_points(_turned(difference))
        sentence = f"distillation cost {points} points against hard labels ({' to '.join(ends)})"
    return Verdict(kind, sentence + _caveat(comparison))


def _told_apart(comparison: Comparison, adjusted_p: float) -> bool:
    return (
        adjusted_p < SIGNIFICANT
        and comparison.difference.excludes_zero()
        and not _depends_on_seeds(comparison)
    )


def _depends_on_seeds(comparison: Comparison) -> bool:
    return (
        comparison.spread > UNSTEADY
        and not over_seeds(comparison.by_seed).excludes_zero()
        and not comparison.holds_in_each_seed()
    )


def _chance(comparison: Comparison, adjusted_p: float) -> str:
    """Returns why an interval that excludes zero does not tell two models apart."""
    if not comparison.difference.excludes_zero():
        return ""
    if _depends_on_seeds(comparison):
        return "; the seeds differ too much to say"
    return f"; p {adjusted_p:.2f} with all comparisons counted"


def _caveat(comparison: Comparison) -> str:
    return _ONE_SEED if comparison.seeds == 1 else ""


def _figures(difference: Interval, between: str = ", ") -> str:
    """Returns the difference with its sign, and its interval, in points."""
    points, *ends = _in_points(difference)
    signed = f"+{points}" if float(points) > 0 else points
    return f"{signed}{between}{' to '.join(ends)}" if ends else signed


def _in_points(interval: Interval) -> list[str]:
    """Returns the value, and the ends where they are known, in points.

    With one decimal, or two where an end would round to zero and is not.
    """
    ends = [each for each in (interval.low, interval.high) if each is not None]
    decimals = 2 if any(0 < abs(each) * 100 < 0.05 for each in ends) else 1
    rounded = (round(each * 100, decimals) + 0.0 for each in (interval.value, *ends))  # no -0.0
    return [f"{each:.{decimals}f}" for each in rounded]


def _turned(interval: Interval) -> Interval:
    low, high = (None if each is None else -each for each in (interval.high, interval.low))
    return Interval(-interval.value, low, high)


def _amount(margin: float) -> str:
    return "a point" if margin == MARGIN else f"{margin * 100:g} points"
