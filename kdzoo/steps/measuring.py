"""Reading the quality of finished models, from the files that would be deployed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kdzoo.data import Corpus
from kdzoo.errors import StoreError
from kdzoo.measure import figures, no_outcomes, outcomes
from kdzoo.model import Logits
from kdzoo.results import PREDICTIONS, DataSummary
from kdzoo.runtime import load_classifier
from kdzoo.steps.context import StudyContext, sizes_of
from kdzoo.steps.teacher import StudyTeacher


def read_quality(
    key: str,
    corpus: Corpus,
    taught: StudyTeacher,
    splits: Sequence[str],
    context: StudyContext,
) -> None:
    """Adds the splits' quality figures, and the outcomes behind them, where they are missing.

    Figures that were read on another test split, or with another out-of-scope label, are read anew.
    A teacher that is a file has figures of the splits that it covers; on the others, nothing agrees
    with it.
    """
    record = context.store.read(key)
    data = read_on(record.data, corpus)
    covered = {split for split in splits if taught.teacher.covers(corpus.split(split))}
    own = [split for split in splits if key != taught.key or split in covered]
    folder = context.store.finished(key)
    is_read = (folder / PREDICTIONS).is_file() and data == record.data
    if is_read and all(split in record.quality for split in own):
        return
    frames: list[pd.DataFrame] = []
    found: dict[str, dict[str, float]] = {}
    runtime = "sklearn" if record.role == "baseline" else "torch"
    classifier = None if key == taught.key else load_classifier(folder, runtime)
    for split in own:
        wanted = taught_logits(split, corpus, taught, context)
        if classifier is None:
            assert wanted is not None  # noqa: S101 - the teacher's own splits are covered
            frame = outcomes(split, corpus, wanted, None)
        else:
            texts = [example.input for example in corpus.split(split)]
            frame = outcomes(split, corpus, classifier.logits(texts), wanted)
        found[split] = figures(frame, corpus.oos, corpus.positive)
        frames.append(frame)
    if context.accelerator.is_main_process:
        frames = frames or [no_outcomes()]
        context.store.write_predictions(folder, pd.concat(frames, ignore_index=True))
    context.finish(folder, record.model_copy(update={"quality": found, "data": data}))


def read_on(data: DataSummary, corpus: Corpus) -> DataSummary:
    """Returns what a record says of its data where its figures are read on this corpus."""
    return data.model_copy(
        update={
            "test": len(corpus.test),
            "test_fingerprint": corpus.test_fingerprint,
            "oos": corpus.oos,
            "positive": corpus.positive,
            "other_tests": sizes_of(corpus),
        }
    )


def taught_logits(
    split: str, corpus: Corpus, taught: StudyTeacher, context: StudyContext
) -> Logits | None:
    """Returns what the teacher says of a split, [N, C]; None where it is a file that lacks it."""
    examples = corpus.split(split)
    if not taught.teacher.covers(examples):
        return None
    with context.accelerator.main_process_first():
        table = taught.teacher.label(examples, context.progress, context.accelerator.device)
    return table[:].astype(np.float32)


def trained_folder(key: str, taught: StudyTeacher, context: StudyContext) -> Path:
    """Returns the folder of a record's trained model; a teacher's may lie outside the store."""
    if key != taught.key:
        return context.store.finished(key)
    if len(taught.teacher.members) != 1:
        raise StoreError("an ensemble, or a file, has no one folder")
    return taught.teacher.members[0].folder
