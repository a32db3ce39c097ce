"""Accuracy against a cost: what each model gives, and its latency or its size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo import registry
from kdzoo.amounts import in_megabytes
from kdzoo.report.figures.axes import latency_ms_of, size_mb_of
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.pictures.bubble import ACCURACY, Bubble, Point
from kdzoo.report.pictures.canvas import canvas, in_lines, legend_below, log_scale, no_picture
from kdzoo.report.pictures.labels import Box, Label, along, place_labels
from kdzoo.report.pictures.latency import draw_latency, latency_label
from kdzoo.report.pictures.letters import data_texts, legible, numbers_note, with_legible_names
from kdzoo.report.pictures.level import draw_levels
from kdzoo.report.pictures.looks import FRONT, mixed, shape_of, tones_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_LARGEST = 420  # square points
_NAMED = 30  # models that can all have their names beside them
_EVEN = 80  # the same, where the area says nothing
_LEAST_POINTS = 2.0  # of the y axis: smaller differences are not to look large
AS_DECIDED = "as_decided_accuracy"
_STEMS = ("accuracy_vs_latency", "latency")  # of what is drawn, with and without accuracies


@dataclass(frozen=True)
class _Cost:
    """What the x axis shows: the rows' values, its label, and its noun in the title."""

    of: Callable[[TableRow], float | None]
    label: str
    noun: str
    is_size: bool = False  # bubbles and names need not tell the size then
    metric: str = ACCURACY  # what the y axis shows


def draw(table: Table, folder: Path) -> list[Path]:
    """Writes ``accuracy_vs_latency`` as PNG, SVG and PDF; nothing where no row was timed.

    Where nothing is known of accuracy, ``latency`` shows latency alone. Two machines never share
    an axis: beside that of the last one, ``-machine-2`` and so on are those of the others.
    """
    known = {path for stem in _STEMS for path in folder.glob(f"{stem}-machine-*")}
    note, shown = numbers_note(table), with_legible_names(table)
    first, *others = shown.by_machine
    written = _against_latency(first, folder, "", note)
    for number, other in enumerate(others, 2):
        written += _against_latency(other, folder, f"-machine-{number}", note)
    for path in known.difference(written):  # of a machine that is no longer in the study
        path.unlink()
    return written


def draw_size(table: Table, folder: Path) -> list[Path]:
    """Writes ``accuracy_vs_size`` as PNG, SVG and PDF; nothing where no size is known."""
    label = "size on disk, MB (weights or graph, tokenizer, labels; log scale)"
    note, shown = numbers_note(table), with_legible_names(table)
    cost = _Cost(
        size_mb_of, in_lines(label, note), "size on disk", is_size=True, metric=table.leading
    )
    rows = [row for row in shown.rows if row.runtime != "pipeline"]  # which reads torch's files
    return _scatter(rows, cost, shown, folder / "accuracy_vs_size")


def draw_decided(table: Table, folder: Path) -> list[Path]:
    """Writes ``accuracy_as_decided_vs_latency`` as PNG, SVG and PDF.

    It is of what the user of the out-of-scope threshold gets, on the machine that measured last;
    nothing where no row was decided and timed.
    """
    note, first = numbers_note(table), with_legible_names(table).by_machine[0]
    stem = folder / "accuracy_as_decided_vs_latency"
    rows = [row for row in first.rows if row.latency is not None and AS_DECIDED in row.metrics]
    if not rows:
        return no_picture(stem)
    label = in_lines(latency_label(first), note)
    cost = _Cost(latency_ms_of, label, "latency", metric=AS_DECIDED)
    return _scatter(rows, cost, first, stem)


def _against_latency(table: Table, folder: Path, suffix: str, note: str) -> list[Path]:
    timed = [row for row in table.rows if row.latency is not None]
    against, alone = (folder / f"{stem}{suffix}" for stem in _STEMS)
    if not any(row.quality for row in timed):
        return no_picture(against) + draw_latency(table, alone, note)
    label = in_lines(latency_label(table), note)
    cost = _Cost(latency_ms_of, label, "latency", metric=table.leading)
    return no_picture(alone) + _scatter(timed, cost, table, against)


