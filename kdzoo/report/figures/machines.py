"""What each machine measured of a table's rows, and what their exported forms answered on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kdzoo import registry
from kdzoo.report.figures.forms import as_exported, forms_of
from kdzoo.report.figures.latency import failures, latency_of
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.figures.spread import with_known_intervals
from kdzoo.results import ManifestRow, Session, Store


def as_measured(
    table: Table,
    rows: Mapping[str, ManifestRow],
    machines: Mapping[str, Sequence[Session]],
    store: Store,
) -> Table:
    """Returns the table with what each machine measured.

    Args:
        table: of the study, without latencies.
        rows: of its manifest, by name.
        machines: the sessions of each.
        store: of the study.
    """

    def measured(machine: str, shown: Sequence[TableRow]) -> Table:
        found = (_measured(row, rows[_listed_as(row)], machines[machine]) for row in shown)
        return replace(table, machine=machine, rows=tuple(found))

    known = [measured(machine, table.rows) for machine in machines]
    tried = [there for there in known if any(row.is_tried for row in there.rows)]
    if len(tried) < 2:
        return replace(tried[0], machine="") if tried else table
    first, *others = (
        measured(there.machine, _read_there(table.rows, there, rows, store)) for there in tried
    )
    elsewhere = (
        replace(other, rows=tuple(row for row in other.rows if row.is_tried)) for other in others
    )
    return replace(first, elsewhere=tuple(elsewhere))


def _read_there(
    shown: Sequence[TableRow], timed: Table, rows: Mapping[str, ManifestRow], store: Store
) -> list[TableRow]:
    """Returns the rows, those that a machine timed with what their forms answered on it."""
    return [
        _as_answered(row, rows, store, timed)
        if there.is_tried and registry.runtimes.get(row.runtime).is_exported
        else row
        for row, there in zip(shown, timed.rows, strict=True)
    ]


def _as_answered(
    shown: TableRow, rows: Mapping[str, ManifestRow], store: Store, timed: Table
) -> TableRow:
    """Returns a row of exported forms with what they answered on a machine."""
    if shown.cascade is None:
        row = rows[shown.name]
        found = as_exported(shown, row, store, timed.split, timed.machine)
        metrics = with_known_intervals(found.metrics, shown.metrics)
        own = forms_of(row, shown.runtime, store, timed.machine)
        is_judged = own == forms_of(row, shown.runtime, store)  # else another machine's answers are
        return replace(
            found, metrics=metrics, form_standing=shown.form_standing if is_judged else None
        )
    if registry.runtimes.get(shown.runtime).exact:
        return shown
    unread = replace(shown.cascade, read=None)  # both forms may answer otherwise there
    return replace(shown, metrics={}, cascade=unread)


def _listed_as(shown: TableRow) -> str:
    """Returns the row of the manifest whose models a line is of."""
    return shown.name if shown.cascade is None else shown.cascade.student


def _measured(shown: TableRow, row: ManifestRow, sessions: Sequence[Session]) -> TableRow:
    timed_as = shown.runtime if shown.cascade is None else shown.cascade.timed_as
    latency = latency_of(row, shown.runtime, sessions, timed_as)
    failed = failures(row, timed_as, sessions)
    return replace(
        shown,
        latency=latency,
        is_tried=latency is not None or bool(failed),
        notes=(*failed, *shown.notes),
    )
