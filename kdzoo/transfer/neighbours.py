"""Which texts are near to which: by the words, and pairs of words, that they share."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from kdzoo.data import segments

MOST_TEXTS = 20_000  # that are compared with a text: the first, as they come
_DIGITS = 6  # of a similarity; what differs beyond is rounding, and the order of the texts decides


class Neighbours:
    """Texts, from which the nearest to a text are found: by cosine over TF-IDF.

    Args:
        texts: each counts once, in the order in which they come.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = list(dict.fromkeys(texts))[:MOST_TEXTS]
        self._found: dict[tuple[str, int], list[str]] = {}

    def of(self, text: str, count: int) -> list[str]:
        """Returns the texts nearest to ``text``, nearest first; itself is none of them.

        There are fewer than ``count`` where fewer share a word with it.
        """
        if (text, count) not in self._found:
            self._found[text, count] = self._nearest(text, count)
        return self._found[text, count]

    def _nearest(self, text: str, count: int) -> list[str]:
        if not self.texts:
            return []
        vectorizer, by_word = self._matrix
        near = (vectorizer.transform([text]) @ by_word).toarray()[0].round(_DIGITS)  # [N]
        order = np.argsort(-near, kind="stable")[: count + 1]
        found = [self.texts[row] for row in order if near[row] > 0 and self.texts[row] != text]
        return found[:count]

    @cached_property
    def _matrix(self) -> tuple[Any, Any]:
        """What weighs words, and the weights [V, N]: a text is looked up by its words alone."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(
            tokenizer=segments, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True
        )
        return vectorizer, vectorizer.fit_transform(self.texts).T.tocsr()
