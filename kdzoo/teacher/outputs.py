"""A teacher that is only a file: what somebody said of each text, read once into the cache.

It may be a model behind an API, people, or a model on another machine. It knows its own texts
alone, cannot be timed, and lends an encoder only where the recipe names one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kdzoo.data import Digests, Example, digests_of
from kdzoo.data.stream import AS_NAMED
from kdzoo.digest import content_hash, file_sha256
from kdzoo.errors import TeacherError
from kdzoo.files import with_home
from kdzoo.progress import Progress
from kdzoo.recipe.teacher import TeacherSection
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, Task
from kdzoo.teacher.cache import CachedRows, LogitTable, RowCache
from kdzoo.teacher.labels import IN_FILE, align
from kdzoo.teacher.naming import moved
from kdzoo.teacher.outputs_file import OutputsFile, open_outputs
from kdzoo.teacher.outputs_reading import is_whole, read_into
from kdzoo.teacher.part import WHOLE, Part
from kdzoo.teacher.source import find_encoder, keeps_pad_id, load_hf_tokenizer
from kdzoo.teacher.source_key import content_key
from kdzoo.teacher.teacher import (
    EnsembleMember,
    load_encoder,
    text_limit,
)
from kdzoo.text import RIGHT, SpecialTokens

_FORMAT = 1  # raise it when the same file gives other logits

NO_TOKENIZER = (
    "student.text: teacher needs a model that lends its tokenizer: name teacher.encoder, or set "
    "student.text: words"
)
NO_ENCODER = (
    "the teacher is a file, which lends no weights: name teacher.encoder, or set "
    "student.embeddings: random (distilbert cannot do without)"
)


@dataclass(frozen=True)
class OutputsTeacher:
    """A file's outputs, in the order of the data's labels.

    Attributes:
        path: the file.
        key: stands for everything that decides the logits.
        columns: the file's place for each label, [C].
        cache: holds its logits.
        encoder_folder: a pretrained model for students to start from.
        max_length: tokens at which texts are cut.
    """

    path: Path
    key: str
    columns: npt.NDArray[np.int64] = field(repr=False)
    cache: RowCache = field(repr=False, compare=False)
    encoder_folder: Path | None
    max_length: int
    members: tuple[EnsembleMember, ...] = ()
    outputs: None = None  # of a head that it could lend

    def label(
        self, examples: Sequence[Example], progress: Progress, device: torch.device
    ) -> LogitTable:
        """Returns what the file says of the examples.

        Args:
            examples: N texts, or pairs.
            progress: told nothing: a file is read once, when it is opened.
            device: not asked for.

        Raises:
            TeacherError: the file lacks some of the examples; the message counts and shows them.
        """
        places, shards = self.cache.lookup(digests_of(examples))
        lacking = np.flatnonzero(places[:, 0] < 0)
        if len(lacking):
            shown = examples[int(lacking[0])].text
            shown = f"{shown[:80]}..." if len(shown) > 80 else shown
            raise TeacherError(
                f"{self.path.name} does not cover {len(lacking):,} of {len(examples):,} texts (for "
                f"example '{shown}'); list them with: kdzoo texts RECIPE -o texts.jsonl"
            )
        return LogitTable((CachedRows(places, shards),), (self.columns,))

    def label_part(
        self, examples: Sequence[Example], part: Part, progress: Progress, device: torch.device
    ) -> None:
        """Does nothing: what a file says is read when it is opened.

        Args:
            examples: N texts, or pairs.
            part: of them.
            progress: told nothing.
            device: not asked for.
        """

    def lacking(self, examples: Sequence[Example], part: Part = WHOLE) -> int:
        """Returns none: what a file says is read when it is opened."""
        return 0

    def covers(self, examples: Sequence[Example]) -> bool:
        """Whether the file says something of all of these."""
        return bool(self.covered(digests_of(examples)).all())

    def covered(self, digests: Digests) -> npt.NDArray[np.bool_]:
        """Returns of which texts the file says something, [N]."""
        return self.cache.lookup(digests)[0][:, 0] >= 0

    def mask_token(self) -> str | None:
        """Returns the encoder's mask token; None without an encoder."""
        return None if self.encoder_folder is None else SpecialTokens.of(self.tokenizer()).mask

    def text_limit(self) -> int:
        """Returns the tokens at which texts are cut."""
        if self.encoder_folder is None:
            return self.max_length
        return text_limit(self.encoder_folder, self.max_length)

    def cut_side(self) -> str:
        """Returns the side on which texts are cut: the encoder's."""
        return RIGHT if self.encoder_folder is None else str(self.tokenizer().truncation_side)

    def keeps_pad_id(self) -> bool:
        """Whether students of the encoder's layers have to pad with the same id as it does."""
        return self.encoder_folder is not None and keeps_pad_id(self.encoder_folder)

    def encoder_key(self) -> str:
        """Stands for the weights of the encoder; empty without one."""
        if self.encoder_folder is None:
            return ""
        return content_key(self.encoder_folder, self.max_length)

    def tokenizer(self) -> Any:
        """Returns the Hugging Face tokenizer of the encoder.

        Raises:
            TeacherError: there is no encoder.
        """
        if self.encoder_folder is None:
            raise TeacherError(NO_TOKENIZER)
        return load_hf_tokenizer(self.encoder_folder)

    def encoder(self) -> Any:
        """Loads the encoder.

        Raises:
            TeacherError: the recipe names no encoder beside the file.
        """
        if self.encoder_folder is None:
            raise TeacherError(NO_ENCODER)
        return load_encoder(self.encoder_folder)

    def model(self) -> Any:
        """Loads the encoder: the model that spoke is not here."""
        return self.encoder()

    def model_key(self) -> str:
        """Stands for the weights of the encoder; empty without one."""
        return self.encoder_key()


