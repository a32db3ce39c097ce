"""Latency alone, for rows whose accuracy nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kdzoo.report.columns.costs import sessions_of, variation
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.pictures.canvas import canvas, in_lines, log_scale, no_picture
from kdzoo.report.pictures.letters import data_texts, legible
from kdzoo.report.pictures.looks import road_of, shape_of


def draw_latency(table: Table, stem: Path, note: str = "") -> list[Path]:
    """Draws a line per row that was timed, from median latency to 90th percentile."""
    timed = [(drawn.latency, drawn) for drawn in table.rows if drawn.latency is not None]
    if not timed:
        return no_picture(stem)
    ordered = sorted(timed, key=lambda item: -item[0].p50_ms)
    size = (8.8, 1.6 + 0.3 * len(ordered))
    with canvas(stem, size, data_texts(table)) as (axes, paths):
        log_scale(axes)
        axes.set_xlabel(in_lines(latency_label(table), note))
        for place, (latency, row) in enumerate(ordered):
            colour = road_of(row.road or row.role).colour
            axes.plot([latency.p50_ms, latency.p90_ms], [place, place], color=colour, linewidth=1)
            axes.scatter(
                latency.p50_ms, place, color=colour, marker=shape_of(row.runtime), s=60, zorder=3
            )
        axes.set_yticks(range(len(ordered)), _names([row for _, row in ordered]))
        longest_ms = max(latency.p90_ms for latency, _ in ordered)
        axes.set_xlim(ordered[-1][0].p50_ms / 1.5, longest_ms * 1.5)
        title = legible(f"{table.study}: latency, and the 90th percentile")
        axes.set_title(title, loc="left")
    return paths


def _names(rows: Sequence[TableRow]) -> list[str]:
    return [legible(f"{row.name}, {row.runtime}") for row in rows]


def latency_label(table: Table) -> str:
    """Returns what an axis of latencies is called: which machine's, of several; if it was busy."""
    count = table.timed[0].threads
    threads = "1 CPU thread" if count == 1 else f"{count} CPU threads"
    label = f"latency of one text, ms (p50, tokenisation included, {threads}; log scale)"
    machine = f"on {legible(table.machine)}" if table.machine else ""
    return in_lines(label, machine, variation(table.timed), sessions_of(table.timed))
