"""Accuracy against latency: what each model costs and what it gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
_OFFSETS = [(1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1)]


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
        _pareto(axes, rows)
        for row in rows:
            _bubble(axes, row)
        _limits(axes, rows)
        _labels(axes, rows)
        _legend(axes, rows)
        paths = [folder / f"accuracy_vs_latency.{suffix}" for suffix in ("png", "svg")]
        for path in paths:
            dated = {"Date": None} if path.suffix == ".svg" else {"Software": None}
            figure.savefig(path, dpi=160, metadata=dated)
        plt.close(figure)
    return paths


def _axes(axes: Axes, table: Table) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    timed = next(row.latency for row in table.rows if row.latency is not None)
    threads = "1 CPU thread" if timed.threads == 1 else f"{timed.threads} CPU threads"
    axes.set_xlabel(f"latency of one text, ms (p50, tokenisation included, {threads}; log scale)")
    axes.set_ylabel(f"{table.split} accuracy, %")
    axes.set_title(
        f"{table.study}: what can stand in for the teacher, and what it costs", loc="left"
    )
    axes.grid(visible=True, which="major", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)


def _look(row: TableRow) -> tuple[str, str, str]:
    return _LOOKS[row.road or row.role]


def _xy(row: TableRow) -> tuple[float, float]:
    assert row.latency is not None  # noqa: S101 - rows without one are not drawn
    return row.latency.p50_ms, row.metrics["accuracy"].mean * 100


def area(size_bytes: int) -> float:
    """Returns a bubble's area in square points; it grows with the size on disk."""
    return 45 + 26 * math.sqrt(size_bytes / 1e6)


def _bubble(axes: Axes, row: TableRow) -> None:
    (x, y), (colour, shape, _) = _xy(row), _look(row)
    deviation = row.metrics["accuracy"].sd * 100
    if not math.isnan(deviation):
        axes.errorbar(x, y, yerr=deviation, color=colour, capsize=3, linewidth=1, zorder=2)
    axes.scatter(x, y, s=area(row.size_bytes), c=colour, marker=shape, alpha=0.85,
                 edgecolors="white", linewidths=1, zorder=3)  # fmt: skip
    if "accuracy" in row.control:
        below = row.control["accuracy"].mean * 100
        axes.plot([x, x], [below, y], color=colour, linewidth=1, linestyle=":", zorder=1)
        axes.scatter(x, below, s=38, facecolors="white", edgecolors=colour, marker=shape, zorder=3)


def _pareto(axes: Axes, rows: Sequence[TableRow]) -> None:
    """Draws the line through the rows that no other row beats in both."""
    front: list[tuple[float, float]] = []
    for x, y in sorted((_xy(row) for row in rows), key=lambda point: (point[0], -point[1])):
        if not front or y > front[-1][1]:
            front.append((x, y))
    xs, ys = zip(*front, strict=True)
    axes.plot(xs, ys, color="#009E73", linewidth=1.4, alpha=0.7, zorder=1)


def _limits(axes: Axes, rows: Sequence[TableRow]) -> None:
    """Leaves room for bubbles and their names."""
    xs = [_xy(row)[0] for row in rows]
    span = max(2.0, max(xs) / min(xs))
    axes.set_xlim(min(xs) / span**0.14, max(xs) * span**0.2)
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.06 * (high - low), high + 0.08 * (high - low))


def _labels(axes: Axes, rows: Sequence[TableRow]) -> None:
    """Puts each name at the first place by its bubble where it covers no other name or bubble."""
    figure: Any = axes.figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    scale = figure.dpi / 72
    bubbles = []
    for row in rows:
        x, y = axes.transData.transform(_xy(row))
        radius = math.sqrt(area(row.size_bytes) / math.pi) * scale
        bubbles.append((x - radius, y - radius, x + radius, y + radius))
    placed: list[tuple[float, ...]] = []
    for number, row in enumerate(rows):
        gap = math.sqrt(area(row.size_bytes) / math.pi) + 3
        text = f"{row.name}, {row.size_bytes / 1e6:.1f} MB"
        best = None
        for right, up in _OFFSETS:
            note = axes.annotate(
                text,
                _xy(row),
                xytext=(right * gap, up * gap * (0.7 if right else 1)),
                textcoords="offset points",
                ha={1: "left", 0: "center", -1: "right"}[right],
                va={1: "bottom", 0: "center", -1: "top"}[up],
                fontsize=9,
                zorder=4,
            )
            box = note.get_window_extent(renderer).extents
            others = [*placed, *(b for i, b in enumerate(bubbles) if i != number)]
            cost = sum(_overlap(box, other) for other in others) + _outside(box, axes)
            if best is None or cost < best[0]:
                if best is not None:
                    best[1].remove()
                best = (cost, note, tuple(box))
            else:
                note.remove()
            if cost == 0:
                break
        assert best is not None  # noqa: S101 - there is at least one offset
        placed.append(best[2])


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)


def _outside(box: Sequence[float], axes: Axes) -> float:
    frame = axes.get_window_extent().extents
    inside = _overlap(box, frame)
    return float((box[2] - box[0]) * (box[3] - box[1]) - inside)


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
