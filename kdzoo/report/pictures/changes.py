"""What each variant gives: how far its accuracy is from that of the recipe which it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.report.columns.declared import UNTOLD
from kdzoo.report.figures.rows import Table
from kdzoo.report.pictures.canvas import canvas, in_lines, name_lines, no_picture
from kdzoo.report.pictures.letters import legible, legible_names, numbers_note
from kdzoo.report.pictures.looks import PALE, fill_of, road_of
from kdzoo.statistics import Effect, Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEM = "changes"
_PALE = "pale: no measurable effect with all variants counted, or one seed; it may be chance"


@dataclass(frozen=True)
class ChangeLine:
    """A variant in the picture.

    Attributes:
        name: of its row.
        recipe: the name of the recipe's own row.
        road: its approach, compression or change.
        difference: variant minus recipe; without ends where there is one seed.
        effect: what the change did.
    """

    name: str
    recipe: str
    road: str
    difference: Interval
    effect: Effect


def draw_changes(table: Table, folder: Path) -> list[Path]:
    """Writes ``changes`` as PNG, SVG and PDF; nothing where no variant stands beside its recipe."""
    lines = _lines(table)
    stem = folder / _STEM
    if not lines:
        return no_picture(stem)
    names = legible_names(row.name for row in table.rows)
    data_texts = [table.study, *(line.name for line in lines), *(line.recipe for line in lines)]
    with canvas(stem, (8.8, 1.8 + 0.34 * len(lines)), data_texts) as (axes, paths):
        for place, line in enumerate(lines):
            _line(axes, place, line)
            if place and lines[place - 1].recipe != line.recipe:
                axes.axhline(place - 0.5, color="#cccccc", linewidth=0.6)
        _frame(axes, lines, names, table)
    return paths


def _lines(table: Table) -> list[ChangeLine]:
    """Returns the variants that stand beside their recipe, those of a recipe together."""
    lines = [
        ChangeLine(
            row.name,
            finding.change.beside,
            row.road or row.role,
            finding.change.comparison.difference,
            finding.change.kind,
        )
        for row, finding in table.judged
        if finding.change is not None
    ]
    recipes = list(dict.fromkeys(line.recipe for line in lines))
    return sorted(lines, key=lambda line: recipes.index(line.recipe))


def _line(axes: Axes, place: int, line: ChangeLine) -> None:
    is_untold = line.effect in UNTOLD
    colour = PALE if is_untold else road_of(line.road).colour
    ends = (line.difference.low, line.difference.high)
    if None not in ends:
        points = [end * 100 for end in ends if end is not None]
        axes.plot(points, [place, place], "|-", color=colour, linewidth=1.6, zorder=2)
    inside = "white" if is_untold else fill_of(line.road)
    axes.plot(
        line.difference.value * 100, place, "o", color=inside, markeredgecolor=colour,
        markersize=8, markeredgewidth=1.4, zorder=3
    )  # fmt: skip


def _frame(axes: Axes, lines: Sequence[ChangeLine], names: Mapping[str, str], table: Table) -> None:
    name_lines(axes, [names[line.name] for line in lines])
    axes.xaxis.set_major_formatter(
        lambda value, _: f"{value:+g}".replace("-", "−") if value else "0"
    )
    axes.axvline(0, color="#000000", linewidth=1, zorder=1)
    recipes = list(dict.fromkeys(names[line.recipe] for line in lines))
    beside = recipes[0] if len(recipes) == 1 else "its recipe"
    axes.annotate(legible(beside), (0, 1), (0, 3), xycoords=axes.get_xaxis_transform(),
                  textcoords="offset points", ha="center", fontsize=9)  # fmt: skip
    pale = _PALE if any(line.effect in UNTOLD for line in lines) else ""
    measured = f"{table.quality_title}, variant − recipe, in points (dot), 95 % interval"
    axes.set_xlabel(in_lines(measured, pale, numbers_note(table)))
    title = legible(f"{table.study}: what each change gives")
    axes.set_title(title, loc="left", pad=20)
