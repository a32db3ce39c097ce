"""Reading the quality of finished models, from the files that would be deployed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kdzoo.data import Corpus
from kdzoo.errors import StoreError
from kdzoo.measure import no_outcomes, outcomes_of
from kdzoo.metrics import average_precision
from kdzoo.model import Logits
from kdzoo.results import OUTCOMES, DataSummary, Record
from kdzoo.runtime import load_classifier
from kdzoo.runtime.decision import DECISION
from kdzoo.statistics import QUALITY_VERSION, figures
from kdzoo.steps.context import StudyContext, configuration_of, sizes_of
from kdzoo.steps.deciding import decide, fit_thresholds, is_decided
from kdzoo.steps.seed_run import SeedRun
from kdzoo.steps.teacher import StudyTeacher
from kdzoo.task import MULTI_LABEL
from kdzoo.teacher import Teacher, reach_of, text_limit


def write_quality(key: str, run: SeedRun, splits: Sequence[str], context: StudyContext) -> None:
    """Adds the splits' quality figures, and the outcomes behind them, where they are missing.

    Figures that were read on another test or validation split, with another out-of-scope label or
    another rule of rejection, are read anew.
    A teacher that is a file has figures of the splits that it covers; on the others, nothing agrees
    with it.

    Args:
        key: of the model's record.
        run: its data, and the teacher that its answers are compared with.
        splits: those whose figures are wanted.
        context: the store.

    Raises:
        NotMadeError: figures or outcomes are missing, and the context only looks.
    """
    own = _own_splits(key, run, splits)
    if is_read(key, run, own, context):
        return
    with context.alone(f"{key}-quality", f"the quality of {run.variant.name}, seed {run.seed}"):
        if not is_read(key, run, own, context):
            _read(key, run, own, context)


def _own_splits(key: str, run: SeedRun, splits: Sequence[str]) -> list[str]:
    """Returns those of the splits on which a model answers: a file may lack some."""
    if key != run.teacher.key:
        return list(splits)
    return [split for split in splits if run.teacher.whole.covers(run.corpus.split(split))]


def is_read(key: str, run: SeedRun, own: Sequence[str], context: StudyContext) -> bool:
    """Returns whether the model's figures are those of this data, and by this rule."""
    corpus, section = run.corpus, run.recipe.measure
    record, folder = context.store.read(key), context.store.finished(key)
    files = (OUTCOMES, DECISION) if "validation" in own else (OUTCOMES,)
    return (
        read_on(record.data, corpus) == record.data
        and all((folder / name).is_file() for name in files)
        and ("validation" not in own or is_decided(folder, corpus, section))
        and all(split in record.quality for split in own)
    )


def _read(key: str, run: SeedRun, own: Sequence[str], context: StudyContext) -> None:
    corpus, teacher = run.corpus, run.teacher
    record, folder = context.store.read(key), context.store.finished(key)
    wanted = {split: teacher_logits(split, run, context) for split in own}
    if key == teacher.key:
        logits = {split: rows for split, rows in wanted.items() if rows is not None}
        logits |= _read_further(run, own, context)
        wanted = dict.fromkeys(own)  # a teacher is not compared with itself
    else:
        runtime = "sklearn" if record.role == "baseline" else "torch"
        classifier = load_classifier(folder, runtime)
        logits = {
            split: classifier.logits([example.input for example in corpus.split(split)])
            for split in own
        }
    # what is broken off between the files is read anew, not taken as finished
    context.finish(folder, record.model_copy(update={"quality": {}}))
    found = write_outcomes(folder, run, logits, wanted, context)
    update = {
        "quality": found,
        "quality_version": QUALITY_VERSION,
        "data": read_on(record.data, corpus),
    }
    context.finish(folder, record.model_copy(update=update))
    _tell_trackers(folder, record, run, found, context)


def _read_further(run: SeedRun, splits: Sequence[str], context: StudyContext) -> dict[str, Logits]:
    """Returns a teacher's logits of the splits where it is deployed to read further than it labels.

    A finished model is timed and deployed as it is, whatever ``teacher.max_length`` says of what
    students learn from. None of these where no text is that long.
    """
    teacher = run.teacher.whole
    if not isinstance(teacher, Teacher) or not run.teacher.has_folder:
        return {}
    member = teacher.members[0]
    limit, end = (text_limit(member.folder, most) for most in (teacher.max_length, None))
    if member.sentences is not None or end <= limit:
        return {}
    texts = [each for split in splits for each in run.corpus.split(split)]
    if not reach_of(member.folder, texts, limit).cut:
        return {}
    context.progress.say(
        f"note: the teacher's own figures are of texts of up to {end:,} tokens, as it is deployed; "
        f"students learn what it says of the first {limit:,} (teacher.max_length)"
    )
    classifier = load_classifier(member.folder, "torch")
    return {
        split: classifier.logits([each.input for each in run.corpus.split(split)])[
            ..., member.columns
        ]
        for split in splits
    }


