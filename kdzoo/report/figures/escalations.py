"""How many texts a teacher still answers where each student answers what it is sure of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdzoo.results import ManifestRow, Store
from kdzoo.statistics.cascade import Cascaded
from kdzoo.statistics.escalation import EscalationPair, escalation_pairs, kept
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
    """

    name: str
    runtime: str
    max_loss: float
    read: Cascaded | None


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
    by_row = {row.name: _pairs(store, row, rows) for row in rows if row.role == "student"}
    pairs = {name: [pair for pair in found if pair.texts(split)] for name, found in by_row.items()}
    candidates = sum(map(len, pairs.values()))
    return [
        _best(found, max_loss, candidates, split)
        for found in pairs.values()
        if found
        for max_loss in PROMISES
    ]


def _pairs(store: Store, row: ManifestRow, rows: Sequence[ManifestRow]) -> list[EscalationPair]:
    """Returns the student's forms beside the teacher that it learnt from, or else the first."""
    teachers = [other for other in rows if other.role == "teacher"]
    own = row.members[0].teacher_key
    asked = next((other for other in teachers if own in {m.key for m in other.members}), None)
    known = [row.members[0].key, own or ""]
    if asked is None or any("validation" not in store.read(key).quality for key in known):
        return []
    pairs = escalation_pairs(store, row, asked)
    return [pair for pair in pairs if pair.scores("validation")]


def _best(
    pairs: Sequence[EscalationPair], max_loss: float, candidates: int, split: str
) -> Escalation:
    found = [(pair, kept(pair, max_loss, candidates)) for pair in pairs]
    fitted = [(pair, threshold) for pair, threshold in found if threshold is not None]
    if not fitted:
        return Escalation(pairs[0].row.name, pairs[0].runtime, max_loss, None)
    pair, threshold = min(fitted, key=lambda fit: fit[0].read(fit[1], "validation").escalated)
    return Escalation(pair.row.name, pair.runtime, max_loss, pair.read(threshold, split))
