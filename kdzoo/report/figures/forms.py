"""The exported forms of a row's models: which machine's, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kdzoo import registry
from kdzoo.amounts import change_in_points
from kdzoo.report.figures.rows import TableRow
from kdzoo.report.figures.spread import figures_on, spreads
from kdzoo.results import FormRecord, ManifestRow, Store
from kdzoo.runtime.parity import Parity, leading_note, long_note
from kdzoo.task import SINGLE_LABEL, TASKS, Task


def forms_of(row: ManifestRow, runtime: str, store: Store, machine: str = "") -> list[FormRecord]:
    """Returns what is known of the exported forms of a row's models.

    Args:
        row: of the manifest.
        runtime: of the forms.
        store: of the study.
        machine: whose answers are wanted; by default those of the machine that is told first.
    """
    read = (_form(store, member.key, runtime, machine) for member in row.members)
    return [form for form in read if form is not None]


def _form(store: Store, key: str, runtime: str, machine: str) -> FormRecord | None:
    """Returns a model's exported form as a machine read it; None where it did not.

    In float32 a form answers alike on every machine. In 8 bits processors compute otherwise: what
    another one answered says nothing of this one.
    """
    if not machine:
        return store.read_form(key, runtime)
    forms = [form for form in store.forms_everywhere(key) if form.runtime == runtime]
    own = [form for form in forms if form.machine == machine]
    is_exact = registry.runtimes.get(runtime).exact
    return next(iter(own or (forms if is_exact else [])), None)


def is_read(row: ManifestRow, runtime: str, store: Store, split: str) -> bool:
    """Returns whether the exported form of each of a row's models was read on a split.

    Args:
        row: of the manifest.
        runtime: of the forms.
        store: of the study.
        split: whose texts.
    """
    forms = forms_of(row, runtime, store)
    return len(forms) == len(row.members) and all(split in form.quality for form in forms)


def as_exported(
    shown: TableRow, row: ManifestRow, store: Store, split: str, machine: str = ""
) -> TableRow:
    """Returns the row with what its exported forms answered, on a machine if one is named."""
    forms = forms_of(row, shown.runtime, store, machine)
    notes = dict.fromkeys(note for form in forms for note in form_notes(form))
    whole = [form for form in forms if form.failure is None]
    size_bytes = whole[0].size_bytes if whole else shown.size_bytes if machine else 0
    remarks = dict.fromkeys(remark for form in forms for remark in form_remarks(form))
    return replace(
        shown,
        metrics=spreads([figures_on(form, split) for form in whole if split in form.quality]),
        size_bytes=size_bytes,
        notes=tuple(notes),
        remarks=tuple(remarks),
    )


def form_notes(form: FormRecord) -> Iterator[str]:
    """Yields why a form is not what it should be."""
    task = TASKS[form.data.task]
    yield from (note for note in (form.failure, parity_note(form.parity, task)) if note is not None)


def form_remarks(form: FormRecord) -> Iterator[str]:
    """Yields what is to be known of a form that is as it should be."""
    if form.kept:
        yield f"{len(form.kept)} of its operations stay in float: {', '.join(form.kept)}"


def parity_note(parity: Parity | None, task: Task = SINGLE_LABEL) -> str | None:
    """Returns by how much a form does not answer as PyTorch does; None where it does."""
    if parity is None or parity.passed:
        return None
    long = "" if parity.long_passed else f"; {long_note(parity)}"
    return (
        f"does not answer as in PyTorch: logits differ by up to {parity.logit_difference:.2g}, "
        f"{parity.other_labels} of {parity.texts:,} texts get another label, accuracy changes by "
        f"{change_in_points(parity.accuracy_change)} points{leading_note(parity, task)}{long}"
    )