def _tell_trackers(
    folder: Path,
    record: Record,
    run: SeedRun,
    found: Mapping[str, Mapping[str, float]],
    context: StudyContext,
) -> None:
    """Adds the figures of test splits to the run of a model that was trained here."""
    tests = {
        f"{split}/{name}": value
        for split, figures in found.items()
        for name, value in figures.items()
        if split != "validation" and math.isfinite(value)
    }
    if record.training is None or not tests or not context.tracking.names:
        return
    configuration = configuration_of(run.recipe, record.role, record.seed)
    with context.tracking.run(folder.name, record.key, configuration) as note:
        note(record.training.steps, tests)


def write_outcomes(
    folder: Path,
    run: SeedRun,
    logits: Mapping[str, Logits],
    teacher: Mapping[str, Logits | None],
    context: StudyContext,
) -> dict[str, dict[str, float]]:
    """Writes what a model made of each text, and how its logits become an answer.

    Args:
        folder: the model's, or that of its exported form.
        run: the data that was read, and by which rule texts are rejected.
        logits: of each split, [N, C]; with those of validation among them, the temperature and the
            out-of-scope threshold are fitted on them.
        teacher: the teacher's of each split; None where there are none to compare with.
        context: the store.

    Returns:
        The quality figures of each split.
    """
    corpus, section, decision, thresholds = run.corpus, run.recipe.measure, None, None
    if "validation" in logits:
        decision = decide(corpus, logits["validation"], section)
    known = teacher.get("validation")
    if corpus.task == MULTI_LABEL and known is not None:  # the teacher's, as it decides itself
        thresholds = fit_thresholds(corpus, known, section.thresholds)
    frames = {
        split: outcomes_of(split, corpus, own, teacher[split], decision, thresholds)
        for split, own in logits.items()
    }
    found = {
        split: figures(frame, corpus.oos, corpus.positive, corpus.task, len(corpus.labels))
        for split, frame in frames.items()
    }
    if corpus.task == MULTI_LABEL:  # of which the outcomes do not tell: it is of all probabilities
        for split, own in logits.items():
            found[split]["average_precision"] = average_precision(own, corpus.gold(split))
    if context.accelerator.is_main_process:
        whole = (
            pd.concat(frames.values(), ignore_index=True) if frames else no_outcomes(corpus.task)
        )
        context.store.write_outcomes(folder, whole)
        if decision is not None:
            context.store.write_decision(folder, decision)
    return found


def read_on(data: DataSummary, corpus: Corpus) -> DataSummary:
    """Returns what a record says of its data where its figures are read on this corpus.

    An older kdzoo wrote how many validation texts there were, and not which.
    """
    knows_validation = data.validation_fingerprint is not None
    return data.model_copy(
        update={
            "validation": len(corpus.validation),
            "validation_fingerprint": corpus.validation_fingerprint if knows_validation else None,
            "test": len(corpus.test),
            "test_fingerprint": corpus.test_fingerprint,
            "oos": corpus.oos,
            "positive": corpus.positive,
            "other_tests": sizes_of(corpus),
        }
    )


def teacher_logits(split: str, run: SeedRun, context: StudyContext) -> Logits | None:
    """Returns what the teacher says of a split, [N, C]; None where it is a file that lacks it."""
    examples, teacher = run.corpus.split(split), run.teacher.whole
    if not teacher.covers(examples):
        return None
    with context.accelerator.main_process_first():
        table = teacher.label(examples, context.progress, context.accelerator.device)
    return table[:].astype(np.float32)


def trained_folder(key: str, teacher: StudyTeacher, context: StudyContext) -> Path:
    """Returns the folder of a record's trained model; a teacher's may lie outside the store.

    Args:
        key: of the model's record.
        teacher: the teacher of its run.
        context: the store.
    """
    if key != teacher.key:
        return context.store.finished(key)
    if len(teacher.whole.members) != 1:
        raise StoreError("an ensemble, or a file, has no one folder")
    return teacher.whole.members[0].folder
