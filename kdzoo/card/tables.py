"""The tables of a card: how good the model is, in which forms it lies there, what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kdzoo.card.facts import StudentFacts
from kdzoo.report.columns.column import ShownIn, TablePart
from kdzoo.report.columns.declared import cells, known, shown
from kdzoo.report.columns.numbers import NOTHING
from kdzoo.report.figures.forms import parity_note
from kdzoo.report.figures.rows import TableRow
from kdzoo.report.figures.spread import spreads
from kdzoo.report.formats.table import drawn
from kdzoo.results import FormRecord, Record
from kdzoo.task import TASKS

SHOWN_LABELS = 20
WEIGHTS = "torch"  # the runtime of the weights themselves


def figures_table(facts: StudentFacts) -> str:
    """Returns the model's own figures, its row's, its controls' and its teachers', in per cent."""
    own = _row(facts, f"this model, seed {facts.record.seed}", [facts.record])
    rows = [
        own,
        *_all_seeds(facts),
        *_over_seeds(facts, "the same student on hard labels", facts.controls),
        *_over_seeds(facts, "teacher", facts.teachers),
    ]
    columns = known(facts.table, ShownIn.CARD, list(own.metrics), TablePart.MODEL)
    lines = [{"model": row.name} | cells(row, facts.table, columns) for row in rows]
    return drawn(lines, left=1)


def _all_seeds(facts: StudentFacts) -> list[TableRow]:
    """Returns the row of all seeds, where there are more than one."""
    count = len(facts.seeds)
    return [_row(facts, f"all {count} seeds", facts.seeds)] if count > 1 else []


def _over_seeds(facts: StudentFacts, name: str, records: Sequence[Record]) -> list[TableRow]:
    """Returns a row of so many models; none where the split was not read with any."""
    read = [record for record in records if facts.table.split in record.quality]
    count = f", {len(read)} seeds" if len(read) > 1 else ""
    return [_row(facts, f"{name}{count}", read)] if read else []


def _row(
    facts: StudentFacts, name: str, models: Sequence[Record | FormRecord], runtime: str = WEIGHTS
) -> TableRow:
    """Returns the figures of models as a line of a table."""
    split = facts.table.split
    figures = spreads([model.quality.get(split, {}) for model in models])
    return TableRow(name, facts.row.role, facts.row.kind, facts.row.road, runtime, figures)


def forms_table(facts: StudentFacts) -> str:
    """Returns size, latency and answers of the weights and of each exported form."""
    own = facts.record
    models: list[tuple[str, str, Record | FormRecord, int, str]]
    models = [("the weights, in PyTorch", NOTHING, own, own.size.size_bytes, WEIGHTS)]
    models += [
        (form.runtime, _answers(form), form, form.size_bytes, form.runtime) for form in facts.forms
    ]
    columns = shown(facts.table, ShownIn.CARD, TablePart.FORM)
    lines = []
    for name, answers, model, size_bytes, runtime in models:
        line = facts.lines.get(runtime)
        row = replace(
            _row(facts, name, [model], runtime),
            size_bytes=size_bytes,
            latency=None if line is None else line.latency,
        )
        lines.append({"form": name, "answers": answers} | cells(row, facts.table, columns))
    return drawn(lines, left=2)


def _answers(form: FormRecord) -> str:
    """Returns whether a form answers as PyTorch does."""
    parity = form.parity
    if parity is None:
        return NOTHING
    return parity_note(parity, TASKS[form.data.task]) or (
        f"as in PyTorch: logits within {parity.logit_difference:.1e}, {parity.other_labels} of "
        f"{parity.texts:,} validation texts get another label"
    )


def labels_table(facts: StudentFacts) -> str:
    """Returns the first labels with their numbers."""
    labels = facts.record.data.labels[:SHOWN_LABELS]
    lines = [{"number": str(number), "label": label} for number, label in enumerate(labels)]
    return drawn(lines, left=2)
