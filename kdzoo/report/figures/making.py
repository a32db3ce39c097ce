"""The table of a study is made, from its store alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kdzoo import registry
from kdzoo.report.figures.beside import answered_by, beside_teacher, outcomes_of_teacher
from kdzoo.report.figures.cascades import CascadeRow, broken_promises, cascade_rows
from kdzoo.report.figures.findings import Finding, called_teacher, find
from kdzoo.report.figures.form_standings import find_standings
from kdzoo.report.figures.forms import as_exported
from kdzoo.report.figures.latency import by_machine
from kdzoo.report.figures.machines import as_measured
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.figures.spread import Spread, figures_on, spreads, with_intervals
from kdzoo.results import DataSummary, Failure, ManifestRow, Record, Store
from kdzoo.statistics import (
    Interval,
    OutcomesReader,
    control_of,
    current,
    intervals,
    is_covered,
    read_outcomes,
)
from kdzoo.task import TASKS
from kdzoo.task.tags import BEGIN, INSIDE

_UNREAD = (
    "its answers were not read: they are not PyTorch's where a runtime is not exact, and without "
    "an export there is nothing else to read"
)


def make_table(
    store: Store, split: str | None = None, reader: OutcomesReader | None = None
) -> Table:
    """Returns the study's table.

    Args:
        store: of the study.
        split: whose figures are shown; test by default, or validation where test was not read.
        reader: of the same study, where others need the outcomes too.

    Raises:
        StoreError: the folder is no study, or outcomes are missing or damaged.
    """
    store = current(store)
    manifest = store.manifest()
    records = {key: store.read(key) for key in manifest.keys}
    split = split or _split(records.values())
    machines = by_machine(store.sessions())
    reader = reader or OutcomesReader(store)
    findings, teachers = find(reader, split), _teachers(manifest.rows)
    standings = find_standings(reader, split, called_teacher(manifest.rows))
    cascades = cascade_rows(store, split)
    rows = tuple(
        replace(
            _table_row(row, runtime, records, reader, split, findings.get(row.name)),
            teacher=teachers.get(row.name),
            form_standing=standings.get((row.name, runtime)),
        )
        for row in manifest.rows
        for runtime in row.runtimes
    ) + tuple(_cascade_row(found) for found in cascades)
    table = _of_study(manifest.study, split, rows, records.values())
    table = replace(table, remarks=tuple(broken_promises(cascades)))
    measured = as_measured(table, {row.name: row for row in manifest.rows}, machines, store)
    return _with_failures(measured, manifest.failures)


def _of_study(
    study: str, split: str, rows: tuple[TableRow, ...], records: Collection[Record]
) -> Table:
    """Returns the table of these rows, with what the records say of the data."""
    # of students: a teacher or a control may be another study's, with other texts beside the labels
    taught = [record for record in records if record.role == "student"]
    labelled = {record.data.train for record in records}
    unlabelled = {record.data.unlabelled for record in taught or records}
    data = next(iter(records)).data
    return Table(
        study=study,
        split=split,
        rows=rows,
        origin=data.origin,
        labels=len(data.labels),
        labelled=(min(labelled), max(labelled)),
        unlabelled=(min(unlabelled), max(unlabelled)),
        texts=data.test if split == "test" else data.validation,
        has_oos=data.oos is not None,
        oos=data.oos,
        label_names=_names(data),
        has_pairs=data.pairs,
        other_tests=tuple(data.other_tests) if split == "test" else (),
        task=data.task,
        has_unlabelled=any(map(_read_unlabelled, taught)),
    )


def _read_unlabelled(record: Record) -> bool:
    """Whether a model learnt from texts without labels."""
    wanted = (record.recipe.get("transfer") or {}).get("unlabelled")
    return bool(record.data.unlabelled or wanted)


def _teachers(rows: Sequence[ManifestRow]) -> dict[str, str]:
    """Returns the name of the row of teachers that each row is compared with, by its own."""
    taught = {
        member.key: row.name for row in rows if row.role == "teacher" for member in row.members
    }
    found = {row.name: {taught.get(m.teacher_key or "") for m in row.members} for row in rows}
    return {name: own for name, (own, *more) in found.items() if own is not None and not more}


def _cascade_row(found: CascadeRow) -> TableRow:
    """Returns the row of a cascade."""
    return TableRow(
        name=found.name,
        role="cascade",
        kind="cascade",
        road=None,
        runtime=found.runtime,
        metrics=found.metrics,
        size_bytes=found.size_bytes,
        is_first=False,
        notes=found.notes,
        remarks=found.remarks,
        cascade=found,
    )


def _names(data: DataSummary) -> tuple[str, ...]:
    """Returns what labels are called; of the tags of entities, the type."""
    if not TASKS[data.task].by_word:
        return data.labels
    return tuple(label.removeprefix(BEGIN).removeprefix(INSIDE) for label in data.labels)


def _with_failures(table: Table, failures: Sequence[Failure]) -> Table:
    """Returns the table with a row for each that has no model, and a remark on what else failed."""
    known = {row.name for row in table.rows}
    lacking = {failure.row: failure for failure in reversed(failures) if failure.row not in known}
    rows = [
        TableRow(
            failure.row,
            failure.role,
            failure.kind,
            failure.road,
            failure.runtime,
            {},
            notes=(failure.reason,),
        )
        for failure in reversed(lacking.values())
    ]
    others = (failure for failure in failures if failure.row in known)
    remarks = tuple(f"{other.row}, seed {other.seed}: {other.reason}" for other in others)
    return replace(table, rows=(*table.rows, *rows), remarks=(*table.remarks, *remarks))


def _split(records: Iterable[Record]) -> str:
    """Returns the split that all were read on; a teacher that is a file may not cover it."""
    read = all("test" in record.quality for record in records if not record.is_file)
    return "test" if read else "validation"


def _table_row(
    row: ManifestRow,
    runtime: str,
    records: Mapping[str, Record],
    reader: OutcomesReader,
    split: str,
    finding: Finding | None,
) -> TableRow:
    own = [records[member.key] for member in row.members]
    shown = TableRow(
        name=row.name,
        role=row.role,
        kind=row.kind,
        road=row.road,
        runtime=runtime,
        metrics=_metrics(own, split, row, row, reader),
        parameters=own[0].size.parameters,
        embedding_parameters=own[0].size.embedding_parameters,
        size_bytes=own[0].size.size_bytes,
        is_first=runtime == row.runtimes[0],
        leading=TASKS[own[0].data.task].leading,
    )
    entry = registry.runtimes.get(runtime)
    if entry.is_exported:
        shown = as_exported(shown, row, reader.store, split)
    elif not entry.exact:
        shown = replace(shown, metrics={}, notes=(_UNREAD,))
    if not shown.is_first:
        return shown
    controls = [records[m.control_key] for m in row.members if m.control_key is not None]
    return replace(
        shown,
        metrics=with_intervals(shown.metrics, _intervals(shown, row, reader, split)),
        control=_metrics(controls, split, control_of(row), row, reader),
        finding=finding,
        texts=own[0].training.texts if row.role == "student" and own[0].training else None,
        remarks=(*shown.remarks, *_lacking_controls(len(controls), len(own))),
    )


def _lacking_controls(controls: int, seeds: int) -> Iterator[str]:
    """Yields that a mean over controls is one over fewer seeds than its row, where it is."""
    if 0 < controls < seeds:
        yield f"hard labels: {controls} of {seeds} seeds, so what distilling gives is not told"


def _intervals(
    shown: TableRow, row: ManifestRow, reader: OutcomesReader, split: str
) -> dict[str, Interval]:
    """Returns the intervals over texts of what several seeds give together."""
    read = shown.quality.seeds if shown.quality else 0
    if read < 2 or read < len(row.members):
        return {}
    if registry.runtimes.get(shown.runtime).is_exported:
        own = read_outcomes(reader.store, row, split, shown.runtime)
    else:
        own = reader.of(row, split)
    teacher = outcomes_of_teacher(row, reader, split)
    return intervals(own if teacher is None else answered_by(teacher, own))


def _metrics(
    models: Sequence[Record],
    split: str,
    own: ManifestRow | None,
    row: ManifestRow,
    reader: OutcomesReader,
) -> dict[str, Spread]:
    """Returns the figures of trained models, of a row or its controls (``own``)."""
    read = [figures_on(model, split) for model in models if split in model.quality]
    if own is None or len(read) != len(own.members) or not is_covered(reader.store, own, split):
        return spreads(read)
    teacher = outcomes_of_teacher(row, reader, split)
    return spreads(beside_teacher(read, reader.of(own, split), teacher))
