"""A recipe's teacher, looked at; and what the recipe asks of it, tried before it is trained for."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kdzoo import registry
from kdzoo.checks.student import try_student_on
from kdzoo.data import Corpus
from kdzoo.errors import KdzooError, TeacherError, first_line
from kdzoo.model import freeze_lower, try_student
from kdzoo.recipe.schema import Recipe
from kdzoo.recipe.teacher import TeacherSection
from kdzoo.steps import pooling_of, refuse_other_task, student_options
from kdzoo.task import SINGLE_LABEL, Task
from kdzoo.teacher import (
    Looked,
    find_encoder,
    find_sources,
    look_at,
    look_at_sentences,
    refuse_other_vocabulary,
)
from kdzoo.text import SpecialTokens
from kdzoo.transfer import NearWords, try_augmenter


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
            KdzooError: the model cannot be loaded, or does not answer as it should.
        """
        known = (folder, wanted, finished, task.name)
        if known not in self._seen:
            self._seen[known] = look_at(folder, wanted, finished=finished, task=task)
        return self._seen[known]

    @property
    def notes(self) -> list[str]:
        """What a user has to know of the models, each once."""
        return list(dict.fromkeys(each.note for each in self._seen.values() if each.note))

    def look_at_sentences(self, folder: Path, section: TeacherSection) -> None:
        """Sees that an encoder gives sentence vectors as a linear head wants them.

        Raises:
            KdzooError: the encoder cannot be loaded, or gives no such vectors.
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
        RecipeError: the augmenter refuses its options.
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
        TeacherError: the encoder gives none.
    """
    try:
        lookout.look_at_sentences(folder, section.model_copy(update={"lower_layers": ()}))
    except KdzooError as error:
        raise TeacherError(
            f"{purpose} by the sentence vectors of {folder}, which gives none; remove {cure} "
            f"({first_line(error)})"
        ) from error
