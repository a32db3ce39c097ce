"""The cascades that recipes ask rows for, as they would be deployed, so that they can be timed."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kdzoo.files import link
from kdzoo.results import Store
from kdzoo.runtime.cascade import Cascade, write_cascade
from kdzoo.runtime.decision import Decision
from kdzoo.runtime.folder import is_exported_form, read_labels
from kdzoo.statistics.asked_cascades import AskedCascade, asked_cascades
from kdzoo.statistics.cascade import Threshold

_SCRATCH = ".cascades"  # in the study's folder, while they are timed


@dataclass(frozen=True)
class TimedCascade:
    """A cascade that is timed.

    Attributes:
        key: of the student's record.
        timed_as: what a session calls it.
        rule: when the teacher is asked.
        student: the folder of its form.
        teacher: likewise.
    """

    key: str
    timed_as: str
    rule: Cascade
    student: Path
    teacher: Path


def rule_of(decision: Decision, threshold: Threshold, escalated: float, promise: str) -> Cascade:
    """Returns what a cascade's folder says of when the teacher is asked.

    Args:
        decision: how the logits of the student's form become an answer.
        threshold: from where on it answers itself.
        escalated: share of the validation texts that go to the teacher.
        promise: in words.
    """
    return Cascade(
        temperature=decision.temperature,
        score=threshold.score,
        threshold=threshold.value if math.isfinite(threshold.value) else None,
        oos_label=decision.oos_label,
        escalated=escalated,
        promise=promise,
    )


def timeable_cascades(store: Store) -> dict[str, list[TimedCascade]]:
    """Returns the cascades of which both graphs are there, by the name of the student's row."""
    found: dict[str, list[TimedCascade]] = {}
    for asked in asked_cascades(store):
        timed = _timed(asked, store)
        if timed is not None:
            found.setdefault(asked.row.name, []).append(timed)
    return found


def _timed(asked: AskedCascade, store: Store) -> TimedCascade | None:
    """Returns a cascade to be timed; None without a threshold, or where two graphs do not fit."""
    if asked.pair is None or asked.threshold is None:
        return None
    key, runtime = asked.row.members[0].key, asked.runtime
    folders = [store.form(model, runtime) for model in (key, asked.pair.teacher_key)]
    decision = store.decision(key, runtime)
    if decision is None or not all(map(is_exported_form, folders)):
        return None
    own, others = map(read_labels, folders)
    if sorted(own) != sorted(others):
        return None
    escalated = asked.pair.read(asked.threshold, "validation").escalated
    rule = rule_of(decision, asked.threshold, escalated, "")
    return TimedCascade(key, asked.timed_as, rule, *folders)


@contextmanager
def deployed_cascades(
    cascades: Sequence[TimedCascade], root: Path
) -> Iterator[dict[TimedCascade, Path]]:
    """Yields a folder for each cascade as it would be deployed, which is there for the block.

    Args:
        cascades: those that are timed.
        root: the study's folder, whose files they share.
    """
    scratch = root / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
    try:
        folders = {}
        for number, cascade in enumerate(cascades):
            scratch.mkdir(exist_ok=True)
            folders[cascade] = scratch / str(number)
            write_cascade(
                folders[cascade], cascade.rule, cascade.student, cascade.teacher, copy=link
            )
        yield folders
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
