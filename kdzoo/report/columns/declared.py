"""The columns, each declared once, in the order of the tables: every format iterates over them.

Another figure of a row is an entry here; ``places`` says which formats show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from kdzoo.amounts import hundredths
from kdzoo.measure import THROUGHPUT
from kdzoo.report.columns.column import BOTH, FILES, TABLES, Column, ShownIn, TablePart
from kdzoo.report.columns.kinds import COMPARED, RATIO, SPREAD
from kdzoo.report.columns.numbers import (
    closed_share,
    megabytes,
    millions,
    milliseconds,
    short,
    spread_percent,
    times,
)
from kdzoo.report.columns.quality import (
    ENTITY_ERRORS,
    ENTITY_FIGURES,
    FIGURES,
    SET_FIGURES,
)
from kdzoo.report.columns.readers import PRINTED, figure, of_finding, of_latency, of_row
from kdzoo.report.figures.cascades import CascadeRow
from kdzoo.report.figures.latency import Latency
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.statistics import Effect
from kdzoo.task import SINGLE_LABEL, TASKS

UNTOLD = {Effect.NONE: "unclear", Effect.ONE_SEED: "one seed"}  # in place of a closed gap


def gap(effect: Effect | None, closed: str) -> str:
    """Returns what stands for a closed share of a gap: one that may be chance is not quoted."""
    return closed if effect is None else UNTOLD.get(effect, closed)


def _timed(name: str, title: str, read: Callable[[Latency], Any], **more: Any) -> Column:
    """Returns a column of cost, which is a figure of time where ``is_of_time`` does not say no."""
    known = {"places": TABLES | FILES, "part": TablePart.FORM, "is_of_time": True, **more}
    return Column(name, of_latency(read), title=title, **known)


def _has_cascades(table: Table) -> bool:
    return table.has_cascades


def _of_cascade(
    name: str,
    title: str,
    read: Callable[[CascadeRow], Any],
    is_shown: Callable[[Table], bool] = _has_cascades,
    **more: Any,
) -> Column:
    """Returns a column of cascades, which is there where there are some."""
    return Column(
        name,
        of_row(lambda row: None if row.cascade is None else read(row.cascade)),
        title=title,
        part=TablePart.FORM,
        in_tables=is_shown,
        in_files=is_shown,
        **more,
    )


def _rate(size: str) -> Column:
    """Returns the throughput in batches of a size; tables have that of all texts at once."""
    return _timed(
        f"texts_per_second_{size}",
        "texts/s",
        lambda latency: latency.texts_per_second.get(size),
        show=lambda rate: f"{rate:,.0f}",
        places=TABLES | FILES if size == "all" else FILES,
    )


def _memory(part: str) -> Column:
    return _timed(
        f"memory_{part}_bytes",
        "memory, MB",
        lambda latency: latency.memory and getattr(latency.memory, f"{part}_bytes"),
        show=megabytes,
        is_of_time=False,
        places=TABLES | ShownIn.LATEX | ShownIn.PICK | FILES if part == "peak" else FILES,
    )


IDENTITY = (
    Column("study", lambda _, table: table.study, ShownIn.CSV),
    Column("split", lambda _, table: table.split, ShownIn.CSV),
    Column("model", of_row(lambda row: row.name), PRINTED | ShownIn.CSV | ShownIn.PICK,
           title="model", part=BOTH),
    Column("runtime", of_row(lambda row: row.runtime), PRINTED | ShownIn.CSV | ShownIn.PICK,
           title="runtime", part=TablePart.FORM,
           instead=lambda row: f"{row.runtime} (!)" if row.notes else None),
    Column("role", of_row(lambda row: row.role), ShownIn.CSV),
    Column("kind", of_row(lambda row: row.kind), ShownIn.CSV),
    Column("road", of_row(lambda row: row.road), TABLES | ShownIn.CSV, title="approach",
           instead=lambda row: row.role if row.road is None else None),
    Column("seeds", of_row(lambda row: row.quality.seeds if row.quality else 0),
           ShownIn.CSV),
    Column("texts", of_row(lambda row: row.texts), TABLES | ShownIn.TERMINAL, title="texts",
           show=lambda count: f"{count:,}", in_tables=lambda table: table.has_added_texts,
           spared=1),
)  # fmt: skip


RECIPE = (
    Column("machine", lambda row, table: table.machine if row.is_tried else None, ShownIn.CSV,
           in_files=lambda table: bool(table.machine)),
    Column("gap_closed", of_row(lambda row: row.gap_closed), PRINTED | ShownIn.CSV,
           title="gap closed", show=closed_share, better=1, is_of_recipe=True, spared=6,
           brief="Gap closed: the share of the way from hard labels to the teacher.",
           instead=lambda row: UNTOLD.get(row.effect) if row.effect else None),
    Column("gap_closed_in_scope", of_row(lambda row: row.gap_closed_in_scope), TABLES | ShownIn.CSV,
           title="in-scope gap", show=closed_share, in_tables=lambda table: table.has_oos,
           instead=lambda row: UNTOLD.get(row.effect_in_scope) if row.effect_in_scope else None),
    Column("effect", of_row(lambda row: row.effect), ShownIn.CSV),
    Column("effect_in_scope", of_row(lambda row: row.effect_in_scope), ShownIn.CSV,
           in_files=lambda table: table.has_oos),
)  # fmt: skip

COSTS = (
    _of_cascade("escalated", "escalated, %", lambda found: found.escalated,
                show=hundredths, places=PRINTED | ShownIn.CSV, spared=7,
                brief="Escalated: share of the texts that the teacher answers."),
    Column("parameters", of_row(lambda row: row.parameters or None),
           TABLES | ShownIn.LATEX | FILES, title="parameters, M", show=millions),
    Column("embedding_parameters",
           of_row(lambda row: row.embedding_parameters if row.parameters else None), FILES),
    Column("size_bytes", of_row(lambda row: row.size_bytes or None),
           PRINTED | FILES | ShownIn.PICK | ShownIn.CARD, title="size, MB", show=megabytes,
           part=TablePart.FORM, better=-1, spared=3),
    _timed("latency_p50_ms", "p50, ms", lambda latency: latency.p50_ms, show=milliseconds,
           places=PRINTED | FILES | ShownIn.PICK | ShownIn.CARD, better=-1, is_bold=True,
           brief="P50: median latency of one text, tokenisation included."),
    _timed("latency_p90_ms", "p90, ms", lambda latency: latency.p90_ms, show=milliseconds,
           places=TABLES | ShownIn.LATEX | FILES),
    _timed("latency_mean_ms", "mean, ms", lambda latency: latency.mean_ms, show=milliseconds,
           in_tables=_has_cascades, in_files=_has_cascades),
    _timed("latency_p99_ms", "p99, ms", lambda latency: latency.p99_ms, show=milliseconds),
    _timed("model_latency_p50_ms", "model alone, ms", lambda latency: latency.model_p50_ms,
           show=milliseconds),
    _timed("times_faster", "faster", lambda latency: latency.to_teacher, kind=RATIO, show=times),
    _timed("times_faster_than_fastest_teacher", "than the fastest",
           lambda latency: latency.to_fastest, kind=RATIO, show=times,
           places=TABLES | ShownIn.LATEX | FILES),
    # the same without its interval, for which a terminal has no room
    _timed("times", "× {reference}", lambda latency: latency.to_fastest, kind=RATIO,
           show=lambda ratio: short(ratio.times), places=ShownIn.TERMINAL, better=1,
           brief="× {reference}: times as fast as the {reference} in its fastest runtime."),
    *map(_rate, THROUGHPUT),
    _timed("cold_start_ms", "cold start, s", lambda latency: latency.cold_start_ms,
           show=lambda cold_start_ms: f"{cold_start_ms / 1e3:.2f}"),
    *map(_memory, ("imported", "loaded", "peak")),
    _timed("flops", "MFLOPs", lambda latency: latency.flops, is_of_time=False,
           show=millions),
    _of_cascade("cost_per_million_texts", "cost / million",
                lambda found: found.cost_per_million_texts, show=lambda cost: f"{cost:,.2f}",
                places=TABLES | ShownIn.LATEX | ShownIn.CSV,
                is_shown=lambda table: table.has_prices),
    _timed("tokens", "", lambda latency: latency.tokens, places=ShownIn.CSV),
    _timed("threads", "", lambda latency: latency.threads, places=ShownIn.CSV),
    _timed("cpu", "", lambda latency: latency.cpu, places=ShownIn.CSV),
    _timed("noise", "", lambda latency: latency.noise, places=FILES),
    Column("notes", of_row(lambda row: "; ".join(row.notes)), ShownIn.CSV),
)  # fmt: skip

_OF_ROWS = (
    Column("model_verdict", of_finding(lambda found: found.standing and found.standing.kind),
           ShownIn.CSV),
    Column("model_minus_teacher", of_finding(lambda found: found.standing), ShownIn.CSV,
           kind=COMPARED),
    Column("recipe_verdict", of_finding(lambda found: found.effect and found.effect.kind),
           ShownIn.CSV),
    Column("recipe_minus_hard_labels", of_finding(lambda found: found.effect), ShownIn.CSV,
           kind=COMPARED),
)  # fmt: skip

_OF_VARIANTS = (
    Column("variant_verdict", of_finding(lambda found: found.change and found.change.kind),
           ShownIn.CSV),
    Column("variant_minus_recipe", of_finding(lambda found: found.change), ShownIn.CSV,
           kind=COMPARED),
)  # fmt: skip

VERDICTS = (
    *(replace(column, in_files=lambda table: bool(table.judged)) for column in _OF_ROWS),
    *(replace(column, in_files=lambda table: table.has_variants) for column in _OF_VARIANTS),
)


def leading_column(table: Table) -> Column:
    """Returns the column of the figure that rows are chosen by."""
    return _figures_of(table)[0]


def _figures_of(table: Table) -> tuple[Column, ...]:
    if TASKS[table.task].by_word:
        return ENTITY_FIGURES
    return FIGURES if table.task == SINGLE_LABEL.name else SET_FIGURES


def columns_of(table: Table) -> tuple[Column, ...]:
    """Returns all columns, with those of the data's other test sets."""
    leading, *others = _figures_of(table)
    more = [
        figure(f"{name}_{leading.name}", f"on {name}", TABLES | ShownIn.LATEX | ShownIn.CSV)
        for name in table.other_tests
    ]
    figures = (leading, *more, *others)
    controls = [
        _on_hard_labels(own_figure, is_shown=own_figure is leading)
        for own_figure in figures
        if ShownIn.CSV in own_figure.places
    ]
    errors = ENTITY_ERRORS if TASKS[table.task].by_word else ()
    return (*IDENTITY, *figures, *controls, *RECIPE, *COSTS, *errors, *VERDICTS)


