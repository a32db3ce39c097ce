"""Shares and sizes as sentences give them; ``report/columns/numbers.py`` has those of tables."""

from __future__ import annotations


def hundredths(share: float, decimals: int = 1) -> str:
    """Returns a share in per cent, as ``86.8``, where the sign stands elsewhere."""
    return f"{share * 100:.{decimals}f}"


def percent(share: float, decimals: int = 1) -> str:
    """Returns a share as ``86.8 %``."""
    return f"{hundredths(share, decimals)} %"


def share_of(count: int, total: int, called: str) -> str:
    """Returns how many of some things, as ``4 of 8 texts (50.0 %)``."""
    return f"{count:,} of {total:,} {called} ({percent(count / max(1, total))})"


def percent_as_given(share: float) -> str:
    """Returns a share that somebody wrote, with the digits that it has: ``0.5 %``."""
    return f"{share * 100:g} %"


def points_as_given(share: float) -> str:
    """Returns such a share as a difference: ``1 point`` or ``0.5 points``."""
    return f"{share * 100:g} point{'s' * (share != 0.01)}"


def change_in_points(change: float) -> str:
    """Returns a change of a share in points, as ``+0.25``."""
    return f"{change * 100:+.2f}"


def in_megabytes(size_bytes: float, decimals: int = 1) -> str:
    """Returns a size as ``12.3 MB`` (10^6 bytes)."""
    return f"{size_bytes / 1e6:.{decimals}f} MB"
