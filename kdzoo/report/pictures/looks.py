"""Which colour and which shape stand for what, in every static picture.

Colours say which road, shapes which runtime. The colours are Okabe and Ito's, told apart by
colour-blind readers; in grey, lines and the lighter inside of changed models tell the roads apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FRONT = "#009E73"
_SHAPES = {"pipeline": "X", "torch": "o", "onnx": "^", "onnx-int8": "D", "sklearn": "s"}
_OTHER_SHAPE = "P"  # of a runtime that somebody else registered


@dataclass(frozen=True)
class Road:
    """How a road, or else a role, is drawn: lines in its colour, a legend's words, its inside."""

    colour: str
    line: Any  # a matplotlib line style
    title: str
    inside: str | None = None  # of a dot, where it is not the colour


_ROADS = {
    "teacher": Road("#000000", "-", "teacher"),
    "compression": Road("#0072B2", "-", "model compression"),
    "change": Road("#D55E00", (0, (4, 2)), "model change", inside="#F5B971"),
    "baseline": Road("#777777", "-", "classical baseline"),
    "reference": Road("#000000", "-", "reference"),
    "other": Road("#0072B2", "-", "other models"),
}


def road_of(road: str) -> Road:
    """Returns how a road, or a role that goes none, is drawn."""
    return _ROADS.get(road, _ROADS["other"])


def fill_of(road: str) -> str:
    """Returns the colour of a dot's inside."""
    return road_of(road).inside or road_of(road).colour


def shape_of(runtime: str) -> str:
    """Returns the marker of a runtime."""
    return _SHAPES.get(runtime, _OTHER_SHAPE)
