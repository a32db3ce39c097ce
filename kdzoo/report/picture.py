"""Accuracy against latency: what each model costs and what it gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo import registry
from kdzoo.report.canvas import canvas
from kdzoo.report.labels import Box, place_labels
from kdzoo.report.plain import one_line
from kdzoo.report.rows import Table, TableRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours say which road, shapes which runtime. The colours are Okabe and Ito's, told apart by
# colour-blind readers; in grey, the lines that join a model's runtimes tell the roads apart.
_ROADS = {
    "teacher": ("#000000", "-", "teacher"),
    "compression": ("#0072B2", "-", "model compression"),
    "change": ("#D55E00", (0, (4, 2)), "model change"),
    "baseline": ("#777777", "-", "classical baseline"),
    "reference": ("#000000", "-", "reference"),
    "other": ("#0072B2", "-", "other models"),
}
_SHAPES = {"pipeline": "X", "torch": "o", "onnx": "^", "onnx-int8": "D", "sklearn": "s"}
_OTHER_SHAPE = "P"  # of a runtime that somebody else registered
_LARGEST = 420  # square points
Point = tuple[float, float]


def draw(table: Table, folder: Path) -> list[Path]:
    """Writes ``accuracy_vs_latency.png`` and ``.svg``; nothing where no row was timed.

    Where nothing is known of accuracy, ``latency.png`` and ``.svg`` show latency alone.
    """
    timed = [row for row in table.rows if row.latency is not None]
    rows = [row for row in timed if "accuracy" in row.metrics]
    if not timed:
        return []
    if not rows:
        return draw_latency(timed, table, folder)
    with canvas(folder / "accuracy_vs_latency", (8.8, 5.6)) as (axes, paths):
        _axes(axes, table)
        front = _pareto(axes, rows)
        for name in dict.fromkeys(row.name for row in rows):
            _join(axes, [row for row in rows if row.name == name])
        for row in rows:
            _bubble(axes, row, _area(row, rows))
        _limits(axes, rows)
        _legend(axes, rows)
        _labels(axes, rows, front)
    return paths


def draw_latency(rows: Sequence[TableRow], table: Table, folder: Path) -> list[Path]:
    """Writes ``latency.png`` and ``.svg``: a line per row from median to 90th percentile."""
    ordered = sorted(rows, key=lambda row: -_p50_ms(row))
    with canvas(folder / "latency", (8.8, 1.6 + 0.3 * len(ordered))) as (axes, paths):
        _scale(axes, table)
        for place, row in enumerate(ordered):
            latency, colour = row.latency, _road(row)[0]
            assert latency is not None  # noqa: S101 - rows without one are not drawn
            axes.plot([latency.p50_ms, latency.p90_ms], [place, place], color=colour, linewidth=1)
            axes.scatter(latency.p50_ms, place, color=colour, marker=_shape(row), s=60, zorder=3)
        names = [one_line(f"{row.name}, {row.runtime}") for row in ordered]
        axes.set_yticks(range(len(ordered)), names, parse_math=False)
        axes.set_xlim(
            _p50_ms(ordered[-1]) / 1.5, max(r.latency.p90_ms for r in ordered if r.latency) * 1.5
        )
        axes.set_title(
            one_line(f"{table.study}: latency, and the 90th percentile"),
            loc="left",
            parse_math=False,
        )
    return paths


def _scale(axes: Axes, table: Table) -> None:
    """Makes the x axis one of milliseconds, on a log scale."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_autoscalex_on(False)  # _limits decides; a lone power of ten would be warned of
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    count = table.timed[0].threads
    threads = "1 CPU thread" if count == 1 else f"{count} CPU threads"
    axes.set_xlabel(f"latency of one text, ms (p50, tokenisation included, {threads}; log scale)")
    axes.grid(visible=True, which="major", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)


def _axes(axes: Axes, table: Table) -> None:
    _scale(axes, table)
    axes.set_ylabel(f"{table.split} accuracy, %")
    axes.set_title(
        one_line(f"{table.study}: what can stand in for the {table.reference}, and what it costs"),
        loc="left",
        parse_math=False,
    )


def _road(row: TableRow) -> tuple[str, Any, str]:
    return _ROADS[row.road or row.role]


def _shape(row: TableRow) -> str:
    return _SHAPES.get(row.runtime, _OTHER_SHAPE)


def _p50_ms(row: TableRow) -> float:
    assert row.latency is not None  # noqa: S101 - rows without one are not drawn
    return row.latency.p50_ms


def _xy(row: TableRow) -> tuple[float, float]:
    return _p50_ms(row), row.metrics["accuracy"].mean * 100


def _area(row: TableRow, rows: Sequence[TableRow]) -> float:
    """Returns a bubble's area in square points, in proportion to the size on disk."""
    return 40 + _LARGEST * row.size_bytes / max(1, *(other.size_bytes for other in rows))


def _join(axes: Axes, rows: Sequence[TableRow]) -> None:
    """Draws a line through the runtimes of one model."""
    colour, style, _ = _road(rows[0])
    xs, ys = zip(*sorted(_xy(row) for row in rows), strict=True)
    axes.plot(xs, ys, color=colour, linestyle=style, linewidth=1, alpha=0.55, zorder=1)


def _bubble(axes: Axes, row: TableRow, area: float) -> None:
    (x, y), (colour, *_), shape = _xy(row), _road(row), _shape(row)
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
    axes.set_xlim(min(xs) / span**0.2, max(xs) * span**0.2)
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
    named = []
    for name in dict.fromkeys(row.name for row in rows):
        own = [(row, radius) for row, radius in zip(rows, radii, strict=True) if row.name == name]
        row, radius = min(own, key=lambda each: _xy(each[0])[0])  # where it is fastest
        label = one_line(f"{name}, {_sizes([row for row, _ in own])}")
        named.append((label, _xy(row), radius))
    place_labels(axes, named, obstacles)


def _sizes(rows: Sequence[TableRow]) -> str:
    """Returns the sizes of a model's forms, the smallest and the largest."""
    small, large = (f"{pick(row.size_bytes for row in rows) / 1e6:.1f}" for pick in (min, max))
    return f"{small} MB" if small == large else f"{small}–{large} MB"


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

    roads = {_road(row)[2]: row for row in rows}
    handles = [
        Line2D([], [], color=_road(row)[0], linestyle=_road(row)[1], linewidth=3, label=label)
        for label, row in roads.items()
    ]
    shapes = {row.runtime: _shape(row) for row in rows}
    handles += [
        Line2D([], [], color="#555555", marker=shape, linestyle="", markersize=7,
               label=registry.runtimes.get(name).details["title"])
        for name, shape in shapes.items()
    ]  # fmt: skip
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
    figure: Any = axes.figure
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9,
                  title="colour: road; shape: runtime; area: size on disk",
                  title_fontsize=9)  # fmt: skip
