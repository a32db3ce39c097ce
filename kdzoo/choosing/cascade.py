"""Which student may answer in a teacher's place, and from which score on, by validation texts."""

from __future__ import annotations

import operator
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kdzoo.errors import ModelError, RecipeError, StoreError, did_you_mean
from kdzoo.registry import runtimes
from kdzoo.results import ManifestRow, Member, Store
from kdzoo.results.opened import opened
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
from kdzoo.task import SINGLE_LABEL

SCORE_COLUMNS = {  # of the outcomes, by the name of what tells how sure a student is
    "confidence": "calibrated_confidence",
    "margin": "margin",
    "energy": "energy",
    "in_scope": "in_scope",
}


@dataclass(frozen=True)
class Wanted:
    """What a cascade has to keep to; one of the two.

    Attributes:
        max_loss: share of texts that may be lost against the teacher, with 95 % confidence.
        max_escalated: share of the validation texts that the teacher may answer.
    """

    max_loss: float | None = None
    max_escalated: float | None = None


@dataclass(frozen=True)
class CascadeLine:
    """A student in a form that asks a teacher where it is not sure.

    Attributes:
        name: the student's row.
        runtime: of both.
        member: the student's seed; the first of its row.
        teacher_key: of the model that is asked.
        threshold: fitted on validation.
        validation: what it comes to on the texts on which it was fitted.
        test: the same on test texts; None where test was not read.
    """

    name: str
    runtime: str
    member: Member
    teacher_key: str
    threshold: Threshold
    validation: Cascaded
    test: Cascaded | None


@dataclass(frozen=True)
class _Pair:
    """The outcomes of a student's form, and of the teacher's beside it."""

    row: ManifestRow
    runtime: str
    teacher_key: str
    student: pd.DataFrame
    teacher: pd.DataFrame

    def rights(self, split: str) -> tuple[Flags, Flags]:
        """Returns whether each text of a split is answered rightly, by either, [N] each."""
        own, other = (
            outcomes[outcomes["split"] == split] for outcomes in (self.student, self.teacher)
        )
        student = (own["gold"] == own["prediction"]).to_numpy()
        return student, (other["gold"] == other["prediction"]).to_numpy()

    def scores(self, split: str) -> dict[str, Scores]:
        """Returns how sure the student is of each text of a split, by the score's name."""
        own = self.student[self.student["split"] == split]
        found = {name: own[column].to_numpy(float) for name, column in SCORE_COLUMNS.items()}
        return {name: values for name, values in found.items() if np.isfinite(values).all()}


def find_cascades(
    store: Store,
    escalate_to: str,
    wanted: Wanted,
    model: str | None = None,
    runtime: str | None = None,
) -> list[CascadeLine]:
    """Returns the cascades that keep to what is wanted, the best first.

    All of them keep the promise together, so that any may be chosen: they share its risk.

    Args:
        store: the study.
        escalate_to: the row of the model that is asked, as ``teacher``.
        wanted: the promise, or the budget.
        model: the row of the only student that is looked at.
        runtime: the only one that is looked at.

    Raises:
        ModelError: there are no such rows, or student and teacher have other labels.
        RecipeError: validation is too small for the promise, or its texts have several labels.
        StoreError: the store lacks their outcomes.
    """
    store = opened(store)
    rows = {row.name: row for row in store.manifest().rows}
    if any(_has_several(store, row) for row in rows.values()):
        raise RecipeError(
            f"the texts of {store.root} may have several labels, and a cascade is of models that "
            "give one; deploy a student alone: kdzoo pick without --escalate-to"
        )
    teacher = _teacher(rows, escalate_to, store)
    pairs = [
        pair
        for row in _students(rows, teacher, model, store)
        for pair in _pairs(store, row, teacher)
        if runtime is None or pair.runtime == runtime
    ]
    if not pairs:
        where = "" if runtime is None else f" for {runtime}, that answers as in PyTorch,"
        raise StoreError(
            f"{store.root} has no form of a student{where} whose validation texts '{escalate_to}' "
            "answered too; run its recipe again"
            + ("" if runtime is None else f", with {runtime} in measure.runtimes")
        )
    lines = [_line(pair, wanted, len(pairs)) for pair in pairs]
    by = operator.attrgetter("validation.escalated", "validation.loss")
    if wanted.max_loss is None:
        by = operator.attrgetter("validation.loss", "validation.escalated")
    return sorted(lines, key=by)


def check_wanted(wanted: Wanted, escalate_to: str) -> None:
    """Looks whether what is wanted of a cascade can be.

    Raises:
        RecipeError: there is no promise, or two, or one that nothing keeps.
    """
    given = {"--max-loss": wanted.max_loss, "--max-escalated": wanted.max_escalated}
    said = {name: value for name, value in given.items() if value is not None}
    if len(said) != 1:
        raise RecipeError(
            f"--escalate-to {shlex.quote(escalate_to)} needs a promise: give either --max-loss "
            "0.005 (accuracy below the teacher's) or --max-escalated 0.15 (share of the texts)"
        )
    ((name, value),) = said.items()
    if not 0 < value < 1:
        share = (
            f"{value / 100:g}" if 1 < value <= 100 else "0.005" if name == "--max-loss" else "0.15"
        )
        raise RecipeError(f"{name} {value:g}: write a share between 0 and 1, as in {share}")


