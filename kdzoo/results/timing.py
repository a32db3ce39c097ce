"""A latency session as it is written down, whoever measured it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kdzoo.measure import environment
from kdzoo.results.record import Session, Timing, now

if TYPE_CHECKING:
    from kdzoo.measure import Measured, Speed, Work


def timing_of(key: str, runtime: str, speed: Speed, work: Work | None = None) -> Timing:
    """Returns what one model in one runtime cost.

    Args:
        key: of the model.
        runtime: its registered name, or what a cascade is timed as.
        speed: what was measured.
        work: of the trained model, for one text; None where there is none, or it says nothing.
    """
    counted = {}
    if work is not None:
        counted = {"tokens": work.tokens, "flops": work.flops, "flops_failure": work.failure}
    return Timing(key=key, runtime=runtime, **counted, **speed.model_dump())


def session_of(name: str, measured: Measured, timings: Iterable[Timing]) -> Session:
    """Returns a session that this machine has just measured.

    Args:
        name: its id.
        measured: what came out.
        timings: of its rows, in their order.
    """
    return Session(
        id=name,
        threads=measured.threads,
        timings=tuple(timings),
        conditions=measured.conditions,
        environment=environment(),
        created=now(),
    )
