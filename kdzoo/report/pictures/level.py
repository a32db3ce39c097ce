"""A teacher that is a file, as a line across: it has an accuracy, and neither latency nor size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdzoo.report.figures.rows import TableRow
from kdzoo.report.pictures.looks import road_of
from kdzoo.results import OUTPUTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_DASHES = (0, (8, 3))


def draw_levels(axes: Axes, rows: Sequence[TableRow], metric: str) -> list[Line2D]:
    """Draws the teachers that are files, each at its height.

    Args:
        axes: the y axis in per cent.
        rows: of the table.
        metric: what the y axis shows.

    Returns:
        What stands for them in a legend.
    """
    levels = [
        axes.axhline(
            row.metrics[metric].mean * 100,
            color=road_of(row.role).colour,
            linestyle=_DASHES,
            linewidth=1,
            zorder=1,
            label="teacher that is a file",
        )
        for row in rows
        if row.role == "teacher" and row.kind == OUTPUTS and metric in row.metrics
    ]
    return levels[:1]
