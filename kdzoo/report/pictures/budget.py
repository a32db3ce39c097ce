"""Accuracy over texts: what more labelled or unlabelled ones bring each student."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo.recipe.alike import SHAPED_BY
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.figures.spread import Spread
from kdzoo.report.pictures.canvas import canvas, in_lines, legend_below, log_scale, no_picture
from kdzoo.report.pictures.letters import legible, legible_names, numbers_note
from kdzoo.report.pictures.looks import tones_of
from kdzoo.results import Record, Store

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST = 3  # amounts of texts of which a line is drawn
_DISTILLED: dict[str, Any] = {"linewidth": 1.6, "marker": "o", "markersize": 5}
_HARD: dict[str, Any] = {
    "linewidth": 1.2, "linestyle": (0, (2, 2)), "marker": "o", "markersize": 5,
    "markerfacecolor": "white",
}  # fmt: skip


@dataclass(frozen=True)
class Budget:
    """What is varied, and shown along the axis.

    Attributes:
        stem: the pictures' name without its ending.
        title: what it is an amount of.
        axis: the same, as the axis says it of a table.
        amount: how many a model had.
        varied: the fields of a recipe that say how many, by section: lines are of one kind in all
            others. Subsections are named with dots.
    """

    stem: str
    title: str
    axis: Callable[[Table], str]
    amount: Callable[[Record], int]
    varied: tuple[str, ...]


LABELS = Budget(
    "accuracy_over_labels",
    "labelled texts",
    lambda table: f"labelled texts, of {table.labels:,} classes (log scale)",
    lambda record: record.data.train,
    ("data.labels_per_class",),
)
TEXTS = Budget(
    "accuracy_over_texts",
    "texts to learn from",
    lambda _: "texts that the student learns from, labelled or not (log scale)",
    lambda record: 0 if record.training is None else record.training.texts,
    ("data.rest_of_train", "transfer.unlabelled.max_texts"),
)


@dataclass(frozen=True)
class BudgetPoint:
    """A model that learnt from so many texts.

    Attributes:
        amount: how many.
        quality: its leading figure.
        control: the same of its hard-label control; None where it has none.
    """

    amount: int
    quality: Spread
    control: Spread | None


@dataclass(frozen=True)
class BudgetLine:
    """Models that differ in the number of their texts alone; one point where that does not matter.

    Attributes:
        name: what they are called together.
        road: compression or change; of others, their role.
        points: from few texts to many.
    """

    name: str
    road: str
    points: tuple[BudgetPoint, ...]


def draw_budgets(store: Store, table: Table, folder: Path) -> list[Path]:
    """Writes ``accuracy_over_labels`` and ``accuracy_over_texts`` as PNG, SVG and PDF.

    Nothing is drawn where no model was made of at least three amounts.
    """
    return [path for budget in (LABELS, TEXTS) for path in _draw(budget, store, table, folder)]


def _draw(budget: Budget, store: Store, table: Table, folder: Path) -> list[Path]:
    lines = budget_lines(budget, store, table)
    stem = folder / budget.stem
    if not lines:
        return no_picture(stem)
    names = legible_names(line.name for line in lines)
    colours = tones_of({line.name: line.road for line in lines})
    with canvas(stem, (8.8, 5.6), [table.study, *names]) as (axes, paths):
        _frame(axes, budget, lines, table)
        for line in lines:
            _line(axes, line, colours[line.name])
        shown = {names[line.name]: colours[line.name] for line in lines}
        _legend(axes, shown, has_controls=_has_controls(lines))
    return paths


def budget_lines(budget: Budget, store: Store, table: Table) -> list[BudgetLine]:
    """Returns the lines of a study: teachers, students by recipe, baselines.

    A teacher that all students of a line share is a single point.
    """
    rows = {row.name: row for row in store.manifest().rows}
    rows_of: dict[str, list[TableRow]] = {}  # of a line, by what shapes its models
    points: dict[str, dict[int, BudgetPoint]] = {}
    teachers: dict[str, set[str]] = {}  # the rows of those of a line
    for shown in table.rows:
        if not shown.is_first or shown.quality is None or shown.role not in SHAPED_BY:
            continue
        record = store.read(rows[shown.name].members[0].key)
        shape = _shape(budget, record, shown.role)
        rows_of.setdefault(shape, []).append(shown)
        amount = budget.amount(record)
        point = BudgetPoint(amount, shown.quality, shown.control.get(shown.leading))
        points.setdefault(shape, {}).setdefault(amount, point)
        teachers.setdefault(shape, set()).add(shown.teacher or shown.name)
    long = {shape for shape, found in points.items() if len(found) >= FEWEST}
    shared = [teachers[shape] for shape in long if len(teachers[shape]) == 1]
    kept = [
        shape
        for shape in points
        if shape in long or (rows_of[shape][0].role == "teacher" and teachers[shape] in shared)
    ]
    names = _names([rows_of[shape] for shape in kept])
    return [
        BudgetLine(
            name,
            rows_of[shape][0].road or rows_of[shape][0].role,
            tuple(points[shape][amount] for amount in sorted(points[shape])),
        )
        for name, shape in zip(names, kept, strict=True)
    ]


def _names(lines: Sequence[Sequence[TableRow]]) -> list[str]:
    """Returns what the rows of each line are called together; their first, where two would clash.

    The rows of a line differ in their amount alone: it is the part that their names do not share.
    """
    names = []
    for first, *others in lines:
        if first.role != "student":
            names.append(first.name.partition(" of ")[0])
            continue
        known = [other.name.split("/") for other in others]
        shared = [part for part in first.name.split("/") if all(part in own for own in known)]
        names.append("/".join(shared))
    return [
        name if name and names.count(name) == 1 else first.name
        for name, (first, *_) in zip(names, lines, strict=True)
    ]


def _shape(budget: Budget, record: Record, role: str) -> str:
    """Returns all that shapes a model but the number of its texts."""
    shape: dict[str, Any] = {name: record.recipe.get(name) for name in SHAPED_BY[role]}
    for path in budget.varied:
        shape = _without(shape, path)
    return role + json.dumps(shape, sort_keys=True)


def _without(section: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Returns a section without the field at a path, where it has one."""
    name, _, below = path.partition(".")
    if not below:
        return {key: value for key, value in section.items() if key != name}
    inner = section.get(name)
    return {**section, name: _without(inner, below)} if isinstance(inner, Mapping) else {**section}


