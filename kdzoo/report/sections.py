"""The sections of the report's page, each a function of what the store holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kdzoo.report.costs import NOTHING
from kdzoo.report.findings import Compared, Finding
from kdzoo.report.plain import one_line
from kdzoo.report.rows import Table
from kdzoo.report.table import VERDICTS, deployed_cells, notes, quality_cells
from kdzoo.statistics import Interval

WORST_CLASSES = 8  # shown of each student


@dataclass(frozen=True)
class Line:
    """A line of a table; ``id`` ties it to a point of the picture."""

    cells: Sequence[str]
    id: str | None = None


@dataclass(frozen=True)
class Tabular:
    """A table of the page; its first ``texts`` columns hold words, sentences where it wraps."""

    titles: Sequence[str]
    lines: Sequence[Line]
    texts: int = 1
    caption: str = ""
    wraps: bool = False
    id: str = ""


@dataclass(frozen=True)
class Curve:
    """A small chart: lines of (name, steps, values)."""

    title: str
    lines: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Tabular] = ()
    curves: Sequence[Curve] = ()
    facts: Sequence[tuple[str, str]] = ()
    listings: Sequence[tuple[str, str]] = field(default=())


def drawn(lines: Sequence[Mapping[str, str]], texts: int, **more: Any) -> Tabular:
    """Returns a table of lines that have the same titles."""
    return Tabular(
        list(lines[0]),
        [Line([one_line(cell) for cell in line.values()]) for line in lines],
        texts,
        **more,
    )


def quality_section(table: Table, caption: str) -> Section:
    """Returns what each model gives."""
    lines = [quality_cells(row, table) for row in table.rows if row.is_first]
    return Section("What each model gives", tables=[drawn(lines, 2, caption=caption)])


def deployed_section(table: Table, caption: str) -> Section:
    """Returns what each row costs."""
    cells = [deployed_cells(row) for row in table.rows]
    lines = [
        Line([one_line(cell) for cell in line.values()], str(number))
        for number, line in enumerate(cells)
    ]
    shown = Tabular(list(cells[0]), lines, 2, caption, id="deployed")
    return Section("As deployed", [one_line(note) for note in notes(table)], [shown])


def verdict_section(findings: Sequence[Finding]) -> Section | None:
    """Returns the statistics: intervals, verdicts, calibration; None where nothing was read."""
    if not findings:
        return None
    verdicts = [
        {
            "model": each.name,
            "beside the teacher": NOTHING if each.standing is None else each.standing.sentence,
            "what distilling gave": NOTHING if each.effect is None else each.effect.sentence,
        }
        for each in findings
        if each.role != "teacher"
    ]
    figures = [
        {
            "model": each.name,
            "accuracy": points(each.over_seeds.value),
            "over seeds": interval(each.over_seeds),
            "over texts": interval(each.over_texts),
            "p, teacher": _p_of(each.to_teacher),
            "p, hard labels": _p_of(each.to_control),
            "McNemar by seed": NOTHING
            if each.to_teacher is None
            else " ".join(_p(p) for p in each.to_teacher.comparison.mcnemar_p),
            "gap closed": NOTHING if each.gap is None else _share(each.gap.closed),
            "agreement": _percent(each.agreement),
            "KL, nats": _number(each.divergence),
            "ECE": _percent(each.calibration_error),
            "NLL, nats": _number(each.log_loss),
        }
        for each in findings
    ]
    tables = [drawn(verdicts, 3, wraps=True)] if verdicts else []
    return Section(
        "Are the differences real?",
        [VERDICTS],
        [
            *tables,
            drawn(
                figures,
                1,
                caption="95 % intervals: over seeds, Student's t of the seeds' accuracies; over "
                "texts, bootstrap of the test texts for these very models. p: corrected. ECE: "
                "expected calibration error, 15 bins. KL: from the teacher's distribution.",
            ),
        ],
    )


def scope_section(findings: Sequence[Finding]) -> Section | None:
    """Returns how out-of-scope texts are found; None where the data has none."""
    lines = [
        {
            "model": each.name,
            "recall": _percent(each.scope.recall),
            "precision": _percent(each.scope.precision),
            "F1": _percent(each.scope.f1),
            "AUROC": _percent(each.scope.auroc),
            "FPR at 95 % recall": _percent(each.scope.false_positive_rate),
            "threshold": _number(each.threshold),
        }
        for each in findings
        if each.scope is not None
    ]
    if not lines:
        return None
    caption = (
        "Recall, precision and F1 of the out-of-scope label as predicted; AUROC and FPR of its "
        "probability as a score; threshold of that score, for the first seed, that is best on "
        "validation (mean of the recalls in and out of scope)."
    )
    return Section("Out of scope", tables=[drawn(lines, 1, caption=caption)])


def losses_section(findings: Sequence[Finding], labels: Sequence[str]) -> Section | None:
    """Returns what was lost, and for whom; None where nothing can be compared."""
    own = [each for each in findings if each.inherited is not None and each.role != "teacher"]
    if not own:
        return None
    inherited = [
        {
            "model": each.name,
            "errors copied": _percent(each.inherited.copied),
            "wrong otherwise": _percent(each.inherited.otherwise_wrong),
            "corrected": _percent(each.inherited.corrected),
            "lost of what it had right": _percent(each.inherited.lost),
        }
        for each in own
        if each.inherited is not None
    ]
    caption = (
        "Of the texts that the teacher gets wrong: the student gives the same wrong label, another "
        "wrong one, or the right one. Of those it gets right: the student gets them wrong."
    )
    worst = [(each.name, _worst(each, labels)) for each in own if each.role == "student"]
    return Section(
        "What was lost, and for whom",
        tables=[drawn(inherited, 1, caption=caption)],
        listings=[(f"{one_line(name)}: the classes that lost most", text) for name, text in worst],
    )


def _worst(finding: Finding, labels: Sequence[str]) -> str:
    lines = [
        f"{one_line(labels[each.label])}: teacher {each.teacher * 100:.0f} %, student "
        f"{each.student * 100:.0f} % of {each.texts} texts"
        for each in finding.losses[:WORST_CLASSES]
        if each.loss > 0
    ]
    return "\n".join(lines) or "none"


def points(value: float) -> str:
    """Returns a share in per cent, with one decimal."""
    return f"{value * 100:.1f}"


def interval(found: Interval) -> str:
    """Returns an interval in per cent; a dash where it is not known."""
    if found.low is None or found.high is None:
        return NOTHING
    return f"{points(found.low)} to {points(found.high)}"


def _share(found: Interval) -> str:
    ends = [NOTHING if each is None else f"{each * 100:.0f}" for each in (found.low, found.high)]
    return f"{found.value * 100:.0f} % ({ends[0]} to {ends[1]})"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else points(value)


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3g}"


def _p_of(compared: Compared | None) -> str:
    return NOTHING if compared is None else _p(compared.adjusted_p)


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
