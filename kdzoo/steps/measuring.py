"""Reading quality and latency of finished models, from the files that would be deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kdzoo.data import Corpus, Example, SplitName
from kdzoo.errors import StoreError
from kdzoo.measure import environment, figures, no_outcomes, outcomes, time_candidates
from kdzoo.model import Logits
from kdzoo.recipe.schema import Measure
from kdzoo.results import PREDICTIONS, Session, Timing
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
    A teacher that is a file has figures of the splits that it covers; on the others, nothing agrees
    with it.
    """
    record = context.store.read(key)
    read_on = record.data.model_copy(
        update={
            "test": len(corpus.test),
            "test_fingerprint": corpus.test_fingerprint,
            "oos": corpus.oos,
        }
    )
    covered = {split for split in splits if taught.teacher.covers(corpus.split(split))}
    own = [split for split in splits if key != taught.key or split in covered]
    folder = context.store.finished(key)
    is_read = (folder / PREDICTIONS).is_file() and read_on == record.data
    if is_read and all(split in record.quality for split in own):
        return
    frames: list[pd.DataFrame] = []
    found: dict[str, dict[str, float]] = {}
    classifier = None if key == taught.key else load_classifier(folder, "torch")
    for split in own:
        examples = corpus.split(split)
        taught_logits = _taught(examples, taught, context) if split in covered else None
        if classifier is None:
            assert taught_logits is not None  # noqa: S101 - the teacher's own splits are covered
            frame = outcomes(split, corpus, taught_logits, None)
        else:
            frame = outcomes(split, corpus, classifier.logits(examples), taught_logits)
        found[split] = figures(frame, corpus.oos)
        frames.append(frame)
    if context.accelerator.is_main_process:
        frames = frames or [no_outcomes()]
        context.store.write_predictions(folder, pd.concat(frames, ignore_index=True))
    context.finish(folder, record.model_copy(update={"quality": found, "data": read_on}))


def _taught(examples: Sequence[Example], taught: StudyTeacher, context: StudyContext) -> Logits:
    with context.accelerator.main_process_first():
        table = taught.teacher.label(examples, context.progress, context.accelerator.device)
    return table[:].astype(np.float32)


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
    if len(taught.teacher.members) != 1:
        raise StoreError("an ensemble, or a file, has no one folder")
    return taught.teacher.members[0].folder
