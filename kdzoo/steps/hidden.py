"""The teacher's sentence vectors, which ``objective.hidden`` holds a student's encoding against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kdzoo.data import Texts
from kdzoo.data.texts import Rows
from kdzoo.model import MappedEncodings, PoolingKind
from kdzoo.objectives import hidden_loss
from kdzoo.recipe.teacher import TeacherSection
from kdzoo.steps.context import StudyContext
from kdzoo.steps.seed_run import SeedRun
from kdzoo.steps.study_data import refuse_unread
from kdzoo.teacher import (
    WHOLE,
    CachedRows,
    Part,
    SentenceEncoder,
    find_encoder,
    open_sentence_encoder,
)


@dataclass(frozen=True)
class Hidden:
    """The further loss of a student that is trained on a teacher's vectors too.

    Attributes:
        mapped: what the student makes of a text, mapped to the vectors' width.
        vectors: the teacher's of all texts, [N, D]; of pairs both end to end, [N, 2D].
        weight: of the loss.
    """

    mapped: MappedEncodings
    vectors: CachedRows
    weight: float

    def loss(self, rows: Rows) -> Tensor:
        """Returns the weighted loss of the texts that the student read last.

        Args:
            rows: their numbers, [B].
        """
        encodings = self.mapped.last()  # [B, D]; of pairs [2B, D], the first texts first
        vectors = torch.from_numpy(self.vectors[rows].astype(np.float32)).to(encodings.device)
        each = torch.cat(torch.split(vectors, encodings.shape[1], dim=1))
        return self.weight * hidden_loss(encodings, each)


def encoder_of(run: SeedRun) -> SentenceEncoder:
    """Returns the encoder that gives the teacher's sentence vectors.

    It is the one below a linear head, or the (first) model that labels; of a file of outputs, the
    encoder that the recipe names.

    Raises:
        TeacherError: the encoder cannot be loaded, or gives no sentence vectors.
    """
    section, members = run.recipe.teacher, run.teacher.whole.members
    if members and members[0].sentences is not None:
        return members[0].sentences
    folder = members[0].folder if members else find_encoder(section)
    assert folder is not None  # noqa: S101 - check_outputs has seen that the recipe names one
    return open_sentence_encoder(
        folder,
        pooling_of(section),
        section.max_length,
        section.batch_size,
        reads_pairs=run.corpus.has_pairs,
    )


def pooling_of(section: TeacherSection) -> PoolingKind | None:
    """Returns how the teacher's vectors are pooled; None where the model's folder says that.

    The folder of what is fine-tuned here says nothing of it.

    Args:
        section: the recipe's.
    """
    return section.pooling or (None if section.fine_tune is None else "mean")


def obtain_vectors(run: SeedRun, texts: Texts, context: StudyContext, part: Part = WHOLE) -> None:
    """Has the encoder read what the run's student learns from, where the cache lacks a text.

    Args:
        run: the student's.
        texts: its transfer set.
        context: the devices, and who is told.
        part: of the texts.

    Raises:
        NotMadeError: texts lack vectors, and the context only looks.
        TeacherError: the encoder cannot be loaded.
    """
    encoder = encoder_of(run)
    if context.only_looks:
        refuse_unread(encoder, texts, part)
        return
    with context.accelerator.main_process_first():
        encoder.read(texts, context.progress, context.accelerator.device, part)


def hidden_vectors(run: SeedRun, texts: Texts, context: StudyContext) -> CachedRows | None:
    """Returns the teacher's sentence vectors of the texts; None where none are asked for.

    Args:
        run: the student's.
        texts: what it learns from.
        context: the devices, and who is told.

    Raises:
        TeacherError: the encoder cannot be loaded.
    """
    if not run.recipe.objective.hidden:
        return None
    with context.accelerator.main_process_first():
        return encoder_of(run).vectors(texts, context.progress, context.accelerator.device)


def bind_hidden(vectors: CachedRows, model: object, run: SeedRun) -> Hidden:
    """Returns what holds the student's encoding against the teacher's vectors.

    Args:
        vectors: of the texts that it learns from.
        model: the student, which gets a linear map (``MappedEncodings``).
        run: the student's.
    """
    width = vectors[:1].shape[1] // (2 if run.corpus.has_pairs else 1)
    return Hidden(MappedEncodings(model, width), vectors, run.recipe.objective.hidden)
