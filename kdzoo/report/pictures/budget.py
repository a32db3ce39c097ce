"""Accuracy over labelled texts: what more labels bring each student, and how far its teacher is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo.report.figures.rows import Table
from kdzoo.report.figures.spread import Spread
from kdzoo.report.pictures.canvas import canvas, in_lines, log_scale, no_picture
from kdzoo.report.pictures.letters import legible, legible_names, numbers_note
from kdzoo.report.pictures.looks import tones_of
from kdzoo.results import Record, Store

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST = 3  # amounts of labelled texts of which a line is drawn
_SECTIONS = {  # of a recipe, that shape a model of a role: lines are of one kind in all of them
    "teacher": ("data", "teacher"),
    "student": ("data", "teacher", "transfer", "student", "objective", "training"),
    "baseline": ("data",),
}
_DISTILLED: dict[str, Any] = {"linewidth": 1.6, "marker": "o", "markersize": 5}
_HARD: dict[str, Any] = {
    "linewidth": 1.2, "linestyle": (0, (2, 2)), "marker": "o", "markersize": 5,
    "markerfacecolor": "white",
}  # fmt: skip


@dataclass(frozen=True)
class BudgetPoint:
    """A model that learnt from so many labelled texts.

    Attributes:
        labelled: how many.
        quality: its leading figure.
        control: the same of its hard-label control; None where it has none.
    """

    labelled: int
    quality: Spread
    control: Spread | None


@dataclass(frozen=True)
class BudgetLine:
    """Models that differ in the number of their labelled texts alone.

    Attributes:
        name: what they are called together.
        road: compression or change; of others, their role.
        points: from few labelled texts to many.
    """

    name: str
    road: str
    points: tuple[BudgetPoint, ...]


def draw_budget(store: Store, table: Table, folder: Path) -> list[Path]:
    """Writes ``accuracy_over_labels`` as PNG, SVG and PDF.

    Nothing is drawn where no model was made of at least three amounts of labelled texts.
    """
    lines = budget_lines(store, table)
    stem = folder / "accuracy_over_labels"
    if not lines:
        return no_picture(stem)
    names = legible_names(line.name for line in lines)
    colours = tones_of({line.name: line.road for line in lines})
    with canvas(stem, (8.8, 5.6), [table.study, *names]) as (axes, paths):
        _frame(axes, lines, table)
        for line in lines:
            _line(axes, line, colours[line.name])
        shown = {names[line.name]: colours[line.name] for line in lines}
        _legend(axes, shown, has_controls=_has_controls(lines))
    return paths


def budget_lines(store: Store, table: Table) -> list[BudgetLine]:
    """Returns the lines of a study: teachers, students by recipe, baselines."""
    rows = {row.name: row for row in store.manifest().rows}
    names: dict[str, tuple[str, str]] = {}  # of a line, and its road, by what shapes its models
    points: dict[str, dict[int, BudgetPoint]] = {}
    for shown in table.rows:
        if not shown.is_first or shown.quality is None or shown.role not in _SECTIONS:
            continue
        record = store.read(rows[shown.name].members[0].key)
        shape = _shape(record, shown.role)
        title = shown.name.partition("/")[0] if shown.role == "student" else shown.name
        names.setdefault(shape, (title.partition(" of ")[0], shown.road or shown.role))
        labelled = record.data.train
        point = BudgetPoint(labelled, shown.quality, shown.control.get(shown.leading))
        points.setdefault(shape, {}).setdefault(labelled, point)
    return [
        BudgetLine(*names[shape], tuple(found[labelled] for labelled in sorted(found)))
        for shape, found in points.items()
        if len(found) >= FEWEST
    ]


def _shape(record: Record, role: str) -> str:
    """Returns all that shapes a model but the number of its labels."""
    sections: dict[str, Any] = {name: record.recipe.get(name) for name in _SECTIONS[role]}
    data: Mapping[str, Any] = sections["data"] or {}
    sections["data"] = {key: value for key, value in data.items() if key != "labels_per_class"}
    return role + json.dumps(sections, sort_keys=True)


def _frame(axes: Axes, lines: Sequence[BudgetLine], table: Table) -> None:
    log_scale(axes)
    amounts = sorted({point.labelled for line in lines for point in line.points})
    axes.set_xlim(amounts[0] / 1.15, amounts[-1] * 1.15)
    axes.set_xticks(amounts, [f"{amount:,}" for amount in amounts])
    label = f"labelled texts, of {table.labels:,} classes (log scale)"
    axes.set_xlabel(in_lines(label, numbers_note(table)))
    axes.set_ylabel(f"{table.split} {table.leading_title}, % (mean ± sd over seeds)")
    title = f"{table.study}: {table.leading_title} over labelled texts"
    axes.set_title(legible(title), loc="left")


def _line(axes: Axes, line: BudgetLine, colour: str) -> None:
    amounts = [point.labelled for point in line.points]
    values = [point.quality.mean * 100 for point in line.points]
    spread = [point.quality.sd * 100 if point.quality.seeds > 1 else 0.0 for point in line.points]
    axes.errorbar(amounts, values, spread, color=colour, capsize=2, **_DISTILLED)
    hard = [(point.labelled, point.control.mean * 100) for point in line.points if point.control]
    if hard:
        axes.plot(*zip(*hard, strict=True), color=colour, **_HARD)


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
    figure: Any = axes.figure
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
