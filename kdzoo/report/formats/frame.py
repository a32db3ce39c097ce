"""All figures of studies as one tidy frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from kdzoo import registry
from kdzoo.report.columns.column import ShownIn
from kdzoo.report.columns.declared import known
from kdzoo.report.figures.latency import by_machine, latency_of
from kdzoo.report.figures.making import make_table
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.figures.spread import spreads
from kdzoo.report.formats.table import THIS_MODEL, THIS_RECIPE, THIS_VARIANT
from kdzoo.results import ManifestRow, Member, Record, Session, Store
from kdzoo.statistics import current
from kdzoo.task import TaskName

COLUMNS = (
    "study", "row", "role", "kind", "road", "variant", "seed", "key", "runtime", "machine", "split",
    "metric", "value",
)  # fmt: skip
VERDICT_COLUMNS = (
    "study", "row", "question", "seeds", "split", "verdict", "difference", "low", "high", "p",
    "sentence",
)  # fmt: skip
DEPLOYED = "deployed"  # in the place of a split: what a model costs
# a figure is its row's alone
_NO_TABLE = Table("", DEPLOYED, (), "", 0, (0, 0), (0, 0), 0, has_oos=False)
_OWN = "torch"  # in which a model stands as it was trained; a baseline has no such runtime


def tidy_frame(*stores: Store) -> pd.DataFrame:
    """Returns a line per model, runtime, split and metric; of latencies, one per machine too.

    Raises:
        StoreError: a folder is no study.
    """
    return pd.DataFrame(
        [line for store in stores for line in _lines(current(store))], columns=COLUMNS
    )


def verdict_frame(*stores: Store) -> pd.DataFrame:
    """Returns a line per row of the tables and question.

    Raises:
        StoreError: a folder is no study, or outcomes are missing or damaged.
    """
    return pd.DataFrame(
        [line for store in stores for line in _verdicts(current(store))], columns=VERDICT_COLUMNS
    )


def _verdicts(store: Store) -> Iterator[tuple[object, ...]]:
    table = make_table(store)
    for row, finding in table.judged:
        asked = (
            (THIS_MODEL, finding.standing),
            (THIS_RECIPE, finding.effect),
            (THIS_VARIANT, finding.change),
        )
        for question, verdict in asked:
            if verdict is not None:
                found = verdict.comparison.difference
                yield (
                    table.study, row.name, question, verdict.comparison.seeds, table.split,
                    str(verdict.kind), found.value, found.low, found.high, verdict.adjusted_p,
                    verdict.sentence,
                )  # fmt: skip


def _lines(store: Store) -> Iterator[tuple[object, ...]]:
    manifest, machines = store.manifest(), by_machine(store.sessions())
    for row in manifest.rows:
        for member in row.members:
            yield from _of_model(store, manifest.study, row, member, machines)
            if member.control_key is not None:
                control = Member(seed=member.seed, key=member.control_key)
                alone = {"role": "control", "members": (control,), "runtimes": ()}
                yield from _of_model(
                    store, manifest.study, row.model_copy(update=alone), control, machines
                )


def _of_model(
    store: Store,
    study: str,
    row: ManifestRow,
    member: Member,
    machines: Mapping[str, list[Session]],
) -> Iterator[tuple[object, ...]]:
    """Yields the lines of a model: as it was trained, then in its row's other runtimes."""
    record = store.read(member.key)
    alone = row.model_copy(update={"members": (member,)})
    own = () if row.role == "baseline" else (_OWN,)
    for runtime in dict.fromkeys((*own, *row.runtimes)):
        found = _read(store, record, runtime)
        if not found:
            continue
        shown = TableRow(row.name, row.role, row.kind, row.road, runtime, {})
        measured = [
            (machine, split, split_quality)
            for machine, quality, size_bytes in found
            for split, split_quality in (
                *((name, replace(shown, metrics=spreads([figures])))
                  for name, figures in quality.items()),
                (DEPLOYED, _sized(shown, record, size_bytes)),
            )
        ]  # fmt: skip
        measured += [
            (machine, DEPLOYED, replace(shown, latency=latency_of(alone, runtime, sessions)))
            for machine, sessions in machines.items()
        ]
        for machine, split, quality in measured:
            for metric, value in _figures(quality, record.data.task):
                if value or split != DEPLOYED:  # a teacher that is a file has no size
                    yield (
                        study, row.name, row.role, row.kind, row.road, record.variant, record.seed,
                        record.key, runtime, machine, split, metric, value,
                    )  # fmt: skip


def _sized(shown: TableRow, record: Record, size_bytes: int) -> TableRow:
    return replace(
        shown,
        parameters=record.size.parameters,
        embedding_parameters=record.size.embedding_parameters,
        size_bytes=size_bytes,
    )


def _figures(row: TableRow, task: TaskName) -> Iterator[tuple[str, float]]:
    """Yields all that is known of a row, by the names that table.csv has for it."""
    table = replace(_NO_TABLE, task=task)
    for column in known(table, ShownIn.FRAME, list(row.metrics)):
        value = column.read(row, table)
        if value is not None:
            pieces = column.kind.pieces(value)
            for suffix, place in column.kind.framed:
                number = pieces[place]
                if isinstance(number, int | float):
                    yield f"{column.name}{suffix}", float(number)


def _read(
    store: Store, record: Record, runtime: str
) -> list[tuple[str, Mapping[str, Mapping[str, float]], int]]:
    """Returns machine, quality and bytes in a runtime, of the exported form where it has one.

    A machine is named where several read the form; nothing is returned where it was not exported.
    """
    if not registry.runtimes.get(runtime).is_exported:
        return [("", record.quality, record.size.size_bytes)]
    known = store.forms_everywhere(record.key)
    forms = [form for form in known if form.runtime == runtime and form.failure is None]
    several = len(forms) > 1
    return [(form.machine if several else "", form.quality, form.size_bytes) for form in forms]
