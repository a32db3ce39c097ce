"""The tables of a card: how good the model is, in which forms it lies there, what it answers."""

from __future__ import annotations

from collections.abc import Sequence

from kdzoo.card.subject import Subject
from kdzoo.report.costs import NOTHING, megabytes, p50
from kdzoo.report.forms import parity_note
from kdzoo.report.rows import Spread, TableRow
from kdzoo.report.table import drawn, percent
from kdzoo.results import Deployed, Record

SHOWN_LABELS = 20
WEIGHTS = "torch"  # the runtime of the weights themselves
_METRICS = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "in_scope_accuracy": "in scope",
    "oos_recall": "OOS recall",
}


def figures_table(subject: Subject) -> str:
    """Returns the model's own figures, its row's, its controls' and its teachers', in per cent."""
    split = subject.table.split
    own = _spreads([subject.record], split)
    rows = [
        (f"this model, seed {subject.record.seed}", own),
        *_all_seeds(subject, split),
        *_over_seeds("the same student on hard labels", subject.controls, split),
        *_over_seeds("teacher", subject.teachers, split),
    ]
    titles = {name: title for name, title in _METRICS.items() if name in own}
    lines = [
        {"model": name} | {title: percent(found.get(each)) for each, title in titles.items()}
        for name, found in rows
    ]
    return drawn(lines, left=1)


def _all_seeds(subject: Subject, split: str) -> list[tuple[str, dict[str, Spread]]]:
    """Returns the row of all seeds, where there are more than one."""
    count = len(subject.seeds)
    return [(f"all {count} seeds", _spreads(subject.seeds, split))] if count > 1 else []


def _over_seeds(
    name: str, records: Sequence[Record], split: str
) -> list[tuple[str, dict[str, Spread]]]:
    """Returns a row of so many models; none where the split was not read with any."""
    read = [record for record in records if split in record.quality]
    count = f", {len(read)} seeds" if len(read) > 1 else ""
    return [(f"{name}{count}", _spreads(read, split))] if read else []


def _spreads(records: Sequence[Record], split: str) -> dict[str, Spread]:
    read = [record.quality.get(split, {}) for record in records]
    return {name: Spread.of([each[name] for each in read if name in each]) for name in read[0]}


def forms_table(subject: Subject) -> str:
    """Returns size, latency and answers of the weights and of each exported form."""
    record, split, lines = subject.record, subject.table.split, subject.lines
    weights = {
        "form": "the weights, in PyTorch",
        "answers": NOTHING,
        "accuracy": _accuracy(record, split),
        "size, MB": megabytes(record.size.size_bytes),
        "p50, ms": _latency(lines.get(WEIGHTS)),
    }
    exported = [
        {
            "form": form.runtime,
            "answers": _answers(form),
            "accuracy": _accuracy(form, split),
            "size, MB": megabytes(form.size_bytes),
            "p50, ms": _latency(lines.get(form.runtime)),
        }
        for form in subject.forms
    ]
    return drawn([weights, *exported], left=2)


def _accuracy(model: Record | Deployed, split: str) -> str:
    value = model.quality.get(split, {}).get("accuracy")
    return percent(None if value is None else Spread.of([value]))


def _latency(line: TableRow | None) -> str:
    return p50(None if line is None else line.latency)


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
