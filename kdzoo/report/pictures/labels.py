"""Names beside bubbles, where they cover as little as possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

Box = tuple[float, float, float, float]  # left, bottom, right, top, in pixels
_SIDES = [(1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1)]
_NEAR, _FAR = 3, 14  # points between bubble and name
_PLACES = [(right, up, away) for away in (_NEAR, _FAR) for right, up in _SIDES]
_DISTANCE = 0.3  # of a name's own pixels: what it may cover before it stands farther off
_FONT_SIZE = 9
_ACROSS = {1: "left", 0: "center", -1: "right"}
_UPWARDS = {1: "bottom", 0: "center", -1: "top"}


def place_labels(
    axes: Axes,
    labels: Sequence[tuple[str, tuple[float, float], float]],
    colours: Sequence[str],
    obstacles: Sequence[Box],
) -> list[Box]:
    """Writes each label on the side of its bubble where it covers least; returns their boxes.

    A little farther off where it would cover something on every side.

    Args:
        axes: drawn, with its limits final.
        labels: (text, (x, y) of the bubble, the bubble's radius in points).
        colours: of the labels.
        obstacles: what labels should not cover, bubbles included.
    """
    figure: Any = axes.figure
    frame = np.array([box_of(axes.get_window_extent())])
    covered = np.array(obstacles, dtype=np.float64).reshape(-1, 4)
    placed: list[Box] = []
    for (text, point, radius), colour in zip(labels, colours, strict=True):
        note = axes.annotate(
            text, point, xytext=(0, 0), textcoords="offset points", fontsize=_FONT_SIZE, zorder=4,
            color=colour,
        )  # fmt: skip
        size = note.get_window_extent(figure.canvas.get_renderer()).size  # width, height in pixels
        places = [_place(axes, point, radius, size, place) for place in _PLACES]
        costs = [
            _cost(box, placed, covered, frame) + _DISTANCE * overlap(box, box) * (away == _FAR)
            for box, (*_, away) in zip(places, _PLACES, strict=True)
        ]
        best = int(np.argmin(costs))
        right, up, away = _PLACES[best]
        note.set(ha=_ACROSS[right], va=_UPWARDS[up], position=_offset(radius, right, up, away))
        placed.append(places[best])
    return placed


def _offset(radius: float, right: int, up: int, away: int) -> tuple[float, float]:
    """Returns where a name begins, in points from its bubble."""
    gap = radius * (0.75 if right and up else 1.0) + away
    return right * gap, up * gap


def _place(
    axes: Axes,
    point: tuple[float, float],
    radius: float,
    size: tuple[float, float],
    place: tuple[int, int, int],
) -> Box:
    """Returns the pixels that a name takes beside its bubble."""
    figure: Any = axes.figure
    right, up, away = place
    begin = axes.transData.transform(point)
    begin = begin + np.array(_offset(radius, right, up, away)) * figure.dpi / 72
    x, y = begin - np.array(size) * (1 - np.array([right, up])) / 2
    return (x, y, x + size[0], y + size[1])


def _cost(
    box: Box,
    placed: Sequence[Box],
    obstacles: npt.NDArray[np.float64],
    frame: npt.NDArray[np.float64],
) -> float:
    """Returns the covered pixels: other labels weigh more than shapes, the frame's edge most."""
    outside = overlap(box, box) - _overlaps(box, frame)
    names = np.array(placed, dtype=np.float64).reshape(-1, 4)
    return 10 * _overlaps(box, names) + 100 * outside + _overlaps(box, obstacles)


def _overlaps(box: Box, others: npt.NDArray[np.float64]) -> float:
    """Returns the area that a box shares with others, [N, 4], added up."""
    shared = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])  # [N, 2]
    return float(shared.clip(min=0).prod(axis=1).sum())


def box_of(extent: Bbox) -> Box:
    """Returns matplotlib's bounding box as ours."""
    return (extent.x0, extent.y0, extent.x1, extent.y1)


def overlap(one: Box, other: Box) -> float:
    """Returns the area that two boxes share."""
    return _overlaps(one, np.array([other]))
