"""One student, distilled or on hard labels: found in the store or trained now."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from kdzoo import registry
from kdzoo.data import Corpus
from kdzoo.measure import environment, model_size
from kdzoo.metrics import quality
from kdzoo.model import (
    BuildContext,
    build_student,
    file_sha256,
    narrow,
    predict_logits,
    save_model,
    try_student,
    widen,
    widened,
)
from kdzoo.objectives import bind_objective, distillation_loss
from kdzoo.recipe import Variant, options_of
from kdzoo.recipe.schema import Recipe, Vectors
from kdzoo.results import CHECKPOINT, HISTORY, Record, TrainingSummary, write_atomically
from kdzoo.steps.context import MODEL_FORMAT, StudyContext, now, summary_of
from kdzoo.steps.teacher import StudyTeacher, origin_of
from kdzoo.teacher import content_hash, encoder_vectors
from kdzoo.text import Encoded, SpecialTokens, Vocabulary, encode, prune, read_vectors, words
from kdzoo.training import TrainingPlan, TrainingResult, TrainingSet, train
from kdzoo.transfer import TransferSet, build_transfer_set


@dataclass(frozen=True)
class StudentJob:
    """A student to make: everything that shapes it, before any of it is computed.

    Attributes:
        variant: the recipe.
        corpus: the data as this seed sees it.
        taught: the teacher.
        seed: of initialisation, batches and augmentation.
        transfer: what a distilled student learns from; the vocabulary comes from here in any case.
        vocabulary: text -> ids.
        hard_labels: whether gold labels are all that it sees.
    """

    variant: Variant
    corpus: Corpus
    taught: StudyTeacher
    seed: int
    transfer: TransferSet
    vocabulary: Vocabulary
    hard_labels: bool

    @property
    def recipe(self) -> Recipe:
        """The recipe of the variant."""
        return self.variant.recipe

    @cached_property
    def key(self) -> str:
        """Stands for everything that shapes the model.

        A hard-label student's depends on nothing that the teacher learnt, so that recipes share it.
        """
        student = self.recipe.student
        content: dict[str, Any] = {
            "format": MODEL_FORMAT,
            "student": student.model_dump(mode="json"),
            "training": self.recipe.training.model_dump(mode="json", exclude={"checkpoint_every"}),
            "seed": self.seed,
            "vocabulary": self.vocabulary.fingerprint,
            "encoder": self.taught.teacher.encoder_key(),
            "sources": _own_sources(self.recipe, hard_labels=self.hard_labels),
        }
        if self.recipe.training.select_by == "in_scope_accuracy":
            content["oos"] = self.corpus.oos
        if isinstance(student.embeddings, Vectors):
            content["vectors"] = file_sha256(Path(student.embeddings.vectors))
        if self.hard_labels:
            content["corpus"] = self.corpus.gold_fingerprint
        else:
            content["corpus"] = self.corpus.fingerprint
            content["teacher"] = self.taught.teacher.key
            content["objective"] = self.recipe.objective.model_dump(mode="json")
            content["transfer"] = self.recipe.transfer.model_dump(mode="json")
        return content_hash(content)

    @property
    def title(self) -> str:
        """What progress calls it."""
        name = f"{self.variant.name} on hard labels" if self.hard_labels else self.variant.name
        return f"{name}, seed {self.seed}"


def check_kinds(recipe: Recipe) -> None:
    """Tries the student and the objective on a few numbers, before a teacher is trained for them.

    Raises:
        ModelError: one of them breaks its contract.
    """
    if recipe.objective.alpha < 1:
        bind_objective(recipe.objective.kind, options_of(recipe.objective))
    try_student(recipe.student.kind, options_of(recipe.student))


def plan_jobs(
    variant: Variant, corpus: Corpus, taught: StudyTeacher, seed: int
) -> tuple[StudentJob, StudentJob | None]:
    """Returns the recipe's student and its hard-label control; none for what is one itself."""
    recipe = variant.recipe
    tokenizer = taught.teacher.tokenizer()
    transfer = build_transfer_set(corpus, recipe.transfer, SpecialTokens.of(tokenizer).mask, seed)
    vocabulary = _vocabulary(recipe, taught, tokenizer, transfer)
    hard = recipe.objective.alpha == 1
    job = StudentJob(variant, corpus, taught, seed, transfer, vocabulary, hard)
    if hard or not recipe.controls.hard_labels:
        return job, None
    return job, StudentJob(variant, corpus, taught, seed, transfer, vocabulary, hard_labels=True)


def _vocabulary(
    recipe: Recipe, taught: StudyTeacher, tokenizer: Any, transfer: TransferSet
) -> Vocabulary:
    limit = taught.teacher.text_limit()
    if recipe.student.text == "words":
        return words(transfer.examples, limit, SpecialTokens.of(tokenizer).mask)
    entry = registry.students.get(recipe.student.kind)
    special = bool(entry.details["special_tokens"])
    return prune(
        tokenizer,
        transfer.examples,
        limit,
        special_tokens=special,
        keep_unseen=recipe.student.vocabulary == "whole",
    )


def _own_sources(recipe: Recipe, *, hard_labels: bool) -> list[str]:
    """Returns hashes of the user's own files that shape the model: editing one trains it anew."""
    used = [(registry.students, recipe.student.kind)]
    if not hard_labels:
        used.append((registry.objectives, recipe.objective.kind))
        if recipe.transfer.augment is not None:
            used.append((registry.augmenters, recipe.transfer.augment.kind))
    files = [known.get(kind).file for known, kind in used if not known.is_builtin(kind)]
    return [file_sha256(file) for file in files if file.is_file()]


