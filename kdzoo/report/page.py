"""The whole report as one page that needs no network: verdict, picture, tables, environment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from kdzoo.report.plain import one_line
from kdzoo.report.rows import Table, TableRow
from kdzoo.report.sections import Section
from kdzoo.report.table import percent

_AXES = [
    ("latency_ms", "latency of one text, ms (p50)"),
    ("size_mb", "size on disk, MB"),
    ("memory_mb", "peak memory, MB"),
    ("mflops", "MFLOPs of one text"),
]


@dataclass(frozen=True)
class Page:
    """What the page shows.

    Attributes:
        table: the study's rows.
        summary: the verdict, a sentence each.
        sections: what stands below the picture, in their order.
    """

    table: Table
    summary: Sequence[str]
    sections: Sequence[Section]


def html(page: Page) -> str:
    """Returns the page, whole; text from data is text wherever it stands."""
    from jinja2 import Environment, StrictUndefined
    from plotly.offline import get_plotlyjs

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    points = [
        _point(number, row) | _elsewhere(row, page.table)
        for number, row in enumerate(page.table.rows)
        if "accuracy" in row.metrics
    ]
    axes = [
        (field, title)
        for field, title in _axes(page.table)
        if any(point[field] is not None for point in points)
    ]
    return environment.from_string(_asset("page.html")).render(
        study=one_line(page.table.study),
        quality_title=f"{page.table.split} accuracy, %",
        summary=[one_line(sentence) for sentence in page.summary],
        sections=page.sections,
        rows=points if axes else [],
        axes=axes,
        style=_asset("page.css"),
        script=_asset("page.js"),
        plotly=get_plotlyjs(),
    )


def _axes(table: Table) -> list[tuple[str, str]]:
    """Returns what may stand on the x axis; latency once for each machine."""
    if not table.elsewhere:
        return _AXES
    (latency, title), *others = _AXES
    machines = [(latency, table), *zip(_fields(table), table.elsewhere, strict=True)]
    return [(name, one_line(f"{title}, on {each.machine}")) for name, each in machines] + others


def _fields(table: Table) -> list[str]:
    return [f"latency_ms_{number}" for number in range(2, len(table.elsewhere) + 2)]


def _elsewhere(row: TableRow, table: Table) -> dict[str, Any]:
    """Returns what the picture knows of a row on the other machines."""
    found: dict[str, Any] = {}
    for name, other in zip(_fields(table), table.elsewhere, strict=True):
        same = (each for each in other.rows if (each.name, each.runtime) == (row.name, row.runtime))
        latency = next((each.latency for each in same), None)
        found[name] = None if latency is None else latency.p50_ms
    return found


def _asset(name: str) -> str:
    return (resources.files("kdzoo.report") / "assets" / name).read_text(encoding="utf-8")


def _point(number: int, row: TableRow) -> dict[str, Any]:
    """Returns what the picture knows of a row."""
    accuracy, latency = row.metrics["accuracy"], row.latency
    memory = None if latency is None else latency.memory
    return {
        "id": str(number),
        "model": one_line(row.name),
        "runtime": row.runtime,
        "group": row.road or row.role,
        "accuracy": round(accuracy.mean * 100, 3),
        "sd": None if math.isnan(accuracy.sd) else round(accuracy.sd * 100, 3),
        "latency_ms": None if latency is None else latency.p50_ms,
        "size_mb": row.size_bytes / 1e6 if row.size_bytes else None,
        "memory_mb": None if memory is None else memory.peak_bytes / 1e6,
        "mflops": None if latency is None or latency.flops is None else latency.flops / 1e6,
        "hover": _hover(row),
    }


def _hover(row: TableRow) -> list[str]:
    lines = [one_line(f"{row.name}, {row.runtime}"), f"accuracy {percent(row.metrics['accuracy'])}"]
    if row.latency is not None:
        lines.append(f"p50 {row.latency.p50_ms:.3g} ms, p90 {row.latency.p90_ms:.3g} ms")
        if row.latency.to_fastest is not None:
            lines.append(f"{row.latency.to_fastest.times:.3g} × the teacher's fastest form")
        if row.latency.memory is not None:
            lines.append(f"{row.latency.memory.peak_bytes / 1e6:.0f} MB of memory")
    if row.size_bytes:
        lines.append(f"{row.size_bytes / 1e6:.1f} MB on disk")
    return [*lines, *map(one_line, row.notes)]
