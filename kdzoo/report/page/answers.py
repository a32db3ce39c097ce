"""What a section of the page comes to, in a sentence: the answer before the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from kdzoo.amounts import hundredths, in_megabytes, percent
from kdzoo.report.columns.costs import marked
from kdzoo.report.columns.numbers import milliseconds
from kdzoo.report.figures.form_findings import FormFinding
from kdzoo.report.figures.rows import Table, mean_quality
from kdzoo.statistics import SIGNIFICANT, Effect, Standing, in_points


def of_quality(table: Table) -> str:
    """Names the most accurate student, and what the teacher gives."""
    read = [row for row in table.rows if row.is_first and row.quality]
    students = [row for row in read if row.role == "student"]
    teachers = [row for row in read if row.role == "teacher"]
    if not students:
        return ""
    best = max(students, key=mean_quality)
    beside = f"; the teacher has {percent(max(map(mean_quality, teachers)))}" if teachers else ""
    return (
        f"Of the students, {best.name} has the highest {table.leading_title}: "
        f"{percent(mean_quality(best))}{beside}."
    )


def of_costs(table: Table) -> str:
    """Names the fastest and the smallest form that students are deployed in."""
    students = [row for row in table.rows if row.role == "student" and not row.notes]
    timed = [(row.latency.p50_ms, row) for row in students if row.latency is not None]
    sized = [(row.size_bytes, row) for row in students if row.size_bytes]
    said = []
    if timed:
        p50_ms, row = min(timed, key=itemgetter(0))
        figure = marked(f"{milliseconds(p50_ms)} ms", row.latency)
        said.append(f"The fastest student is {row.name} in {row.runtime}: {figure} for one text.")
    if sized:
        size_bytes, row = min(sized, key=itemgetter(0))
        said.append(f"The smallest is {row.name} in {row.runtime}: {in_megabytes(size_bytes)}.")
    return " ".join(said)


def of_differences(table: Table) -> str:
    """Counts the verdicts on models, recipes and variants."""
    students = [found for row, found in table.judged if row.role == "student"]
    standings = [found.standing.kind for found in students if found.standing is not None]
    effects = [found.effect.kind for found in students if found.effect is not None]
    changes = [found.change.kind for found in students if found.change is not None]
    beside = {
        Standing.BETTER: "better",
        Standing.EQUAL: "as good",
        Standing.WORSE: "worse",
        Standing.UNDECIDED: f"not told apart on {table.texts:,} {table.split} texts",
    }
    of_recipe = {
        Effect.GAIN: "gained",
        Effect.LOSS: "lost",
        Effect.NONE: "without a measurable effect",
        Effect.ONE_SEED: "of one seed, without a verdict",
    }
    parts = (
        _counted("Students beside the teacher", standings, beside),
        _counted("Students distilled, beside hard labels", effects, of_recipe),
        _counted("Variants, beside their recipes", changes, of_recipe),
    )
    return " ".join(part for part in parts if part)


def of_forms(forms: Sequence[FormFinding]) -> str:
    """Names the exported forms that answer measurably otherwise than the weights."""
    changed = [
        f"{form.name} in {form.runtime} ({in_points(form.to_weights.difference.value)} points)"
        for form in forms
        if form.adjusted_p < SIGNIFICANT and form.to_weights.difference.excludes_zero()
    ]
    if not changed:
        return f"Nothing measurable: none of {len(forms)} exported forms differs from its weights."
    return f"Of {len(forms)} exported forms, measurably different: {', '.join(changed)}."


def of_calibration(table: Table) -> str:
    """Says how far probabilities are off, as they are and at the fitted temperature."""
    found = [finding.calibration for _, finding in table.judged]
    scaled = [figures.scaled_error for figures in found if figures.scaled_error is not None]
    worst = max(figures.error for figures in found)
    own = f"within {hundredths(worst)} points on average"
    if not scaled:
        return f"As they are, {own}."
    return (
        f"At the temperature that was fitted on validation, within {hundredths(max(scaled))} "
        f"points on average; as they are, {own}."
    )


def of_scope(table: Table) -> str:
    """Names who finds most out-of-scope texts at its threshold, and what that costs."""
    found = [
        (finding.rejection.recall, finding.rejection.false_alarms, row)
        for row, finding in table.judged
        if finding.rejection is not None and row.role == "student"
    ]
    if not found:
        return ""
    recall, false_alarms, row = max(found, key=itemgetter(0))
    return (
        f"Of the students, {row.name} finds most at its threshold: {percent(recall)} of the texts "
        f"out of scope, and takes {percent(false_alarms)} of the others for such."
    )


def of_entities(table: Table) -> str:
    """Says what share of the entities students miss, or give other ends or another type."""
    found = [
        finding.entity_errors
        for row, finding in table.judged
        if row.role == "student" and finding.entity_errors is not None
    ]
    if not found:
        return ""
    return (
        "Of the entities that sentences have, the students miss "
        f"{_span(errors.missed for errors in found)} %, give "
        f"{_span(errors.boundary for errors in found)} % other ends and "
        f"{_span(errors.type for errors in found)} % another type."
    )


def of_losses(table: Table) -> str:
    """Says what share of the teacher's right answers students lose, and of its errors mend."""
    found = [
        finding.inherited
        for row, finding in table.judged
        if row.role == "student" and finding.inherited is not None
    ]
    lost = [figures.lost for figures in found if figures.lost is not None]
    mended = [figures.corrected for figures in found if figures.corrected is not None]
    said = []
    if lost:
        said.append(f"Of what the teacher has right, the students lose {_span(lost)} %")
    if mended:
        said.append(f"of what it has wrong, they have {_span(mended)} % right")
    return f"{'; '.join(said)}." if said else ""


def _counted(noun: str, kinds: Sequence[Any], words: Mapping[Any, str]) -> str:
    parts = [f"{kinds.count(kind)} {said}" for kind, said in words.items() if kind in kinds]
    return f"{noun}: {', '.join(parts)}." if parts else ""


def _span(shares: Iterable[float]) -> str:
    """Returns the smallest and the largest share, in hundredths."""
    known = [hundredths(share) for share in sorted(shares)]
    return known[0] if known[0] == known[-1] else f"{known[0]} to {known[-1]}"
