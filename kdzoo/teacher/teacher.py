"""A teacher that is there: it labels texts, lends its encoder, and can be timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kdzoo.data import Digests, Example, Texts
from kdzoo.digest import content_hash
from kdzoo.model import (
    Logits,
    attend_to_all,
    auto_class,
    load_begun,
    load_model,
    maximum_length,
    padding_id,
    predict_logits,
    refuse_setfit,
)
from kdzoo.progress import Progress, with_speed
from kdzoo.task import SINGLE_LABEL, Task
from kdzoo.teacher.cache import LogitTable, Read, RowCache, lacking
from kdzoo.teacher.labels import columns_of
from kdzoo.teacher.linear import label_by_head, read_head
from kdzoo.teacher.part import WHOLE, Part
from kdzoo.teacher.sentences import SentenceEncoder
from kdzoo.teacher.source import keeps_pad_id, load_hf_tokenizer, read_config
from kdzoo.teacher.source_key import content_key
from kdzoo.teacher.word_rows import WordRows, word_counts, words_as_rows
from kdzoo.text import SpecialTokens, cut_at, encode


@dataclass(frozen=True)
class EnsembleMember:
    """One finished classifier: its folder, and which of its outputs stands for which label.

    ``sentences`` is the frozen encoder below a linear head that was fitted here.
    """

    folder: Path
    key: str
    columns: npt.NDArray[np.int64] = field(repr=False)  # [C]
    sentences: SentenceEncoder | None = None


@dataclass(frozen=True)
class Teacher:
    """One classifier or an ensemble, its outputs in the order of the data's labels.

    Attributes:
        members: the classifiers.
        encoder_folder: the pretrained model before fine-tuning; a finished classifier's own folder
            where that is not known.
        max_length: tokens at which texts are cut.
        batch_size: texts labelled at once.
        task: what its models are asked.
    """

    members: tuple[EnsembleMember, ...]
    encoder_folder: Path
    max_length: int
    batch_size: int
    task: Task = SINGLE_LABEL

    @property
    def key(self) -> str:
        """Stands for everything that decides the logits."""
        each: list[object] = [(member.key, member.columns.tolist()) for member in self.members]
        is_of_readers = self.task.by_word and len(each) > 1  # of older ensembles it was all members
        return content_hash([*each, "those that read a word"] if is_of_readers else each)

    @property
    def outputs(self) -> tuple[int, ...] | None:
        """The outputs of ``model()`` in the order of the labels; None where it is an encoder."""
        return None if self._is_frozen else tuple(self.members[0].columns.tolist())

    @property
    def _is_frozen(self) -> bool:
        """Whether the layers of the (first) model are those of the encoder still."""
        return self.members[0].sentences is not None

    @property
    def _lender(self) -> Path:
        """The folder of what is lent to students."""
        return self.encoder_folder if self._is_frozen else self.members[0].folder

    def tokenizer(self) -> Any:
        """Returns the Hugging Face tokenizer of the (first) model."""
        return load_hf_tokenizer(self._lender)

    def mask_token(self) -> str | None:
        """Returns the tokenizer's mask token, which augmenters put in; None where it has none."""
        return SpecialTokens.of(self.tokenizer()).mask

    def text_limit(self) -> int:
        """Returns the tokens at which texts are cut, for teacher and students alike."""
        return text_limit(self._lender, self.max_length)

    def cut_side(self) -> str:
        """Returns the side on which texts are cut, for teacher and students alike."""
        return str(self.tokenizer().truncation_side)

    def keeps_pad_id(self) -> bool:
        """Whether students of its layers have to pad with the same id as it does."""
        return keeps_pad_id(self._lender)

    def model(self) -> Any:
        """Loads the fine-tuned model (an ensemble's first); the encoder where that is frozen."""
        return self.encoder() if self._is_frozen else load_model(self.members[0].folder).model

    def model_key(self) -> str:
        """Stands for the weights of ``model()``."""
        return self.encoder_key() if self._is_frozen else self.members[0].key

    def encoder(self) -> Any:
        """Loads the model before fine-tuning, its classification head not to be used."""
        return load_encoder(self.encoder_folder, self.task)

    def encoder_key(self) -> str:
        """Stands for the weights of the encoder."""
        return self._encoder_key

    @cached_property
    def _encoder_key(self) -> str:
        """The same, read from the files once: each student of a study asks for it."""
        return content_key(self.encoder_folder, self.max_length)

    def covers(self, examples: Sequence[Example]) -> bool:
        """Whether it can label all of these: a model can label any text."""
        return True

    def label(
        self, examples: Sequence[Example], progress: Progress, device: torch.device
    ) -> LogitTable:
        """Returns the logits of the examples; what the cache lacks is computed and kept.

        Args:
            examples: N texts, or pairs.
            progress: told how far it is.
            device: that the models run on.
        """
        texts = Texts.of(examples)
        found = [
            self._filled(member, texts, WHOLE, progress, device).rows(texts)
            for member in self.members
        ]
        if self.task.by_word:
            counts = word_counts(texts)
            found = [WordRows(rows.places, rows.shards, counts) for rows in found]
        return LogitTable(tuple(found), tuple(member.columns for member in self.members))

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
        texts = Texts.of(examples)
        for member in self.members:
            self._filled(member, texts, part, progress, device)

    def lacking(self, examples: Sequence[Example], part: Part = WHOLE) -> int:
        """Returns how many texts of a part of these it has not labelled yet."""
        return lacking((member.key for member in self.members), examples, part)

    def _filled(
        self,
        member: EnsembleMember,
        texts: Texts,
        part: Part,
        progress: Progress,
        device: torch.device,
    ) -> RowCache:
        """Returns the cache of a member, with its logits of that part of the texts."""
        if member.sentences is not None:
            return label_by_head(
                member.key,
                member.sentences,
                lambda: read_head(load_model(member.folder).model),
                texts,
                part,
                progress,
                device,
            )

        @contextmanager
        def reader(count: int) -> Iterator[Read]:
            loaded = load_model(member.folder)
            model = loaded.model.to(device)
            # cut where this member ends: its logits are the same whichever ensemble asks for them
            cut_at(loaded.tokenizer, text_limit(member.folder, self.max_length))
            with progress.task("the teacher labels", count, unit="texts") as bar:
                advance = with_speed(bar)

                def read(todo: Texts) -> tuple[Digests, Logits]:
                    by_word = self.task.by_word
                    encoded = encode(loaded.tokenizer, todo, loaded.pad_id, by_word=by_word)
                    order = np.argsort(-encoded.lengths, kind="stable")
                    batches = encoded.take(order)
                    logits = predict_logits(model, batches, self.batch_size, advance)
                    if by_word:
                        return words_as_rows(todo.take(order), logits)
                    return todo.digests[order], logits

                yield read

        cache = RowCache.of("logits", member.key, progress.say)
        cache.fill(texts, reader, part)
        return cache


