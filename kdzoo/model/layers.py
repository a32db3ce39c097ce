"""What students that are cut out of a transformer share: its layers, and the words they keep."""

from __future__ import annotations

import torch
from torch import Tensor

from kdzoo.errors import ModelError
from kdzoo.text import Vocabulary


def chosen_layers(layers: list[int] | int | None, available: int) -> list[int]:
    """Returns the numbers of the layers to keep, in the order in which they will stand.

    Args:
        layers: their numbers, or how many to spread over the depth; every other one by default.
        available: how many there are.

    Raises:
        ModelError: there are no such layers, or not so many.
    """
    if layers is None:
        return list(range(0, available, 2))
    if isinstance(layers, int):
        if not 1 <= layers <= available:
            raise ModelError(
                f"student.layers: {layers} of {available} layers cannot be kept; "
                f"give 1 to {available}"
            )
        return [round(i * available / layers) for i in range(layers)]
    if not layers or not all(0 <= layer < available for layer in layers):
        raise ModelError(
            f"student.layers: {layers} are not all among 0 to {available - 1}; name those"
        )
    return layers


def kept_pieces(vocabulary: Vocabulary, student: str) -> tuple[int, ...]:
    """Returns the teacher's id of each of the vocabulary's ids.

    Raises:
        ModelError: it holds whole words, for which the teacher has no rows.
    """
    if vocabulary.kept is None:
        raise ModelError(f"{student} reads the teacher's pieces: set student.text to teacher")
    return vocabulary.kept


def kept_rows(words: Tensor, kept: tuple[int, ...]) -> Tensor:
    """Returns the rows [len(kept), D] of a word table [V, D] that a student keeps.

    Raises:
        ModelError: the table is of another vocabulary.
    """
    rows = torch.tensor(kept)
    if int(rows.max()) >= len(words):
        raise ModelError("the model in student.init has another vocabulary than the teacher")
    return words[rows]
