"""Which colour and which shape stand for what, in every static picture.

Colours say which approach, tones of it which model, shapes which runtime. The colours begin with
Okabe and Ito's, which colour-blind readers distinguish; in grey, lines and the lighter inside of
changed models do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FRONT = "#009E73"
PALE = "#c4c4c4"  # of what may be chance
_SHAPES = {"pipeline": "X", "torch": "o", "onnx": "^", "onnx-int8": "D", "sklearn": "s"}
_OTHER_SHAPE = "P"  # of a runtime that somebody else registered


@dataclass(frozen=True)
class Road:
    """How an approach, or else a role, is drawn: lines in its colour, its words, its inside."""

    colour: str
    line: Any  # a matplotlib line style
    title: str
    inside: str | None = None  # of a dot, where it is not the colour
    tones: tuple[str, ...] = ()  # of its other models, where they lie beside each other


_ROADS = {
    "teacher": Road("#000000", "-", "teacher"),
    "compression": Road(
        "#0072B2", "-", "model compression", tones=("#3A9BD1", "#5B4FA8", "#004B75")
    ),
    "change": Road(
        "#D55E00",
        (0, (4, 2)),
        "model change",
        inside="#F5B971",
        tones=("#A8326F", "#A87B00", "#7A2E0E", "#C4515A"),
    ),
    "cascade": Road("#CC79A7", "-", "student + teacher", tones=("#8E4A75", "#E3A8C6", "#5C2A4A")),
    "baseline": Road("#777777", "-", "classical baseline"),
    "reference": Road("#000000", "-", "reference"),
    "other": Road("#0072B2", "-", "other models"),
}


def road_of(road: str) -> Road:
    """Returns how an approach, or a role that has none, is drawn."""
    return _ROADS.get(road, _ROADS["other"])


def fill_of(road: str) -> str:
    """Returns the colour of a dot's inside."""
    return road_of(road).inside or road_of(road).colour


def tones_of(roads: Mapping[str, str]) -> dict[str, str]:
    """Returns the colour of each model: an approach's own for its first, then its tones in turn.

    Args:
        roads: the approach of each model, by its name.
    """
    colours: dict[str, str] = {}
    for name, road in roads.items():
        tones = (road_of(road).colour, *road_of(road).tones)
        number = sum(other == road for other in list(roads.values())[: len(colours)])
        colours[name] = tones[number % len(tones)]
    return colours


def mixed(colour: str, with_: str, share: float) -> str:
    """Returns a colour with a share of another one: of white it gets lighter, of black darker."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (
        (1 - share) * own + share * other
        for own, other in zip(to_rgb(colour), to_rgb(with_), strict=True)
    )
    return to_hex((red, green, blue))


def shape_of(runtime: str) -> str:
    """Returns the marker of a runtime."""
    return _SHAPES.get(runtime, _OTHER_SHAPE)
