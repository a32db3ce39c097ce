"""The table as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from tabulate import tabulate

from kdzoo.plain import escaped
from kdzoo.report.columns.column import ShownIn, TablePart
from kdzoo.report.columns.costs import how_timed, noise_note
from kdzoo.report.columns.declared import cells, shown
from kdzoo.report.figures.rows import Table
from kdzoo.report.formats.data import data_caption
from kdzoo.report.formats.summary import summary
from kdzoo.report.words import GLOSSARY
from kdzoo.statistics import Effect

_MEANINGS = {
    Effect.NONE: "Unclear: no measurable difference between the recipe and hard labels.",
    Effect.ONE_SEED: "One seed: it says nothing of the recipe.",
}

THIS_MODEL = "This model against the teacher"
THIS_RECIPE = "This recipe against hard labels"
THIS_VARIANT = "This variant against its recipe"
OF_MODELS = (
    "May I deploy it? Holds for the very models that were trained, on texts like these. "
    "Differences in points of accuracy, with 95 % bootstrap intervals over texts, and over these "
    "seeds where there are several; p-values of a paired permutation test over texts, corrected "
    "for all comparisons of the study (Benjamini and Hochberg). \u201cAs good as\u201d: the whole "
    "interval lies within a point."
)
OF_RECIPES = (
    "Does distilling help? Holds for all models that the recipe would train: 95 % intervals cover "
    "other texts and other seeds. Student's t, its variance that of the difference over texts and "
    "that of the seeds, pooled over all models of the study unless these are luckier than the rest "
    "(F test; Bancroft, 1944); p-values corrected as above. One seed tells "
    "nothing of others: in place of a verdict stands how many seeds would tell a difference of "
    "that size in four studies of five, with the study's luck; where that is not known, how many "
    "at most, with a point of it. kdzoo's benchmarks simulate how often all this is right."
)
OF_VARIANTS = (
    "Does the change help? Holds for all models that recipe and variant would train: intervals and "
    "p-values are made as those of recipes against hard labels, over the seeds that both have, and "
    "corrected for all variants of the study."
)


def markdown(table: Table) -> str:
    """Returns what was found, both tables with their captions, and all verdicts.

    Text from the data cannot break out of its cell.
    """
    models = [row for row in table.rows if row.is_first]
    parts = [f"# {escaped(table.study)}", *map(escaped, summary(table))]
    if models:
        columns = shown(table, ShownIn.TABLE, TablePart.MODEL)
        quality = drawn([cells(row, table, columns) for row in models], left=2)
        parts += [quality, escaped(quality_caption(table))]
    for there in table.by_machine:
        if models:
            parts.append(f"## {escaped(deployed_title(there))}")
        columns = shown(there, ShownIn.TABLE, TablePart.FORM)
        parts.append(drawn([cells(row, there, columns) for row in there.rows], left=2))
        parts += map(escaped, [cost_caption(there), *notes(there)])
    for question, said, how in verdicts(table):
        lines = [f"* {escaped(f'{name}: {sentence}.')}" for name, sentence in said]
        parts += [f"## {question}", "\n".join(lines), escaped(how)]
    parts.append(f"What the words mean: [glossary]({GLOSSARY}).")
    return "\n\n".join(part for part in parts if part) + "\n"


def verdicts(table: Table) -> list[tuple[str, list[tuple[str, str]], str]]:
    """Returns each question that was asked, what is said of each row, and how that was found."""
    models = [
        (row.name, finding.standing.sentence) for row, finding in table.judged if finding.standing
    ]
    recipes = [
        (row.name, finding.effect.sentence) for row, finding in table.judged if finding.effect
    ]
    of_models = OF_MODELS.replace("points of accuracy", f"points of {table.leading_title}")
    variants = [
        (row.name, finding.change.sentence) for row, finding in table.judged if finding.change
    ]
    asked = [
        (THIS_MODEL, models, of_models),
        (THIS_RECIPE, recipes, OF_RECIPES),
        (THIS_VARIANT, variants, OF_VARIANTS),
    ]
    return [note for note in asked if note[1]]


def drawn(lines: Sequence[Mapping[str, str]], left: int) -> str:
    """Returns a table; its first columns are set left."""
    titles = list(lines[0])
    body = [[escaped(line[title]) for title in titles] for line in lines]
    align = ["left"] * left + ["right"] * (len(titles) - left)
    return tabulate(
        body, [*map(escaped, titles)], tablefmt="pipe", disable_numparse=True, colalign=align
    )


def cost_caption(table: Table) -> str:
    """Returns how to read what the rows cost."""
    sentences = how_timed(table.timed, table.reference)
    if table.has_cascades:
        sentences.append(
            "A student + its teacher: the student answers what it is sure of, the teacher the rest "
            "(escalated), both in one process; first seed, thresholds fitted on validation, "
            f"accuracy and share of the {table.split} texts. Where it asks for fewer than half, "
            "its median is that of the student: look at the mean."
        )
    if table.has_prices:
        sentences.append("Cost: of the teacher's share of a million texts, at the price given.")
    unread = (row.is_tried and not row.metrics and not row.notes for row in table.rows)
    if table.machine and any(unread):
        sentences.append(
            "Accuracy: a dash where an int8 form was read on another machine alone; it may answer "
            "otherwise on this one."
        )
    return " ".join(sentences)


def quality_caption(table: Table, place: ShownIn = ShownIn.TABLE) -> str:
    """Returns how to read what the models give, as far as a place shows it."""
    parts = [
        data_caption(table),
        "Hard labels: the same student, initialisation and steps on gold labels alone. Gap closed: "
        "(student − hard labels) / (teacher − hard labels)"
        f"{'; in-scope gap: the same of the in-scope accuracy' if table.has_oos else ''}; a dash "
        "where teacher and hard labels do not differ measurably.",
    ]
    effects = {row.effect for row in table.rows}
    parts += untold(effects | {row.effect_in_scope for row in table.rows if table.has_oos})
    if table.other_tests:
        parts.append(
            f"On {' and '.join(table.other_tests)}: {table.leading_title} on that test set."
        )
    if table.has_added_texts:
        parts.append("Texts: what the student learnt from, unlabelled and augmented ones included.")
    if any(row.role == "teacher" and not row.metrics for row in table.rows):
        parts.append("A teacher without figures is a file that does not cover these texts.")
    parts += [column.meaning for column in shown(table, place, TablePart.MODEL) if column.meaning]
    return " ".join(parts)


def untold(effects: Set[Effect | None]) -> list[str]:
    """Returns what the words mean that stand in place of closed gaps, of what distilling did."""
    return [meaning for effect, meaning in _MEANINGS.items() if effect in effects]


def deployed_title(table: Table) -> str:
    """Returns what stands above what a machine measured."""
    return f"As deployed on {table.machine}" if table.machine else "As deployed"


def notes(table: Table) -> list[str]:
    """Returns what is wrong: a busy machine first, then rows, then what is missing."""
    noise = noise_note(table.timed)
    wrong = [f"(!) {row.name}, {row.runtime}: {note}" for row in table.rows for note in row.notes]
    told = [f"{row.name}, {row.runtime}: {remark}" for row in table.rows for remark in row.remarks]
    uncounted = {
        row.name: f"{row.name}: its FLOPs could not be counted: {row.latency.flops_failure}"
        for row in table.rows
        if row.latency is not None and row.latency.flops_failure is not None
    }
    return [*([noise] if noise else []), *wrong, *told, *uncounted.values(), *table.remarks]
