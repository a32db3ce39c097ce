"""Which row to deploy within a user's limits: chosen by validation figures, never by test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kdzoo.report.columns.costs import marked
from kdzoo.report.figures.axes import latency_ms_of, leading_figure_of, memory_mb_of, size_mb_of
from kdzoo.report.figures.rows import Table, TableRow


@dataclass(frozen=True)
class Limit:
    """Something that a row must keep to.

    Attributes:
        name: what it is called, with its unit.
        value: of a row; None where it was not measured.
        bound: the most, or for accuracy the least, that is allowed.
        is_least: whether the bound is the least.
    """

    name: str
    value: Callable[[TableRow], float | None]
    bound: float
    is_least: bool = False

    def excess(self, row: TableRow) -> float:
        """Returns by which share of the bound a row misses it: 0 where it keeps to it."""
        value = self.value(row)
        if value is None:
            return float("inf")
        apart = self.bound - value if self.is_least else value - self.bound
        return max(0.0, apart / self.bound)


@dataclass(frozen=True)
class Pick:
    """What a choice came to.

    Attributes:
        best: the most accurate row within the limits; the fastest of those that are.
        front: rows within the limits that none of the others beats in accuracy and latency, the
            most accurate first.
        fitting: how many rows keep to the limits.
        nearest: where none does, the row that misses them by the smallest shares together.
        missed: by what it misses them, in words.
    """

    best: TableRow | None
    front: tuple[TableRow, ...]
    fitting: int
    nearest: TableRow | None = None
    missed: tuple[str, ...] = ()


def limits_of(
    *,
    latency_ms: float | None = None,
    size_mb: float | None = None,
    memory_mb: float | None = None,
    accuracy: float | None = None,
) -> list[Limit]:
    """Returns what rows must keep to; None is no limit."""
    wanted = [
        Limit("ms", latency_ms_of, latency_ms or 0) if latency_ms is not None else None,
        Limit("MB on disk", size_mb_of, size_mb or 0) if size_mb is not None else None,
        Limit("MB of memory", memory_mb_of, memory_mb or 0) if memory_mb is not None else None,
        Limit("accuracy", leading_figure_of, accuracy or 0, is_least=True)
        if accuracy is not None
        else None,
    ]
    return [limit for limit in wanted if limit is not None]


def pick(table: Table, limits: Sequence[Limit]) -> Pick:
    """Returns which row of a table of validation figures to deploy.

    Rows that do not answer as in PyTorch, or could not be timed, are no choice.
    """
    rows = [
        row
        for row in table.rows
        if not row.notes and leading_figure_of(row) is not None and latency_ms_of(row) is not None
        if row.cascade is None  # chosen by what it promises: kdzoo pick --escalate-to
    ]
    fitting = [row for row in rows if all(limit.excess(row) == 0 for limit in limits)]
    if fitting:
        front = tuple(row for row in sorted(fitting, key=_rank) if not _is_beaten(row, fitting))
        return Pick(front[0], front, len(fitting))
    if not rows:
        return Pick(None, (), 0)
    nearest = min(rows, key=lambda row: (sum(limit.excess(row) for limit in limits), *_rank(row)))
    missed = tuple(_missed(limit, nearest) for limit in limits if limit.excess(nearest) > 0)
    return Pick(None, (), 0, nearest, missed)


def _rank(row: TableRow) -> tuple[float, float]:
    return -(leading_figure_of(row) or 0.0), latency_ms_of(row) or 0.0


def _is_beaten(row: TableRow, others: Sequence[TableRow]) -> bool:
    accuracy, latency_ms = -_rank(row)[0], _rank(row)[1]
    for other in others:
        better, faster = -_rank(other)[0], _rank(other)[1]
        if (
            better >= accuracy
            and faster <= latency_ms
            and (better, faster) != (accuracy, latency_ms)
        ):
            return True
    return False


def _missed(limit: Limit, row: TableRow) -> str:
    value = limit.value(row)
    word = "at least" if limit.is_least else "at most"
    if value is None:
        return f"{limit.name} not measured"
    digits = next(n for n in range(3, 18) if float(f"{value:.{n}g}") != limit.bound or n == 17)
    found = f"{value:.{digits}g} {row.leading_title if limit.is_least else limit.name}"
    if limit.value is latency_ms_of:
        found = marked(found, row.latency)
    return f"{found} (wanted {word} {limit.bound:g})"