def text_limit(folder: Path, wanted: int | None) -> int:
    """Returns the tokens at which the model in a folder cuts, if so many are wanted at most.

    Args:
        folder: the model's.
        wanted: tokens; None where it is to read as far as it does.
    """
    return maximum_length(load_hf_tokenizer(folder), read_config(folder), wanted)


def load_encoder(folder: Path, task: Task = SINGLE_LABEL) -> Any:
    """Loads a pretrained model as a classifier whose head is new, on the CPU.

    Args:
        folder: the model's.
        task: what it is going to be asked.

    Raises:
        TeacherError: its tokenizer cannot be loaded.
        ModelError: it cannot be loaded, lacks weights of the encoder, or is a SetFit model, whose
            head is elsewhere.
    """
    refuse_setfit(folder, str(folder))
    model = load_begun(auto_class(task), folder, str(folder))
    model.config.pad_token_id = padding_id(load_hf_tokenizer(folder), model.config)
    return attend_to_all(model)


def open_member(
    folder: Path,
    max_length: int,
    labels: Sequence[str],
    names: Sequence[str] | None = None,
    sentences: SentenceEncoder | None = None,
) -> EnsembleMember:
    """Returns the classifier in the folder with its outputs aligned to ``labels`` by name.

    Args:
        folder: the classifier's.
        max_length: tokens at which texts are cut.
        labels: the data's, C of them.
        names: of the model's outputs, where its configuration lacks them.
        sentences: reads the sentence vectors that its head is over, where it has one.

    Raises:
        TeacherError: its labels are not the data's; the message lists the differences.
    """
    columns = columns_of(folder, labels, names)
    return EnsembleMember(folder, content_key(folder, max_length), columns, sentences)