def _scatter(rows: Sequence[TableRow], cost: _Cost, table: Table, stem: Path) -> list[Path]:
    """Draws accuracy against a cost."""
    known = [row for row in rows if cost.metric in row.metrics]
    colours = tones_of({row.name: row.road or row.role for row in known})
    bubbles = [
        Bubble(row, x, row.metrics[cost.metric].mean * 100, _area(row, known, cost),
               colours[row.name], cost.metric)
        for row in known
        if (x := cost.of(row)) is not None
    ]  # fmt: skip
    return _drawn(bubbles, cost, table, stem) if bubbles else no_picture(stem)


def _drawn(bubbles: Sequence[Bubble], cost: _Cost, table: Table, stem: Path) -> list[Path]:
    with canvas(stem, (8.8, 5.6), data_texts(table)) as (axes, paths):
        log_scale(axes)
        axes.set_xlabel(cost.label)
        decided = " as decided" * (cost.metric == AS_DECIDED)
        axes.set_ylabel(f"{table.quality_title}{decided}, %")
        title = f"{table.study}: {table.leading_title}{decided} against {cost.noun}"
        axes.set_title(legible(title), loc="left")
        front = _pareto(axes, bubbles)
        for name in dict.fromkeys(bubble.row.name for bubble in bubbles):
            _join(axes, [bubble for bubble in bubbles if bubble.row.name == name])
        for bubble in bubbles:
            _bubble(axes, bubble)
        levels = draw_levels(axes, table.rows, cost.metric)
        _limits(axes, bubbles)
        _legend(axes, bubbles, cost, levels)
        _labels(axes, bubbles, front, cost)
    return paths


def _area(row: TableRow, rows: Sequence[TableRow], cost: _Cost) -> float:
    """Returns a bubble's area in square points, in proportion to the size on disk."""
    if cost.is_size:
        return _EVEN
    return 40 + _LARGEST * row.size_bytes / max(1, *(other.size_bytes for other in rows))


def _join(axes: Axes, bubbles: Sequence[Bubble]) -> None:
    """Draws a line through the runtimes of one model."""
    first = bubbles[0]
    xs, ys = zip(*sorted(bubble.point for bubble in bubbles), strict=True)
    axes.plot(
        xs, ys, color=first.colour, linestyle=first.road.line, linewidth=1, alpha=0.55, zorder=1
    )


def _bubble(axes: Axes, shown: Bubble) -> None:
    (x, y), colour, shape = shown.point, shown.colour, shape_of(shown.row.runtime)
    if shown.bar is not None:
        reach = [[y - shown.bar[0]], [shown.bar[1] - y]]
        axes.errorbar(x, y, yerr=reach, color=colour, capsize=3, linewidth=1, zorder=2)
    axes.scatter(
        x, y, s=shown.area, c=shown.inside, alpha=0.85, marker=shape,
        edgecolors=colour if shown.road.inside else "white", linewidths=1, zorder=3,
    )  # fmt: skip
    if shown.control is not None:
        axes.plot([x, x], [shown.control, y], color=colour, linewidth=1, linestyle=":", zorder=1)
        axes.scatter(
            x, shown.control, s=38, facecolors="white", edgecolors=colour, marker=shape, zorder=3
        )


def _pareto(axes: Axes, bubbles: Sequence[Bubble]) -> list[Point]:
    """Draws steps along the rows that no other row beats in both; returns their corners.

    Between two rows nothing can be had but the cheaper one: steps, no slopes.
    """
    front: list[Point] = []
    for x, y in sorted(
        (bubble.point for bubble in bubbles), key=lambda point: (point[0], -point[1])
    ):
        if not front or y > front[-1][1]:
            front.append((x, y))
    corners = [front[0]]
    for (_, below), (x, y) in pairwise(front):
        corners += [(x, below), (x, y)]
    axes.plot(*zip(*corners, strict=True), color=FRONT, linewidth=1.4, alpha=0.7, zorder=1)
    return corners


def _limits(axes: Axes, bubbles: Sequence[Bubble]) -> None:
    """Leaves room for bubbles and their names."""
    xs = [bubble.x for bubble in bubbles]
    span = max(2.0, max(xs) / min(xs))
    axes.set_xlim(min(xs) / span**0.2, max(xs) * span**0.2)
    low, high = axes.get_ylim()
    more = max(0.0, _LEAST_POINTS - (high - low)) / 2  # on either side
    low, high = low - more, high + more
    axes.set_ylim(low - 0.06 * (high - low), high + 0.08 * (high - low))


