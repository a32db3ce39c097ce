"""A teacher that is fitted to the labelled texts: fine-tuned, or a linear head; found or made."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kdzoo.data import Corpus, fingerprint, origin_of
from kdzoo.digest import content_hash
from kdzoo.measure import Size, environment, model_size
from kdzoo.model import load_model
from kdzoo.model_files import CHECKPOINT
from kdzoo.recipe.schema import Recipe
from kdzoo.recipe.teacher import FineTune, TeacherSection
from kdzoo.results import Record, TrainingSummary, now
from kdzoo.steps.context import (
    MODEL_FORMAT,
    StudyContext,
    configuration_of,
    summary_of,
)
from kdzoo.steps.selection import selected_by
from kdzoo.task import SINGLE_LABEL
from kdzoo.teacher import (
    EnsembleMember,
    Labeller,
    LinearFold,
    SentenceEncoder,
    Teacher,
    content_key,
    find_sources,
    fine_tune,
    fit_head,
    open_member,
    open_sentence_encoder,
    save_linear,
    short_name,
)
from kdzoo.training import TrainingResult


def fitted_members(
    sources: Sequence[Path], luck: int, recipe: Recipe, corpus: Corpus, context: StudyContext
) -> list[tuple[str, EnsembleMember]]:
    """Returns key and classifier of each member of a teacher, as ``fitted`` fits it.

    An encoder that is named again is fine-tuned again, from the next seed.

    Raises:
        KdzooError: a model cannot be loaded, or gives no sentence vectors.
    """
    earlier = [sources[:place].count(source) for place, source in enumerate(sources)]
    return [
        fitted(source, luck + times, recipe, corpus, context)
        for source, times in zip(sources, earlier, strict=True)
    ]


def fitted(
    source: Path, luck: int, recipe: Recipe, corpus: Corpus, context: StudyContext
) -> tuple[str, EnsembleMember]:
    """Returns key and classifier of a model that is fitted to the labelled texts.

    Args:
        source: the model's folder.
        luck: added to the seed of fine-tuning; what a linear head's folder is named after.
        recipe: whose section ``teacher`` says how it is fitted.
        corpus: the labelled texts.
        context: the store.

    Raises:
        KdzooError: the model cannot be loaded, or gives no sentence vectors.
    """
    section = recipe.teacher
    if section.fine_tune is None:
        encoder = _sentence_encoder(source, section, corpus)
        key, folder = _linear(encoder, luck, recipe, corpus, context)
        return key, open_member(folder, section.max_length, corpus.labels, sentences=encoder)
    said: dict[str, Any] = {"seed": section.fine_tune.seed + luck}
    if corpus.task != SINGLE_LABEL:
        said["select_by"] = selected_by(section.fine_tune, corpus.task)
    options = section.fine_tune.model_copy(update=said)
    key, folder = _fine_tuned(source, options, recipe, corpus, context)
    return key, open_member(folder, section.max_length, corpus.labels)


def fitted_fold(
    sources: Sequence[Path], luck: int, recipe: Recipe, corpus: Corpus, context: StudyContext
) -> Labeller:
    """Returns what labels the texts that are not in ``corpus``: fitted as ``fitted`` says.

    A linear head is fitted when a text is first asked for, and not kept: its logits are.

    Raises:
        KdzooError: a model cannot be loaded, or gives no sentence vectors.
    """
    section = recipe.teacher
    if section.fine_tune is None:
        encoders = [_sentence_encoder(source, section, corpus) for source in sources]
        return LinearFold(
            tuple((_linear_key(encoder, corpus), encoder) for encoder in encoders), corpus
        )
    made = fitted_members(sources, luck, recipe, corpus, context)
    members = tuple(member for _, member in made)
    return Teacher(members, sources[0], section.max_length, section.batch_size)


def _sentence_encoder(source: Path, section: TeacherSection, corpus: Corpus) -> SentenceEncoder:
    """Returns the frozen encoder of a linear head.

    Raises:
        KdzooError: it gives no sentence vectors.
    """
    return open_sentence_encoder(
        source,
        section.pooling,
        section.max_length,
        section.batch_size,
        lower=section.lower_layers,
        reads_pairs=corpus.has_pairs,
    )


def _linear(
    encoder: SentenceEncoder, seed: int, recipe: Recipe, corpus: Corpus, context: StudyContext
) -> tuple[str, Path]:
    """Returns key and folder of the encoder with the head that is fitted to the texts."""
    key = _linear_key(encoder, corpus)
    return key, context.obtain(
        key, "the teacher", lambda: _fit_linear(key, encoder, seed, recipe, corpus, context)
    )


def _fit_linear(
    key: str,
    encoder: SentenceEncoder,
    seed: int,
    recipe: Recipe,
    corpus: Corpus,
    context: StudyContext,
) -> None:
    folder = context.store.folder("teacher", "", seed, key)
    start = time.perf_counter()
    with context.accelerator.main_process_first():
        head = fit_head(encoder, corpus, context.progress, context.accelerator.device)
    if context.accelerator.is_main_process:
        save_linear(folder, encoder, head, corpus.labels, corpus.task)
    context.accelerator.wait_for_everyone()
    seconds = time.perf_counter() - start
    record = model_record(key, folder, recipe, corpus, seed)
    nothing = TrainingResult(history=[], best_step=0, resumed_at=0)
    training = _summary(nothing, seconds, len(corpus.train))
    context.finish(folder, record.model_copy(update={"training": training}))
    context.progress.say(f"teacher fitted: a linear head, C {head.strength:g} ({seconds:.0f} s)")


def _linear_key(encoder: SentenceEncoder, corpus: Corpus) -> str:
    """Returns what stands for all that shapes a linear head."""
    content = {"format": MODEL_FORMAT, "role": "teacher", "head": "linear", "source": encoder.key}
    if corpus.copies is not None:  # before, rows were held out, and copies of them seen
        content["held_out"] = "texts"
    return content_hash({**content, "corpus": fingerprint(corpus.labels, corpus.train)})


def _fine_tuned(
    source: Path, options: FineTune, recipe: Recipe, corpus: Corpus, context: StudyContext
) -> tuple[str, Path]:
    """Returns key and folder of the fine-tuned model."""
    content: dict[str, Any] = {
        "format": MODEL_FORMAT,
        "role": "teacher",
        "source": content_key(source, recipe.teacher.max_length),
        "options": options.model_dump(),
        "corpus": corpus.gold_fingerprint,
    }
    if options.select_by == "in_scope_accuracy":
        content["oos"] = corpus.oos
    if corpus.task != SINGLE_LABEL:
        content["task"] = corpus.task.name
    key = content_hash(content)
    return key, context.obtain(
        key, "the teacher", lambda: _fine_tune(key, source, options, recipe, corpus, context)
    )


def _fine_tune(
    key: str,
    source: Path,
    options: FineTune,
    recipe: Recipe,
    corpus: Corpus,
    context: StudyContext,
) -> None:
    folder = context.store.folder("teacher", "", options.seed, key)
    start = time.perf_counter()
    configuration = configuration_of(recipe, "teacher", options.seed)
    with context.tracking.run(folder.name, key, configuration) as note:
        result, figures = fine_tune(
            source,
            folder,
            corpus,
            options,
            recipe.teacher.max_length,
            options.seed,
            accelerator=context.accelerator,
            progress=context.progress,
            note=note,
        )
    seconds = time.perf_counter() - start
    record = model_record(key, folder, recipe, corpus, options.seed)
    record = record.model_copy(update={"training": _summary(result, seconds, len(corpus.train))})
    context.finish(folder, record)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    context.progress.say(
        f"teacher fine-tuned: validation {corpus.task.leading_title} "
        f"{figures[corpus.task.leading]:.3f} ({seconds:.0f} s)"
    )


def model_record(key: str, folder: Path, recipe: Recipe, corpus: Corpus, seed: int) -> Record:
    """Returns the record of a teacher that is the model in a folder."""
    size = model_size(load_model(folder).model, folder)
    kind = "+".join(map(short_name, recipe.teacher.sources))
    record = teacher_record(key, size, kind, recipe, corpus, seed)
    section = recipe.teacher
    sources = [content_key(source, section.max_length) for source in find_sources(section)]
    return record.model_copy(update={"made_of": content_hash(sources)})


def teacher_record(
    key: str, size: Size, kind: str, recipe: Recipe, corpus: Corpus, seed: int
) -> Record:
    """Returns the record of a teacher; its figures are read later."""
    return Record(
        key=key,
        role="teacher",
        name="teacher",
        seed=seed,
        kind=kind,
        data=summary_of(corpus, origin_of(recipe.data), 0.0),
        recipe=recipe.model_dump(mode="json"),
        size=size,
        quality={},
        environment=environment(),
        created=now(),
    )


def _summary(result: TrainingResult, seconds: float, texts: int) -> TrainingSummary:
    return TrainingSummary(
        steps=int(result.history[-1]["step"]) if result.history else 0,
        best_step=result.best_step,
        seconds=seconds,
        texts=texts,
        augmented=0,
        augmented_wanted=0,
    )