def _frame(axes: Axes, budget: Budget, lines: Sequence[BudgetLine], table: Table) -> None:
    log_scale(axes)
    amounts = sorted({point.amount for line in lines for point in line.points if _is_long(line)})
    axes.set_xlim(amounts[0] / 1.15, amounts[-1] * 1.15)
    told = _apart(amounts)
    axes.set_xticks(told, [f"{amount:,}" for amount in told])
    axes.set_xlabel(in_lines(budget.axis(table), numbers_note(table)))
    several = any(point.quality.seeds > 1 for line in lines for point in line.points)
    over = " (mean ± sd over seeds)" if several else ""
    axes.set_ylabel(f"{table.split} {table.leading_title}, %{over}")
    title = f"{table.study}: {table.leading_title} over {budget.title}"
    axes.set_title(legible(title), loc="left")


def _line(axes: Axes, line: BudgetLine, colour: str) -> None:
    if not _is_long(line):
        axes.axhline(line.points[0].quality.mean * 100, color=colour, linewidth=1.6)
        return
    amounts = [point.amount for point in line.points]
    values = [point.quality.mean * 100 for point in line.points]
    spread = [point.quality.sd * 100 if point.quality.seeds > 1 else 0.0 for point in line.points]
    axes.errorbar(amounts, values, spread, color=colour, capsize=2, **_DISTILLED)
    hard = [(point.amount, point.control.mean * 100) for point in line.points if point.control]
    if hard:
        axes.plot(*zip(*hard, strict=True), color=colour, **_HARD)


def _apart(amounts: Sequence[int]) -> list[int]:
    """Returns those of the ascending amounts whose numbers have room side by side."""
    span = math.log(amounts[-1] / amounts[0]) or 1.0
    kept = [amounts[-1]]
    for amount in reversed(amounts[:-1]):
        if math.log(kept[-1] / amount) > span / 16:
            kept.append(amount)
    return kept[::-1]


def _is_long(line: BudgetLine) -> bool:
    return len(line.points) >= FEWEST


def _has_controls(lines: Sequence[BudgetLine]) -> bool:
    return any(point.control for line in lines for point in line.points)


def _legend(axes: Axes, colours: Mapping[str, str], *, has_controls: bool) -> None:
    """Names the lines, and says what a dashed one is.

    Args:
        axes: of the picture.
        colours: of the lines, by their names.
        has_controls: whether some are dashed.
    """
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, label=name, **_DISTILLED) for name, colour in colours.items()
    ]
    if has_controls:
        label = "dashed: the same student on hard labels"
        handles.append(Line2D([], [], color="#333333", label=label, **_HARD))
    legend_below(axes.figure, handles)
