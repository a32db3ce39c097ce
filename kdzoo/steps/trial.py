"""Trying a recipe on its own teacher, before anything is trained for it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import nn

from kdzoo import registry
from kdzoo.data import Corpus, Example
from kdzoo.entries import StudentEntry
from kdzoo.errors import KdzooError, RecipeError, TeacherError, first_line
from kdzoo.model import (
    BuildContext,
    build_student,
    freeze_lower,
    refuse_narrow,
    refuse_tableless,
    try_student,
)
from kdzoo.objectives import gold_for
from kdzoo.progress import Silent
from kdzoo.recipe.schema import OF_A_MODEL, Recipe
from kdzoo.recipe.teacher import Teacher as TeacherSection
from kdzoo.steps.hidden import pooling_of
from kdzoo.steps.job import student_options
from kdzoo.steps.misfit import refuse_other_kind, refuse_other_task
from kdzoo.task import SINGLE_LABEL, Task
from kdzoo.teacher import (
    Looked,
    columns_of,
    encoder_vectors,
    find_encoder,
    find_sources,
    keeps_pad_id,
    look_at,
    look_at_sentences,
    named_outputs,
    refuse_few,
    refuse_folds,
    refuse_other_vocabulary,
)
from kdzoo.text import SpecialTokens, Vocabulary, prune, words
from kdzoo.transfer import NearWords, try_augmenter

_TEXTS = tuple(map(Example, ("play some jazz", "what is the weather like in the new place", "7")))


@dataclass
class Lookout:
    """The models that were looked at, each once; their weights stay while recipes are tried."""

    _seen: dict[tuple[Path, int, bool, str], Looked] = field(default_factory=dict)
    _read: set[tuple[Path, int, str | None, tuple[int, ...]]] = field(default_factory=set)

    def look(
        self, folder: Path, wanted: int, *, finished: bool, task: Task = SINGLE_LABEL
    ) -> Looked:
        """Returns a model once it is seen to be sound.

        Args:
            folder: the model's.
            wanted: tokens that it is to read.
            finished: whether it has to be a classifier already.
            task: what it is going to be asked.

        Raises:
            KdzooError: it is not.
        """
        known = (folder, wanted, finished, task.name)
        if known not in self._seen:
            self._seen[known] = look_at(folder, wanted, finished=finished, task=task)
        return self._seen[known]

    def look_at_sentences(self, folder: Path, section: TeacherSection) -> None:
        """Sees that an encoder gives sentence vectors as a linear head wants them.

        Raises:
            KdzooError: it does not.
        """
        known = (folder, section.max_length, section.pooling, section.lower_layers)
        if known not in self._read:
            look_at_sentences(folder, section.pooling, section.max_length, section.lower_layers)
            self._read.add(known)


def check_teacher(recipe: Recipe, lookout: Lookout, corpus: Corpus) -> list[Path]:
    """Looks at a recipe's teacher, and tries on it what the recipe asks of it.

    Returns the folders of the models that cut texts for it and its students; none of a file alone.

    Args:
        recipe: any.
        lookout: what was seen already.
        corpus: says what the data ask.

    Raises:
        TeacherError: the teacher cannot be found or loaded.
        ModelError: it is not sound, or the student cannot be made of it.
        RecipeError: the augmenter's options cannot be.
        DataError: the augmenter needs what the teacher does not have.
    """
    section, sources, task = recipe.teacher, find_sources(recipe.teacher), corpus.task
    for folder in sources if section.is_finished else ():
        refuse_other_task(folder, corpus)
    lent = [
        lookout.look(folder, section.max_length, finished=section.is_finished, task=task)
        for folder in sources
    ]
    _try_fitting(section, lent, lookout)
    named = find_encoder(section)
    if named is not None:
        encoder = lookout.look(named, section.max_length, finished=False, task=task)
        if lent:
            refuse_other_vocabulary(encoder, lent[0], "teacher.encoder")
    elif lent:
        encoder = lent[0]
    else:  # a file alone, which lends nothing
        student = recipe.student
        pair_head = student.pair_head if recipe.data.text_pair is not None else 0
        try_student(student.kind, student_options(student), pair_head, section.max_length)
        return []
    teacher = lent[0] if lent else encoder
    if recipe.transfer.is_chosen_by_vectors:
        purpose = "transfer.unlabelled.choose: nearest compares texts"
        _try_vectors_of(encoder.folder, section, lookout, purpose, "choose")
    if recipe.objective.hidden:
        pooled = section.model_copy(update={"pooling": pooling_of(section)})
        purpose = "objective.hidden compares encodings"
        _try_vectors_of(teacher.folder, pooled, lookout, purpose, "objective.hidden")
    if recipe.transfer.augment is not None:
        mask = SpecialTokens.of(teacher.tokenizer).mask
        words = partial(NearWords.of_model, teacher.model, teacher.tokenizer)
        pairs = recipe.data.text_pair is not None
        try_augmenter(recipe.transfer.augment, mask, words, pairs=pairs)
    if registry.students.get(recipe.student.kind).tokenizer_of is None:
        try_student_on(recipe, teacher, encoder, knows_head=bool(lent), task=task)
    return sources or [encoder.folder]


def _try_fitting(section: TeacherSection, lent: Sequence[Looked], lookout: Lookout) -> None:
    """Sees that the models can be fitted as the recipe says.

    Raises:
        KdzooError: one gives no sentence vectors for a linear head, or has too few layers.
    """
    for member in lent:
        if section.head is not None:
            lookout.look_at_sentences(member.folder, section)
        if section.fine_tune is not None and section.fine_tune.freeze is not None:
            freeze_lower(copy.deepcopy(member.model), section.fine_tune.freeze)


def _try_vectors_of(
    folder: Path, section: TeacherSection, lookout: Lookout, purpose: str, cure: str
) -> None:
    """Sees that an encoder gives sentence vectors.

    Args:
        folder: the encoder's.
        section: how it is read.
        lookout: what was seen already.
        purpose: what asks for the vectors.
        cure: what of the recipe can be removed.

    Raises:
        TeacherError: it does not.
    """
    try:
        lookout.look_at_sentences(folder, section.model_copy(update={"lower_layers": ()}))
    except KdzooError as error:
        raise TeacherError(
            f"{purpose} by the sentence vectors of {folder}, which gives none; remove {cure} "
            f"({first_line(error)})"
        ) from error


def check_labels(recipe: Recipe, corpus: Corpus) -> None:
    """Sees that a teacher fits the labels: a finished one has them, another has texts of each.

    Raises:
        TeacherError: it does not; the message lists the differences.
    """
    section = recipe.teacher
    if section.head is not None:
        refuse_few(corpus)
    if section.folds is not None:
        refuse_folds(corpus, section.folds, linear=section.head is not None)
    if section.outputs is not None:
        named_outputs(section, corpus.labels)
    if not section.is_finished:
        return
    for folder in find_sources(section):
        refuse_other_kind(folder, corpus)
        columns_of(folder, corpus.labels, section.labels)


def check_gold(recipe: Recipe, corpus: Corpus) -> None:
    """Sees that the data have the gold labels that the objective asks for.

    Raises:
        DataError: they have not; each word of ``objective.gold_for`` is told with its cure.
        RecipeError: gold labels are weighted, and the objective asks for none.
    """
    objective = recipe.objective
    if recipe.training.class_weights and not objective.alpha and not objective.gold_for:
        raise RecipeError(
            f"{recipe.name}: training.class_weights weighs the loss on gold labels, and with "
            "objective.alpha 0 students have none; write objective.alpha above 0 or "
            "objective.gold_for, or remove training.class_weights"
        )
    if objective.alpha < 1:
        gold_for(objective.gold_for, corpus)


def try_student_on(
    recipe: Recipe,
    teacher: Looked,
    encoder: Looked,
    *,
    knows_head: bool,
    task: Task = SINGLE_LABEL,
) -> None:
    """Makes a recipe's student of its teacher, over a handful of words.

    Args:
        recipe: its student reads with the teacher's tokenizer, or words.
        teacher: the teacher, or what stands for it before it is fine-tuned.
        encoder: what it was fine-tuned from.
        knows_head: whether students may take over the teacher's classification head.
        task: what the data ask.

    Raises:
        ModelError: that cannot be.
    """
    student, entry = recipe.student, registry.students.get(recipe.student.kind)
    vocabulary = _vocabulary(recipe, teacher, special=entry.special_tokens)
    needs_vectors = student.embeddings in OF_A_MODEL
    context = BuildContext(
        labels=teacher.labels,
        vocabulary=vocabulary,
        encoder=lambda: copy.deepcopy(encoder.model),
        teacher=lambda: copy.deepcopy(teacher.model),
        outputs=tuple(range(len(teacher.labels))) if knows_head else None,
        pair_head=student.pair_head if recipe.data.text_pair is not None else 0,
        task=task,
    )
    model = build_student(student.kind, student_options(student), context, None, seed=0)
    if needs_vectors:
        _try_vectors(model.student if entry.is_module else model, entry, vocabulary, encoder)


def _vocabulary(recipe: Recipe, teacher: Looked, *, special: bool) -> Vocabulary:
    texts: Sequence[Example] = _TEXTS
    if recipe.student.text == "words":
        return words(texts, teacher.max_length, SpecialTokens.of(teacher.tokenizer).mask)
    return prune(
        teacher.tokenizer,
        texts,
        teacher.max_length,
        special_tokens=special,
        keep_pad_id=special and keeps_pad_id(teacher.folder),
    )


def _try_vectors(
    student: nn.Module, entry: StudentEntry, vocabulary: Vocabulary, encoder: Looked
) -> None:
    """Has the encoder make vectors for the handful of words, and sees that they are wide enough."""
    table = refuse_tableless(student, entry)
    vectors = encoder_vectors(
        copy.deepcopy(encoder.model), encoder.tokenizer, vocabulary, Silent(), torch.device("cpu")
    )
    refuse_narrow(vectors.shape[1], table.embedding_dim)
