"""One student, distilled or on hard labels: found in the store or trained now."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from kdzoo import registry
from kdzoo.data import origin_of
from kdzoo.measure import environment, model_size
from kdzoo.metrics import quality_of_logits
from kdzoo.model import (
    BuildContext,
    build_student,
    narrow,
    predict_logits,
    readable,
    save_model,
    widen,
    widened,
)
from kdzoo.model_files import CHECKPOINT
from kdzoo.objectives import (
    bind_gold_loss,
    bind_objective,
    class_weights,
    distillation_loss,
    gold_for,
    over_words,
)
from kdzoo.recipe import options_of
from kdzoo.recipe.schema import FINE_TUNED, OF_A_MODEL, Recipe, Vectors
from kdzoo.results import Record, TrainingSummary, now
from kdzoo.steps.context import StudyContext, configuration_of, summary_of
from kdzoo.steps.hidden import Hidden, bind_hidden, hidden_vectors
from kdzoo.steps.job import StudentJob
from kdzoo.steps.selection import selected_by
from kdzoo.task import Task
from kdzoo.teacher import word_vectors
from kdzoo.text import encode, read_vectors
from kdzoo.tracking import Note
from kdzoo.training import Evaluate, Loss, TrainingPlan, TrainingResult, TrainingSet, train


@dataclass(frozen=True)
class Prepared:
    """All that a student's training needs.

    Attributes:
        model: the untrained student; its word table has the rows that training reads.
        unseen: the other rows of the table [R, D], None where there are none.
        data: what it learns from, tokenised, with its targets.
        plan: how long and how fast.
        loss: of logits [B, C], gold labels [B] and teacher logits [B, C].
        evaluate: gives the validation figures of the model as it would be deployed.
        hidden: holds its encoding against the teacher's vectors; None where that is not asked for.
    """

    model: Any
    unseen: Tensor | None
    data: TrainingSet
    plan: TrainingPlan
    loss: Loss
    evaluate: Evaluate
    hidden: Hidden | None = None


def obtain_student(job: StudentJob, context: StudyContext, watch: Note | None = None) -> str:
    """Returns the key of the job's model, which is in the store afterwards.

    Args:
        job: the student or control.
        context: the store, and who is told.
        watch: told the figures of each evaluation beside the trackers; it may raise, which ends
            the training.

    Raises:
        ModelError: the student breaks its contract.
        TrainingError: the loss is no longer a number.
    """
    context.obtain(job.key, job.title, lambda: _train(job, context, watch))
    return job.key


def _train(job: StudentJob, context: StudyContext, watch: Note | None) -> None:
    folder = job.folder_in(context.store)
    start = time.perf_counter()
    prepared = prepare_student(job, context)
    configuration = configuration_of(job.run.recipe, job.role, job.run.seed)
    with context.tracking.run(folder.name, job.key, configuration) as note:
        result = train(
            prepared.model,
            prepared.data,
            prepared.plan,
            prepared.loss,
            prepared.evaluate,
            accelerator=context.accelerator,
            progress=context.progress,
            description=job.title,
            checkpoint=folder / CHECKPOINT,
            note=note if watch is None else _both(note, watch),
            further_loss=None if prepared.hidden is None else prepared.hidden.loss,
        )
    if prepared.hidden is not None:
        prepared.hidden.mapped.remove()
    widen(prepared.model, prepared.unseen)
    _finish(job, folder, prepared, result, time.perf_counter() - start, context)


def _both(note: Note, other: Note) -> Note:
    def tell(step: int, figures: Mapping[str, float]) -> None:
        note(step, figures)
        other(step, figures)

    return tell


def prepare_student(job: StudentJob, context: StudyContext) -> Prepared:
    """Builds the student and gathers what it learns from; the teacher labels what it has not yet.

    Raises:
        ModelError: the student breaks its contract.
    """
    data = _training_set(job, context)
    examples = job.learns_from.examples
    # before the student is built: an encoder that is loaded draws of the seed's random numbers
    vectors = None if job.hard_labels else hidden_vectors(job.run, examples, context)
    model = build_student(
        job.run.recipe.student.kind,
        job.options,
        _build_context(job),
        _vectors(job, context),
        job.run.seed,
    )
    data = replace(data, encoded=readable(model, data.encoded))
    unseen = narrow(model, len(job.vocabulary) - job.vocabulary.unseen)
    plan = training_plan(job.run.recipe, job.run.seed, job.run.corpus.task)
    hidden = None if vectors is None else bind_hidden(vectors, model, job.run)
    return Prepared(model, unseen, data, plan, _loss(job), _evaluation(job, unseen), hidden)


def _training_set(job: StudentJob, context: StudyContext) -> TrainingSet:
    transfer = job.learns_from
    encoded = encode(
        job.vocabulary.tokenizer,
        transfer.examples,
        job.vocabulary.pad_id,
        by_word=job.run.corpus.task.by_word,
    )
    if job.hard_labels:
        return TrainingSet(encoded, transfer.gold)
    device = context.accelerator.device
    with context.accelerator.main_process_first():
        logits = job.run.teacher.labeller.label(transfer.examples, context.progress, device)
    return TrainingSet(encoded, transfer.gold, logits)


def _build_context(job: StudentJob) -> BuildContext:
    teacher = job.run.teacher.whole
    return BuildContext(
        labels=job.run.corpus.labels,
        vocabulary=job.vocabulary,
        encoder=teacher.encoder,
        teacher=teacher.encoder if job.hard_labels else teacher.model,
        outputs=None if job.hard_labels else teacher.outputs,
        pair_head=job.run.recipe.student.pair_head if job.run.corpus.has_pairs else 0,
        task=job.run.corpus.task,
    )


def _vectors(job: StudentJob, context: StudyContext) -> Tensor | None:
    embeddings = job.run.recipe.student.embeddings
    if isinstance(embeddings, Vectors):
        vectors, found = read_vectors(embeddings.vectors, job.vocabulary.tokens)
        context.progress.say(f"word vectors for {found:,} of {len(job.vocabulary):,} words")
        return vectors
    if embeddings not in OF_A_MODEL:
        return None
    with context.accelerator.main_process_first():
        return word_vectors(
            job.run.teacher.whole,
            job.vocabulary,
            context.progress,
            context.accelerator.device,
            fine_tuned=embeddings == FINE_TUNED and not job.hard_labels,
            waits=context.claims.waits,
        )


def training_plan(recipe: Recipe, seed: int, task: Task) -> TrainingPlan:
    """Returns the recipe's training section as the loop reads it."""
    numbers = dict(recipe.training)
    del numbers["class_weights"]  # of the loss
    return TrainingPlan(**{**numbers, "select_by": selected_by(recipe.training, task)}, seed=seed)


