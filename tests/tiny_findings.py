"""What outcomes say of a row, written by hand."""

from __future__ import annotations

from kdzoo.report.figures.findings import Finding
from kdzoo.statistics import Calibration, Gap, Interval


def a_finding(gap_closed: float) -> Finding:
    """Returns that a student closed such a share of its gap, and nothing else."""
    return Finding(
        metrics={},
        over_seeds=Interval(0.8),
        over_texts=Interval(0.8),
        calibration=Calibration(0.1, 0.1, None, None, None),
        gap=Gap(0.2, Interval(gap_closed)),
    )
