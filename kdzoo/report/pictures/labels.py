"""Names beside bubbles, where they cover as little as possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

Box = tuple[float, float, float, float]  # left, bottom, right, top, in pixels
_SIDES = [(1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1)]
_DISTANCES = (3, 14, 28, 44, 64)  # points between bubble and name
_LED = 14  # from here on a line leads from the name to its bubble
_PLACES = [(right, up, away) for away in _DISTANCES for right, up in _SIDES]
_STEP = 0.2  # of a name's own pixels: what it may cover before it stands a step farther off
_FONT_SIZE = 9
_ACROSS = {1: "left", 0: "center", -1: "right"}
_UPWARDS = {1: "bottom", 0: "center", -1: "top"}


@dataclass(frozen=True)
class _Place:
    """Where a name may stand: its pixels, those of the line to its bubble, and how far off."""

    box: Box
    line: Sequence[Box]
    steps: int  # of ``_DISTANCES``


def place_labels(
    axes: Axes,
    labels: Sequence[tuple[str, tuple[float, float], float]],
    colours: Sequence[str],
    obstacles: Sequence[Box],
) -> list[Box]:
    """Writes each label on the side of its bubble where it covers least; returns their boxes.

    Farther off where it would cover something on every side, with a line to its bubble if need be.
    Lines under a name are seen but faintly.

    Args:
        axes: drawn, with its limits final.
        labels: (text, (x, y) of the bubble, the bubble's radius in points).
        colours: of the labels.
        obstacles: what labels should not cover, bubbles included.
    """
    figure: Any = axes.figure
    frame = np.array([box_of(axes.get_window_extent())])
    covered, placed = _stacked(obstacles), _stacked([])
    for (text, point, radius), colour in zip(labels, colours, strict=True):
        note = axes.annotate(
            text, point, xytext=(0, 0), textcoords="offset points", fontsize=_FONT_SIZE, zorder=4,
            color=colour,
        )  # fmt: skip
        size = note.get_window_extent(figure.canvas.get_renderer()).size  # width, height in pixels
        places = [_place(axes, point, radius, size, place) for place in _PLACES]
        best = int(np.argmin([_cost(place, placed, covered, frame) for place in places]))
        right, up, away = _PLACES[best]
        offset = _offset(radius, right, up, away)
        note.set(ha=_ACROSS[right], va=_UPWARDS[up], position=offset)
        _ground(axes, places[best].box)
        if places[best].line:
            _lead(axes, point, radius, offset, colour)
        placed = np.vstack([placed, places[best].box])
        covered = np.vstack([covered, _stacked(places[best].line)])
    return [tuple(box) for box in placed.tolist()]


def _stacked(boxes: Sequence[Box]) -> npt.NDArray[np.float64]:
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _lead(
    axes: Axes, point: tuple[float, float], radius: float, offset: tuple[float, float], colour: str
) -> None:
    """Draws a line from a name to its bubble."""
    line = {"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkB": radius}
    axes.annotate("", point, offset, textcoords="offset points", arrowprops=line, zorder=2)


def _ground(axes: Axes, box: Box) -> None:
    """Brightens what lies under a name, the bubbles left out."""
    from matplotlib.patches import Rectangle

    (left, bottom), (right, top) = axes.transAxes.inverted().transform([box[:2], box[2:]])
    axes.add_patch(
        Rectangle((left, bottom), right - left, top - bottom, transform=axes.transAxes,
                  facecolor="white", edgecolor="none", alpha=0.75, zorder=2.5)
    )  # fmt: skip


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
) -> _Place:
    """Returns what a name takes beside its bubble."""
    figure: Any = axes.figure
    right, up, away = place
    bubble = axes.transData.transform(point)
    begin = bubble + np.array(_offset(radius, right, up, away)) * figure.dpi / 72
    x, y = begin - np.array(size) * (1 - np.array([right, up])) / 2
    line = along(bubble, begin) if away >= _LED else []
    return _Place((x, y, x + size[0], y + size[1]), line, _DISTANCES.index(away))


def _cost(
    place: _Place,
    placed: npt.NDArray[np.float64],
    obstacles: npt.NDArray[np.float64],
    frame: npt.NDArray[np.float64],
) -> float:
    """Returns the covered pixels: other labels weigh more than shapes, the frame's edge most."""
    box = place.box
    outside = overlap(box, box) - _overlaps(box, frame)
    crossed = sum(_overlaps(each, placed) for each in place.line)
    return (
        10 * (_overlaps(box, placed) + crossed)
        + 1000 * outside
        + _overlaps(box, obstacles)
        + _STEP * overlap(box, box) * place.steps
    )


def along(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> list[Box]:
    """Returns small boxes along a line between two pixels."""
    points = [start + (end - start) * step / 40 for step in range(41)]
    return [(x - 4, y - 4, x + 4, y + 4) for x, y in points]


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
