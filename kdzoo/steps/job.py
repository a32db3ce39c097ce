"""What shapes a student: recipe, data, teacher, vocabulary; and the key that stands for it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from kdzoo import registry
from kdzoo.digest import content_hash, file_sha256
from kdzoo.errors import ModelError, TeacherError
from kdzoo.files import with_home
from kdzoo.model import own_vocabulary
from kdzoo.objectives import OOS, class_weights
from kdzoo.recipe import options_of, pretrained_options
from kdzoo.recipe.schema import FINE_TUNED, Recipe, Student, Vectors
from kdzoo.registering import Registry
from kdzoo.results import Store
from kdzoo.sources import source_digests
from kdzoo.steps.context import MODEL_FORMAT
from kdzoo.steps.hidden import encoder_of
from kdzoo.steps.seed_run import SeedRun
from kdzoo.steps.selection import selected_by
from kdzoo.steps.study_data import StudyData
from kdzoo.task import SINGLE_LABEL
from kdzoo.teacher import AnyTeacher, content_key, find_model
from kdzoo.text import Vocabulary, prune, words
from kdzoo.transfer import TransferSet


@dataclass(frozen=True)
class StudentJob:
    """A student to make: everything that shapes it, before any of it is computed.

    Attributes:
        run: the seed of the variant.
        transfer: what a distilled student learns from.
        vocabulary: text -> ids.
        hard_labels: whether gold labels are all that it sees.
    """

    run: SeedRun
    transfer: TransferSet
    vocabulary: Vocabulary
    hard_labels: bool

    @property
    def role(self) -> Literal["student", "control"]:
        """What it is in the study; a recipe of hard labels alone makes a student."""
        return "control" if self.hard_labels and self.run.recipe.objective.alpha < 1 else "student"

    @cached_property
    def learns_from(self) -> TransferSet:
        """The transfer set; of a hard-label student, the part that has gold labels."""
        return self.transfer.labelled() if self.hard_labels else self.transfer

    @cached_property
    def models(self) -> dict[str, Path]:
        """The folders of the models that the student's options name."""
        return student_models(self.run.recipe.student)

    @property
    def options(self) -> dict[str, Any]:
        """The student's options as it is built with them: models by their folders."""
        return student_options(self.run.recipe.student, self.models)

    def folder_in(self, store: Store) -> Path:
        """Returns where the model lies or will lie in a store."""
        run, control = self.run, "-hard-labels" if self.role == "control" else ""
        return store.folder(run.recipe.name + control, run.variant.variant, run.seed, self.key)

    @cached_property
    def key(self) -> str:
        """Stands for everything that shapes the model.

        A hard-label student's depends on nothing that the teacher learnt, so that recipes share it.
        """
        run, recipe = self.run, self.run.recipe
        content: dict[str, Any] = {
            "format": MODEL_FORMAT,
            "student": self._student_content(),
            "training": recipe.training.model_dump(mode="json", exclude={"checkpoint_every"}),
            "seed": run.seed,
            "vocabulary": self.vocabulary.fingerprint,
            "encoder": run.teacher.whole.encoder_key(),
            "sources": _own_sources(recipe, hard_labels=self.hard_labels),
        }
        by_gold = () if self.hard_labels else recipe.objective.gold_for
        if recipe.training.select_by == "in_scope_accuracy" or OOS in by_gold:
            content["oos"] = run.corpus.oos
        if run.corpus.task != SINGLE_LABEL:
            content["task"] = run.corpus.task.name
            content["select_by"] = selected_by(recipe.training, run.corpus.task)
        if self.hard_labels:
            if run.corpus.outvoted:  # before, such texts had the label that stands first
                content["labels"] = "most frequent"
            return content_hash({**content, "corpus": run.corpus.gold_fingerprint})
        return content_hash({**content, **self._distilled_content()})

    @cached_property
    def made_of(self) -> str:
        """Stands for what the recipe names by path or name alone, the same for all its seeds.

        That is the user's code, models, vectors and unlabelled texts: they may be edited, or be
        others on another machine.
        """
        run, student = self.run, self.run.recipe.student
        augment = None if self.hard_labels else run.recipe.transfer.augment
        own = [] if augment is None else _own_code(registry.augmenters, augment.kind)
        return content_hash(
            {
                "encoder": run.teacher.whole.encoder_key(),
                "models": self._models_content(),
                "vectors": _vectors_content(student),
                "sources": [*_own_sources(run.recipe, hard_labels=self.hard_labels), *own],
                "unlabelled": self.learns_from.source,
            }
        )

    def _student_content(self) -> dict[str, Any]:
        """Returns what the recipe says of the student, files by what is in them."""
        run, student = self.run, self.run.recipe.student
        unused = set() if run.corpus.has_pairs else {"pair_head"}
        content = student.model_dump(mode="json", exclude=unused)
        if student.embeddings == FINE_TUNED and self.hard_labels:
            content["embeddings"] = "teacher"  # no teacher's vectors without its labels
        if (vectors := _vectors_content(student)) is not None:  # the same file may lie elsewhere
            content["embeddings"] = {"vectors": vectors}
        return {**content, **self._models_content()}

    def _models_content(self) -> dict[str, str]:
        """Returns what stands for the models that the student's options name, by option."""
        max_length = self.run.recipe.teacher.max_length
        return {name: content_key(model, max_length) for name, model in self.models.items()}

    def _distilled_content(self) -> dict[str, Any]:
        """Returns what shapes a student that learns from the teacher, beside what shapes others."""
        run, recipe = self.run, self.run.recipe
        content: dict[str, Any] = {
            "corpus": run.corpus.validation_fingerprint,
            "learns_from": self.transfer.examples.fingerprint,
            "teacher": run.teacher.labeller.key,
            "objective": recipe.objective.model_dump(mode="json"),
        }
        if recipe.student.embeddings == FINE_TUNED:
            content["words_by"] = run.teacher.whole.model_key()
        if recipe.training.class_weights is not None:  # of all labelled texts, equal ones too
            content["class_weights"] = class_weights(run.corpus).tolist()
        if recipe.objective.hidden:
            content["vectors_by"] = encoder_of(run).key
        return content

    @property
    def title(self) -> str:
        """What progress calls it."""
        on = " on hard labels" if self.hard_labels else ""
        return f"{self.run.variant.name}{on}, seed {self.run.seed}"


