"""How many texts a model reads in part, being longer than it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kdzoo.amounts import share_of


@dataclass
class CutTexts:
    """Counts the texts that are cut among those that are read.

    Attributes:
        limit: tokens at which they are cut.
        texts: how many were read.
        cut: how many of them were longer.
    """

    limit: int
    texts: int = 0
    cut: int = 0

    def look(self, encodings: Sequence[Any]) -> None:
        """Counts texts as a tokenizer has read them; where all are short, that is soon seen."""
        cut = 0
        if max(map(len, encodings), default=0) >= self.limit:
            cut = sum(len(e) >= self.limit and bool(e.overflowing) for e in encodings)
        self.add(len(encodings), cut)

    def add(self, texts: int, cut: int) -> None:
        """Counts texts of which so many were cut."""
        self.texts += texts
        self.cut += cut

    def since(self, texts: int, cut: int) -> CutTexts:
        """Returns what was counted since there were so many."""
        return CutTexts(self.limit, self.texts - texts, self.cut - cut)

    def __str__(self) -> str:
        if self.texts == 1:
            return f"the text is longer than {self.limit} tokens and is cut"
        share = share_of(self.cut, self.texts, "texts")
        verb = "is" if self.cut == 1 else "are"
        return f"{share} {verb} longer than {self.limit} tokens and {verb} cut"


def count_cut(classifier: Any) -> CutTexts | None:
    """Begins to count the texts that a classifier cuts; None where it cuts none, or cannot tell.

    Whoever times it does not ask: what is timed counts nothing.
    """
    begin = getattr(classifier, "count_cut", None)
    counted: CutTexts | None = None if begin is None else begin()
    return counted
