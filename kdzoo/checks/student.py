"""A recipe's student, made of its own teacher before anything is trained for it."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import nn

from kdzoo import registry
from kdzoo.data import Example
from kdzoo.entries import StudentEntry
from kdzoo.model import BuildContext, build_student, refuse_narrow, refuse_tableless
from kdzoo.progress import Silent
from kdzoo.recipe.schema import OF_A_MODEL, Recipe, Vectors
from kdzoo.steps import student_options
from kdzoo.task import SINGLE_LABEL, Task
from kdzoo.teacher import Looked, encoder_vectors, keeps_pad_id
from kdzoo.text import SpecialTokens, Vocabulary, prune, words

_TEXTS = tuple(map(Example, ("play some jazz", "what is the weather like in the new place", "7")))


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
        ModelError: the student cannot be made of that teacher.
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
    if isinstance(student.embeddings, Vectors) and not entry.is_module:  # others have been tried
        refuse_tableless(model, entry)


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
