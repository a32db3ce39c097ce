"""A student's encodings, mapped to the width of the teacher's vectors while it is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from kdzoo import registry
from kdzoo.entries import StudentEntry
from kdzoo.errors import ModelError
from kdzoo.model.contract import has_encoder
from kdzoo.model.siamese import Siamese


class MappedEncodings:
    """What ``encode`` gave of the texts that a model read last, through a linear map to a width.

    The map is a part of the model, which is trained with it, until ``remove``. Both texts of a pair
    go through the same one.

    Args:
        model: a student in its wrapper, which shows its encoding (``refuse_unencoded``).
        width: of the vectors that each is mapped to, D.
    """

    def __init__(self, model: Any, width: int) -> None:
        self._model, self._student = model, _encoder_of(model)
        self._plain = type(self._student)
        self._last: Tensor | None = None
        model.encoding_map = nn.Linear(self._student.hidden_size, width)
        self._student.__class__ = _telling(self._plain, self._keep)

    def _keep(self, encodings: Tensor) -> None:
        self._last = encodings

    def last(self) -> Tensor:
        """Returns the mapped encodings of the last B texts, [B, D].

        Of B pairs there are [2B, D]: those of all first texts, then those of all second ones.
        """
        if self._last is None:
            raise ValueError("the model has read nothing yet")
        encodings = self._last.float()  # a GPU may have computed them in bfloat16
        mapped: Tensor = self._model.encoding_map(encodings)
        return mapped

    def refuse_unread(self, entry: StudentEntry, texts: int) -> None:
        """Refuses a student that answered without its encoder, or whose encodings are not [B, H].

        Args:
            entry: where it is written.
            texts: that it has read.

        Raises:
            ModelError: its encoder was not called, or gave another shape.
        """
        wanted = [texts, self._student.hidden_size]
        if self._last is not None and list(self._last.shape) == wanted:
            return
        found = "was not called by forward"
        if self._last is not None:
            found = f"gave {list(self._last.shape)} for {texts} texts, wanted {wanted}"
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}): encode {found}, and objective.hidden "
            "compares what it gives; mend it, or remove objective.hidden"
        )

    def remove(self) -> None:
        """Takes the map out of the model again."""
        self._student.__class__ = self._plain
        self._last = None
        del self._model.encoding_map


def refuse_unencoded(model: Any, entry: StudentEntry) -> None:
    """Refuses a student whose encoding cannot be seen: ``objective.hidden`` asks for it.

    Args:
        model: the student in its wrapper; None, if it is built by a function.
        entry: where it is written.

    Raises:
        ModelError: it does not show what it makes of a text apart from its head.
    """
    if model is not None and has_encoder(_encoder_of(model)):
        return
    others = [
        known.name
        for known in registry.students.entries().values()
        if known.is_module and hasattr(known.value, "encode") and known is not entry
    ]
    cure = (
        "give it a method encode(input_ids, attention_mask) that returns [B, H], and an attribute "
        "hidden_size, which is H; or "
        if entry.is_module
        else ""
    )
    raise ModelError(
        f"student '{entry.name}' ({entry.origin}) shows no encoding for objective.hidden; {cure}"
        f"remove objective.hidden, or take student.kind: {' or '.join(others)}"
    )


def _encoder_of(model: Any) -> Any:
    student = model.student
    return student.encoder if isinstance(student, Siamese) else student


def _telling(plain: Any, tell: Callable[[Tensor], None]) -> Any:
    """Returns the class with an ``encode`` that tells what it gives.

    A class, and no method of the one student: a copy of the model, as of averaged weights, has it
    too, and encodes with its own weights.
    """

    class Telling(plain):  # type: ignore[misc]
        def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
            encodings: Tensor = super().encode(input_ids, attention_mask)
            tell(encodings)
            return encodings

    return Telling