def _labels(axes: Axes, bubbles: Sequence[Bubble], front: Sequence[Point], cost: _Cost) -> None:
    """Names the bubbles, clear of each other, of the controls and of the Pareto line.

    Of more models than can be told apart, only those that no other beats, and what is no student;
    where these leave no room for the others' names, they stand alone.
    """
    figure: Any = axes.figure
    figure.get_layout_engine().execute(figure)  # as drawing would, without the drawing
    pixels = figure.dpi / 72
    shapes = [(bubble.point, bubble.radius) for bubble in bubbles]
    shapes += [
        ((bubble.x, bubble.control), 4.0) for bubble in bubbles if bubble.control is not None
    ]
    obstacles = [_square(axes, point, radius * pixels) for point, radius in shapes]
    lines = [*pairwise(front)]
    for name in dict.fromkeys(bubble.row.name for bubble in bubbles):
        lines += pairwise(sorted(bubble.point for bubble in bubbles if bubble.row.name == name))
    for bubble in bubbles:
        if bubble.bar is not None:
            lines.append(((bubble.x, bubble.bar[0]), (bubble.x, bubble.bar[1])))
        if bubble.control is not None:
            lines.append((bubble.point, (bubble.x, bubble.control)))
    obstacles += [box for line in lines for box in along(*axes.transData.transform(line))]
    best = {bubble.row.name for bubble in bubbles
            if bubble.point in front or bubble.row.role != "student"}  # fmt: skip
    names = list(dict.fromkeys(bubble.row.name for bubble in bubbles))
    labels = [
        _label(
            [bubble for bubble in bubbles if bubble.row.name == name], cost, is_best=name in best
        )
        for name in (names if len(names) <= _NAMED else [name for name in names if name in best])
    ]
    written = len(place_labels(axes, labels, obstacles))
    if written < len(names):
        axes.set_title(f"{written} of {len(names)} models have room for a name", loc="right",
                       fontsize=8)  # fmt: skip


def _label(own: Sequence[Bubble], cost: _Cost, *, is_best: bool) -> Label:
    """Returns the name of a model's bubbles, beside the one where it costs least."""
    first = min(own, key=lambda point: point.x)
    name = first.row.name
    text = name if cost.is_size else f"{name}, {_sizes([point.row for point in own])}"
    colour = mixed(first.colour, "black", 0.3)
    return Label(legible(text), first.point, first.radius, colour, is_needed=is_best)


def _sizes(rows: Sequence[TableRow]) -> str:
    """Returns the sizes of a model's forms, the smallest and the largest."""
    small, large = (in_megabytes(pick(row.size_bytes for row in rows)) for pick in (min, max))
    return small if small == large else f"{small.removesuffix(' MB')}–{large}"


def _square(axes: Axes, point: Point, half: float) -> Box:
    x, y = axes.transData.transform(point)
    return (x - half, y - half, x + half, y + half)


def _legend(axes: Axes, bubbles: Sequence[Bubble], cost: _Cost, levels: Sequence[Line2D]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=road.colour, linestyle=road.line, linewidth=3, label=road.title)
        for road in dict.fromkeys(bubble.road for bubble in bubbles)
    ]
    handles += [
        Line2D([], [], color="#555555", marker=shape_of(name), linestyle="", markersize=7,
               label=legible(registry.runtimes.get(name).title))
        for name in dict.fromkeys(bubble.row.runtime for bubble in bubbles)
    ]  # fmt: skip
    if any(bubble.control is not None for bubble in bubbles):
        handles.append(
            Line2D([], [], color="#555555", marker="o", markerfacecolor="white", linestyle=":",
                   label="same student on hard labels")
        )  # fmt: skip
    handles += [
        Line2D([], [], color="#555555", marker="|", linestyle="", markersize=10, label=title)
        for title in dict.fromkeys(bubble.bar_title for bubble in bubbles if bubble.bar is not None)
    ]
    handles.append(Line2D([], [], color=FRONT, label="Pareto front: nothing is better in both"))
    handles += levels
    largest = in_megabytes(max(bubble.row.size_bytes for bubble in bubbles))
    area = "" if cost.is_size else f"; area: size on disk, the largest {largest}"
    title = f"colour: approach, a tone for each model; shape: runtime{area}"
    legend_below(axes.figure, handles, title)