def refuse_bare_labels(file: OutputsFile, task: Task) -> None:
    """Refuses a file that says one label of each text, where a text may have several.

    Raises:
        TeacherError: the file has one label a text, and the data several.
    """
    if task == MULTI_LABEL and file.kind == "label":
        raise TeacherError(
            f"{file.path} holds bare labels, and a text of the data may have several; give the "
            "teacher's probability of each label: a column 'probabilities' (or 'logits') with a "
            "list, or a mapping of labels to numbers"
        )


def open_outputs_teacher(
    section: TeacherSection,
    labels: Sequence[str],
    progress: Progress,
    task: Task = SINGLE_LABEL,
) -> OutputsTeacher:
    """Returns the recipe's file as a teacher, read into the cache if it is not there yet.

    Args:
        section: the recipe's; it names the file.
        labels: the data's, C of them.
        progress: told how far it is.
        task: what the data asks.

    Raises:
        TeacherError: it does not fit the data, holds mistakes, or contradicts itself.
        DataError: it cannot be read.
    """
    file, names, columns = named_outputs(section, labels)
    refuse_bare_labels(file, task)
    encoder = find_encoder(section)
    content: dict[str, Any] = {"format": _FORMAT, "outputs": file_sha256(file.path), "names": names}
    if file.csv != AS_NAMED:  # the same bytes are other rows then
        content["csv"] = file.csv.model_dump()
    if task == MULTI_LABEL:  # the same probabilities are other logits then
        content["task"] = task.name
    if file.kind == "label":
        content["smoothing"] = section.smoothing
    key = content_hash(content)
    cache = RowCache.of("logits", key, progress.say)
    if not is_whole(cache):
        with cache.alone():
            if not is_whole(cache):  # another process may have read it meanwhile
                read_into(cache, file, names, section.smoothing, progress, task)
    return OutputsTeacher(
        path=file.path,
        key=content_hash([key, columns.tolist()]),
        columns=columns,
        cache=cache,
        encoder_folder=encoder,
        max_length=section.max_length,
    )


def named_outputs(
    section: TeacherSection, labels: Sequence[str]
) -> tuple[OutputsFile, list[str], npt.NDArray[np.int64]]:
    """Returns the recipe's file, what its numbers are called, and its number for each label, [C].

    Its first row is looked at.

    Args:
        section: the recipe's; it names the file.
        labels: the data's, C of them.

    Raises:
        TeacherError: it is not there, lacks a column, or has other labels; smoothing leaves a label
            no more than the others.
        DataError: it is not what its name says.
    """
    assert section.outputs is not None  # noqa: S101 - the caller has looked
    file = open_outputs(with_home(section.outputs), section.csv or AS_NAMED)
    if file.kind == "label":
        _refuse_smoothing(section.smoothing, len(labels), file.path)
    names = _names(file, section.labels, labels)
    return file, names, align(names, labels, file.path.name, IN_FILE)


def _refuse_smoothing(smoothing: float, labels: int, path: Path) -> None:
    """Refuses a share of the other labels that makes each of them as probable as the label said."""
    if smoothing >= (labels - 1) / labels:
        raise TeacherError(
            f"teacher.smoothing: of the {labels} labels, the one that {path} says of a text would "
            f"get {1 - smoothing:.3g}, and each other one {smoothing / (labels - 1):.3g}; write a "
            f"number well below {(labels - 1) / labels:.3g}, as in teacher.smoothing: 0.1"
        )


def _names(file: OutputsFile, said: Sequence[str] | None, labels: Sequence[str]) -> list[str]:
    """Returns the classes in the order of the file's numbers."""
    if file.named:
        return list(labels)
    if file.names is None and said is None:
        raise TeacherError(
            f"the lists of {file.holds} in {file.path} have no names; give teacher.labels: [...] "
            "in the order of the lists"
        )
    own = file.names or ()
    if said is not None and len(said) == len(own) and moved(said, own):
        raise TeacherError(
            f"{file.path} says itself in which order its lists are, and teacher.labels says "
            "another; remove teacher.labels"
        )
    names = list(said if said is not None else own)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TeacherError(f"the label '{twice[0]}' stands twice in the names of {file.path}")
    return names
