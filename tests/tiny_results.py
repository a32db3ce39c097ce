"""Studies written by hand: stores whose figures are known before they are read."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save as save_tensors
from tiny_models import tiny_corpus
from tiny_world import LABELS, SHARED

from kdzoo.data import Corpus
from kdzoo.measure import Size, outcomes_of
from kdzoo.results import (
    DataSummary,
    FormRecord,
    Manifest,
    ManifestRow,
    Member,
    Record,
    Role,
    Session,
    Store,
    Timing,
)
from kdzoo.runtime.folder import DEPLOYED
from kdzoo.runtime.parity import Parity
from kdzoo.statistics import QUALITY_VERSION, figures

CORPUS = tiny_corpus(count=50)  # 100 test texts
ENVIRONMENT = {"cpu": "Some CPU @ 2 GHz", "cores": "2", "python": "3.11.7", "commit": "abc"}


def as_validation(store: Store, key: str) -> None:
    """Makes a model's test outcomes those of validation: test was not read."""
    outcomes, record = store.outcomes(key).assign(split="validation"), store.read(key)
    data = record.data.model_copy(update={"validation": len(outcomes)})
    store.write_outcomes(store.finished(key), outcomes)
    store.write(store.finished(key), record.model_copy(update={"data": data}))


_READ: dict[tuple[str, tuple[int, ...], bool], tuple[pd.DataFrame, dict[str, float]]] = {}


