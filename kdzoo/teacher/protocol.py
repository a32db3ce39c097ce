"""What every teacher can do, be it a model or a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from kdzoo.data import Example
from kdzoo.progress import Progress
from kdzoo.teacher.cache import LogitTable
from kdzoo.teacher.part import WHOLE, Part
from kdzoo.teacher.teacher import EnsembleMember


class Labeller(Protocol):
    """Gives the logits of texts."""

    @property
    def key(self) -> str:
        """Stands for everything that decides the logits."""

    def label(
        self, examples: Sequence[Example], progress: Progress, device: torch.device
    ) -> LogitTable:
        """Returns the logits of the examples, in the order of the data's labels.

        Args:
            examples: N texts, or pairs.
            progress: told how far it is.
            device: that the models run on.

        Raises:
            TeacherError: it does not know some of the texts.
        """

    def label_part(
        self, examples: Sequence[Example], part: Part, progress: Progress, device: torch.device
    ) -> None:
        """Labels a part of the examples into the cache, where it lacks them.

        Args:
            examples: N texts, or pairs; the same for all parts.
            part: of them.
            progress: told how far it is.
            device: that the models run on.
        """

    def lacking(self, examples: Sequence[Example], part: Part = WHOLE) -> int:
        """Returns how many texts of a part of these it has not labelled yet."""


class AnyTeacher(Labeller, Protocol):
    """Labels texts, and lends students what they start from, as far as it can."""

    @property
    def members(self) -> tuple[EnsembleMember, ...]:
        """The classifiers that can be timed; none where the teacher is a file."""

    @property
    def outputs(self) -> tuple[int, ...] | None:
        """The outputs of ``model()`` in the labels' order; None where its head is not lent."""

    def covers(self, examples: Sequence[Example]) -> bool:
        """Whether it can label all of these."""

    def mask_token(self) -> str | None:
        """Returns the tokenizer's mask token; None where there is none."""

    def text_limit(self) -> int:
        """Returns the tokens at which texts are cut."""

    def cut_side(self) -> str:
        """Returns the side of a text, ``left`` or ``right``, on which it is cut."""

    def keeps_pad_id(self) -> bool:
        """Whether students of its layers have to pad with the same id as it does."""

    def encoder_key(self) -> str:
        """Stands for the weights of the encoder; empty where there is none."""

    def tokenizer(self) -> Any:
        """Returns the Hugging Face tokenizer.

        Raises:
            TeacherError: the teacher has no tokenizer to lend.
        """

    def model(self) -> Any:
        """Loads the model as it labels, or the nearest to it that there is.

        Raises:
            TeacherError: the teacher has no model to lend.
        """

    def model_key(self) -> str:
        """Stands for the weights of ``model()``; empty where there is none."""

    def encoder(self) -> Any:
        """Loads the model before fine-tuning, its classification head not to be used.

        Raises:
            TeacherError: the teacher has no encoder to lend.
        """
