"""How numbers print in tables; ``amounts.py`` has those of sentences."""

from __future__ import annotations

import math

from kdzoo.amounts import hundredths, percent
from kdzoo.measure import Ratio
from kdzoo.report.figures.spread import Spread
from kdzoo.statistics import Gap, Interval

NOTHING = "–"


def spread_percent(spread: Spread) -> str:
    """Returns ``86.8 ± 0.3``, in per cent; no deviation where there was one seed."""
    if math.isnan(spread.mean):
        return NOTHING
    deviation = "" if math.isnan(spread.sd) else f" ± {hundredths(spread.sd)}"
    return f"{hundredths(spread.mean)}{deviation}"


def estimate(spread: Spread) -> str:
    """Returns ``0.868 (0.851 to 0.884)``: a figure with its interval over texts."""
    if math.isnan(spread.mean):
        return NOTHING
    found = spread.interval
    if found is None or found.low is None or found.high is None:
        return f"{spread.mean:.3f}"
    return f"{spread.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def points(value: float | None) -> str:
    """Returns a share, or a difference of two, in per cent; a dash where it is not known."""
    return NOTHING if value is None else f"{round(value * 100, 1) + 0.0:.1f}"  # no -0.0


def interval(found: Interval) -> str:
    """Returns an interval in per cent; a dash where it is not known."""
    if found.low is None or found.high is None:
        return NOTHING
    return f"{points(found.low)} to {points(found.high)}"


def three_digits(value: float | None) -> str:
    """Returns a figure with three digits, zeros too; a dash where it is not known."""
    return NOTHING if value is None else f"{value:#.3g}".rstrip(".")


def p_value(value: float | None) -> str:
    """Returns how likely chance alone would be; a dash where that is not known."""
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def millions(count: int) -> str:
    """Returns a count in millions."""
    return f"{count / 1e6:.2f}"


def closed_share(value: float) -> str:
    """Returns the closed share of a gap, in per cent."""
    return percent(value, 0)


def closed_gap(found: Gap | None) -> str:
    """Returns that share with its interval; a dash where it is not known."""
    if found is None:
        return NOTHING
    ends = [
        NOTHING if end is None else hundredths(end, 0)
        for end in (found.closed.low, found.closed.high)
    ]
    return f"{closed_share(found.closed.value)} ({ends[0]} to {ends[1]})"


def milliseconds(value: float) -> str:
    """Returns a latency in milliseconds, with about three digits."""
    return f"{value:.3f}" if value < 0.9995 else f"{value:.2f}" if value < 9.995 else f"{value:.1f}"


def megabytes(size: int) -> str:
    """Returns a size in MB (10^6 bytes)."""
    return f"{size / 1e6:.1f}" if size < 1e8 else f"{size / 1e6:.0f}"


def times(ratio: Ratio) -> str:
    """Returns how many times faster, with its 95 % interval."""
    interval = (
        ""
        if ratio.low is None or ratio.high is None
        else (f" ({short(ratio.low)}–{short(ratio.high)})")
    )
    return f"{short(ratio.times)} ×{interval}"


def short(value: float) -> str:
    """Returns a ratio with about three digits."""
    return f"{value:.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"
