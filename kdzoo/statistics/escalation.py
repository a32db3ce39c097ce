"""Students beside the teacher that would answer for them: what a promise takes of their texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kdzoo.amounts import percent
from kdzoo.registry import exported_runtimes
from kdzoo.results import ManifestRow, Store
from kdzoo.statistics.cascade import (
    RISK,
    Cascaded,
    Flags,
    Scores,
    Threshold,
    cascaded,
    promised,
    texts_needed,
    within,
)
from kdzoo.statistics.shift import shift_in_words

SCORE_COLUMNS = {  # of the outcomes, by the name of what tells how sure a student is
    "confidence": "calibrated_confidence",
    "margin": "margin",
    "energy": "energy",
    "in_scope": "in_scope",
}
_CHANCE = f"that may be chance: a promise holds with {percent(1 - RISK, 0)} confidence"


@dataclass(frozen=True)
class Wanted:
    """What a cascade has to keep to; one of the two.

    Attributes:
        max_loss: share of texts that may be lost against the teacher, with 95 % confidence.
        max_escalated: maximum share of the validation texts that the teacher answers; fewer where
            that is no less accurate.
    """

    max_loss: float | None = None
    max_escalated: float | None = None


@dataclass(frozen=True)
class EscalationPair:
    """The outcomes of a student's form, and of the teacher's beside it.

    Attributes:
        row: the student's.
        runtime: of the form.
        teacher_key: of the model that is asked.
        student: its outcomes.
        teacher: those of the model that is asked, on the same texts.
        oos: the label of texts out of scope; None where there is none.
    """

    row: ManifestRow
    runtime: str
    teacher_key: str
    student: pd.DataFrame
    teacher: pd.DataFrame
    oos: int | None = None

    def rights(self, split: str) -> tuple[Flags, Flags]:
        """Returns whether each text of a split is answered rightly, by either, [N] each."""
        own, other = (
            outcomes[outcomes["split"] == split] for outcomes in (self.student, self.teacher)
        )
        student = (own["gold"] == own["prediction"]).to_numpy()
        return student, (other["gold"] == other["prediction"]).to_numpy()

    def scores(self, split: str) -> dict[str, Scores]:
        """Returns how sure the student is of each text of a split, by the score's name.

        Where no label is out of scope, ``in_scope`` is the confidence once more, and is left out:
        each score that is tried takes its share of the risk.
        """
        own = self.student[self.student["split"] == split]
        found = {name: own[column].to_numpy(float) for name, column in SCORE_COLUMNS.items()}
        confidence, in_scope = (
            self.student[SCORE_COLUMNS[name]] for name in ("confidence", "in_scope")
        )
        if (in_scope == confidence).all():
            del found["in_scope"]
        return {name: values for name, values in found.items() if np.isfinite(values).all()}

    def texts(self, split: str) -> int:
        """Returns how many texts of a split both have answered; none where they are others."""
        own, other = (
            outcomes.loc[outcomes["split"] == split, "gold"].to_numpy()
            for outcomes in (self.student, self.teacher)
        )
        return len(own) if np.array_equal(own, other) else 0

    def read(self, threshold: Threshold, split: str) -> Cascaded:
        """Returns what a threshold makes of a split."""
        student, teacher = self.rights(split)
        return cascaded(threshold.answers(self.scores(split)[threshold.score]), student, teacher)

    def why_broken(self, read: Cascaded, max_loss: float | None, split: str) -> str | None:
        """Returns why more of a split may be lost than was promised; None where it is not.

        Args:
            read: what a threshold makes of the split.
            max_loss: what was promised; None where nothing was.
            split: its name.
        """
        if max_loss is None or read.lost <= max_loss:
            return None
        validation, other = (
            self.student.loc[self.student["split"] == each, "gold"].to_numpy()
            for each in ("validation", split)
        )
        shift = shift_in_words(validation, other, split, self.oos)
        return f"on {split} more is lost than was promised; {shift or _CHANCE}"


def escalation_pairs(
    store: Store, row: ManifestRow, teacher: ManifestRow
) -> Iterator[EscalationPair]:
    """Yields a student's forms that answer as in PyTorch, each beside the teacher's.

    Args:
        store: of the study.
        row: the student's; its first seed is looked at.
        teacher: the row of the model that is asked.
    """
    member = row.members[0]
    keys = {lent.key: lent for lent in teacher.members}
    seeds = {lent.seed: lent.key for lent in teacher.members}
    asked = member.teacher_key if member.teacher_key in keys else None
    asked = asked or seeds.get(member.seed, teacher.members[0].key)
    for runtime in exported_runtimes(row.runtimes) or row.runtimes:
        own = _outcomes(store, member.key, runtime)
        other = _outcomes(store, asked, runtime)
        if other is None and not _answers_otherwise(store, asked, runtime):
            other = _outcomes(store, asked, "torch")
        if own is not None and other is not None:
            oos = store.read(member.key).data.oos
            pair = EscalationPair(row, runtime, asked, own, other, oos)
            if pair.texts("validation"):
                yield pair


def _outcomes(store: Store, key: str, runtime: str) -> pd.DataFrame | None:
    """Returns the outcomes of a form; None where there is none, or it answers otherwise."""
    if runtime == "torch":
        return store.outcomes(key)
    form = store.read_form(key, runtime)
    if form is None or form.failure is not None or not (form.parity and form.parity.passed):
        return None
    return store.outcomes(key, runtime)


def _answers_otherwise(store: Store, key: str, runtime: str) -> bool:
    """Whether a form is there, and is not what was measured in PyTorch."""
    form = store.read_form(key, runtime) if runtime != "torch" else None
    return form is not None and form.failure is None


def teacher_beside(row: ManifestRow, rows: Sequence[ManifestRow]) -> ManifestRow | None:
    """Returns the row of the teacher that a student learnt from; None where it has none."""
    own = row.members[0].teacher_key
    teachers = (other for other in rows if other.role == "teacher")
    return next((other for other in teachers if own in {m.key for m in other.members}), None)


def pairs_with_teacher(
    store: Store, row: ManifestRow, rows: Sequence[ManifestRow]
) -> list[EscalationPair]:
    """Returns a student's forms beside the teacher that it learnt from, as far as it has scores.

    Args:
        store: of the study.
        row: the student's.
        rows: all of the study.
    """
    asked = teacher_beside(row, rows)
    known = [row.members[0].key, row.members[0].teacher_key or ""]
    if asked is None or any("validation" not in store.read(key).quality for key in known):
        return []
    pairs = escalation_pairs(store, row, asked)
    return [pair for pair in pairs if pair.scores("validation")]


def threshold_for(pair: EscalationPair, wanted: Wanted, candidates: int) -> Threshold | None:
    """Returns the threshold that keeps to what is wanted; None where validation is too small.

    Args:
        pair: whose validation texts are looked at; it has scores.
        wanted: the promise, or the budget.
        candidates: pairs that one may choose from: they share the promise's risk.
    """
    scores = pair.scores("validation")
    student, teacher = pair.rights("validation")
    if wanted.max_escalated is not None:
        return within(scores, student, teacher, wanted.max_escalated)
    max_loss = wanted.max_loss or 0.0
    if len(student) < texts_for(pair, max_loss, candidates):
        return None
    return promised(scores, student, teacher, max_loss, RISK / candidates)


def texts_for(pair: EscalationPair, max_loss: float, candidates: int) -> int:
    """Returns how many validation texts a promise needs at least, where not one is lost."""
    return texts_needed(max_loss, RISK / candidates / len(pair.scores("validation")))