def student_options(student: Student, models: Mapping[str, Path] | None = None) -> dict[str, Any]:
    """Returns a student's options as it is built with them: models by their folders.

    Args:
        student: the recipe's section.
        models: the folders, where they were found already.

    Raises:
        ModelError: a model cannot be found.
    """
    found = student_models(student) if models is None else models
    return {**options_of(student), **{name: str(folder) for name, folder in found.items()}}


def student_models(student: Student) -> dict[str, Path]:
    """Returns the folders of the models that a student's options name.

    Raises:
        ModelError: a model cannot be found.
    """
    entry = registry.students.get(student.kind)
    found: dict[str, Path] = {}
    for name, source in pretrained_options(entry, options_of(student)).items():
        try:
            found[name] = find_model(source)
        except TeacherError as error:
            raise ModelError(f"student.{name}: {error}") from error
    return found


def plan_jobs(
    run: SeedRun, data: StudyData, *, only_looks: bool = False
) -> tuple[StudentJob, StudentJob | None]:
    """Returns the run's student and its hard-label control; none for what is one itself.

    Args:
        run: a seed of a recipe.
        data: reads what it names.
        only_looks: whether no encoder is to read a text.

    Raises:
        NotMadeError: texts are chosen by vectors, which are not all there, and are not to be made.
    """
    transfer = data.transfer_set(run.recipe, run.corpus, run.seed, only_looks=only_looks)
    hard = run.recipe.objective.alpha == 1
    job = StudentJob(run, transfer, _vocabulary(run, data, transfer, hard_labels=hard), hard)
    if hard or not run.recipe.controls.hard_labels:
        return job, None
    vocabulary = _vocabulary(run, data, transfer, hard_labels=True)
    return job, StudentJob(run, transfer, vocabulary, hard_labels=True)


def _vocabulary(
    run: SeedRun, data: StudyData, transfer: TransferSet, *, hard_labels: bool
) -> Vocabulary:
    """Returns the words of the transfer set, which a control knows too.

    Where a student knows all words anyway, the texts decide their order alone. Then a control's
    order is that of its own texts, and what other students learn from does not train it anew.
    """
    is_own = hard_labels and run.recipe.student.vocabulary == "whole"
    read = transfer.labelled() if is_own else transfer
    lender = (run.teacher.key, run.teacher.whole.encoder_key())  # a file's key knows no encoder
    return data.vocabulary(
        (read.examples.fingerprint, *lender, *_read_by(run.recipe)),
        lambda: _made_vocabulary(run.recipe, run.teacher.whole, read),
    )


def _read_by(recipe: Recipe) -> tuple[str, ...]:
    """Returns what of a recipe decides how its student reads, beside teacher and texts."""
    student = recipe.student
    option = registry.students.get(student.kind).tokenizer_of
    own = "" if option is None else str(options_of(student)[option])
    return (student.kind, student.text, student.vocabulary, own, str(recipe.teacher.max_length))


def _made_vocabulary(recipe: Recipe, teacher: AnyTeacher, transfer: TransferSet) -> Vocabulary:
    own = brought_vocabulary(recipe)
    if own is not None:
        return own
    limit = teacher.text_limit()
    if recipe.student.text == "words":
        return words(transfer.examples, limit, teacher.mask_token(), teacher.cut_side())
    special = registry.students.get(recipe.student.kind).special_tokens
    return prune(
        teacher.tokenizer(),
        transfer.examples,
        limit,
        special_tokens=special,
        keep_unseen=recipe.student.vocabulary == "whole",
        keep_pad_id=special and teacher.keeps_pad_id(),
    )


def brought_vocabulary(recipe: Recipe) -> Vocabulary | None:
    """Returns the vocabulary of a student that brings its tokenizer; None for all others."""
    option = registry.students.get(recipe.student.kind).tokenizer_of
    if option is None:
        return None
    folder = student_models(recipe.student)[option]
    return own_vocabulary(folder, option, recipe.teacher.max_length)


def _vectors_content(student: Student) -> str | None:
    """Returns what is in the file of vectors that a student begins with, if it has one."""
    if not isinstance(student.embeddings, Vectors):
        return None
    return file_sha256(with_home(student.embeddings.vectors))


def _own_sources(recipe: Recipe, *, hard_labels: bool) -> list[str]:
    """Returns digests of the user's own code that shapes the model: editing it trains it anew."""
    own = _own_code(registry.students, recipe.student.kind)
    return own if hard_labels else [*own, *_own_code(registry.objectives, recipe.objective.kind)]


def _own_code(known: Registry[Any], kind: str) -> list[str]:
    """Returns digests of what is registered by a user; none of what comes with kdzoo."""
    return [] if known.is_builtin(kind) else source_digests(known.get(kind))
