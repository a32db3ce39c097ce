"""Which words are near to which: by the rows that a transformer's table of words has for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.errors import ModelError
from kdzoo.model import word_table

MOST_WORDS = 60_000  # that are drawn from: the first, which are the commonest
_LISTED = 200_000  # entries of a table that are looked at
_BLOCK = 64  # words that are asked for at once: those beside a word are about as common
_CHOSEN = 64  # words that are near in single precision, of which double precision takes the nearest


class NearWords:
    """Words with a vector each, from which those near to a word are found: by cosine.

    Args:
        words: each once.
        vectors: a row for each, [V, D].
    """

    def __init__(self, words: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        self.words = tuple(words)
        self._rows = {word: row for row, word in enumerate(self.words)}
        mean = vectors.sum(0, dtype=np.float64) / max(1, len(vectors))
        centred = vectors.astype(np.float64) - mean
        length = np.linalg.norm(centred, axis=1, keepdims=True).clip(min=1e-12)
        self._vectors = (centred / length).astype(np.float32)
        self._found: dict[tuple[int, int], list[tuple[str, ...]]] = {}

    @classmethod
    def of_model(cls, model: Any, tokenizer: Any) -> NearWords:
        """Returns the words for which a model has a vector, as they stand inside a sentence.

        Args:
            model: of Hugging Face; what it learnt before fine-tuning will do.
            tokenizer: its own, a fast one.

        Raises:
            ModelError: it shows no table of words.
        """
        shown = word_table(model)
        if shown is None:
            raise ModelError(
                f"{type(model).__name__} shows no table with a vector for each word, which the "
                "augmenter near_words needs; take another, as in transfer.augment.kind: mask"
            )
        table = shown.weight.detach().float().cpu().numpy()  # [V, D]
        ids = range(min(len(table), len(tokenizer), _LISTED))
        written = [text.strip() for text in tokenizer.batch_decode([[i] for i in ids])]
        wanted = [text for text in dict.fromkeys(written) if _is_word(text)]
        inside = [f" {word}" for word in wanted]
        read = tokenizer(inside, add_special_tokens=False)["input_ids"] if inside else []
        rows = {
            word: pieces[0]
            for word, pieces in zip(wanted, read, strict=True)
            if len(pieces) == 1 and pieces[0] in ids and written[pieces[0]] == word
        }
        words = [*rows][:MOST_WORDS]
        return cls(words, table[[rows[word] for word in words]])

    def of(self, word: str, count: int) -> tuple[str, ...]:
        """Returns the words nearest to ``word``, nearest first; none where it is not known.

        It is looked for as it is written, then in small letters.
        """
        row = self._rows.get(word, self._rows.get(word.lower()))
        if row is None:
            return ()
        block = row // _BLOCK, count
        if block not in self._found:
            self._found[block] = self._nearest(row - row % _BLOCK, count)
        return self._found[block][row % _BLOCK]

    def _nearest(self, start: int, count: int) -> list[tuple[str, ...]]:
        """Returns the words near to each of a block of words, whose first stands at ``start``.

        Machines add up single precision in different orders, so that doubles have to decide.
        """
        asked = self._vectors[start : start + _BLOCK]  # [B, D]
        kept = min(len(self.words), count + 1 + _CHOSEN)
        roughly = asked @ self._vectors.T  # [B, V]
        chosen = np.sort(np.argpartition(-roughly, kept - 1, axis=1)[:, :kept], axis=1)
        found = []
        for row, (vector, others) in enumerate(zip(asked, chosen, strict=True), start):
            near = self._vectors[others].astype(np.float64) @ vector.astype(np.float64)
            order = others[np.argsort(-near.round(12), kind="stable")]
            found.append(tuple(self.words[other] for other in order if other != row)[:count])
        return found


def _is_word(text: str) -> bool:
    return text.isalpha() and (len(text) > 1 or not text.isascii())