def _on_hard_labels(own: Column, *, is_shown: bool) -> Column:
    """Returns the figure of the same student on gold labels alone; tables have the leading one."""
    return Column(
        f"hard_labels_{own.name}",
        of_row(lambda row: row.control.get(own.metric)),
        PRINTED | ShownIn.CSV if is_shown else ShownIn.CSV,
        kind=SPREAD,
        title="hard labels" if is_shown else "",
        show=spread_percent,
        metric=own.metric,
        is_of_recipe=True,
        spared=4 if is_shown else 0,
        brief="Hard labels: the same student trained on gold labels alone." if is_shown else "",
    )


def shown(table: Table, place: ShownIn, part: TablePart = BOTH) -> list[Column]:
    """Returns the columns that a table has in a place, in their order."""
    return [
        column
        for column in columns_of(table)
        if place in column.places and part & column.part and column.in_tables(table)
    ]


def known(
    table: Table, place: ShownIn, metrics: Sequence[str], part: TablePart = BOTH
) -> list[Column]:
    """Returns the columns of a place that has a quality figure where, and only where, it is known.

    Args:
        table: that is shown.
        place: where.
        metrics: names of the quality figures that are known, in the order that they get there.
        part: the table that is shown.
    """
    columns = [
        column
        for column in columns_of(table)
        if place in column.places and part & column.part and column.in_files(table)
    ]
    figures = [column for column in columns if column.metric]
    first = columns.index(figures[0])
    others = [column for column in columns if not column.metric]
    known = [column for column in figures if column.metric in metrics]
    known.sort(key=lambda column: (column.is_of_recipe, metrics.index(column.metric)))
    return [*others[:first], *known, *others[first:]]


def cells(row: TableRow, table: Table, columns: Sequence[Column]) -> dict[str, str]:
    """Returns what stands in a row's cells, by column title."""
    return {column.heading(table): column.text(row, table) for column in columns}
