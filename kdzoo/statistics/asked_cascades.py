"""The cascades that recipes ask rows for: each exported form of a student beside its teacher."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kdzoo.digest import content_hash
from kdzoo.recipe.measure import Escalate
from kdzoo.registry import exported_runtimes
from kdzoo.results import ManifestRow, Store
from kdzoo.statistics.cascade import Threshold
from kdzoo.statistics.escalation import (
    EscalationPair,
    Wanted,
    pairs_with_teacher,
    teacher_beside,
    texts_for,
    threshold_for,
)
from kdzoo.task import SINGLE_LABEL


@dataclass(frozen=True)
class AskedCascade:
    """A form of a student of which a recipe wants to know what it comes to with its teacher.

    Attributes:
        row: the student's; its first seed is looked at.
        escalate: what the recipe says.
        teacher: the name of the teacher's row.
        runtime: of the form.
        pair: what both made of the texts; None where the form does not answer as in PyTorch, or
            the teacher has no answers.
        threshold: from where on the student answers; None where validation is too small.
        texts_needed: validation texts that a promise needs at least; 0 where none is made.
    """

    row: ManifestRow
    escalate: Escalate
    teacher: str
    runtime: str
    pair: EscalationPair | None = None
    threshold: Threshold | None = None
    texts_needed: int = 0

    @property
    def name(self) -> str:
        """Of its row in the table."""
        return f"{self.row.name} + {self.teacher}"

    @property
    def timed_as(self) -> str:
        """What a session calls it: with another threshold or teacher it is another cascade."""
        if self.pair is None or self.threshold is None:
            return ""
        rule = [self.pair.teacher_key, self.threshold.score, repr(self.threshold.value)]
        return f"cascade/{self.runtime}/{content_hash(rule)}"


def asked_cascades(store: Store) -> list[AskedCascade]:
    """Returns the cascades of a study that its recipes ask for (``measure.escalate``).

    All promises hold together, so that any may be chosen: the lines share the risk.

    Args:
        store: of the study, with its manifest.
    """
    rows = store.manifest().rows
    asking = [
        (row, escalate, teacher.name)
        for row in rows
        if (escalate := row.escalate) is not None
        if (teacher := teacher_beside(row, rows)) is not None
        if store.read(row.members[0].key).data.task == SINGLE_LABEL.name
    ]
    pairs = {
        row.name: {pair.runtime: pair for pair in pairs_with_teacher(store, row, rows)}
        for row, _, _ in asking
    }
    candidates = sum(map(len, pairs.values()))
    return [
        asked
        for row, escalate, teacher in asking
        for asked in _of_row(row, escalate, teacher, pairs[row.name], candidates)
    ]


def _of_row(
    row: ManifestRow,
    escalate: Escalate,
    teacher: str,
    pairs: Mapping[str, EscalationPair],
    candidates: int,
) -> Iterator[AskedCascade]:
    wanted = Wanted(escalate.max_loss, escalate.max_escalated)
    for runtime in exported_runtimes(row.runtimes):
        pair = pairs.get(runtime)
        if pair is None:
            yield AskedCascade(row, escalate, teacher, runtime)
            continue
        needed = 0 if wanted.max_loss is None else texts_for(pair, wanted.max_loss, candidates)
        threshold = threshold_for(pair, wanted, candidates)
        yield AskedCascade(row, escalate, teacher, runtime, pair, threshold, needed)
