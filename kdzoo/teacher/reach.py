"""How much of texts a model reads: where it cuts them, and which its tokenizer does not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.amounts import share_of
from kdzoo.data import Example
from kdzoo.model import load_tokenizer
from kdzoo.teacher.source import load_hf_tokenizer, read_config
from kdzoo.text import Encoded, encode, reader_of

_FEW = 0.01  # share of unread texts of which nothing is said
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Reach:
    """What a model reads of texts.

    Attributes:
        limit: tokens at which they are cut.
        texts: how many there are.
        cut: how many of them are longer.
        unread: how many are unknown to its tokenizer, by half of their pieces or more.
        example: the first of these; None where there is none.
    """

    limit: int
    texts: int
    cut: int
    unread: int
    example: str | None = None

    def notes(self, called: str, setting: str = "") -> list[str]:
        """Returns what is to be told of it, a line each.

        Args:
            called: the texts, as in "training texts".
            setting: what sets the limit; empty where that is plain.
        """
        return [*self._note_of_cut(called, setting), *self.notes_of_unread(called)]

    def _note_of_cut(self, called: str, setting: str) -> list[str]:
        if not self.cut:
            return []
        verb, where = "is" if self.cut == 1 else "are", f" ({setting})" if setting else ""
        return [
            f"{share_of(self.cut, self.texts, called)} {verb} longer than {self.limit} tokens and "
            f"{verb} cut{where}"
        ]

    def notes_of_unread(self, called: str) -> list[str]:
        """Returns a note where texts are unknown to the tokenizer, more than one in a hundred."""
        if self.example is None or self.unread <= _FEW * self.texts:
            return []
        return [
            f"{share_of(self.unread, self.texts, called)} are unknown to the model's tokenizer, by "
            f"half of their pieces or more, for example '{self.example[:_SHOWN_CHARACTERS]}'; a "
            "model of their language reads them"
        ]


def reach_of(folder: Path, examples: Sequence[Example], wanted: int) -> Reach:
    """Returns what a model reads of texts.

    Args:
        folder: the model's.
        examples: the texts.
        wanted: tokens at which texts are to be cut, if the model reads as far.

    Raises:
        TeacherError: the model's configuration cannot be read.
    """
    tokenizer, pad_id = load_tokenizer(folder, read_config(folder), wanted)
    encoded = encode(tokenizer, examples, pad_id)
    limit = (tokenizer.truncation or {"max_length": wanted})["max_length"]
    return _reach(encoded, load_hf_tokenizer(folder), examples, int(limit), encoded.cut)


def uncut(tokenizer: Any, examples: Sequence[Example]) -> Encoded:
    """Returns texts as a Hugging Face tokenizer reads them, whole."""
    return encode(reader_of(tokenizer), examples, pad_id=0)


def reach_at(encoded: Encoded, tokenizer: Any, examples: Sequence[Example], limit: int) -> Reach:
    """Returns what is read of texts, which were read whole, where they are cut at a limit.

    Args:
        encoded: the texts, whole.
        tokenizer: of Hugging Face, which read them.
        examples: the same texts.
        limit: tokens at which they are to be cut.
    """
    return _reach(encoded, tokenizer, examples, limit, int((encoded.lengths > limit).sum()))


def _reach(
    encoded: Encoded, tokenizer: Any, examples: Sequence[Example], limit: int, cut: int
) -> Reach:
    unread = np.flatnonzero(_unread(encoded, tokenizer))
    example = examples[int(unread[0])].text if len(unread) else None
    return Reach(limit, len(encoded), cut, len(unread), example)


def _unread(encoded: Encoded, tokenizer: Any) -> npt.NDArray[np.bool_]:
    """Returns of which texts half of the pieces or more are unknown, [N]."""
    unknown = tokenizer.unk_token_id
    if unknown in (None, tokenizer.eos_token_id, tokenizer.bos_token_id):
        return np.zeros(len(encoded), dtype=bool)  # it reads bytes, and knows all of them
    around = [each for each in tokenizer.all_special_ids if each != unknown]
    of_text = np.repeat(np.arange(len(encoded)), encoded.lengths)
    pieces = np.bincount(of_text[~np.isin(encoded.ids, around)], minlength=len(encoded))
    lacking = np.bincount(of_text[encoded.ids == unknown], minlength=len(encoded))
    return (lacking > 0) & (2 * lacking >= pieces)
