"""What to do, as far as the comparisons with teacher, hard labels and baseline tell."""

from __future__ import annotations

from collections.abc import Sequence

from kdzoo.report.figures.rows import Table, TableRow, fastest_form, mean_quality, standing_of
from kdzoo.statistics import MARGIN, Effect, Standing, seeds_decide


def advice(table: Table) -> str:
    """Says what to do, as far as the comparisons with teacher, hard labels and baseline tell."""
    advised, baseline = _advised_student(table), _best_baseline(table)
    students = [mean_quality(row) for row in table.rows if row.role == "student" and row.quality]
    if not (advised and baseline and students and mean_quality(baseline) > max(students)):
        return advised
    standing = baseline.finding.standing if baseline.finding else None
    if standing and standing.kind is Standing.BETTER:
        return (
            f"look at the teacher first. {baseline.name}, which needs no neural network, is better "
            "than it and than every student; students copy a teacher's mistakes."
        )
    return f"{advised} {baseline.name} has a higher {table.leading_title} than every student."


def _best_baseline(table: Table) -> TableRow | None:
    baselines = [row for row in table.rows if row.role == "baseline" and row.quality]
    return max(baselines, key=mean_quality, default=None)


def _advised_student(table: Table) -> str:
    """Says which student to take, or why none of them.

    Of several teachers it looks at the students of the best ones alone: as good as a weaker one is
    not good enough where a better one is there.
    """
    teachers = _best_teachers(table)
    by_kind = _by_standing(table, teachers)
    better, equal, undecided = (
        by_kind[kind] for kind in (Standing.BETTER, Standing.EQUAL, Standing.UNDECIDED)
    )
    if as_good := [*better, *filter(_pays, equal)]:
        return _deploy(as_good, teachers, table, is_better=bool(better))
    if candidates := [*filter(_pays, undecided)]:
        unsure = [row for row in candidates if _is_of_seeds(row, table)]
        sure = [row for row in candidates if row not in unsure]
        return _take_as_candidate(sure, teachers, table) if sure else _more_seeds(unsure)
    if equal or undecided:
        return _keep_teacher(table, teachers)
    worse = by_kind[Standing.WORSE]
    return _look_further(worse, teachers, table) if worse else ""


def _deploy(
    as_good: Sequence[TableRow], teachers: Sequence[str], table: Table, *, is_better: bool
) -> str:
    chosen = fastest_form(as_good) or max(as_good, key=mean_quality)
    what = "the fastest student that is" if chosen.latency else "not timed here, which is"
    return (
        f"deploy {chosen.name} ({chosen.runtime}), {what} {'at least ' if is_better else ''}as "
        f"good as {_teacher_of(chosen, teachers)}.{_instead([chosen], table)}"
    )


def _take_as_candidate(rows: Sequence[TableRow], teachers: Sequence[str], table: Table) -> str:
    best = max(rows, key=mean_quality)
    form = fastest_form([row for row in rows if row.name == best.name]) or best
    return (
        f"take {form.name} ({form.runtime}) as the candidate; {table.texts:,} {table.split} texts "
        f"are too few to say that it is as good as {_teacher_of(form, teachers)}."
        f"{_instead([form], table)}"
    )


def _is_of_seeds(row: TableRow, table: Table) -> bool:
    standing = standing_of(row, table)
    return standing is not None and seeds_decide(standing.comparison)


def _more_seeds(rows: Sequence[TableRow]) -> str:
    """Says that seeds decide: one of them may be as good as the teacher, and another worse."""
    names = listed([*dict.fromkeys(row.name for row in rows)])
    return (
        f"train {names} with more seeds (kdzoo run --seeds): those that are there differ too much "
        "to say whether the student is as good as the teacher."
    )


def _keep_teacher(table: Table, teachers: Sequence[str]) -> str:
    names = teachers or [row.name for row in table.teachers]
    own = fastest_form([row for row in table.rows if row.name in names])
    return (
        f"keep the teacher{f' ({own.runtime})' if own else ''}; no student that is as good, or "
        "may be, is faster than the teacher's fastest form."
    )


def _look_further(worse: Sequence[TableRow], teachers: Sequence[str], table: Table) -> str:
    said = (
        f"of the {listed(teachers)} is as good as it" if teachers else "is as good as the teacher"
    )
    return (
        f"no student {said}; kdzoo pick finds the best one within your limits of latency, size and "
        f"accuracy.{_more_texts(table)}{_instead(worse, table)}"
    )


def _more_texts(table: Table) -> str:
    """Names what may bring students nearer and the study has not: texts without labels."""
    if table.has_unlabelled:
        return ""
    return (
        " Texts without labels, like those to be classified, may bring students nearer "
        "(transfer.unlabelled)."
    )


def _pays(row: TableRow) -> bool:
    """Whether a form is faster than its teacher's fastest one, as far as both were timed."""
    ratio = row.latency and row.latency.to_fastest
    return not ratio or ratio.times > 1


def _by_standing(table: Table, teachers: Sequence[str]) -> dict[Standing, list[TableRow]]:
    """Returns the sound rows of the students of these teachers, or of all where none is named.

    Each row has the verdict of its own form: what is deployed is what is judged.
    """
    by_kind: dict[Standing, list[TableRow]] = {kind: [] for kind in Standing}
    for row in table.rows:
        standing = standing_of(row, table)
        is_apt = row.role == "student" and (not teachers or row.teacher in teachers)
        if is_apt and not row.notes and standing:
            by_kind[standing.kind].append(row)
    return by_kind


def _best_teachers(table: Table) -> list[str]:
    """Returns the names of the most accurate of several teachers; none where there is but one."""
    if len(table.teachers) < 2:
        return []
    bearable = mean_quality(table.teachers[0]) - MARGIN
    return [row.name for row in table.teachers if mean_quality(row) >= bearable]


def _teacher_of(row: TableRow, teachers: Sequence[str]) -> str:
    return f"its teacher, the {row.teacher}" if teachers else "the teacher"


def _instead(advised: Sequence[TableRow], table: Table) -> str:
    """Says which of these students had better learn from hard labels alone."""
    effects = {row.name: finding.effect for row, finding in table.judged}
    names = dict.fromkeys(row.name for row in advised)
    lost = [name for name in names if (found := effects[name]) and found.kind is Effect.LOSS]
    if not lost:
        return ""
    return f" Train {listed(lost)} on hard labels instead (objective.alpha: 1), which is better."


def listed(words: Sequence[str]) -> str:
    """Returns words as a sentence names them, with an ``and`` before the last one."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
