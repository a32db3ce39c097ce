"""A student and the teacher that it asks where it is not sure, in one folder and one process.

The folder holds ``cascade.json``, the student's exported form and, where the teacher is a model
here, the teacher's. Without it the texts to send on are told by their mark.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kdzoo.errors import ModelError
from kdzoo.files import whole_folder
from kdzoo.plain import shortened
from kdzoo.runtime.copies import copy_exported_form
from kdzoo.runtime.cut import CutTexts, count_cut
from kdzoo.runtime.folder import (
    CASCADE,
    README,
    STUDENT,
    TEACHER,
    check_exported_form,
    deployed_bytes,
    parts_of,
    read_exported_form,
    read_labels,
)
from kdzoo.runtime.protocol import Classifier, Input, Logits, load_classifier
from kdzoo.runtime.sureness import SurenessName, sureness
from kdzoo.runtime.usage import cascade_readme

_LARGEST = 1 << 16  # bytes; what kdzoo writes is far smaller
Flags = npt.NDArray[np.bool_]


class Cascade(BaseModel):
    """What is written in ``cascade.json``.

    Attributes:
        temperature: by which the student's logits are divided.
        score: what of them says how sure the student is: see ``kdzoo.runtime.sureness``.
        threshold: the least score with which the student answers; null where it never does.
        oos_label: the out-of-scope label, which the score ``in_scope`` leaves out.
        escalated: share of the validation texts that went to the teacher.
        promise: what was promised of it, in words.
        has_teacher: whether the teacher's form lies in the folder too; None from an older kdzoo.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    temperature: float = Field(gt=0, allow_inf_nan=False)
    score: SurenessName
    threshold: Annotated[float, Field(allow_inf_nan=False)] | None
    oos_label: str | None = None
    escalated: float = Field(ge=0, le=1)
    promise: str = Field(max_length=1000)
    has_teacher: bool | None = None


def read_cascade(folder: Path) -> Cascade:
    """Returns what a cascade's folder says of itself, once its forms are seen to be whole.

    Raises:
        ModelError: it is damaged, a newer kdzoo wrote it, or its forms do not go together.
    """
    path = folder / CASCADE
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST:,} bytes")
        found = Cascade.model_validate_json(path.read_bytes())
    except ValueError as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ModelError(
            f"{path} is not what this kdzoo writes: {reason}; export the cascade again"
        ) from error
    for name in (STUDENT, *([TEACHER] if found.has_teacher else [])):
        if not (folder / name).is_dir():
            raise ModelError(
                f"{folder} is not whole: it lacks the folder {name}, a model that answers; export "
                "the cascade again, or bring all of the folder that was exported"
            )
    labels = []
    for part in parts_of(folder):
        check_exported_form(part)
        labels.append(read_labels(part))
    if any(sorted(label) != sorted(labels[0]) for label in labels):
        raise ModelError(f"{folder}: student and teacher have other labels; export it again")
    if found.oos_label is not None and found.oos_label not in labels[0]:
        label = shortened(found.oos_label)
        raise ModelError(f"{path}: '{label}' is none of the labels; export it again")
    return found


def write_cascade(
    folder: Path,
    cascade: Cascade,
    student: Path,
    teacher: Path | None,
    copy: Callable[[Path, Path], object] = shutil.copyfile,
) -> int:
    """Writes a folder that deploys both; whole or not at all. Returns the bytes that are read.

    Args:
        folder: the new one; one that is there is replaced.
        cascade: when the teacher is asked.
        student: its exported form.
        teacher: likewise; None where it is no model here.
        copy: how a file gets there.
    """
    with whole_folder(folder) as partial:
        for name, source in ((STUDENT, student), (TEACHER, teacher)):
            if source is not None:
                copy_exported_form(source, partial / name, copy)
        told = cascade_readme(
            has_teacher=teacher is not None,
            promise=cascade.promise,
            reads_pairs=read_exported_form(student).reads_pairs,
        )
        (partial / README).write_text(told, encoding="utf-8")
        written = cascade.model_copy(update={"has_teacher": teacher is not None})
        (partial / CASCADE).write_text(written.model_dump_json(indent=1), encoding="utf-8")
        read_cascade(partial)
    return deployed_bytes(folder)


class CascadeClassifier:
    """A cascade that answers: the student's logits where it is sure, the teacher's elsewhere.

    Without a teacher's graph, the student's stand everywhere.

    Args:
        folder: that ``write_cascade`` wrote.
        threads: of each session.

    Raises:
        ModelError: the folder is not whole.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self._cascade = read_cascade(folder)
        loaded = [
            load_classifier(part, read_exported_form(part).runtime, threads)
            for part in parts_of(folder)
        ]
        self._student: Classifier = loaded[0]
        self._teacher: Classifier | None = loaded[1] if len(loaded) > 1 else None
        self.labels = self._student.labels
        self.reads_pairs = self._student.reads_pairs
        oos = self._cascade.oos_label
        self._oos = None if oos is None else self.labels.index(oos)
        answers = self.labels if self._teacher is None else self._teacher.labels
        self._order = [answers.index(label) for label in self.labels]  # of the teacher's logits

    @property
    def has_teacher(self) -> bool:
        """Whether what is escalated is answered here."""
        return self._teacher is not None

    def count_cut(self) -> CutTexts | None:
        """Begins to count the texts that the student cuts; None where none is."""
        return count_cut(self._student)

    def encode(self, texts: Sequence[Input]) -> Any:
        """Returns one batch as the student reads it, and its texts for the teacher."""
        return list(texts), self._student.encode(texts)

    def run(self, encoded: Any) -> Logits:
        """Returns the logits [B, C] of one encoded batch."""
        texts, read = encoded
        return self._asked(texts, self._student.run(read))[0]

    def logits(self, texts: Sequence[Input]) -> Logits:
        """Returns the logits [N, C], in the order of the texts."""
        return self.decide(texts)[0]

    def decide(self, texts: Sequence[Input]) -> tuple[Logits, Flags]:
        """Returns the logits [N, C], and whether each text is one for the teacher, [N]."""
        return self._asked(texts, self._student.logits(texts))

    def _asked(self, texts: Sequence[Input], logits: Logits) -> tuple[Logits, Flags]:
        rule = self._cascade
        scores = sureness(rule.score, logits, rule.temperature, self._oos)
        threshold = math.inf if rule.threshold is None else rule.threshold
        escalated = ~(scores >= threshold)
        if self._teacher is not None and escalated.any():
            asked = [text for text, is_asked in zip(texts, escalated, strict=True) if is_asked]
            logits = logits.copy()
            logits[escalated] = self._teacher.logits(asked)[:, self._order]
        return logits, escalated
