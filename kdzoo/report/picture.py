"""Accuracy against latency: what each model costs and what it gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo.report.labels import Box, box_of, place_labels
from kdzoo.report.rows import Table, TableRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart by colour-blind readers; shapes tell them apart in grey.
_LOOKS = {
    "teacher": ("#000000", "*", "teacher"),
    "compression": ("#0072B2", "o", "model compression"),
    "change": ("#D55E00", "D", "model change"),
    "baseline": ("#777777", "s", "classical baseline"),
}
Point = tuple[float, float]


def draw(table: Table, folder: Path) -> list[Path]:
    """Writes ``accuracy_vs_latency.png`` and ``.svg``; nothing where no row was timed."""
    rows = [row for row in table.rows if row.latency is not None and "accuracy" in row.metrics]
    if not rows:
        return []
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with plt.rc_context(
        {
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "svg.hashsalt": "kdzoo",
            "svg.fonttype": "none",
        }
    ):
        figure, axes = plt.subplots(figsize=(8.2, 5.2), layout="constrained")
        _axes(axes, table)
        front = _pareto(axes, rows)
        for row in rows:
            _bubble(axes, row, _area(row, rows))
        _limits(axes, rows)
        _legend(axes, rows)
        _labels(axes, rows, front)
        paths = [folder / f"accuracy_vs_latency.{suffix}" for suffix in ("png", "svg")]
        for path in paths:
            dated = {"Date": None} if path.suffix == ".svg" else {"Software": None}
            figure.savefig(path, dpi=160, metadata=dated)
        plt.close(figure)
    return paths


def _axes(axes: Axes, table: Table) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_autoscalex_on(False)  # _limits decides; a lone power of ten would be warned of
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    timed = next(row.latency for row in table.rows if row.latency is not None)
    threads = "1 CPU thread" if timed.threads == 1 else f"{timed.threads} CPU threads"
    axes.set_xlabel(f"latency of one text, ms (p50, tokenisation included, {threads}; log scale)")
    axes.set_ylabel(f"{table.split} accuracy, %")
    axes.set_title(
        f"{table.study}: what can stand in for the teacher, and what it costs",
        loc="left",
        parse_math=False,
    )
    axes.grid(visible=True, which="major", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)


def _look(row: TableRow) -> tuple[str, str, str]:
    return _LOOKS[row.road or row.role]


def _xy(row: TableRow) -> tuple[float, float]:
    assert row.latency is not None  # noqa: S101 - rows without one are not drawn
    return row.latency.p50_ms, row.metrics["accuracy"].mean * 100


def _area(row: TableRow, rows: Sequence[TableRow]) -> float:
    """Returns a bubble's area in square points, in proportion to the size on disk."""
    return 40 + 900 * row.size_bytes / max(1, *(other.size_bytes for other in rows))


def _bubble(axes: Axes, row: TableRow, area: float) -> None:
    (x, y), (colour, shape, _) = _xy(row), _look(row)
    deviation = row.metrics["accuracy"].sd * 100
    if not math.isnan(deviation):
        axes.errorbar(x, y, yerr=deviation, color=colour, capsize=3, linewidth=1, zorder=2)
    axes.scatter(
        x, y, s=area, c=colour, alpha=0.85, marker=shape, edgecolors="white", linewidths=1, zorder=3
    )
    if "accuracy" in row.control:
        below = row.control["accuracy"].mean * 100
        axes.plot([x, x], [below, y], color=colour, linewidth=1, linestyle=":", zorder=1)
        axes.scatter(x, below, s=38, facecolors="white", edgecolors=colour, marker=shape, zorder=3)


def _pareto(axes: Axes, rows: Sequence[TableRow]) -> list[Point]:
    """Draws the line through the rows that no other row beats in both; returns its points."""
    front: list[Point] = []
    for x, y in sorted((_xy(row) for row in rows), key=lambda point: (point[0], -point[1])):
        if not front or y > front[-1][1]:
            front.append((x, y))
    xs, ys = zip(*front, strict=True)
    axes.plot(xs, ys, color="#009E73", linewidth=1.4, alpha=0.7, zorder=1)
    return front


def _limits(axes: Axes, rows: Sequence[TableRow]) -> None:
    """Leaves room for bubbles and their names."""
    xs = [_xy(row)[0] for row in rows]
    span = max(2.0, max(xs) / min(xs))
    axes.set_xlim(min(xs) / span**0.14, max(xs) * span**0.2)
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.06 * (high - low), high + 0.08 * (high - low))


def _labels(axes: Axes, rows: Sequence[TableRow], front: Sequence[Point]) -> None:
    """Names the bubbles, clear of each other, of the controls and of the Pareto line."""
    figure: Any = axes.figure
    figure.canvas.draw()
    pixels = figure.dpi / 72
    radii = [math.sqrt(_area(row, rows) / math.pi) for row in rows]
    shapes = [(_xy(row), radius) for row, radius in zip(rows, radii, strict=True)]
    shapes += [
        ((_xy(row)[0], row.control["accuracy"].mean * 100), 4.0) for row in rows if row.control
    ]
    obstacles = [_square(axes, point, radius * pixels) for point, radius in shapes]
    lines = [*pairwise(front)]
    for row in rows:
        (x, y), sd = _xy(row), row.metrics["accuracy"].sd * 100
        if not math.isnan(sd):
            lines.append(((x, y - sd), (x, y + sd)))
        if row.control:
            lines.append(((x, y), (x, row.control["accuracy"].mean * 100)))
    obstacles += [box for line in lines for box in _along(axes, *line)]
    if (legend := axes.get_legend()) is not None:
        obstacles.append(box_of(legend.get_window_extent()))
    named = [
        (f"{row.name}, {row.size_bytes / 1e6:.1f} MB", _xy(row), radius)
        for row, radius in zip(rows, radii, strict=True)
    ]
    place_labels(axes, named, obstacles)


def _along(axes: Axes, start: Point, end: Point) -> list[Box]:
    """Returns small boxes along a line."""
    begin, stop = (axes.transData.transform(point) for point in (start, end))
    points = [begin + (stop - begin) * step / 40 for step in range(41)]
    return [(x - 4, y - 4, x + 4, y + 4) for x, y in points]


def _square(axes: Axes, point: Point, half: float) -> Box:
    x, y = axes.transData.transform(point)
    return (x - half, y - half, x + half, y + half)


def _legend(axes: Axes, rows: Sequence[TableRow]) -> None:
    from matplotlib.lines import Line2D

    looks = {_look(row): None for row in rows}
    handles = [
        Line2D([], [], color=colour, marker=shape, linestyle="", label=label, markersize=8)
        for colour, shape, label in looks
    ]
    if any(row.control for row in rows):
        handles.append(
            Line2D(
                [],
                [],
                color="#555555",
                marker="o",
                markerfacecolor="white",
                linestyle=":",
                label="same student on hard labels",
            )
        )
    handles.append(Line2D([], [], color="#009E73", label="Pareto front"))
    axes.legend(handles=handles, loc="lower right", frameon=True, framealpha=0.9, fontsize=9,
                title="bubble: size on disk", title_fontsize=9)  # fmt: skip