def read(
    corpus: Corpus, wrong: Iterable[int], *, agree: bool
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Returns the outcomes of a model that gets these test texts wrong, and their figures.

    Hundreds of models are written by hand, and most of them are alike: each is read once.
    """
    key = corpus.test_fingerprint, tuple(sorted(wrong)), agree
    if key not in _READ:
        gold = np.array(corpus.gold("test"))
        prediction = gold.copy()
        numbers = np.array(key[1], dtype=np.int64)
        prediction[numbers] = (prediction[numbers] + 1) % len(LABELS)
        logits = np.eye(len(LABELS), dtype=np.float32)[prediction] * 4
        frame = outcomes_of("test", corpus, logits, logits if agree else None)
        _READ[key] = frame, figures(frame, corpus.oos)
    return _READ[key]


@dataclass
class HandWritten:
    """A study in the making: ``model`` writes a model, ``row`` a line, ``finish`` the manifest."""

    store: Store
    corpus: Corpus = CORPUS
    rows: list[ManifestRow] = field(default_factory=list)

    def model(
        self,
        key: str,
        wrong: Iterable[int],
        *,
        role: Role = "student",
        name: str = "tiny",
        seed: int = 0,
        size_bytes: int = 1_000_000,
        recipe: dict[str, Any] | None = None,
        notes: Sequence[str] = (),
    ) -> str:
        """Writes a finished model that gets these test texts wrong; returns its key."""
        frame, quality = read(self.corpus, wrong, agree=role != "teacher")
        record = Record(
            key=key,
            role=role,
            name=name,
            seed=seed,
            kind="tiny",
            road="change" if role in ("student", "control") else None,
            data=summary(self.corpus),
            recipe=recipe or {"name": name},
            size=Size(parameters=2_000_000, embedding_parameters=500_000, size_bytes=size_bytes),
            quality={"test": quality},
            quality_version=QUALITY_VERSION,
            notes=tuple(notes),
            environment=ENVIRONMENT,
            created="2026-01-01T00:00:00+00:00",
        )
        folder = self.store.folder(name, "", seed, key)
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(save_tensors({key: np.zeros(4)}))
        (folder / "config.json").write_text('{"model_type": "kdzoo"}', encoding="utf-8")
        self.store.write_outcomes(folder, frame)
        self.store.write(folder, record)
        return key

    def form(
        self,
        key: str,
        runtime: str,
        wrong: Iterable[int] = (),
        *,
        graph_bytes: int = 100_000,
        parity: Parity | None = None,
        failure: str | None = None,
        cpu: str = ENVIRONMENT["cpu"],
    ) -> None:
        """Writes a model's exported form, which gets these test texts wrong; or why there is none.

        Beside a graph of so many bytes lie a tokenizer and labels of 100 each.
        """
        known = FormRecord(
            key=key,
            runtime=runtime,
            made_from="f" * 16,
            failure=failure,
            data=summary(self.corpus),
            environment={**ENVIRONMENT, "cpu": cpu},
            created="2026-01-01T00:00:00+00:00",
        )
        self.store.write_form(known)
        if failure is not None:
            return
        frame, quality = read(self.corpus, wrong, agree=True)
        folder = self.store.form(key, runtime)
        files = {name: graph_bytes if name.endswith(".onnx") else 100 for name in DEPLOYED}
        for name, size in files.items():
            (folder / name).write_bytes(b"x" * size)
        self.store.write_outcomes(folder, frame)
        found = {
            "files": files,
            "quality": {"test": quality},
            "parity": parity or parity_of(),
        }
        found |= {"quality_version": QUALITY_VERSION}
        self.store.write_form(known.model_copy(update=found))

    def row(
        self,
        name: str,
        role: Role,
        *members: Member,
        road: str | None = None,
        runtimes: Sequence[str] = ("torch",),
    ) -> None:
        """Adds a model to the table, with a line per runtime."""
        row = ManifestRow(name=name, role=role, kind="tiny", road=road, members=members)
        self.rows.append(row.model_copy(update={"runtimes": tuple(runtimes)}))

    def timed(
        self,
        latency_ms: Mapping[str | tuple[str, str], float],
        rounds: int = 3,
        *,
        name: str = "session",
        **details: Any,
    ) -> None:
        """Adds a session in which every call of a model took so many milliseconds.

        Args:
            latency_ms: by key, in PyTorch, or by key and runtime.
            rounds: of four calls each.
            name: the session's.
            details: what else is known of each row.
        """
        timings = []
        for row, each in latency_ms.items():
            key, runtime = (row, "torch") if isinstance(row, str) else row
            calls_ms = ((each,) * 4,) * rounds
            timings.append(Timing(key=key, runtime=runtime, rounds_ms=calls_ms, **details))
        self.session(*timings, name=name)

    def session(self, *timings: Timing, name: str = "session", **details: Any) -> None:
        """Adds a session; each is newer than the one before."""
        number = len(self.store.sessions()) + 1
        session = Session(
            id=name,
            threads=1,
            timings=timings,
            environment=ENVIRONMENT,
            created=f"2026-01-{number:02}T00:00:00+00:00",
        )
        self.store.write_session(session.model_copy(update=details))

    def finish(self, study: str = "study") -> Store:
        """Writes the manifest and returns the store."""
        self.store.write_manifest(Manifest(study=study, rows=tuple(self.rows)))
        return self.store


def parity_of(*, passed: bool = True, **changes: Any) -> Parity:
    """Returns what the gate says of a form."""
    same = Parity(
        texts=100, logit_difference=1e-6, other_labels=0, accuracy_change=0.0, passed=passed
    )
    return same.model_copy(update=changes)


def summary(corpus: Corpus, origin: str = "files:tiny") -> DataSummary:
    """Returns what a record says of the corpus."""
    return DataSummary(
        origin=origin,
        labels=corpus.labels,
        oos=corpus.oos,
        train=len(corpus.train),
        unlabelled=0,
        validation=len(corpus.validation),
        test=len(corpus.test),
        fingerprint=corpus.fingerprint,
        test_fingerprint=corpus.test_fingerprint,
        cut_share=0.0,
    )


def written_once(write: Callable[..., HandWritten]) -> Callable[..., HandWritten]:
    """Has a study written once a session, and copied for each test that asks for it."""
    templates: dict[str, HandWritten] = {}

    @wraps(write)
    def copied(root: Path, **options: Any) -> HandWritten:
        options = {
            name: sorted(value) if isinstance(value, Iterable) else value
            for name, value in options.items()
        }
        if SHARED not in os.environ:  # tests are being collected: there is nothing to share yet
            return write(root, **options)
        key = repr(sorted(options.items()))
        if key not in templates:
            folder = Path(tempfile.mkdtemp(dir=os.environ[SHARED])) / "study"
            templates[key] = write(folder, **options)
        template = templates[key]
        shutil.copytree(template.store.root, root, dirs_exist_ok=True)
        return replace(template, store=Store(root), rows=[*template.rows])

    return copied


@written_once
def one_student(
    root: Path,
    *,
    teacher: Iterable[int] = range(10),
    control: Iterable[int] = range(40),
    student: Iterable[int] = range(20),
    seeds: int = 1,
) -> HandWritten:
    """Returns a study of a teacher, one student and its control, each with its wrong texts.

    All seeds of a model get the same texts wrong.
    """
    study = HandWritten(Store(root))
    study.model("t" * 16, teacher, role="teacher", name="teacher", size_bytes=40_000_000)
    study.row("teacher", "teacher", Member(seed=0, key="t" * 16))
    study.row(
        "tiny", "student", *_members(study, "tiny", "sc", student, control, seeds), road="change"
    )
    study.timed({"t" * 16: 8.0, "s" * 16: 0.5})
    return study


def _members(
    study: HandWritten,
    name: str,
    letters: str,
    student: Iterable[int],
    control: Iterable[int],
    seeds: int,
    size_bytes: int = 1_000_000,
) -> list[Member]:
    """Writes a student and its control, in so many seeds; the keys of the first are all letters."""
    wrong, members = (sorted(student), sorted(control)), []
    for seed in range(seeds):
        own, other = (f"{seed or letter}" + letter * 15 for letter in letters)
        study.model(other, wrong[1], role="control", name=f"{name}-hard-labels", seed=seed)
        study.model(own, wrong[0], name=name, seed=seed, size_bytes=size_bytes)
        members.append(Member(seed=seed, key=own, teacher_key="t" * 16, control_key=other))
    return members


def two_students(root: Path, seeds: int = 2) -> Store:
    """Returns a finished study of a student that gains much, and one that gains nothing."""
    study = one_student(root, teacher=range(5), control=range(40), student=range(10), seeds=seeds)
    members = _members(study, "idle", "id", range(30), range(30), seeds, size_bytes=500_000)
    study.row("idle", "student", *members, road="change")
    study.timed({"t" * 16: 8.0, "s" * 16: 0.5, "i" * 16: 0.25}, name="both")
    return study.finish()


@written_once
def one_student_deployed(root: Path) -> HandWritten:
    """Returns the same study in every runtime, with a baseline: eight rows, all of them timed."""
    study = one_student(root)
    study.model("b" * 16, range(45), role="baseline", name="tf-idf + svm", size_bytes=9_000_000)
    study.rows.clear()
    runtimes = ("torch", "onnx", "onnx-int8")
    study.row("teacher", "teacher", Member(seed=0, key="t" * 16), runtimes=("pipeline", *runtimes))
    member = Member(seed=0, key="s" * 16, teacher_key="t" * 16, control_key="c" * 16)
    study.row("tiny", "student", member, road="change", runtimes=runtimes)
    baseline = Member(seed=0, key="b" * 16, teacher_key="t" * 16)
    study.row("tf-idf + svm", "baseline", baseline, runtimes=("sklearn",))
    study.form("t" * 16, "onnx", range(10), graph_bytes=4_000_000)
    study.form("t" * 16, "onnx-int8", range(12), graph_bytes=1_000_000)
    study.form("s" * 16, "onnx", range(20), graph_bytes=100_000)
    study.form("s" * 16, "onnx-int8", range(21), graph_bytes=30_000)
    speeds = {"pipeline": 16.0, "torch": 8.0, "onnx": 4.0, "onnx-int8": 1.0}
    latency_ms = {("t" * 16, runtime): each for runtime, each in speeds.items()}
    latency_ms |= {("s" * 16, "torch"): 0.5, ("s" * 16, "onnx"): 0.2, ("s" * 16, "onnx-int8"): 0.1}
    study.timed({**latency_ms, ("b" * 16, "sklearn"): 2.0}, name="everywhere")
    return study