def obtain_student(job: StudentJob, context: StudyContext) -> str:
    """Returns the key of the job's model, which is in the store afterwards.

    Raises:
        ModelError: the student breaks its contract.
        TrainingError: the loss is no longer a number.
    """
    if context.find(job.key) is not None:
        return job.key
    control = "-hard-labels" if job.hard_labels and job.recipe.objective.alpha < 1 else ""
    folder = context.store.folder(job.recipe.name + control, job.variant.variant, job.seed, job.key)
    start = time.perf_counter()
    transfer = job.transfer.labelled() if job.hard_labels else job.transfer
    encoded = encode(job.vocabulary.tokenizer, transfer.examples, job.vocabulary.pad_id)
    data = _training_set(job, transfer, encoded, context)
    model = build_student(
        job.recipe.student.kind,
        options_of(job.recipe.student),
        _build_context(job),
        _vectors(job, context),
        job.seed,
    )
    unseen = narrow(model, len(job.vocabulary) - job.vocabulary.unseen)
    result = train(
        model,
        data,
        training_plan(job.recipe, job.seed),
        _loss(job),
        _evaluation(job, unseen),
        accelerator=context.accelerator,
        progress=context.progress,
        description=job.title,
        checkpoint=folder / CHECKPOINT,
    )
    widen(model, unseen)
    _finish(job, folder, model, result, encoded.cut, time.perf_counter() - start, context)
    return job.key


def _training_set(
    job: StudentJob, transfer: TransferSet, encoded: Encoded, context: StudyContext
) -> TrainingSet:
    if job.hard_labels:
        return TrainingSet(encoded, transfer.gold)
    device = context.accelerator.device
    with context.accelerator.main_process_first():
        logits = job.taught.teacher.label(transfer.examples, context.progress, device)
    return TrainingSet(encoded, transfer.gold, logits)


def _build_context(job: StudentJob) -> BuildContext:
    teacher = job.taught.teacher
    return BuildContext(
        labels=job.corpus.labels,
        vocabulary=job.vocabulary,
        encoder=teacher.encoder,
        teacher=teacher.encoder if job.hard_labels else teacher.model,
    )


def _vectors(job: StudentJob, context: StudyContext) -> Tensor | None:
    embeddings = job.recipe.student.embeddings
    if isinstance(embeddings, Vectors):
        vectors, found = read_vectors(embeddings.vectors, job.vocabulary.tokens)
        context.progress.say(f"word vectors for {found:,} of {len(job.vocabulary):,} words")
        return vectors
    if embeddings == "random":
        return None
    teacher = job.taught.teacher
    known = (teacher.encoder_key(), job.vocabulary.fingerprint)
    if known not in context.vectors:
        context.vectors[known] = encoder_vectors(
            teacher.encoder(),
            teacher.tokenizer(),
            job.vocabulary,
            context.progress,
            context.accelerator.device,
        )
    return context.vectors[known]


def training_plan(recipe: Recipe, seed: int) -> TrainingPlan:
    """Returns the recipe's training section as the loop reads it."""
    return TrainingPlan(**recipe.training.model_dump(), seed=seed)


def _loss(job: StudentJob) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    objective = job.recipe.objective
    if job.hard_labels:
        return partial(distillation_loss, soft=None, alpha=1.0)
    soft = bind_objective(objective.kind, options_of(objective))
    return partial(distillation_loss, soft=soft, alpha=objective.alpha)


def _evaluation(job: StudentJob, unseen: Tensor | None) -> Callable[[nn.Module], dict[str, float]]:
    vocabulary, corpus = job.vocabulary, job.corpus
    encoded = encode(vocabulary.tokenizer, corpus.validation, vocabulary.pad_id)
    gold = np.array(corpus.gold("validation"))

    def evaluate(model: nn.Module) -> dict[str, float]:
        with widened(model, unseen):
            logits = predict_logits(model, encoded)
        return quality(logits.argmax(1), gold, corpus.oos)

    return evaluate


def _finish(
    job: StudentJob,
    folder: Path,
    model: Any,
    result: TrainingResult,
    cut: int,
    seconds: float,
    context: StudyContext,
) -> None:
    transfer = job.transfer.labelled() if job.hard_labels else job.transfer
    if context.accelerator.is_main_process:
        save_model(folder, model, job.vocabulary)
        write_atomically(folder / HISTORY, json.dumps(result.history, indent=1))
    context.accelerator.wait_for_everyone()
    is_control = job.hard_labels and job.recipe.objective.alpha < 1
    entry = registry.students.get(job.recipe.student.kind)
    record = Record(
        key=job.key,
        role="control" if is_control else "student",
        name=job.recipe.name,
        variant=job.variant.variant,
        seed=job.seed,
        kind=job.recipe.student.kind,
        road=entry.details["road"],
        teacher_key=None if job.hard_labels else job.taught.key,
        data=summary_of(job.corpus, origin_of(job.recipe), cut / max(1, len(transfer.examples))),
        recipe=job.recipe.model_dump(mode="json"),
        training=TrainingSummary(
            steps=job.recipe.training.steps,
            best_step=result.best_step,
            seconds=seconds,
            texts=len(transfer.examples),
            augmented=transfer.made,
            augmented_wanted=transfer.wanted,
        ),
        size=model_size(model, folder),
        quality={},
        environment=environment(),
        created=now(),
    )
    context.finish(folder, record)
    if context.accelerator.is_main_process:
        (folder / CHECKPOINT).unlink(missing_ok=True)
    best = max((point["accuracy"] for point in result.history), default=float("nan"))
    resumed = f", resumed at step {result.resumed_at}" if result.resumed_at else ""
    context.progress.say(
        f"{job.title}: best validation accuracy {best:.3f} ({seconds:.0f} s{resumed})"
    )
