"""The tables of a card: how good the model is, in which forms it lies there, what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kdzoo.card.subject import Subject
from kdzoo.report.columns.column import Part, Place
from kdzoo.report.columns.declared import cells, known, shown
from kdzoo.report.columns.numbers import NOTHING
from kdzoo.report.figures.forms import parity_note
from kdzoo.report.figures.rows import TableRow
from kdzoo.report.figures.spread import spreads
from kdzoo.report.formats.table import drawn
from kdzoo.results import Deployed, Record

SHOWN_LABELS = 20
WEIGHTS = "torch"  # the runtime of the weights themselves


def figures_table(subject: Subject) -> str:
    """Returns the model's own figures, its row's, its controls' and its teachers', in per cent."""
    own = _row(subject, f"this model, seed {subject.record.seed}", [subject.record])
    rows = [
        own,
        *_all_seeds(subject),
        *_over_seeds(subject, "the same student on hard labels", subject.controls),
        *_over_seeds(subject, "teacher", subject.teachers),
    ]
    columns = known(subject.table, Place.CARD, list(own.metrics), Part.MODEL)
    lines = [{"model": row.name} | cells(row, subject.table, columns) for row in rows]
    return drawn(lines, left=1)


def _all_seeds(subject: Subject) -> list[TableRow]:
    """Returns the row of all seeds, where there are more than one."""
    count = len(subject.seeds)
    return [_row(subject, f"all {count} seeds", subject.seeds)] if count > 1 else []


def _over_seeds(subject: Subject, name: str, records: Sequence[Record]) -> list[TableRow]:
    """Returns a row of so many models; none where the split was not read with any."""
    read = [record for record in records if subject.table.split in record.quality]
    count = f", {len(read)} seeds" if len(read) > 1 else ""
    return [_row(subject, f"{name}{count}", read)] if read else []


def _row(
    subject: Subject, name: str, models: Sequence[Record | Deployed], runtime: str = WEIGHTS
) -> TableRow:
    """Returns the figures of models as a line of a table."""
    split = subject.table.split
    figures = spreads([model.quality.get(split, {}) for model in models])
    return TableRow(name, subject.row.role, subject.row.kind, subject.row.road, runtime, figures)


def forms_table(subject: Subject) -> str:
    """Returns size, latency and answers of the weights and of each exported form."""
    own = subject.record
    models: list[tuple[str, str, Record | Deployed, int, str]]
    models = [("the weights, in PyTorch", NOTHING, own, own.size.size_bytes, WEIGHTS)]
    models += [
        (form.runtime, _answers(form), form, form.size_bytes, form.runtime)
        for form in subject.forms
    ]
    columns = shown(subject.table, Place.CARD, Part.FORM)
    lines = []
    for name, answers, model, size_bytes, runtime in models:
        line = subject.lines.get(runtime)
        row = replace(
            _row(subject, name, [model], runtime),
            size_bytes=size_bytes,
            latency=None if line is None else line.latency,
        )
        lines.append({"form": name, "answers": answers} | cells(row, subject.table, columns))
    return drawn(lines, left=2)


def _answers(form: Deployed) -> str:
    """Returns whether a form answers as PyTorch does."""
    parity = form.parity
    if parity is None:
        return NOTHING
    return parity_note(parity) or (
        f"as in PyTorch: logits within {parity.logit_difference:.1e}, {parity.other_labels} of "
        f"{parity.texts:,} validation texts get another label"
    )


def labels_table(subject: Subject) -> str:
    """Returns the first labels with their numbers."""
    labels = subject.record.data.labels[:SHOWN_LABELS]
    lines = [{"number": str(number), "label": label} for number, label in enumerate(labels)]
    return drawn(lines, left=2)
