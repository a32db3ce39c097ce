"""The sections of the page that tell what was lost, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kdzoo.amounts import percent
from kdzoo.plain import one_line
from kdzoo.report.columns.numbers import points
from kdzoo.report.figures.findings import Finding
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.page import answers
from kdzoo.report.page.sections import PageSection, Tabular, drawn
from kdzoo.statistics import ClassLoss, Inheritance, Slice
from kdzoo.task import SINGLE_LABEL, TASKS

WORST_CLASSES = 8  # shown of each student
EXAMPLES = 3  # texts of each, where texts may be shown
_SEEN = {0: "a word never seen", 9: "1 to 9 times", 99: "10 to 99 times"}


def losses_section(table: Table, texts: Sequence[str] | None = None) -> PageSection | None:
    """Returns what was lost, and for whom; None where nothing can be compared.

    Args:
        table: all rows.
        texts: of the split, in its order, where they may be shown.
    """
    known = [finding for finding in table.judged if finding[0].role != "teacher"]
    own = [(row, found.inherited) for row, found in known if found.inherited is not None]
    if not own:
        return None
    students = [(row, found) for row, found in known if found.inherited and row.role == "student"]
    return PageSection(
        "What was lost, and for whom",
        one_line(answers.of_losses(table)),
        tables=[_inherited(own), *_by_length(table), *_by_rarity(table)],
        listings=[
            (
                f"{one_line(row.name)}: the classes that lost most",
                _worst(found, table, texts) or "none",
            )
            for row, found in students
        ],
    )


def _inherited(own: Sequence[tuple[TableRow, Inheritance]]) -> Tabular:
    lines = [
        {
            "model": row.name,
            "errors copied": points(loss.copied),
            "wrong otherwise": points(loss.otherwise_wrong),
            "corrected": points(loss.corrected),
            "lost of what it had right": points(loss.lost),
        }
        for row, loss in own
    ]
    caption = (
        "Of the texts that the teacher gets wrong: the student gives the same wrong label, another "
        "wrong one, or the right one. Of those it gets right: the student gets them wrong."
    )
    return drawn(lines, 1, caption=caption)


def _by_length(table: Table) -> list[Tabular]:
    return _sliced(
        {row.name: finding.by_length for row, finding in table.judged},
        lambda part: f"{_range(part)} words",
        f"{_noun(table)} by the length of the text, between the quartiles; in brackets how many "
        "texts.",
    )


def _by_rarity(table: Table) -> list[Tabular]:
    def title(part: Slice) -> str:
        return next(
            (words for most, words in _SEEN.items() if part.most <= most), "100 times or more"
        )

    return _sliced(
        {row.name: finding.by_rarity for row, finding in table.judged},
        title,
        f"{_noun(table)} by how often the rarest word of a text occurs in the texts to learn from; "
        "in brackets how many texts.",
    )


def _noun(table: Table) -> str:
    if TASKS[table.task].by_word:
        return "Sentence accuracy"
    return "Accuracy" if table.task == SINGLE_LABEL.name else "Subset accuracy"


def _range(part: Slice) -> str:
    return f"{part.least}" if part.least == part.most else f"{part.least} to {part.most}"


def _sliced(
    slices: Mapping[str, Sequence[Slice]], title_of: Callable[[Slice], str], caption: str
) -> list[Tabular]:
    """Returns a table for all models whose texts fall into the same slices."""
    tables: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for name, parts in slices.items():
        if len(parts) > 1:
            titles = tuple(f"{title_of(part)} ({part.texts:,})" for part in parts)
            cells = (points(part.accuracy) for part in parts)
            line = {"model": name, **dict(zip(titles, cells, strict=True))}
            tables.setdefault(titles, []).append(line)
    return [drawn(lines, 1, caption=caption) for lines in tables.values()]


def _worst(finding: Finding, table: Table, texts: Sequence[str] | None) -> str:
    worst = [loss for loss in finding.losses[:WORST_CLASSES] if loss.loss > 0]
    return "\n".join(line for confusion in worst for line in _class(confusion, table, texts))


def _class(found: ClassLoss, table: Table, texts: Sequence[str] | None) -> list[str]:
    labels, noun = table.label_names, "entities" if TASKS[table.task].by_word else "texts"
    said = (
        "" if found.instead is None else f"; most often {one_line(labels[found.instead])} instead"
    )
    line = (
        f"{one_line(labels[found.label])}: teacher {percent(found.teacher, 0)}, student "
        f"{percent(found.student, 0)} of {found.texts} {noun}{said}"
    )
    shown = [] if texts is None else found.lost[:EXAMPLES]
    return [line, *(f"    {one_line(texts[number])}" for number in shown if texts is not None)]