def _loss(job: StudentJob) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    objective, corpus = job.run.recipe.objective, job.run.corpus
    is_weighted = job.run.recipe.training.class_weights is not None
    by_gold = bind_gold_loss(corpus.task, weights=class_weights(corpus) if is_weighted else None)
    if job.hard_labels:
        loss = partial(distillation_loss, soft=None, alpha=1.0, by_gold=by_gold)
    else:
        loss = partial(
            distillation_loss,
            by_gold=by_gold,
            soft=bind_objective(objective.kind, options_of(objective), corpus.task),
            alpha=objective.alpha,
            gold_for=gold_for(objective.gold_for, corpus) if objective.gold_for else None,
        )
    return over_words(loss) if corpus.task.by_word else loss


def _evaluation(job: StudentJob, unseen: Tensor | None) -> Callable[[nn.Module], dict[str, float]]:
    vocabulary, corpus = job.vocabulary, job.run.corpus
    encoded = encode(
        vocabulary.tokenizer,
        corpus.validation,
        vocabulary.pad_id,
        by_word=corpus.task.by_word,
    )
    gold = corpus.gold("validation")

    def evaluate(model: nn.Module) -> dict[str, float]:
        with widened(model, unseen):
            logits = predict_logits(model, encoded)
        return quality_of_logits(corpus.task, logits, gold, corpus.oos, corpus.positive)

    return evaluate


def _finish(
    job: StudentJob,
    folder: Path,
    prepared: Prepared,
    result: TrainingResult,
    seconds: float,
    context: StudyContext,
) -> None:
    """Saves the model; the record, which declares it finished, comes last."""
    if context.accelerator.is_main_process:
        save_model(folder, prepared.model, job.vocabulary)
        context.store.write_history(folder, result.history)
    context.accelerator.wait_for_everyone()
    context.finish(folder, _record(job, folder, prepared, result, seconds))
    if context.accelerator.is_main_process:
        (folder / CHECKPOINT).unlink(missing_ok=True)
    kept = next(point for point in result.history if point["step"] == result.best_step)
    task = job.run.corpus.task
    resumed = f", resumed at step {result.resumed_at}" if result.resumed_at else ""
    context.progress.say(
        f"{job.title}: validation {task.leading_title} {kept[task.leading]:.3f} "
        f"({seconds:.0f} s{resumed})"
    )


def _record(
    job: StudentJob, folder: Path, prepared: Prepared, result: TrainingResult, seconds: float
) -> Record:
    transfer = job.learns_from
    cut_share = prepared.data.encoded.cut / max(1, len(transfer.examples))
    return Record(
        key=job.key,
        role=job.role,
        name=job.run.recipe.name,
        variant=job.run.variant.variant,
        seed=job.run.seed,
        kind=job.run.recipe.student.kind,
        road=registry.students.get(job.run.recipe.student.kind).road,
        teacher_key=None if job.hard_labels else job.run.teacher.key,
        data=summary_of(job.run.corpus, origin_of(job.run.recipe.data), cut_share),
        recipe=job.run.recipe.model_dump(mode="json"),
        made_of=job.made_of,
        training=TrainingSummary(
            steps=job.run.recipe.training.steps,
            best_step=result.best_step,
            seconds=seconds,
            texts=len(transfer.examples),
            unlabelled=transfer.unlabelled,
            augmented=transfer.made,
            augmented_wanted=transfer.wanted,
        ),
        size=model_size(prepared.model, folder),
        quality={},
        environment=environment(),
        created=now(),
    )