def _has_several(store: Store, row: ManifestRow) -> bool:
    return store.read(row.members[0].key).data.task != SINGLE_LABEL.name


def _teacher(rows: Mapping[str, ManifestRow], name: str, store: Store) -> ManifestRow:
    if name not in rows:
        raise ModelError(
            f"{store.root} has no model '{name}' to escalate to; {did_you_mean(name, rows)}"
        )
    return rows[name]


def _students(
    rows: Mapping[str, ManifestRow], teacher: ManifestRow, model: str | None, store: Store
) -> list[ManifestRow]:
    """Returns the rows to look at: those with the teacher's labels, or the one that is named."""
    students = {name: row for name, row in rows.items() if row.role == "student"}
    if model is None:
        labels = store.read(teacher.members[0].key).data.labels
        known = [row for row in students.values() if row.name != teacher.name]
        return [row for row in known if store.read(row.members[0].key).data.labels == labels]
    if model not in students:
        raise ModelError(f"{store.root} has no student '{model}'; {did_you_mean(model, students)}")
    if model == teacher.name:
        raise ModelError(f"'{model}' cannot escalate to itself; name the teacher: --escalate-to")
    _check_labels(store, students[model], teacher)
    return [students[model]]


def _check_labels(store: Store, student: ManifestRow, teacher: ManifestRow) -> None:
    own, other = (store.read(row.members[0].key).data.labels for row in (student, teacher))
    if own != other:
        lacking = next((label for label in own if label not in other), own[0])
        raise ModelError(
            f"'{student.name}' and '{teacher.name}' have other labels ('{lacking}' stands "
            "otherwise there): a cascade needs a teacher of the same data"
        )


def _pairs(store: Store, row: ManifestRow, teacher: ManifestRow) -> Iterator[_Pair]:
    """Yields a student's forms that answer as in PyTorch, each beside the teacher's."""
    member = row.members[0]
    keys = {lent.key: lent for lent in teacher.members}
    seeds = {lent.seed: lent.key for lent in teacher.members}
    asked = member.teacher_key if member.teacher_key in keys else None
    asked = asked or seeds.get(member.seed, teacher.members[0].key)
    for runtime in exported(row.runtimes) or row.runtimes:
        own = _outcomes(store, member.key, runtime)
        other = _outcomes(store, asked, runtime)
        other = _outcomes(store, asked, "torch") if other is None else other
        if own is not None and other is not None:
            pair = _Pair(row, runtime, asked, own, other)
            if _are_of_one_data(pair, "validation"):
                yield pair


def exported(names: Sequence[str]) -> list[str]:
    """Returns those of the runtimes for which a cascade can be exported."""
    known = runtimes.entries()
    return [name for name in names if name in known and known[name].export is not None]


def _outcomes(store: Store, key: str, runtime: str) -> pd.DataFrame | None:
    """Returns the outcomes of a form; None where there is none, or it answers otherwise."""
    if runtime == "torch":
        return store.predictions(key)
    form = store.read_form(key, runtime)
    if form is None or form.failure is not None or not (form.parity and form.parity.passed):
        return None
    return store.predictions(key, runtime)


def _are_of_one_data(pair: _Pair, split: str) -> bool:
    own, other = (
        outcomes.loc[outcomes["split"] == split, "gold"].to_numpy()
        for outcomes in (pair.student, pair.teacher)
    )
    return len(own) > 0 and np.array_equal(own, other)


def _line(pair: _Pair, wanted: Wanted, candidates: int) -> CascadeLine:
    student, teacher = pair.rights("validation")
    scores = pair.scores("validation")
    if not scores:
        raise StoreError(
            f"the outcomes of '{pair.row.name}' do not say how sure it is; run its recipe again "
            "with this kdzoo"
        )
    if wanted.max_escalated is not None:
        threshold = within(scores, student, teacher, wanted.max_escalated)
    else:
        assert wanted.max_loss is not None  # noqa: S101 - ``check_wanted`` saw one of them
        needed = texts_needed(wanted.max_loss, RISK / candidates / len(scores))
        if len(student) < needed:
            raise RecipeError(
                f"validation has {len(student):,} texts, too few for --max-loss "
                f"{wanted.max_loss:g}: even if none of them is lost, {needed:,} texts would do at "
                f"least{_fewer(candidates)}; promise less, as in --max-loss "
                f"{_least_loss(len(student), candidates * len(scores)):g}"
            )
        threshold = promised(scores, student, teacher, wanted.max_loss, RISK / candidates)
    return CascadeLine(
        name=pair.row.name,
        runtime=pair.runtime,
        member=pair.row.members[0],
        teacher_key=pair.teacher_key,
        threshold=threshold,
        validation=_read(pair, threshold, "validation"),
        test=_read(pair, threshold, "test") if _are_of_one_data(pair, "test") else None,
    )


def _fewer(candidates: int) -> str:
    return (
        f" for all {candidates} lines together (--model NAME needs fewer)" if candidates > 1 else ""
    )


def _least_loss(texts: int, parts: int) -> float:
    """Returns the least loss that so many texts can promise, rounded up to a tenth of a point."""
    least = 1 - (RISK / parts) ** (1 / texts)
    return float(np.ceil(least * 1000) / 1000)


def _read(pair: _Pair, threshold: Threshold, split: str) -> Cascaded:
    student, teacher = pair.rights(split)
    return cascaded(threshold.answers(pair.scores(split)[threshold.score]), student, teacher)
