"""How many texts a teacher still answers where each student answers what it is sure of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdzoo.results import Store
from kdzoo.statistics.cascade import Cascaded
from kdzoo.statistics.escalation import (
    EscalationPair,
    Wanted,
    pairs_with_teacher,
    threshold_for,
)
from kdzoo.task import SINGLE_LABEL

PROMISES = (0.005, 0.01, 0.02)  # shares of texts that may be lost against the teacher


@dataclass(frozen=True)
class Escalation:
    """A student that asks its teacher where it is not sure, so that a promise holds.

    Attributes:
        name: the student's row.
        runtime: the form that asks for the fewest texts on validation.
        max_loss: what is promised: the share of texts that are lost against the teacher.
        read: what comes of it on the table's split; None where validation is too small to promise.
        broken: why more of that is lost than was promised; None where it is not.
    """

    name: str
    runtime: str
    max_loss: float
    read: Cascaded | None
    broken: str | None = None


def find_escalations(store: Store, split: str) -> list[Escalation]:
    """Returns each student's, for each promise; none where texts may have several labels.

    All lines of a promise hold together, so that any may be chosen.

    Args:
        store: of the study.
        split: on which they are read.
    """
    rows = store.manifest().rows
    if any(store.read(row.members[0].key).data.task != SINGLE_LABEL.name for row in rows):
        return []
    by_row = {
        row.name: pairs_with_teacher(store, row, rows) for row in rows if row.role == "student"
    }
    pairs = {name: [pair for pair in found if pair.texts(split)] for name, found in by_row.items()}
    candidates = sum(map(len, pairs.values()))
    return [
        _best(found, max_loss, candidates, split)
        for found in pairs.values()
        if found
        for max_loss in PROMISES
    ]


def _best(
    pairs: Sequence[EscalationPair], max_loss: float, candidates: int, split: str
) -> Escalation:
    found = [(pair, threshold_for(pair, Wanted(max_loss), candidates)) for pair in pairs]
    known = [(pair, threshold) for pair, threshold in found if threshold is not None]
    if not known:
        return Escalation(pairs[0].row.name, pairs[0].runtime, max_loss, None)
    pair, threshold = min(known, key=lambda fit: fit[0].read(fit[1], "validation").escalated)
    read = pair.read(threshold, split)
    broken = pair.why_broken(read, max_loss, split)
    return Escalation(pair.row.name, pair.runtime, max_loss, read, broken)
