"""Which rows learn from their gold label in place of the teacher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kdzoo.data import NO_LABEL, Corpus
from kdzoo.errors import DataError, Problem, did_you_mean

OOS, WRONG = "oos", "wrong"  # words of objective.gold_for beside the names of labels
_MEANING = {OOS: "out-of-scope texts", WRONG: "texts on which the teacher is wrong"}


@dataclass(frozen=True)
class GoldFor:
    """The rows whose target is their gold label.

    Attributes:
        classes: ids of labels, all rows of which learn from them.
        wrong: whether the rows do on which the teacher is wrong.
    """

    classes: tuple[int, ...]
    wrong: bool

    def rows(self, gold: Tensor, teacher_logits: Tensor) -> Tensor:
        """Returns which rows [B] these are; never one without a gold label.

        Args:
            gold: [B], ``NO_LABEL`` where a row has none.
            teacher_logits: [B, C].
        """
        chosen = torch.isin(gold, torch.tensor(self.classes, dtype=gold.dtype, device=gold.device))
        if self.wrong:
            chosen = chosen | (teacher_logits.argmax(-1) != gold)
        return chosen & (gold != NO_LABEL)


def gold_for(words: Sequence[str], corpus: Corpus) -> GoldFor:
    """Returns what ``objective.gold_for`` stands for with this data.

    Args:
        words: ``oos``, ``wrong`` and names of labels.
        corpus: the data.

    Raises:
        DataError: a word stands for nothing in this data, or for two things.
    """
    problems = [problem for word in words if (problem := _problem(word, corpus)) is not None]
    if problems:
        raise DataError("objective.gold_for", *problems)
    classes = {
        corpus.oos if word == OOS else corpus.labels.index(word) for word in words if word != WRONG
    }
    return GoldFor(
        tuple(sorted(label_class for label_class in classes if label_class is not None)),
        WRONG in words,
    )


def _problem(word: str, corpus: Corpus) -> Problem | None:
    """Returns what is wrong with one word, if anything is."""
    labels = corpus.labels
    oos = None if corpus.oos is None else labels[corpus.oos]
    if word == OOS and oos is None:
        named = f"'{OOS}'" if OOS in labels else "the label of such texts"
        return Problem(
            f"'{OOS}' is the out-of-scope label, and data.oos_label names none",
            cure=f"set data.oos_label to {named}, or remove '{OOS}'",
        )
    if word in _MEANING and word in labels and not word == OOS == oos:
        return Problem(
            f"'{word}' means {_MEANING[word]}, and a label of the data has that name too",
            cure=f"give that label another name in the data, or remove '{word}'",
        )
    if word not in (*_MEANING, *labels):
        return Problem(
            f"no label is called '{word}'", cure=did_you_mean(word, (*_MEANING, *labels))
        )
    label = oos if word == OOS else word
    if word != WRONG and all(labels[gold_id] != label for gold_id in corpus.gold("train")):
        return Problem(
            f"no training text has the gold label '{label}'",
            cure=f"add some to the training texts, or remove '{word}'",
        )
    return None
