"""What kinds of figures there are: what files hold of one, and which number stands for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kdzoo.measure import Ratio
from kdzoo.report.figures.spread import Spread
from kdzoo.statistics import ModelVerdict, RecipeVerdict

Piece = str | int | float | None


@dataclass(frozen=True)
class Kind:
    """How a figure is taken apart.

    Attributes:
        suffixes: of the names that its pieces have in a file, in their order.
        pieces: of a figure, as many.
        framed: what a frame has a line for: a suffix of its metric, and the piece's number.
    """

    suffixes: tuple[str, ...]
    pieces: Callable[[Any], tuple[Piece, ...]]
    framed: tuple[tuple[str, int], ...]

    def number(self, value: Any) -> float:
        """Returns what figures of this kind are ranked by: the first of its pieces."""
        return float(self.pieces(value)[0] or 0)


def _of_spread(found: Spread) -> tuple[Piece, ...]:
    return found.mean, found.sd


def _of_estimate(found: Spread) -> tuple[Piece, ...]:
    ends = (None, None) if found.interval is None else (found.interval.low, found.interval.high)
    return found.mean, found.sd, *ends


def _of_ratio(found: Ratio) -> tuple[Piece, ...]:
    return found.times, found.low, found.high


def _of_comparison(found: ModelVerdict | RecipeVerdict) -> tuple[Piece, ...]:
    difference = found.comparison.difference
    return difference.value, difference.low, difference.high, found.adjusted_p


PLAIN = Kind(("",), lambda value: (value,), (("", 0),))
SPREAD = Kind(("_mean", "_sd"), _of_spread, (("", 0),))
ESTIMATE = Kind(
    ("_mean", "_sd", "_low", "_high"), _of_estimate, (("", 0), ("_low", 2), ("_high", 3))
)
RATIO = Kind(("", "_low", "_high"), _of_ratio, (("", 0),))
COMPARED = Kind(("", "_low", "_high", "_p"), _of_comparison, (("", 0),))
