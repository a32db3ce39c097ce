"""The table as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tabulate import tabulate

from kdzoo.report.costs import NOTHING, cost_cells, how_timed, megabytes, noise_note
from kdzoo.report.findings import Finding
from kdzoo.report.plain import escaped
from kdzoo.report.rows import Spread, Table, TableRow
from kdzoo.statistics import Effect

UNTOLD = {Effect.NONE: "unclear", Effect.ONE_SEED: "one seed"}  # in place of a closed gap
_MEANINGS = {
    Effect.NONE: "Unclear: the recipe was not told apart from hard labels.",
    Effect.ONE_SEED: "One seed: it says nothing of the recipe.",
}

THIS_MODEL = "This model against the teacher"
THIS_RECIPE = "This recipe against hard labels"
OF_MODELS = (
    "May I deploy it? Said of the very models that were trained, for texts like these. Differences "
    "in points of accuracy, with 95 % bootstrap intervals over texts, and over these seeds where "
    "there are several; p-values of a paired permutation test over texts, corrected for all "
    "comparisons of the study (Benjamini and Hochberg). \u201cAs good as\u201d: the whole "
    "interval lies within a point."
)
OF_RECIPES = (
    "Does distilling help? Said of all models that the recipe would train: 95 % intervals hold for "
    "other texts and other seeds. Student's t, its variance that of the difference over texts and "
    "that of the seeds, pooled over all models of the study unless these are luckier than the rest "
    "(F test; Bancroft, 1944); p-values corrected as above. One seed tells "
    "nothing of others: in place of a verdict stands how many seeds would tell a difference of "
    "that size in four studies of five, with the study's luck or, where that is not known, a point "
    "of it. kdzoo's benchmarks simulate how often all this is right."
)


def percent(spread: Spread | None) -> str:
    """Returns ``86.8 ± 0.3``, in per cent; no deviation where there was one seed."""
    if spread is None or math.isnan(spread.mean):
        return NOTHING
    deviation = "" if math.isnan(spread.sd) else f" ± {spread.sd * 100:.1f}"
    return f"{spread.mean * 100:.1f}{deviation}"


def millions(count: int) -> str:
    """Returns a count in millions."""
    return f"{count / 1e6:.2f}"


def share(value: float | None) -> str:
    """Returns the closed share of a gap, in per cent."""
    return NOTHING if value is None else f"{value * 100:.0f} %"


def gap(effect: Effect | None, closed: str) -> str:
    """Returns what stands for a closed share of a gap: one that may be chance is not quoted."""
    return closed if effect is None else UNTOLD.get(effect, closed)


def quality_cells(row: TableRow, table: Table) -> dict[str, str]:
    """Returns what a model gives, by column title."""
    shown = {"model": row.name, "road": row.road or row.role}
    if table.has_added_texts:
        shown["texts"] = NOTHING if row.texts is None else f"{row.texts:,}"
    shown["accuracy"] = percent(row.metrics.get("accuracy"))
    for name in table.other_tests:
        shown[name] = percent(row.metrics.get(f"{name}_accuracy"))
    if table.has_oos:
        shown["in scope"] = percent(row.metrics.get("in_scope_accuracy"))
        shown["OOS recall"] = percent(row.metrics.get("oos_recall"))
    if any("f1" in each.metrics for each in table.rows):
        shown["F1"] = percent(row.metrics.get("f1"))
    shown |= {
        "macro-F1": percent(row.metrics.get("macro_f1")),
        "agreement": percent(row.metrics.get("agreement")),
        "hard labels": percent(row.control.get("accuracy")),
        "gap closed": gap(row.effect, share(row.gap_closed)),
    }
    if table.has_oos:
        is_told = row.effect not in UNTOLD
        shown["in-scope gap"] = share(row.gap_closed_in_scope if is_told else None)
    return shown | {"parameters, M": millions(row.parameters) if row.parameters else NOTHING}


def deployed_cells(row: TableRow) -> dict[str, str]:
    """Returns what a model costs in a runtime, by column title."""
    return {
        "model": row.name,
        "runtime": row.runtime + (" (!)" if row.notes else ""),
        "accuracy": percent(row.metrics.get("accuracy")),
        "size, MB": megabytes(row.size_bytes) if row.size_bytes else NOTHING,
        **cost_cells(row.latency),
    }


def markdown(table: Table, findings: Sequence[Finding] = ()) -> str:
    """Returns both tables with their captions, and the verdicts on every model and recipe.

    Text from the data cannot break out of its cell.
    """
    models = [row for row in table.rows if row.is_first]
    parts = [f"# {escaped(table.study)}"]
    if models:
        quality = drawn([quality_cells(row, table) for row in models], left=2)
        parts += [quality, escaped(quality_caption(table))]
    for each in table.by_machine:
        if models:
            parts.append(f"## {escaped(deployed_title(each))}")
        parts.append(drawn([deployed_cells(row) for row in each.rows], left=2))
        parts += map(escaped, [cost_caption(each), *notes(each)])
    for question, said, how in verdicts(findings):
        lines = [f"* {escaped(f'{name}: {sentence}.')}" for name, sentence in said]
        parts += [f"## {question}", "\n".join(lines), escaped(how)]
    return "\n\n".join(part for part in parts if part) + "\n"


def verdicts(findings: Sequence[Finding]) -> list[tuple[str, list[tuple[str, str]], str]]:
    """Returns each question that was asked, what is said of each row, and how that was found."""
    models = [(each.name, each.standing.sentence) for each in findings if each.standing]
    recipes = [(each.name, each.effect.sentence) for each in findings if each.effect]
    asked = [(THIS_MODEL, models, OF_MODELS), (THIS_RECIPE, recipes, OF_RECIPES)]
    return [each for each in asked if each[1]]


def drawn(lines: Sequence[Mapping[str, str]], left: int) -> str:
    """Returns a table; its first columns are set left."""
    titles = list(lines[0])
    body = [[escaped(line[title]) for title in titles] for line in lines]
    align = ["left"] * left + ["right"] * (len(titles) - left)
    return tabulate(body, titles, tablefmt="pipe", disable_numparse=True, colalign=align)


def caption(table: Table) -> str:
    """Returns how to read both tables."""
    models = [quality_caption(table)] if any(row.is_first for row in table.rows) else []
    return " ".join([*models, cost_caption(table)])


def cost_caption(table: Table) -> str:
    """Returns how to read what the rows cost."""
    told = how_timed(table.timed, table.reference)
    unread = (row.is_tried and not row.metrics and not row.notes for row in table.rows)
    if table.machine and any(unread):
        told.append(
            "Accuracy: a dash where an int8 form was read on another machine alone; it may answer "
            "otherwise on this one."
        )
    return " ".join(told)


def quality_caption(table: Table) -> str:
    """Returns how to read what the models give."""
    seeds = max((row.metrics["accuracy"].seeds for row in table.rows if row.metrics), default=1)
    over = f"mean ± sd over {seeds} seeds" if seeds > 1 else "one seed"
    unlabelled = f" and {table.unlabelled:,} unlabelled" if table.unlabelled else ""
    noun = "pairs" if table.has_pairs else "texts"
    parts = [
        f"{table.origin}: {table.labels} classes, trained from {table.labelled:,} "
        f"labelled{unlabelled} {noun}; {table.split} figures in per cent on {table.texts:,} "
        f"{noun}, {over}.",
        "Hard labels: the same student, initialisation and steps on gold labels alone. Gap closed: "
        "(student − hard labels) / (teacher − hard labels)"
        f"{'; in-scope gap: the same of the in-scope accuracy' if table.has_oos else ''}; a dash "
        "where teacher and hard labels cannot be told apart.",
    ]
    effects = {row.effect for row in table.rows}
    parts += [meaning for effect, meaning in _MEANINGS.items() if effect in effects]
    if table.other_tests:
        parts.append(f"{' and '.join(table.other_tests).capitalize()}: accuracy on that test set.")
    if table.has_added_texts:
        parts.append("Texts: what the student learnt from, unlabelled and augmented ones included.")
    if any(row.role == "teacher" and not row.metrics for row in table.rows):
        parts.append("A teacher without figures is a file that does not cover these texts.")
    return " ".join(parts)


def deployed_title(table: Table) -> str:
    """Returns what stands above what a machine measured."""
    return f"As deployed on {table.machine}" if table.machine else "As deployed"


def notes(table: Table) -> list[str]:
    """Returns what is wrong: a busy machine first, then rows, then what is missing."""
    noise = noise_note(table.timed)
    wrong = [f"(!) {row.name}, {row.runtime}: {note}" for row in table.rows for note in row.notes]
    uncounted = {
        row.name: f"{row.name}: its FLOPs could not be counted: {row.latency.flops_failure}"
        for row in table.rows
        if row.latency is not None and row.latency.flops_failure is not None
    }
    return [*([noise] if noise else []), *wrong, *uncounted.values(), *table.remarks]
