"""A study's table, and its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kdzoo.registry import runtimes
from kdzoo.report.figures.cascades import CascadeRow
from kdzoo.report.figures.findings import Finding
from kdzoo.report.figures.latency import Latency
from kdzoo.report.figures.spread import Spread
from kdzoo.statistics import Effect, ModelVerdict
from kdzoo.task import TASKS, TaskName

_SPLITS = ("test", "validation")  # of a study; a bench reads texts of one's own


@dataclass(frozen=True)
class TableRow:
    """A line of the table: a model in a runtime; means over seeds, the control's beside them.

    What the outcomes say of the model, ``finding``, stands in the first of its lines.
    """

    name: str
    role: str
    kind: str
    road: str | None
    runtime: str
    metrics: Mapping[str, Spread]
    control: Mapping[str, Spread] = field(default_factory=dict)
    finding: Finding | None = None
    texts: int | None = None  # that a student learnt from
    parameters: int = 0
    embedding_parameters: int = 0
    size_bytes: int = 0
    latency: Latency | None = None
    is_tried: bool = False  # whether the machine measured it, though it may have failed
    is_first: bool = True  # of its model's runtimes: the one that also says what the model gives
    notes: tuple[str, ...] = ()  # what is wrong with the row: to be shown with it
    remarks: tuple[str, ...] = ()  # what else is to be known of it
    leading: str = "accuracy"  # the quality figure that it is shown and chosen by
    teacher: str | None = None  # the name of the row that it is compared with
    cascade: CascadeRow | None = None  # where it is a student that asks its teacher
    form_standing: ModelVerdict | None = None  # beside its teacher, where it may answer otherwise

    def __repr__(self) -> str:
        quality = "" if self.quality is None else f", {self.leading}={self.quality.mean:.4f}"
        p50 = "" if self.latency is None else f", p50_ms={self.latency.p50_ms:.4g}"
        return f"TableRow(name={self.name!r}, runtime={self.runtime!r}{quality}{p50})"

    @property
    def quality(self) -> Spread | None:
        """The leading figure; None where nothing was read."""
        return self.metrics.get(self.leading)

    @property
    def leading_title(self) -> str:
        """What people call that figure."""
        return next(task.leading_title for task in TASKS.values() if task.leading == self.leading)

    @property
    def effect(self) -> Effect | None:
        """What distilling did to the model; None where that is not known."""
        known = None if self.finding is None else self.finding.effect
        return None if known is None else known.kind

    @property
    def gap_closed(self) -> float | None:
        """The share of the gap between control and teacher that is closed, 1 for the whole."""
        known = None if self.finding is None else self.finding.gap
        return None if known is None else known.closed.value

    @property
    def effect_in_scope(self) -> Effect | None:
        """What distilling did to the model on the texts in scope; None where that is not known."""
        known = None if self.finding is None else self.finding.effect_in_scope
        return None if known is None else known.kind

    @property
    def gap_closed_in_scope(self) -> float | None:
        """The share of the gap that is closed on the texts in scope, 1 for the whole."""
        known = None if self.finding is None else self.finding.gap_in_scope
        return None if known is None else known.closed.value


@dataclass(frozen=True)
class Table:
    """All rows, and what their figures were read on."""

    study: str
    split: str  # "test", or "validation" where test was not read
    rows: tuple[TableRow, ...]
    origin: str
    labels: int
    labelled: tuple[int, int]  # texts that its models were trained with: fewest and most
    unlabelled: tuple[int, int]
    texts: int  # in the split
    has_oos: bool
    oos: int | None = None  # the id of the out-of-scope label
    label_names: tuple[str, ...] = ()
    has_pairs: bool = False  # of texts, rather than single ones
    other_tests: tuple[str, ...] = ()  # more test sets, whose accuracy is shown
    reference: str = "teacher"  # what the others are compared with
    machine: str = ""  # that the rows were timed on, where several timed rows of the study
    elsewhere: tuple[Table, ...] = ()  # the rows that each other machine timed, as it did
    remarks: tuple[str, ...] = ()  # what else is to be known: broken promises, what is missing
    task: TaskName = "single-label"
    has_unlabelled: bool = False  # whether students learnt from texts without labels

    def __repr__(self) -> str:
        rows = "".join(f"\n    {row!r}," for row in self.rows)
        return f"Table(study={self.study!r}, split={self.split!r}, rows=({rows}\n))"

    @property
    def leading(self) -> str:
        """The quality figure that its rows are shown and chosen by."""
        return TASKS[self.task].leading

    @property
    def leading_title(self) -> str:
        """What people call that figure."""
        return TASKS[self.task].leading_title

    @property
    def quality_title(self) -> str:
        """That figure and what it was read on."""
        if self.split in _SPLITS:
            return f"{self.split} {self.leading_title}"
        return f"{self.leading_title} on these texts"

    @property
    def judged(self) -> list[tuple[TableRow, Finding]]:
        """The rows that the outcomes say something of, and what they say."""
        return [(row, row.finding) for row in self.rows if row.finding is not None]

    @property
    def teachers(self) -> list[TableRow]:
        """The rows of teachers that were read, the most accurate first."""
        own = [row for row in self.rows if row.role == "teacher" and row.is_first and row.quality]
        return sorted(own, key=lambda row: -(row.quality.mean if row.quality else 0.0))

    @property
    def timed(self) -> list[Latency]:
        """The latencies of the rows that have one."""
        return [row.latency for row in self.rows if row.latency is not None]

    @property
    def by_machine(self) -> tuple[Table, ...]:
        """What stands in a table of costs: this one, or one for each machine.

        What only other machines timed is left out of this one's.
        """
        if not self.elsewhere:
            return (self,)
        others = {(row.name, row.runtime) for there in self.elsewhere for row in there.rows}
        own = [row for row in self.rows if row.is_tried or (row.name, row.runtime) not in others]
        return (replace(self, rows=tuple(own), elsewhere=()), *self.elsewhere)

    @property
    def has_cascades(self) -> bool:
        """Whether students that ask their teacher have rows."""
        return any(row.cascade is not None for row in self.rows)

    @property
    def has_prices(self) -> bool:
        """Whether it is known what the teacher's share of their texts costs."""
        return any(row.cascade is not None and row.cascade.price is not None for row in self.rows)

    @property
    def has_variants(self) -> bool:
        """Whether variants of a recipe stand beside it."""
        return any(finding.change is not None for _, finding in self.judged)

    @property
    def has_added_texts(self) -> bool:
        """Whether a student learnt from more than the data's own texts."""
        own = max(self.labelled) + min(self.unlabelled)  # where few are labelled, the rest is not
        return any(row.texts is not None and row.texts > own for row in self.rows)


def standing_of(row: TableRow, table: Table) -> ModelVerdict | None:
    """Returns how good a row's models are beside their teacher, in the form that it is of.

    A form that computes as the weights do has their verdict. None where nothing is known.
    """
    if row.form_standing is not None or not runtimes.get(row.runtime).exact:
        return row.form_standing
    known = {judged.name: finding.standing for judged, finding in table.judged}
    return known.get(row.name)


def fastest_form(rows: Sequence[TableRow]) -> TableRow | None:
    """Returns the row of the lowest latency; None where none was timed."""
    timed = [row for row in rows if row.latency is not None]
    return min(timed, key=lambda row: row.latency.p50_ms if row.latency else 0.0, default=None)


def mean_quality(row: TableRow) -> float:
    """Returns the leading figure, its mean over seeds; 0 where nothing was read."""
    return row.quality.mean if row.quality else 0.0
