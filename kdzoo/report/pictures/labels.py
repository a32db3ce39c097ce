"""Names beside bubbles, where they cover as little as possible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

Box = tuple[float, float, float, float]  # left, bottom, right, top, in pixels
Boxes = npt.NDArray[np.float64]  # [N, 4]
_SIDES = [(1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1)]
_DISTANCES = (3, 14, 28, 44, 64)  # points between bubble and name
_LED = 14  # from here on a line leads from the name to its bubble
_PLACES = [(right, up, away) for away in _DISTANCES for right, up in _SIDES]
_STEP = 0.2  # of a name's own pixels: what it may cover before it stands a step farther off
_FONT_SIZE = 9
_ACROSS = {1: "left", 0: "center", -1: "right"}
_UPWARDS = {1: "bottom", 0: "center", -1: "top"}


@dataclass(frozen=True)
class Label:
    """A name, and the bubble that it is of.

    Attributes:
        text: the name.
        point: the middle of the bubble, in data's own units.
        radius: of the bubble, in points.
        colour: of the name.
        is_needed: whether it is written even where it covers another.
    """

    text: str
    point: tuple[float, float]
    radius: float
    colour: str
    is_needed: bool = True


@dataclass(frozen=True)
class _Place:
    """Where a name may stand: its pixels, those of the line to its bubble, and how far off."""

    box: Box
    line: Sequence[Box]
    side: tuple[int, int, int]  # right, up, points away


def place_labels(axes: Axes, labels: Sequence[Label], obstacles: Sequence[Box]) -> list[Box]:
    """Writes each label on the side of its bubble where it covers least; returns their boxes.

    Farther off where it would cover something on every side, with a line to its bubble if need be.
    Lines under a name are seen but faintly. Where names would lie on each other, those that are not
    needed and have no room are left out.

    Args:
        axes: drawn, with its limits final.
        labels: the names.
        obstacles: what labels should not cover, bubbles included.
    """
    frame = np.array([box_of(axes.get_window_extent())])
    may_stand = [_places(axes, label) for label in labels]
    places = _arranged(may_stand, range(len(labels)), _stacked(obstacles), frame)
    if _is_crowded(places.values()):
        order = sorted(range(len(labels)), key=lambda number: not labels[number].is_needed)
        needed = {number for number in order if labels[number].is_needed}
        places = _arranged(may_stand, order, _stacked(obstacles), frame, needed)
    for number, place in places.items():
        _write(axes, labels[number], place)
    return [place.box for place in places.values()]


def _arranged(
    may_stand: Sequence[Sequence[_Place]],
    order: Iterable[int],
    covered: Boxes,
    frame: Boxes,
    needed: Collection[int] | None = None,
) -> dict[int, _Place]:
    """Returns where labels stand, by their numbers, each where it covers least of those before it.

    One that is not needed is left out where it would cover another; all are needed by default.
    """
    found: dict[int, _Place] = {}
    placed = _stacked([])
    for number in order:
        costs = [_cost(place, placed, covered, frame) for place in may_stand[number]]
        place = may_stand[number][int(np.argmin(costs))]
        if needed is not None and number not in needed and _hides(place, placed):
            continue
        found[number] = place
        placed = np.vstack([placed, place.box])
        covered = np.vstack([covered, _stacked(place.line)])
    return found


def _hides(place: _Place, placed: Boxes) -> bool:
    """Whether a name, or the line to its bubble, lies on names that are there."""
    return any(_overlaps(box, placed) for box in (place.box, *place.line))


def _is_crowded(places: Iterable[_Place]) -> bool:
    """Whether some name lies on another."""
    return any(overlap(one.box, other.box) for one, other in combinations(places, 2))


def _write(axes: Axes, label: Label, place: _Place) -> None:
    right, up, away = place.side
    offset = _offset(label.radius, right, up, away)
    axes.annotate(
        label.text, label.point, xytext=offset, textcoords="offset points", fontsize=_FONT_SIZE,
        zorder=4, color=label.colour, ha=_ACROSS[right], va=_UPWARDS[up],
    )  # fmt: skip
    _ground(axes, place.box)
    if place.line:
        _lead(axes, label, offset)


def _stacked(boxes: Sequence[Box]) -> Boxes:
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _lead(axes: Axes, label: Label, offset: tuple[float, float]) -> None:
    """Draws a line from a name to its bubble."""
    line = {"arrowstyle": "-", "color": label.colour, "linewidth": 0.6, "shrinkB": label.radius}
    axes.annotate("", label.point, offset, textcoords="offset points", arrowprops=line, zorder=2)


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


def _places(axes: Axes, label: Label) -> list[_Place]:
    """Returns what a name takes at each place beside its bubble."""
    figure: Any = axes.figure
    note = axes.annotate(label.text, label.point, fontsize=_FONT_SIZE)
    size = note.get_window_extent(figure.canvas.get_renderer()).size  # width, height in pixels
    note.remove()
    bubble = axes.transData.transform(label.point)
    found = []
    for right, up, away in _PLACES:
        begin = bubble + np.array(_offset(label.radius, right, up, away)) * figure.dpi / 72
        x, y = begin - np.array(size) * (1 - np.array([right, up])) / 2
        line = along(bubble, begin) if away >= _LED else []
        box = (x, y, x + size[0], y + size[1])
        found.append(_Place(box, line, (right, up, away)))
    return found


def _cost(
    place: _Place,
    placed: Boxes,
    obstacles: Boxes,
    frame: Boxes,
) -> float:
    """Returns the covered pixels: other labels weigh more than shapes, the frame's edge most."""
    box = place.box
    outside = overlap(box, box) - _overlaps(box, frame)
    crossed = sum(_overlaps(each, placed) for each in place.line)
    return (
        10 * (_overlaps(box, placed) + crossed)
        + 1000 * outside
        + _overlaps(box, obstacles)
        + _STEP * overlap(box, box) * _DISTANCES.index(place.side[2])
    )


def along(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> list[Box]:
    """Returns small boxes along a line between two pixels."""
    points = [start + (end - start) * step / 40 for step in range(41)]
    return [(x - 4, y - 4, x + 4, y + 4) for x, y in points]


def _overlaps(box: Box, others: Boxes) -> float:
    """Returns the area that a box shares with others, [N, 4], added up."""
    shared = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])  # [N, 2]
    return float(shared.clip(min=0).prod(axis=1).sum())


def box_of(extent: Bbox) -> Box:
    """Returns matplotlib's bounding box as ours."""
    return (extent.x0, extent.y0, extent.x1, extent.y1)


def overlap(one: Box, other: Box) -> float:
    """Returns the area that two boxes share."""
    return _overlaps(one, np.array([other]))
