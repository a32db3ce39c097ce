"""The gap closed: how far distilling brought each student from hard labels to its teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo.amounts import percent
from kdzoo.report.columns.declared import UNTOLD, gap
from kdzoo.report.figures.rows import Table
from kdzoo.report.pictures.canvas import canvas, in_lines, legend_below, name_lines, no_picture
from kdzoo.report.pictures.letters import legible, legible_names, numbers_note
from kdzoo.report.pictures.looks import PALE, fill_of, road_of
from kdzoo.results import Record, Store
from kdzoo.statistics import Effect, Gap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")  # of objectives, as they are met
_FARTHEST = (-1.0, 2.0)  # where intervals are cut off, unless a dot lies beyond
_NO_GAP = "no gap"
_PALE = "pale: no measurable effect, or one seed; the gap may be chance"
_LABEL = "share of the gap that is closed (dot), 95 % interval over texts and seeds"
_MEANING = f"{_NO_GAP}: the teacher is not measurably better than hard labels"


@dataclass(frozen=True)
class GapLine:
    """A student in the picture.

    Attributes:
        name: of its row.
        kind: of student.
        road: its approach, compression or change.
        objective: that it was distilled by, in words.
        texts: what it learnt from beside the data's own texts, in words; empty where nothing.
        gap: what it closed; None where there is none to close.
        effect: what distilling did to it.
    """

    name: str
    kind: str
    road: str
    objective: str
    texts: str
    gap: Gap | None
    effect: Effect

    @property
    def is_untold(self) -> bool:
        """Whether its gap may be chance: nothing is said of it, and it is drawn so."""
        return self.effect in UNTOLD


def draw_gaps(store: Store, table: Table, folder: Path) -> list[Path]:
    """Writes ``gap_closed`` as PNG, SVG and PDF; nothing where no student has a gap to close."""
    lines = gap_lines(store, table)
    stem = folder / "gap_closed"
    if all(line.gap is None for line in lines):
        return no_picture(stem)
    names = legible_names(row.name for row in table.rows)
    lines = [replace(line, name=names[line.name]) for line in lines]
    markers = _markers(lines)
    with canvas(stem, (8.8, 2.2 + 0.34 * len(lines)), _data_texts(table, lines)) as (axes, paths):
        limits = _limits([line.gap for line in lines if line.gap is not None])
        for place, line in enumerate(lines):
            _line(axes, place, line, markers[line.objective], limits)
            if place and lines[place - 1].kind != line.kind:
                axes.axhline(place - 0.5, color="#cccccc", linewidth=0.6)
        _frame(axes, lines, limits, numbers_note(table))
        title = legible(f"{table.study}: how much of the gap to the teacher distilling closed")
        axes.set_title(title, loc="left", pad=20)
        _legend(axes, lines, markers)
    return paths


def gap_lines(store: Store, table: Table) -> list[GapLine]:
    """Returns the students that have a teacher and a control, those of a kind together."""
    rows = {row.name: row for row in store.manifest().rows}
    lines = []
    for shown, finding in table.judged:
        row = rows[shown.name]
        if finding.effect is None or finding.standing is None or row.role != "student":
            continue
        record = store.read(row.members[0].key)
        objective, texts = _objective(record), _texts(record)
        road = row.road or row.role
        effect = finding.effect.kind
        lines.append(GapLine(row.name, row.kind, road, objective, texts, finding.gap, effect))
    kinds = list(dict.fromkeys(line.kind for line in lines))
    return sorted(lines, key=lambda line: kinds.index(line.kind))


def _objective(record: Record) -> str:
    objective: Mapping[str, Any] = record.recipe.get("objective") or {}
    by_gold = objective.get("gold_for")
    parts = [
        str(objective.get("kind", "")),
        *(f"{name} {said:g}" for name in ("alpha", "hidden") if (said := objective.get(name))),
    ]
    parts.append(f"gold for {', '.join(map(str, by_gold))}" if by_gold else "")
    return ", ".join(filter(None, parts))


def _texts(record: Record) -> str:
    transfer: Mapping[str, Any] = record.recipe.get("transfer") or {}
    augment = transfer.get("augment")
    unlabelled = transfer.get("unlabelled")
    is_near = isinstance(unlabelled, Mapping) and unlabelled.get("choose") == "nearest"
    nearest = "nearest " if is_near else ""
    parts = [f"{nearest}unlabelled texts"] if unlabelled else []
    if augment:
        parts.append(f"{augment.get('copies', 1)} × {augment.get('kind')}")
    return " + ".join(parts)


def _markers(lines: Sequence[GapLine]) -> dict[str, str]:
    objectives = dict.fromkeys(line.objective for line in lines)
    return {name: _MARKERS[place % len(_MARKERS)] for place, name in enumerate(objectives)}


def _limits(gaps: Sequence[Gap]) -> tuple[float, float]:
    """Returns what the axis shows: all dots, and intervals as far as they can be read."""
    dots = [gap.closed.value for gap in gaps]
    lows = [gap.closed.low for gap in gaps if gap.closed.low is not None]
    highs = [gap.closed.high for gap in gaps if gap.closed.high is not None]
    low = max(min([0.0, *dots, *lows]), min(_FARTHEST[0], *dots))
    high = min(max([1.0, *dots, *highs]), max(_FARTHEST[1], *dots))
    room = 0.05 * (high - low)
    return low - room, high + room


def _line(axes: Axes, place: int, line: GapLine, marker: str, limits: tuple[float, float]) -> None:
    colour = PALE if line.is_untold else road_of(line.road).colour
    if line.gap is None:
        axes.annotate(_NO_GAP, (0, place), (4, 0), textcoords="offset points", va="center",
                      fontsize=9, style="italic", color="#333333")  # fmt: skip
        return
    closed = line.gap.closed
    ends = []
    for end, limit, arrow in zip((closed.low, closed.high), limits, "<>", strict=True):
        is_beyond = end is None or not limits[0] <= end <= limits[1]
        ends.append(limit if is_beyond or end is None else end)
        shape = arrow if is_beyond else "|"
        axes.plot(ends[-1], place, shape, color=colour, markersize=6, clip_on=False, zorder=2)
    axes.plot(ends, [place, place], color=colour, linewidth=1.6, zorder=2)
    own = PALE if line.is_untold else fill_of(line.road)
    inside = own if line.texts else "white"
    axes.plot(
        closed.value, place, marker, color=inside, markeredgecolor=colour, markersize=8,
        markeredgewidth=1.4, zorder=3
    )  # fmt: skip


def _data_texts(table: Table, lines: Sequence[GapLine]) -> list[str]:
    """Returns what stands in the picture and comes from data."""
    words = (part for line in lines for part in (line.name, line.kind, line.objective, line.texts))
    return [table.study, *words]


def _frame(axes: Axes, lines: Sequence[GapLine], limits: tuple[float, float], note: str) -> None:
    axes.set_xlim(*limits)
    axes.xaxis.set_major_formatter(lambda value, _: percent(value, 0).replace("-", "−"))
    name_lines(axes, [_name(line) for line in lines])
    meaning = "" if all(line.gap for line in lines) else _MEANING
    pale = _PALE if any(line.is_untold and line.gap for line in lines) else ""
    axes.set_xlabel(in_lines(_LABEL, pale, meaning, note))
    for x, name in ((0.0, "hard labels"), (1.0, "teacher")):
        axes.axvline(x, color="#000000", linewidth=1, linestyle="-" if x else "--", zorder=1)
        axes.annotate(name, (x, 1), (0, 3), xycoords=axes.get_xaxis_transform(),
                      textcoords="offset points", ha="center", fontsize=9)  # fmt: skip
    for place, line in enumerate(lines):
        parts = (line.objective, line.texts, gap(line.effect, ""))
        words = ", ".join(part for part in parts if part)
        axes.annotate(legible(words), (1, place), (6, 0), xycoords=axes.get_yaxis_transform(),
                      textcoords="offset points", va="center", fontsize=8.5)  # fmt: skip


def _name(line: GapLine) -> str:
    return legible(line.name if line.kind in line.name else f"{line.name} ({line.kind})")


def _legend(axes: Axes, lines: Sequence[GapLine], markers: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D

    shown = [line for line in lines if line.gap is not None]
    handles = [
        Line2D([], [], color=road_of(road).colour, linewidth=3, label=road_of(road).title)
        for road in dict.fromkeys(line.road for line in shown)
    ]
    has_both = len({bool(line.texts) for line in shown}) == 2
    inside = "#999999" if any(line.texts for line in shown) else "white"
    looks = [
        (markers[objective], inside, objective)
        for objective in dict.fromkeys(r.objective for r in shown)
    ]
    looks += [("o", "white", "hollow: the data's own texts alone")] if has_both else []
    for marker, inside, label in looks:
        handles.append(
            Line2D([], [], linestyle="", marker=marker, color=inside, markeredgecolor="#333333",
                   label=legible(label))
        )  # fmt: skip
    legend_below(axes.figure, handles)
