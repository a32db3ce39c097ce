"""The verdict in a few sentences: teacher, students, what distilling and variants gave, advice.

One more says whose the latencies are, where several machines measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from kdzoo.amounts import in_megabytes, percent
from kdzoo.report.columns.costs import marked
from kdzoo.report.columns.numbers import milliseconds, short
from kdzoo.report.figures.rows import Table, TableRow, fastest_form, mean_quality, standing_of
from kdzoo.report.formats.advice import advice, listed
from kdzoo.statistics import Effect, RecipeComparison, Standing, in_points, of_seeds
from kdzoo.task import SINGLE_LABEL

NAMED = 5  # variants, of those that differ alike


def summary(table: Table) -> list[str]:
    """Returns the sentences; one that nothing is known for is left out."""
    advised = f"What to do: {said}" if (said := advice(table)) else ""
    sentences = (*answers(table), advised, of_machines(table))
    return [sentence for sentence in sentences if sentence]


def answers(table: Table) -> list[str]:
    """Returns what was found: of the teacher, of its students, of distilling, of variants."""
    sentences = (
        _of_teacher(table),
        _of_students(table),
        _of_distilling(table),
        _of_variants(table),
    )
    return [sentence for sentence in sentences if sentence]


def _of_teacher(table: Table) -> str:
    if not table.teachers:
        return ""
    best = table.teachers[0]
    noun = "pairs" if table.has_pairs else "texts"
    value = percent(mean_quality(best))
    said = f"The {best.name} is right on {value} of the {table.split} {noun}"
    if table.task != SINGLE_LABEL.name:
        article = "an" if table.leading_title[0] in "aeiou" else "a"
        figure = f"{article} {table.leading_title} of {value}"
        said = f"The {best.name} has {figure} on the {table.split} {noun}"
    fastest = fastest_form([row for row in table.rows if row.name == best.name])
    if fastest is None or fastest.latency is None:
        return f"{said}."
    own = "" if fastest.quality is None else f" {percent(mean_quality(fastest))},"
    return (
        f"{said} and takes {marked(f'{milliseconds(fastest.latency.p50_ms)} ms', fastest.latency)} "
        f"for one in its fastest form ({fastest.runtime}:{own} {in_megabytes(fastest.size_bytes)})."
    )


def _of_students(table: Table) -> str:
    """Names the most accurate student, and the fastest one, each in its fastest form.

    Figures and verdict are those of that form.
    """
    students = [row for row in table.rows if row.role == "student" and not row.notes]
    names = list(dict.fromkeys(row.name for row in students if row.quality))
    forms = {name: fastest_form([row for row in students if row.name == name]) for name in names}
    if not names:
        return ""
    quality: dict[str, float] = {}
    for row in students:
        if row.quality:
            quality.setdefault(row.name, mean_quality(row))  # in PyTorch, where that is sound
    best = max(names, key=quality.__getitem__)
    own = forms[best] or next(row for row in students if row.name == best and row.quality)
    said = f"The most accurate student, {best} ({_form(own)}), is {_standing(own, table)}"
    fastest = _fastest([row for row in forms.values() if row is not None], quality)
    if fastest is None or fastest.name == best:
        return f"{said}."
    other = f"the fastest, {fastest.name} ({_form(fastest)}), is {_standing(fastest, table)}"
    return f"{said}; {other}."


def _fastest(forms: Sequence[TableRow], quality: Mapping[str, float]) -> TableRow | None:
    """Returns the fastest form; of those that are not measurably slower, the most accurate."""
    fastest = fastest_form(forms)
    if fastest is None:
        return None
    least, _ = _speeds(fastest)
    as_fast = [row for row in forms if row is fastest or _speeds(row)[1] >= least]
    return max(as_fast, key=lambda row: quality[row.name])


def _speeds(row: TableRow) -> tuple[float, float]:
    """Returns from where to where a form is so many times faster than the teacher."""
    ratio = row.latency.to_fastest if row.latency else None
    if ratio is None or ratio.low is None or ratio.high is None:
        return math.inf, -math.inf
    return ratio.low, ratio.high


def _form(row: TableRow) -> str:
    """Returns which form is meant, its leading figure, how fast and how big it is."""
    parts = [] if row.quality is None else [percent(mean_quality(row))]
    if row.latency is None:
        return ", ".join(parts)
    latency, ratio = row.latency, row.latency.to_fastest
    parts.append(marked(f"{milliseconds(latency.p50_ms)} ms", latency))
    if ratio is not None:
        parts.append(f"{marked(f'{short(ratio.times)} ×', latency)} the teacher's speed")
    return f"{row.runtime}: {', '.join(parts)}, {in_megabytes(row.size_bytes)}"


def _standing(row: TableRow, table: Table) -> str:
    standing = standing_of(row, table)
    return "not compared with the teacher" if standing is None else standing.sentence


def _of_distilling(table: Table) -> str:
    """Counts what distilling does to the students that have a control."""
    by_kind: dict[Effect, list[str]] = {kind: [] for kind in Effect}
    for row, finding in table.judged:
        if finding.effect is not None:
            by_kind[finding.effect.kind].append(row.name)
    words = {
        Effect.GAIN: "gave a measurable gain over hard labels to {}",
        Effect.LOSS: f"cost {{}} {table.leading_title}",
        Effect.NONE: "had no measurable effect on {}",
    }
    parts = [said.format(listed(by_kind[kind])) for kind, said in words.items() if by_kind[kind]]
    standing: dict[Standing, list[str]] = {kind: [] for kind in Standing}
    for row, finding in table.judged:
        if row.role == "student" and finding.standing is not None:
            standing[finding.standing.kind].append(row.name)
    better, as_good = standing[Standing.BETTER], standing[Standing.EQUAL]
    whose = "their teachers" if len(table.teachers) > 1 else "the teacher"
    sentences = [
        f"Distilling {listed(parts)}." if parts else "",
        _of_one_seed(table),
        f"Better than {whose} in {table.leading_title}, these very models: {listed(better)}."
        if better
        else "",
        f"As good as {whose}, these very models: {listed(as_good)}." if as_good else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _of_variants(table: Table) -> str:
    """Names the variants that are measurably better or worse than their recipes."""
    by_kind: dict[Effect, list[tuple[float, str]]] = {kind: [] for kind in Effect}
    for row, finding in table.judged:
        if finding.change is not None:
            points = finding.change.comparison.difference.value
            by_kind[finding.change.kind].append((points, row.name))
    better, worse = (by_kind[kind] for kind in (Effect.GAIN, Effect.LOSS))
    unclear, untold = (len(by_kind[kind]) for kind in (Effect.NONE, Effect.ONE_SEED))
    parts = [
        _most(better, "better than the recipe"),
        _most(worse, "worse"),
        f"{unclear} without a measurable effect" if unclear else "",
        f"{untold} of one seed, without a verdict" if untold else "",
    ]
    said = "; ".join(part for part in parts if part)
    return f"Of the variants, {said}." if said else ""


def _most(rows: Sequence[tuple[float, str]], how: str) -> str:
    """Returns how many variants differ so, and by how much those do that differ most."""
    if not rows:
        return ""
    shown = sorted(rows, key=lambda row: -abs(row[0]))[:NAMED]
    names = listed([f"{name} ({in_points(points)} points)" for points, name in shown])
    most = ", most of all" if len(rows) > NAMED else ":"
    return f"{len(rows)} {how}{most} {names}"


def _of_one_seed(table: Table) -> str:
    """Tells the differences of which there is no verdict."""
    rows = [
        f"{row.name} ({_seeds_needed(finding.effect.comparison)})"
        for row, finding in table.judged
        if finding.effect and finding.effect.kind is Effect.ONE_SEED
    ]
    return f"Of the recipe, one seed gives no verdict: {listed(rows)}." if rows else ""


def _seeds_needed(comparison: RecipeComparison) -> str:
    """Returns by how much the two models differ, and how many seeds would tell that."""
    return f"{in_points(comparison.difference.value)} points, {of_seeds(comparison)}"


def of_machines(table: Table) -> str:
    """Says whose latencies the sentences give, where several machines measured."""
    if not table.elsewhere:
        return ""
    others = listed([there.machine for there in table.elsewhere])
    return f"These latencies are those of {table.machine}; those of {others} stand below."
