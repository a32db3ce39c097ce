"""What a card is about: one student of a study, as its store tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdzoo import registry
from kdzoo.bounds import read_json
from kdzoo.errors import StoreError
from kdzoo.model import KdzooConfig
from kdzoo.report import Report, Table, TableRow
from kdzoo.report.figures.findings import Finding
from kdzoo.results import FormRecord, ManifestRow, Member, Record, Store
from kdzoo.runtime.decision import Decision

_UNLIMITED = 1_000_000  # tokens; tokenizers that know no limit name a far higher one


@dataclass(frozen=True)
class StudentFacts:
    """A student of one seed, and what stands beside it.

    Attributes:
        row: its line of the manifest.
        record: its own.
        seeds: the records of all seeds of the row.
        controls: of the same students on hard labels.
        teachers: of its teacher, and of the other seeds' where each has one of its own.
        forms: its exported forms that the card tells of.
        decision: how its logits become an answer; None where nothing was fitted.
        table: the study's.
        finding: what the study's outcomes say of its row; None where they say nothing.
        config: its ``config.json``.
        max_length: tokens that it reads of a text; None where its tokenizer does not say.
    """

    row: ManifestRow
    record: Record
    seeds: tuple[Record, ...]
    controls: tuple[Record, ...]
    teachers: tuple[Record, ...]
    forms: tuple[FormRecord, ...]
    decision: Decision | None
    table: Table
    finding: Finding | None
    config: dict[str, Any]
    max_length: int | None

    @property
    def is_distilled(self) -> bool:
        """Whether it learnt from a teacher; else from gold labels alone."""
        return self.record.teacher_key is not None

    @property
    def is_kdzoos(self) -> bool:
        """Whether transformers needs kdzoo to load it."""
        return self.config.get("model_type") == KdzooConfig.model_type

    @property
    def needs_a_file(self) -> bool:
        """Whether its architecture is neither in transformers nor in kdzoo."""
        kind = self.config.get("student")
        known = registry.students.entries()
        return self.is_kdzoos and not (kind in known and registry.students.is_builtin(str(kind)))

    @property
    def lines(self) -> dict[str, TableRow]:
        """Its row's lines of the table, by runtime."""
        return {
            line.runtime: line
            for line in self.table.rows
            if (line.name, line.role) == (self.row.name, self.row.role)
        }


def read_facts(
    store: Store,
    row: ManifestRow,
    member: Member,
    report: Report,
    runtimes: Sequence[str] | None = None,
) -> StudentFacts:
    """Returns what there is to tell of a student.

    Args:
        store: the study.
        row: the student's line of the manifest.
        member: which of the row's seeds.
        report: the study's.
        runtimes: those of whose exported forms the card tells; by default all that there are.

    Raises:
        StoreError: the store lacks the model, or a file of it.
    """
    folder = store.finished(member.key)
    limit = _content(folder / "tokenizer_config.json").get("model_max_length")
    return StudentFacts(
        row=row,
        record=report.store.read(member.key),
        seeds=_records(report.store, (trained.key for trained in row.members)),
        controls=_records(report.store, (trained.control_key for trained in row.members)),
        teachers=_records(
            report.store, (trained.teacher_key for trained in (member, *row.members))
        ),
        forms=tuple(
            form
            for form in report.store.forms(member.key)
            if form.failure is None and (runtimes is None or form.runtime in runtimes)
        ),
        decision=store.decision(member.key),
        table=report.table,
        finding=next(
            (found for shown, found in report.table.judged if shown.name == row.name), None
        ),
        config=_content(folder / "config.json"),
        max_length=limit if isinstance(limit, int) and limit < _UNLIMITED else None,
    )


def _records(store: Store, keys: Iterable[str | None]) -> tuple[Record, ...]:
    return tuple(store.read(key) for key in dict.fromkeys(keys) if key is not None)


def _content(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except ValueError as error:
        raise StoreError(
            f"{path} cannot be read: {error}; remove its folder and run the recipe again"
        ) from error
    return found if isinstance(found, dict) else {}
