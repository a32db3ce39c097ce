"""How figures are read from a row: what the columns are declared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kdzoo.report.columns.column import TABLES, Column, Reader, ShownIn
from kdzoo.report.columns.kinds import SPREAD
from kdzoo.report.columns.numbers import spread_percent
from kdzoo.report.figures.findings import Finding
from kdzoo.report.figures.latency import Latency
from kdzoo.report.figures.rows import TableRow

PRINTED = TABLES | ShownIn.LATEX | ShownIn.TERMINAL


def of_row(read: Callable[[TableRow], Any]) -> Reader:
    """Returns how a figure is read that needs the row alone."""
    return lambda row, _: read(row)


def of_latency(read: Callable[[Latency], Any]) -> Reader:
    """Returns how a figure of cost is read; None of a row that was not timed."""
    return lambda row, _: None if row.latency is None else read(row.latency)


def of_finding(read: Callable[[Finding], Any]) -> Reader:
    """Returns how a figure is read that the outcomes tell."""
    return lambda row, _: None if row.finding is None else read(row.finding)


def figure(metric: str, title: str, places: ShownIn, **more: Any) -> Column:
    """Returns the column of a quality figure, over seeds."""
    read = of_row(lambda row: row.metrics.get(metric))
    known = {"kind": SPREAD, "show": spread_percent, "metric": metric, **more}
    return Column(metric, read, places, title=title, **known)
