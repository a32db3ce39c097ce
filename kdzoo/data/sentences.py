"""A text as a sentence of words, and where in the text each of them stands."""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from kdzoo.data.words import UNSPACED
from kdzoo.task.words import SPACE, sentence_of

_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_]&&[^{UNSPACED}]]"
# Addresses; words, with a point inside; what follows an apostrophe; any other sign by itself.
WORD = (
    rf"(?:https?://|www\.)\S+|[@#]?{_LETTER}+(?:\.{_LETTER}+)*|['\u2019]{_LETTER}+"
    rf"|(?=[{UNSPACED}])\X|\S"
)
_WORDS = Split(Regex(WORD), "removed", invert=True)
_SPACED = Split(SPACE, "removed")

Span = tuple[int, int]  # first character, and the one behind the last


class GivenWords(str):
    """The text of words that a file gives one by one, with one space between: not cut further."""


@dataclass(frozen=True)
class Sentence:
    """The words of a text, and where each begins and ends in it."""

    words: tuple[str, ...]
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, text: str) -> Sentence:
        """Returns the words of a text; spaces are no part of any."""
        cut = _SPACED if isinstance(text, GivenWords) else _WORDS
        pieces = cut.pre_tokenize_str(text)
        return cls(tuple(word for word, _ in pieces), tuple(span for _, span in pieces))

    @property
    def text(self) -> str:
        """The words with one space between, as models for words read them."""
        return sentence_of(self.words)
