"""What ``kdzoo bench`` writes: what it found of each form, and how the report shows that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kdzoo.measure import Size
from kdzoo.report import Table, TableRow
from kdzoo.report.figures.forms import parity_note
from kdzoo.report.figures.latency import failures, latency_of
from kdzoo.report.figures.spread import spreads
from kdzoo.results import ManifestRow, Member, Session
from kdzoo.runtime.parity import Parity

_CONFIG = ConfigDict(frozen=True, ser_json_inf_nan="constants")  # null is no number


class Benched(BaseModel):
    """What is known of a form beside its speed."""

    model_config = _CONFIG

    name: str
    runtime: str
    size: Size | None = None
    parity: Parity | None = None
    quality: dict[str, float] = {}
    failure: str | None = None


class Bench(BaseModel):
    """What ``kdzoo bench`` found, as it stands in ``bench.json``."""

    model_config = _CONFIG

    schema_version: int = 1
    texts: int
    labels: int  # of the data; 0 where it has none
    forms: tuple[Benched, ...]
    session: Session


@dataclass(frozen=True, repr=False)
class Written:
    """A bench and where it was written.

    Attributes:
        bench: what was measured.
        table: the same as the report shows it.
        folder: where the files lie.
        files: table, pictures and ``bench.json``.
    """

    bench: Bench
    table: Table
    folder: Path
    files: tuple[Path, ...]

    def __repr__(self) -> str:
        return f"Written({self.table!r}, folder={str(self.folder)!r})"


def bench_table(bench: Bench) -> Table:
    """Returns the figures as the report shows them; the first model is the reference."""
    first = bench.forms[0].name
    return Table(
        study=f"models beside {first}",
        split="bench",
        rows=tuple(_table_row(form, first, bench.session) for form in bench.forms),
        origin="",
        labels=bench.labels,
        labelled=(0, 0),
        unlabelled=(0, 0),
        texts=bench.texts,
        has_oos=False,
        reference="reference",
    )


def _table_row(form: Benched, first: str, session: Session) -> TableRow:
    is_first = form.name == first
    member = Member(seed=0, key=form.name, teacher_key=None if is_first else first)
    role = "teacher" if is_first else "student"
    row = ManifestRow(name=form.name, role=role, kind="", road=None, members=(member,))
    size = form.size or Size(parameters=0, embedding_parameters=0, size_bytes=0)
    noted = (form.failure, parity_note(form.parity), *failures(row, form.runtime, [session]))
    return TableRow(
        name=form.name,
        role="reference" if is_first else "other",
        kind="",
        road=None,
        runtime=form.runtime,
        metrics=spreads([form.quality]),
        parameters=size.parameters,
        embedding_parameters=size.embedding_parameters,
        size_bytes=size.size_bytes,
        latency=latency_of(row, form.runtime, [session]),
        is_first=False,
        notes=tuple(note for note in noted if note is not None),
    )
