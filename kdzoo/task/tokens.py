"""Token classification: each word of a sentence has a tag; tags mark entities, in BIO."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.entries import TaskName
from kdzoo.task.gold import Ids
from kdzoo.task.protocol import Answers, AnyLogits, Numbers, Stored, Thresholds, Values
from kdzoo.task.tags import NO_TAG, Tags, best_path, is_valid
from kdzoo.task.words import is_word, widened

MOST_WORDS = 4096  # of a sentence
MOST_CELLS = 2**26  # tags of all sentences of a file, each as long as the longest


@dataclass(frozen=True)
class TokenClassification:
    """An answer is the tags of a sentence's words; its distribution is the product of softmaxes.

    Logits are [N, W, C], NaN where a sentence has fewer words than the longest. Answers are always
    valid: the most probable of all that are.
    """

    name: TaskName = "token-classification"
    problem_type: str | None = None  # transformers tells it by the model's class
    leading: str = "entity_f1"
    leading_title: str = "entity F1"
    by_word: bool = True

    def gold(self, rows: Ids, labels: int) -> Answers:
        """Returns the tags as they are, [N, W]."""
        return rows.reshape(len(rows), -1)

    def answers(self, logits: AnyLogits, thresholds: Thresholds = None) -> Answers:
        """Returns the most probable valid tags, [N, W]; there are no thresholds."""
        return best_path(logits)

    def right(self, answers: Answers, gold: Answers) -> npt.NDArray[np.bool_]:
        """Returns which sentences have the gold tags, all of them, [N]."""
        right: npt.NDArray[np.bool_] = (answers == _alike(gold, answers)).all(1)
        return right

    def probabilities(self, logits: AnyLogits) -> Values:
        """Returns the softmax of each word's logits, [N, W, C]."""
        from scipy.special import softmax  # not loaded with what a process that answers needs

        probabilities: Values = softmax(logits.astype(np.float64), axis=-1)
        return probabilities

    def log_probability(self, logits: AnyLogits, answers: Answers) -> Values:
        """Returns the sum over the words of the logarithms of their tags' probabilities, [N]."""
        tags = _alike(answers, logits)
        chosen = np.maximum(tags, 0)[..., np.newaxis]
        found = np.take_along_axis(_log_probabilities(logits), chosen, axis=-1)[..., 0]
        total: Values = np.where(is_word(logits), found, 0.0).sum(1)
        return total

    def brier(self, logits: AnyLogits, gold: Answers) -> Values:
        """Returns the mean over the words of Σ (p - y)² over the tags, 0 to 2, [N]."""
        probabilities = np.exp(_log_probabilities(logits))
        tags = _alike(gold, logits)
        wanted = tags[..., np.newaxis] == np.arange(logits.shape[-1])
        there = is_word(logits)
        squares = np.where(there, ((probabilities - wanted) ** 2).sum(-1), 0.0)
        brier: Values = squares.sum(1) / np.maximum(there.sum(1), 1)
        return brier

    def divergence(self, logits: AnyLogits, teacher_logits: AnyLogits) -> Values:
        """Returns the sum over the words of the KL from the teacher's softmax, [N]."""
        teacher = _log_probabilities(teacher_logits)
        by_word = (np.exp(teacher) * (teacher - _log_probabilities(logits))).sum(-1)
        divergence: Values = np.where(is_word(logits), by_word, 0.0).sum(1)
        return divergence

    def nothing(self, texts: int) -> npt.NDArray[Any]:
        """Returns None for each sentence, [N]."""
        return np.full(texts, None, dtype=object)

    def stored(self, answers: Answers) -> npt.NDArray[Any]:
        """Returns the tags' ids with a space between, as ``0 1 2 0``."""
        rows = (row[row != NO_TAG].tolist() for row in answers)
        return np.array([" ".join(map(str, row)) for row in rows], dtype=object)

    def are_known(self, stored: Stored) -> bool:
        """Returns whether all are tags, rather than None."""
        return all(isinstance(answer, str) for answer in np.asarray(stored, dtype=object))

    def numbers(self, stored: Stored, labels: int) -> Numbers:
        """Returns a number for the tags of each sentence, [N]; two of one will not be met."""
        cells = np.asarray(stored, dtype=object)
        digests = [hashlib.blake2b(str(cell).encode(), digest_size=8).digest() for cell in cells]
        numbers = np.frombuffer(b"".join(digests), dtype="<u8") >> np.uint64(1)
        found: Numbers = numbers.astype(np.int64)
        return found

    def tags(self, stored: Stored, labels: int) -> Tags:
        """Returns the tags of stored answers, [N, W].

        Raises:
            ValueError: one is no valid tags of so many labels.
        """
        if not self.are_known(stored):
            raise ValueError("the tags of a sentence are no text")
        rows = [_ids_in(cell, labels) for cell in np.asarray(stored, dtype=object)]
        longest = max(map(len, rows), default=1)
        if len(rows) * longest > MOST_CELLS:
            raise ValueError(f"{len(rows):,} sentences of up to {longest:,} words are too many")
        tags = np.full((len(rows), longest), NO_TAG, dtype=np.int64)
        for row, ids in zip(tags, rows, strict=True):
            row[: len(ids)] = ids
        if not is_valid(tags):
            raise ValueError("an I- stands behind no tag of its type")
        return tags


def _alike(answers: Answers, other: npt.NDArray[Any]) -> Answers:
    """Returns answers [N, W] for as many words as the others are for."""
    return widened(answers, other.shape[1], NO_TAG)


def _log_probabilities(logits: AnyLogits) -> Values:
    from scipy.special import log_softmax

    found: Values = log_softmax(logits.astype(np.float64), axis=-1)  # [N, W, C]
    return found


def _ids_in(stored: str, labels: int) -> list[int]:
    """Returns the ids of a stored answer.

    Raises:
        ValueError: the text is no answer as ``stored`` writes it.
    """
    parts = stored[: 10 * MOST_WORDS].split(" ")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise ValueError(f"'{stored[:60]}' is no row of tags")
    ids = [int(part) for part in parts]
    if len(ids) > MOST_WORDS or max(ids) >= labels:
        raise ValueError(f"'{stored[:60]}' is no row of tags of {labels} labels")
    return ids


TOKEN_CLASSIFICATION = TokenClassification()
