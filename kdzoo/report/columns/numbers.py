"""How numbers print in tables."""

from __future__ import annotations

import math

from kdzoo.measure import Ratio
from kdzoo.report.figures.spread import Spread

NOTHING = "–"


def percent(spread: Spread) -> str:
    """Returns ``86.8 ± 0.3``, in per cent; no deviation where there was one seed."""
    if math.isnan(spread.mean):
        return NOTHING
    deviation = "" if math.isnan(spread.sd) else f" ± {spread.sd * 100:.1f}"
    return f"{spread.mean * 100:.1f}{deviation}"


def estimate(spread: Spread) -> str:
    """Returns ``0.868 (0.851 to 0.884)``: a figure with its interval over texts."""
    if math.isnan(spread.mean):
        return NOTHING
    found = spread.interval
    if found is None or found.low is None or found.high is None:
        return f"{spread.mean:.3f}"
    return f"{spread.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def points(value: float) -> str:
    """Returns a share in per cent, with one decimal."""
    return f"{round(value * 100, 1) + 0.0:.1f}"  # no -0.0


def millions(count: int) -> str:
    """Returns a count in millions."""
    return f"{count / 1e6:.2f}"


def share(value: float) -> str:
    """Returns the closed share of a gap, in per cent."""
    return f"{value * 100:.0f} %"


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
