"""What rows are weighed by, in the units of limits and of axes; None where it was not measured."""

from __future__ import annotations

from kdzoo.report.figures.rows import TableRow


def latency_ms_of(row: TableRow) -> float | None:
    """Returns the median latency of one text."""
    return None if row.latency is None else row.latency.p50_ms


def size_mb_of(row: TableRow) -> float | None:
    """Returns the size of what is deployed."""
    return row.size_bytes / 1e6 if row.size_bytes else None


def memory_mb_of(row: TableRow) -> float | None:
    """Returns the peak memory of a process that runs the row alone."""
    memory = None if row.latency is None else row.latency.memory
    return None if memory is None else memory.peak_bytes / 1e6


def mflops_of(row: TableRow) -> float | None:
    """Returns the millions of floating-point operations that one text takes."""
    flops = None if row.latency is None else row.latency.flops
    return None if flops is None else flops / 1e6


def leading_figure_of(row: TableRow) -> float | None:
    """Returns the figure that rows of its task are chosen by, its mean over seeds."""
    return None if row.quality is None else row.quality.mean
