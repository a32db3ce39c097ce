"""Which student may answer in a teacher's place, and from which score on, by validation texts."""

from __future__ import annotations

import operator
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from kdzoo.errors import ModelError, RecipeError, StoreError, did_you_mean
from kdzoo.results import ManifestRow, Member, Store
from kdzoo.results.opened import opened
from kdzoo.statistics.cascade import RISK, Cascaded, Threshold
from kdzoo.statistics.escalation import (
    EscalationPair,
    Wanted,
    escalation_pairs,
    texts_for,
    threshold_for,
)
from kdzoo.task import SINGLE_LABEL


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
        broken: why more of them may be lost than was promised; None where it is not.
    """

    name: str
    runtime: str
    member: Member
    teacher_key: str
    threshold: Threshold
    validation: Cascaded
    test: Cascaded | None
    broken: str | None


def find_cascades(
    store: Store,
    escalate_to: str,
    wanted: Wanted,
    model: str | None = None,
    runtime: str | None = None,
    among: int | None = None,
) -> list[CascadeLine]:
    """Returns the cascades that keep to what is wanted, the best first.

    All of them keep the promise together, so that any may be chosen: they share its risk.

    Args:
        store: the study.
        escalate_to: the row of the model that is asked, as ``teacher``.
        wanted: the promise, or the budget.
        model: the row of the only student that is looked at.
        runtime: the only one that is looked at.
        among: of how many cascades these were chosen; of those that are looked at by default.

    Raises:
        ModelError: there are no such rows, or student and teacher have other labels.
        RecipeError: validation is too small for the promise, or its texts have several labels.
        StoreError: the store lacks their outcomes.
    """
    store = opened(store)
    pairs = [
        pair
        for pair in _pairs(store, escalate_to, model)
        if runtime is None or pair.runtime == runtime
    ]
    if not pairs:
        where = "" if runtime is None else f" for {runtime}, that answers as in PyTorch,"
        raise StoreError(
            f"{store.root} has no form of a student{where} whose validation texts '{escalate_to}' "
            "answered too, in a form that answers so; run its recipe again"
            + ("" if runtime is None else f", with {runtime} in measure.runtimes")
        )
    lines = [_line(pair, wanted, among or len(pairs)) for pair in pairs]
    by = operator.attrgetter("validation.escalated", "validation.loss")
    if wanted.max_loss is None:
        by = operator.attrgetter("validation.loss", "validation.escalated")
    return sorted(lines, key=by)


def count_cascades(store: Store, escalate_to: str) -> int:
    """Returns how many cascades a study has: of each student's forms, with the model that is asked.

    Raises:
        ModelError: there is no such row.
        RecipeError: its texts have several labels.
        StoreError: the folder is no study.
    """
    return len(_pairs(opened(store), escalate_to))


def _pairs(store: Store, escalate_to: str, model: str | None = None) -> list[EscalationPair]:
    """Returns the forms of all students, or of one, each beside the model that is asked."""
    rows = {row.name: row for row in store.manifest().rows}
    if any(_has_several(store, row) for row in rows.values()):
        raise RecipeError(
            f"{store.root}: texts have several labels, or a label for each word, and a cascade is "
            "of models that give one; deploy a student alone: kdzoo pick without --escalate-to"
        )
    teacher = _teacher(rows, escalate_to, store)
    students = _students(rows, teacher, model, store)
    return [pair for row in students for pair in escalation_pairs(store, row, teacher)]


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


def _line(pair: EscalationPair, wanted: Wanted, candidates: int) -> CascadeLine:
    scores = pair.scores("validation")
    if not scores:
        raise StoreError(
            f"the outcomes of '{pair.row.name}' do not say how sure it is; run its recipe again "
            "with this kdzoo"
        )
    threshold = threshold_for(pair, wanted, candidates)
    if threshold is None:
        _refuse_few(pair, wanted.max_loss or 0.0, candidates, len(scores))
    test = pair.read(threshold, "test") if pair.texts("test") else None
    return CascadeLine(
        name=pair.row.name,
        runtime=pair.runtime,
        member=pair.row.members[0],
        teacher_key=pair.teacher_key,
        threshold=threshold,
        validation=pair.read(threshold, "validation"),
        test=test,
        broken=None if test is None else pair.why_broken(test, wanted.max_loss, "test"),
    )


def _refuse_few(pair: EscalationPair, max_loss: float, candidates: int, scores: int) -> NoReturn:
    """Says that validation is too small for a promise."""
    texts, needed = pair.texts("validation"), texts_for(pair, max_loss, candidates)
    raise RecipeError(
        f"validation has {texts:,} texts, too few for --max-loss {max_loss:g}: even if none of "
        f"them is lost, {needed:,} texts would do at least{_fewer(candidates)}; promise less, "
        f"as in --max-loss {_least_loss(texts, candidates * scores):g}"
    )


def _fewer(candidates: int) -> str:
    return (
        f" for all {candidates} lines together (--model NAME needs fewer)" if candidates > 1 else ""
    )


def _least_loss(texts: int, parts: int) -> float:
    """Returns the least loss that so many texts can promise, rounded up to a tenth of a point."""
    least = 1 - (RISK / parts) ** (1 / texts)
    return float(np.ceil(least * 1000) / 1000)
