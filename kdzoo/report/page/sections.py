"""The sections of the report's page, each a function of what the store holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kdzoo.plain import one_line
from kdzoo.report.columns.column import Column, ShownIn, TablePart
from kdzoo.report.columns.declared import cells, gap, leading_column, shown
from kdzoo.report.columns.numbers import (
    NOTHING,
    closed_gap,
    interval,
    p_value,
    points,
    three_digits,
)
from kdzoo.report.figures.findings import Finding
from kdzoo.report.figures.form_findings import FormFinding
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.formats.table import THIS_MODEL, THIS_RECIPE, THIS_VARIANT, notes, verdicts
from kdzoo.report.page import answers
from kdzoo.statistics import ModelVerdict, RecipeVerdict


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
class PageSection:
    """A heading and what stands below it: first what it comes to, last how that is found."""

    title: str
    answer: str = ""
    paragraphs: Sequence[str] = ()
    tables: Sequence[Tabular] = ()
    method: Sequence[str] = ()
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


def quality_section(table: Table, caption: str) -> PageSection:
    """Returns what each model gives."""
    columns = _most_wanted_first(shown(table, ShownIn.PAGE, TablePart.MODEL), table)
    lines = [cells(row, table, columns) for row in table.rows if row.is_first]
    answer = one_line(answers.of_quality(table))
    return PageSection("What each model gives", answer, tables=[drawn(lines, 2, caption=caption)])


def deployed_section(table: Table, caption: str) -> PageSection:
    """Returns what each row costs."""
    columns = _most_wanted_first(shown(table, ShownIn.PAGE, TablePart.FORM), table)
    lines = [
        Line([one_line(column.text(row, table)) for column in columns], str(number))
        for number, row in enumerate(table.rows)
    ]
    titles = [column.heading(table) for column in columns]
    deployed = Tabular(titles, lines, 2, caption, id="deployed")
    answer = one_line(answers.of_costs(table))
    return PageSection("As deployed", answer, [one_line(note) for note in notes(table)], [deployed])


def _most_wanted_first(columns: Sequence[Column], table: Table) -> list[Column]:
    """Returns columns in the order in which they are wanted where a screen has room for few."""
    leading = leading_column(table).name
    wanted = ("model", "runtime", "road", "latency_p50_ms", leading, f"hard_labels_{leading}",
              "gap_closed")  # fmt: skip
    return sorted(columns, key=lambda column: (*wanted, column.name).index(column.name))


def verdict_section(table: Table) -> PageSection | None:
    """Returns each question with its verdicts, and the figures; None where nothing was read."""
    if not table.judged:
        return None
    return PageSection(
        "Are the differences real?",
        one_line(answers.of_differences(table)),
        tables=[*_sentences(table), _figures(table)],
        method=[f"{question}. {how}" for question, _, how in verdicts(table)],
    )


def _sentences(table: Table) -> list[Tabular]:
    """Returns what is said of each model in answer to each question; nothing of teachers."""
    lines = [
        {
            "model": row.name,
            THIS_MODEL.lower(): _sentence(finding.standing),
            THIS_RECIPE.lower(): _sentence(finding.effect),
            **({THIS_VARIANT.lower(): _sentence(finding.change)} if table.has_variants else {}),
        }
        for row, finding in table.judged
        if row.role != "teacher"
    ]
    return [drawn(lines, len(lines[0]), wraps=True)] if lines else []


def _figures(table: Table) -> Tabular:
    """Returns what the verdicts are drawn from."""
    caption = (
        "95 % intervals: over seeds, Student's t of the seeds' figures; over texts, bootstrap of "
        f"the {table.split} texts for these very models. p: corrected; by seed, that of each model "
        "beside its teacher, not corrected. Luck: standard deviation, in points, that seeds give "
        "the difference from hard labels. KL: from the teacher's distribution."
    )
    lines = [_figures_of(row, finding, table) for row, finding in table.judged]
    return drawn(lines, 1, caption=caption)


def _figures_of(row: TableRow, finding: Finding, table: Table) -> dict[str, str]:
    effect, standing = finding.effect, finding.standing
    by_seed = () if standing is None else standing.comparison.p_by_seed
    return {
        "model": row.name,
        table.leading_title: points(finding.over_seeds.value),
        "over seeds": interval(finding.over_seeds),
        "over texts": interval(finding.over_texts),
        "p, teacher": _p_of(standing),
        "p, hard labels": _p_of(effect),
        **({"p, its recipe": _p_of(finding.change)} if table.has_variants else {}),
        "luck": points(None if effect is None else effect.comparison.luck),
        "p by seed": NOTHING if standing is None else " ".join(map(p_value, by_seed)),
        "gap closed": gap(None if effect is None else effect.kind, closed_gap(finding.gap)),
        "agreement": points(_mean(finding, "agreement")),
        "KL, nats": three_digits(_mean(finding, "divergence")),
    }


def forms_section(forms: Sequence[FormFinding], table: Table) -> PageSection | None:
    """Returns what exporting changed; None where nothing was exported."""
    title = table.leading_title[:1].upper() + table.leading_title[1:]
    several = len({machine for measured_form in forms for machine in measured_form.machines}) > 1
    lines = [
        {
            "model": measured_form.name,
            "runtime": measured_form.runtime,
            table.leading_title: points(measured_form.accuracy),
            "beside its weights": points(measured_form.to_weights.difference.value),
            "95 % interval": interval(measured_form.to_weights.difference),
            "p": p_value(measured_form.adjusted_p),
            "other labels": points(measured_form.other_labels),
            **({"read on": " and ".join(measured_form.machines)} if several else {}),
        }
        for measured_form in forms
    ]
    if not lines:
        return None
    caption = (
        f"{title} of each exported form and its difference from that of the weights, in points, "
        "with a bootstrap interval over texts and seeds; p corrected for all forms. Other labels: "
        "share of texts that get another one than from the weights."
    )
    answer = one_line(answers.of_forms(forms))
    return PageSection("What exporting changes", answer, tables=[drawn(lines, 2, caption=caption)])


def _mean(finding: Finding, metric: str) -> float | None:
    return finding.metrics[metric].mean if metric in finding.metrics else None


def _sentence(verdict: ModelVerdict | RecipeVerdict | None) -> str:
    return NOTHING if verdict is None else verdict.sentence


def _p_of(verdict: ModelVerdict | RecipeVerdict | None) -> str:
    return p_value(None if verdict is None else verdict.adjusted_p)
