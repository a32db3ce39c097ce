"""Names beside bubbles, where they cover as little as possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

Box = tuple[float, float, float, float]  # left, bottom, right, top, in pixels
_SIDES = [(1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1)]
_NEAR, _FAR = 3, 14  # points between bubble and name
_PLACES = [(right, up, away) for away in (_NEAR, _FAR) for right, up in _SIDES]
_DISTANCE = 0.3  # of a name's own pixels: what it may cover before it stands farther off
_FONT_SIZE = 9


def place_labels(
    axes: Axes,
    labels: Sequence[tuple[str, tuple[float, float], float]],
    obstacles: Sequence[Box],
) -> list[Box]:
    """Writes each label on the side of its bubble where it covers least; returns their boxes.

    A little farther off where it would cover something on every side.

    Args:
        axes: drawn, with its limits final.
        labels: (text, (x, y) of the bubble, the bubble's radius in points).
        obstacles: what labels should not cover, bubbles included.
    """
    figure: Any = axes.figure
    renderer = figure.canvas.get_renderer()
    frame = box_of(axes.get_window_extent())
    placed: list[Box] = []
    for text, point, radius in labels:
        candidates: list[tuple[float, int, Any, Box]] = []
        for right, up, away in _PLACES:
            gap = radius * (0.75 if right and up else 1.0) + away
            note = axes.annotate(
                text,
                point,
                xytext=(right * gap, up * gap),
                textcoords="offset points",
                ha={1: "left", 0: "center", -1: "right"}[right],
                va={1: "bottom", 0: "center", -1: "top"}[up],
                fontsize=_FONT_SIZE,
                zorder=4,
            )
            box = box_of(note.get_window_extent(renderer))
            cost = _cost(box, placed, obstacles, frame)
            cost += _DISTANCE * overlap(box, box) if away == _FAR else 0
            candidates.append((cost, len(candidates), note, box))
        best = min(candidates, key=lambda candidate: candidate[:2])
        for candidate in candidates:
            if candidate is not best:
                candidate[2].remove()
        placed.append(best[3])
    return placed


def _cost(box: Box, placed: Sequence[Box], obstacles: Sequence[Box], frame: Box) -> float:
    """Returns the covered pixels: other labels weigh more than shapes, the frame's edge most."""
    outside = (box[2] - box[0]) * (box[3] - box[1]) - overlap(box, frame)
    return (
        10 * sum(overlap(box, other) for other in placed)
        + 100 * outside
        + sum(overlap(box, other) for other in obstacles)
    )


def box_of(extent: Bbox) -> Box:
    """Returns matplotlib's bounding box as ours."""
    return (extent.x0, extent.y0, extent.x1, extent.y1)


def overlap(a: Box, b: Box) -> float:
    """Returns the area that two boxes share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)
