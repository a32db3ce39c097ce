"""Timing a study's rows, all in one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kdzoo import registry
from kdzoo.data import Corpus
from kdzoo.digest import content_hash
from kdzoo.measure import (
    Candidate,
    MeasureSettings,
    Work,
    environment,
    measure_candidates,
    work_per_text,
)
from kdzoo.model import load_model
from kdzoo.recipe.measure import Measure
from kdzoo.results import Session, Store, now, session_of, timing_of
from kdzoo.steps.cascades import TimedCascade, deployed_cascades
from kdzoo.steps.context import StudyContext
from kdzoo.steps.teacher import StudyTeacher

TIMING_SEED = 0
_SAME_MACHINE = ("cpu", "cores", "python", "torch", "transformers", "onnxruntime")  # else: again
_TAKE_NO_TIME = {"reject", "escalate"}  # of how it is measured


@dataclass(frozen=True)
class TimedRow:
    """A model in a runtime, and where its files lie.

    Attributes:
        key: of the model's record.
        runtime: its registered name.
        folder: what the runtime reads.
        trained: the trained model, as PyTorch reads it.
        is_teacher: whether others are compared with it.
        cascade: the cascade that it is; its folder is made when it is timed.
    """

    key: str
    runtime: str
    folder: Path
    trained: Path
    is_teacher: bool
    cascade: TimedCascade | None = None

    @property
    def name(self) -> str:
        """Tells the rows of a session apart."""
        return f"{self.key} {self.runtime}"


def teacher_runtimes(teacher: StudyTeacher, section: Measure) -> tuple[str, ...]:
    """Returns the runtimes a teacher is shown in: a pipeline too, which is what people start from.

    One that is no single model is shown as the recipes see it alone.
    """
    if not teacher.has_folder:
        return ("torch",)
    return tuple(dict.fromkeys(("pipeline", *section.runtimes)))


def timed_rows(key: str, folder: Path, section: Measure, context: StudyContext) -> list[TimedRow]:
    """Returns a model in each runtime in which there is something to time.

    Args:
        key: of the model's record.
        folder: the trained model's.
        section: how it is to be measured.
        context: the store.
    """
    role = context.store.read(key).role
    if role == "baseline":
        return [TimedRow(key, "sklearn", folder, folder, False)]
    is_teacher = role == "teacher"
    rows = []
    for runtime in dict.fromkeys((*["pipeline"] * is_teacher, *section.runtimes)):
        deployed = folder
        if registry.runtimes.get(runtime).is_exported:
            form = context.store.read_form(key, runtime)
            if form is None or form.failure is not None:
                continue
            deployed = context.store.form(key, runtime)
        rows.append(TimedRow(key, runtime, deployed, folder, is_teacher))
    return rows


def cascade_row(cascade: TimedCascade) -> TimedRow:
    """Returns a cascade as a row that is timed."""
    student = cascade.student
    return TimedRow(cascade.key, cascade.timed_as, student, student, False, cascade)


def time_rows(
    rows: Sequence[TimedRow],
    corpus: Corpus,
    section: Measure,
    context: StudyContext,
    *,
    again: bool = False,
) -> None:
    """Times the rows in one session; skipped where this machine has done it.

    Args:
        rows: all that are measured together.
        corpus: whose test texts are timed.
        section: how it is to be measured.
        context: the store, and who is told.
        again: whether they are timed again where this machine has done it.
    """
    name = _name(rows, corpus, section, context)
    known = context.store.session(name)
    if not again and known is not None:
        _put_last(known, context.store)
        return
    name_of = context.store.manifest().name_of
    cascades = [row.cascade for row in rows if row.cascade is not None]
    with deployed_cascades(cascades, context.store.root) as folders:
        candidates = {row: _candidate(name_of(row.key), row, folders) for row in rows}
        measured = measure_candidates(
            list(candidates.values()),
            [example.input for example in corpus.test],
            references=[candidate for row, candidate in candidates.items() if row.is_teacher],
            settings=settings_of(section),
            seed=TIMING_SEED,
            progress=context.progress,
        )
    work = _work(rows, corpus)
    timings = [
        timing_of(row.key, row.runtime, measured.speeds[candidates[row]], work.get(row))
        for row in rows
    ]
    context.store.write_session(session_of(name, measured, timings))


def _put_last(session: Session, store: Store) -> None:
    """Has a session be the one that is shown, where its rows were timed otherwise after it."""
    rows = _timed(session)
    here = [each for each in store.sessions() if each.machine == session.machine]
    alike = [each for each in here if rows & _timed(each)]
    if alike[-1].id != session.id:
        store.write_session(session.model_copy(update={"asked": now()}))


def _timed(session: Session) -> set[tuple[str, str]]:
    """Returns the key and the runtime of each row of a session."""
    return {(timing.key, timing.runtime) for timing in session.timings}


def _name(rows: Sequence[TimedRow], corpus: Corpus, section: Measure, context: StudyContext) -> str:
    return session_id(
        section,
        rows=sorted(row.name for row in rows),
        forms=sorted(_made_from(row, context) for row in rows),
        texts=corpus.test_fingerprint,
    )


def session_id(section: Measure, **what: object) -> str:
    """Returns what a session is known by: what this machine has timed, it need not time again.

    Args:
        section: how it is measured.
        what: is measured.
    """
    machine = environment()
    shaped = {
        **what,
        "measure": section.model_dump(mode="json", exclude=_TAKE_NO_TIME),
        "machine": [machine.get(name) for name in _SAME_MACHINE],
    }
    return content_hash(shaped)


def _candidate(name: str, row: TimedRow, folders: Mapping[TimedCascade, Path]) -> Candidate:
    if row.cascade is None:
        return Candidate(name, row.folder, row.runtime)
    return Candidate(f"{name} with its teacher", folders[row.cascade], "cascade")


def _work(rows: Sequence[TimedRow], corpus: Corpus) -> dict[TimedRow, Work]:
    """Returns the operations of a text, by row: a cascade's depend on who answers."""
    counted = [row for row in rows if row.runtime != "sklearn" and row.cascade is None]
    folders = {row.trained for row in counted}
    work = {folder: work_per_text(load_model(folder), corpus.test) for folder in folders}
    return {row: work[row.trained] for row in counted}


def settings_of(section: Measure) -> MeasureSettings:
    """Returns the rules of the session that a recipe asks for."""
    return MeasureSettings(
        threads=section.threads,
        rounds=section.rounds,
        texts=section.texts,
        cold_starts=section.cold_starts,
        time_limit_s=section.time_limit_s,
        is_isolated=section.isolated,
    )


def _made_from(row: TimedRow, context: StudyContext) -> str:
    if row.cascade is not None:  # its forms are rows too
        return f"{row.name} {row.cascade.rule.model_dump_json()}"
    form = context.store.read_form(row.key, row.runtime)
    return "" if form is None else f"{row.name} {form.made_from}"
