"""The whole report as one page that needs no network: verdict, picture, tables, environment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from kdzoo.amounts import in_megabytes
from kdzoo.plain import one_line
from kdzoo.report.columns.costs import marked, variation
from kdzoo.report.columns.numbers import NOTHING, spread_percent
from kdzoo.report.figures.axes import latency_ms_of, memory_mb_of, mflops_of, size_mb_of
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.page.aligned import Aligned, aligned
from kdzoo.report.page.sections import PageSection, Tabular
from kdzoo.report.pictures.looks import road_of
from kdzoo.report.words import WORDS

if TYPE_CHECKING:
    from jinja2 import Template

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
        lead: what each of the first lines is about, and its sentences.
        sections: what stands below the picture, in their order.
    """

    table: Table
    lead: Sequence[tuple[str, Sequence[str]]]
    sections: Sequence[PageSection]


def html(page: Page) -> str:
    """Returns the page, whole; text from data is text wherever it stands."""
    points = [
        _point(number, row) | _elsewhere(row, page.table)
        for number, row in enumerate(page.table.rows)
        if any(measured.quality for measured in _everywhere(row, page.table))
    ]
    axes = [
        (field, title)
        for field, title in _axes(page.table)
        if any(point[field] is not None for point in points)
    ]
    return _template().render(
        study=one_line(page.table.study),
        quality_title=f"{page.table.quality_title}, %",
        words=WORDS,
        aligned=_lines,
        lead=page.lead,
        sections=page.sections,
        rows=points if axes else [],
        axes=axes,
        style=_asset("page.css"),
        script=_asset("page.js"),
        plotly=_plotly(),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.from_string(_asset("page.html"))


@cache
def _plotly() -> str:
    """Returns plotly's code, whole: 5 MB, that the page may need no network."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _lines(table: Tabular) -> list[tuple[str | None, list[Aligned]]]:
    """Returns the id and the cells of each line; figures of a column stand below each other."""
    columns = [
        [Aligned(text) for text in column] if place < table.texts else aligned(column)
        for place, column in enumerate(zip(*(line.cells for line in table.lines), strict=True))
    ]
    return [
        (line.id, list(cells))
        for line, cells in zip(table.lines, zip(*columns, strict=True), strict=True)
    ]


def _axes(table: Table) -> list[tuple[str, str]]:
    """Returns what may stand on the x axis; latency once for each machine, and if it was busy."""
    (latency, title), *others = _AXES
    machines = [(latency, table), *zip(_fields(table), table.elsewhere, strict=True)]
    return [(name, _latency_title(title, machine)) for name, machine in machines] + others


def _latency_title(title: str, table: Table) -> str:
    machine = f"on {table.machine}" if table.machine else ""
    return one_line(", ".join(part for part in (title, machine, variation(table.timed)) if part))


def _fields(table: Table) -> list[str]:
    return [f"latency_ms_{number}" for number in range(2, len(table.elsewhere) + 2)]


def _elsewhere(row: TableRow, table: Table) -> dict[str, Any]:
    """Returns what the picture knows of a row on the other machines."""
    found: dict[str, Any] = {"on": {}}
    for name, other in zip(_fields(table), table.elsewhere, strict=True):
        there = next((there for there in other.rows if _is_same(there, row)), None)
        found[name] = None
        if there is not None:
            found[name] = latency_ms_of(there)
            found["on"][name] = _quality(there)
    return found


def _everywhere(row: TableRow, table: Table) -> list[TableRow]:
    """Returns a row as each machine measured it."""
    others = (there for other in table.elsewhere for there in other.rows if _is_same(there, row))
    return [row, *others]


def _is_same(one: TableRow, other: TableRow) -> bool:
    return (one.name, one.runtime) == (other.name, other.runtime)


def _asset(name: str) -> str:
    return (resources.files("kdzoo.report.page") / "assets" / name).read_text(encoding="utf-8")


def _point(number: int, row: TableRow) -> dict[str, Any]:
    """Returns what the picture knows of a row."""
    return {
        "id": str(number),
        "model": one_line(row.name),
        "runtime": row.runtime,
        "group": row.road or row.role,
        "approach": road_of(row.road or row.role).title,
        "latency_ms": latency_ms_of(row),
        "size_mb": size_mb_of(row),
        "memory_mb": memory_mb_of(row),
        "mflops": mflops_of(row),
        **_quality(row),
    }


def _quality(row: TableRow) -> dict[str, Any]:
    """Returns what a row gives, as a machine read it, and all that is told of it there."""
    found = row.quality
    mean, deviation = (math.nan, math.nan) if found is None else (found.mean, found.sd)
    return {
        "accuracy": None if math.isnan(mean) else round(mean * 100, 3),
        "sd": None if math.isnan(deviation) else round(deviation * 100, 3),
        "hover": _hover(row),
    }


def _hover(row: TableRow) -> list[str]:
    lines = [
        one_line(f"{row.name}, {row.runtime}"),
        f"{row.leading_title} {NOTHING if row.quality is None else spread_percent(row.quality)}",
    ]
    if row.latency is not None:
        known_ms = (("p50", row.latency.p50_ms), ("p90", row.latency.p90_ms))
        quantiles = (
            marked(f"{name} {value_ms:.3g} ms", row.latency) for name, value_ms in known_ms
        )
        lines.append(", ".join(quantiles))
        if row.latency.to_fastest is not None:
            times = f"{row.latency.to_fastest.times:.3g} × the teacher's fastest form"
            lines.append(marked(times, row.latency))
        if row.latency.memory is not None:
            lines.append(f"{in_megabytes(row.latency.memory.peak_bytes, 0)} of memory")
    if row.size_bytes:
        lines.append(f"{in_megabytes(row.size_bytes)} on disk")
    return [*lines, *map(one_line, row.notes)]
