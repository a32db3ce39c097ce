"""Studies written by hand: stores whose figures are known before they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tiny_models import tiny_corpus
from tiny_world import LABELS

from kdzoo.data import Corpus
from kdzoo.measure import Size, figures, outcomes
from kdzoo.results import (
    DataSummary,
    Manifest,
    Member,
    Record,
    Role,
    Row,
    Session,
    Store,
    Timing,
)

CORPUS = tiny_corpus(count=50)  # 100 test texts
ENVIRONMENT = {"cpu": "Some CPU @ 2 GHz", "cores": "2", "python": "3.11.7", "commit": "abc"}


@dataclass
class HandWritten:
    """A study in the making: ``model`` writes a model, ``row`` a line, ``finish`` the manifest."""

    store: Store
    corpus: Corpus = CORPUS
    rows: list[Row] = field(default_factory=list)

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
        gold = np.array(self.corpus.gold("test"))
        prediction = gold.copy()
        numbers = np.array(sorted(wrong), dtype=np.int64)
        prediction[numbers] = (prediction[numbers] + 1) % len(LABELS)
        logits = np.eye(len(LABELS), dtype=np.float32)[prediction] * 4
        frame = outcomes("test", self.corpus, logits, None if role == "teacher" else logits)
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
            quality={"test": figures(frame, self.corpus.oos)},
            notes=tuple(notes),
            environment=ENVIRONMENT,
            created="2026-01-01T00:00:00+00:00",
        )
        folder = self.store.folder(name, "", seed, key)
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"weights of " + key.encode())
        self.store.write_predictions(folder, frame)
        self.store.write(folder, record)
        return key

    def row(self, name: str, role: Role, *members: Member, road: str | None = None) -> None:
        """Adds a line of the table."""
        self.rows.append(Row(name=name, role=role, kind="tiny", road=road, members=members))

    def timed(self, latency_ms: dict[str, float], rounds: int = 3) -> None:
        """Adds a session in which every call of a model took so many milliseconds."""
        self.store.write_session(
            Session(
                id="session",
                threads=1,
                timings=tuple(
                    Timing(key=key, runtime="torch", rounds_ms=((each,) * 4,) * rounds)
                    for key, each in latency_ms.items()
                ),
                environment=ENVIRONMENT,
                created="2026-01-01T00:00:00+00:00",
            )
        )

    def finish(self, study: str = "study") -> Store:
        """Writes the manifest and returns the store."""
        self.store.write_manifest(Manifest(study=study, rows=tuple(self.rows)))
        return self.store


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


def one_student(
    root: Path,
    *,
    teacher: Iterable[int] = range(10),
    control: Iterable[int] = range(40),
    student: Iterable[int] = range(20),
) -> HandWritten:
    """Returns a study of a teacher, one student and its control, each with its wrong texts."""
    study = HandWritten(Store(root))
    study.model("t" * 16, teacher, role="teacher", name="teacher", size_bytes=40_000_000)
    study.model("c" * 16, control, role="control", name="tiny-hard-labels")
    study.model("s" * 16, student)
    study.row("teacher", "teacher", Member(seed=0, key="t" * 16))
    member = Member(seed=0, key="s" * 16, teacher_key="t" * 16, control_key="c" * 16)
    study.row("tiny", "student", member, road="change")
    study.timed({"t" * 16: 8.0, "s" * 16: 0.5})
    return study
