"""A row of the table as a dot of a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kdzoo.report.figures.rows import TableRow
from kdzoo.report.pictures.looks import Road, mixed, road_of

ACCURACY = "accuracy"
Point = tuple[float, float]


@dataclass(frozen=True)
class Bubble:
    """A row of the table on the axes: its cost, its accuracy in per cent, its square points."""

    row: TableRow
    x: float
    y: float
    area: float
    colour: str
    metric: str = ACCURACY

    @property
    def point(self) -> Point:
        """Where it lies."""
        return self.x, self.y

    @property
    def road(self) -> Road:
        """How its approach is drawn."""
        return road_of(self.row.road or self.row.role)

    @property
    def inside(self) -> str:
        """The colour of its inside, by which a changed model is seen in grey."""
        return self.colour if self.road.inside is None else mixed(self.colour, "white", 0.55)

    @property
    def radius(self) -> float:
        """In points."""
        return math.sqrt(self.area / math.pi)

    @property
    def bar(self) -> Point | None:
        """Its ends in per cent: a deviation over seeds, or else an interval; None of neither."""
        found = self.row.metrics[self.metric]
        if not math.isnan(found.sd):
            return self.y - found.sd * 100, self.y + found.sd * 100
        interval = found.interval
        if interval is None or interval.low is None or interval.high is None:
            return None
        return interval.low * 100, interval.high * 100

    @property
    def bar_title(self) -> str:
        """What its bar is."""
        has_seeds = not math.isnan(self.row.metrics[self.metric].sd)
        return "± sd over seeds" if has_seeds else "95 % interval over texts"

    @property
    def control(self) -> float | None:
        """The accuracy of the same student on hard labels, in per cent."""
        known = self.row.control.get(self.metric)
        return None if known is None else known.mean * 100
