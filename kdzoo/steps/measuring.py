"""Reading quality and latency of finished models, from the files that would be deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kdzoo.data import Corpus, SplitName
from kdzoo.errors import StoreError
from kdzoo.measure import environment, figures, outcomes, time_candidates
from kdzoo.model import Logits
from kdzoo.recipe.schema import Measure
from kdzoo.results import Session, Timing
from kdzoo.runtime import load_classifier
from kdzoo.steps.context import StudyContext, now
from kdzoo.steps.teacher import StudyTeacher
from kdzoo.teacher import content_hash

TIMING_SEED = 0


def read_quality(
    key: str,
    corpus: Corpus,
    taught: StudyTeacher,
    splits: Sequence[SplitName],
    context: StudyContext,
) -> None:
    """Adds the splits' quality figures, and the outcomes behind them, where they are missing.

    Figures that were read on another test split, or with another out-of-scope label, are read anew.
    """
    record = context.store.read(key)
    read_on = record.data.model_copy(
        update={
            "test": len(corpus.test),
            "test_fingerprint": corpus.test_fingerprint,
            "oos": corpus.oos,
        }
    )
    if read_on == record.data and all(split in record.quality for split in splits):
        return
    folder = context.store.finished(key)
    frames: list[pd.DataFrame] = []
    found: dict[str, dict[str, float]] = {}
    classifier = None if key == taught.key else load_classifier(folder, "torch")
    for split in splits:
        examples = corpus.split(split)
        with context.accelerator.main_process_first():
            table = taught.teacher.label(examples, context.progress, context.accelerator.device)
        teacher_logits: Logits = table[:].astype(np.float32)
        if classifier is None:
            logits, compared = teacher_logits, None
        else:
            logits, compared = classifier.logits(examples), teacher_logits
        frame = outcomes(split, corpus, logits, compared)
        found[split] = figures(frame, corpus.oos)
        frames.append(frame)
    if context.accelerator.is_main_process:
        context.store.write_predictions(folder, pd.concat(frames, ignore_index=True))
    context.finish(folder, record.model_copy(update={"quality": found, "data": read_on}))


def time_models(
    folders: Mapping[str, Path], corpus: Corpus, section: Measure, context: StudyContext
) -> None:
    """Times the models, given by key, in one session; skipped where this machine has done it."""
    machine = environment()
    wanted = {
        "keys": sorted(folders),
        "texts": corpus.test_fingerprint,
        "measure": section.model_dump(mode="json"),
        "machine": [machine["cpu"], machine["cores"], machine["torch"], machine["python"]],
    }
    name = content_hash(wanted)
    if any(session.id == name for session in context.store.sessions()):
        return
    runtime = section.runtimes[0]
    candidates = {key: load_classifier(folder, runtime) for key, folder in folders.items()}
    rounds = time_candidates(
        candidates,
        corpus.test,
        threads=section.threads,
        rounds=section.rounds,
        per_visit=section.texts,
        seed=TIMING_SEED,
        progress=context.progress,
    )
    timings = tuple(
        Timing(key=key, runtime=runtime, rounds_ms=tuple(tuple(each) for each in times))
        for key, times in rounds.items()
    )
    context.store.write_session(
        Session(
            id=name, threads=section.threads, timings=timings, environment=machine, created=now()
        )
    )


def deployed_folder(key: str, taught: StudyTeacher, context: StudyContext) -> Path:
    """Returns the folder to deploy for a record; a teacher's may lie outside the store."""
    if key != taught.key:
        return context.store.finished(key)
    if len(taught.teacher.members) > 1:
        raise StoreError("an ensemble has no one folder")
    return taught.teacher.members[0].folder
