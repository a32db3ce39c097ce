"""A model that answers: labels and probabilities for texts, in whichever form it is deployed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kdzoo.errors import DataError
from kdzoo.runtime.folder import check_export, is_export
from kdzoo.runtime.protocol import load_classifier, runtime_of

CHUNK = 256  # texts in memory at once, however long the input


@dataclass(frozen=True)
class Prediction:
    """The label of a text, and the probabilities of the most probable ones."""

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]


class Predictor:
    """A trained or exported model that answers: labels and probabilities for texts.

    Raises:
        ModelError: the folder is not a whole model; an exported one was changed.
        RecipeError: what runs it is not installed.
    """

    def __init__(self, folder: Path) -> None:
        if is_export(folder):
            check_export(folder)
        self._classifier = load_classifier(folder, runtime_of(folder))
        self.labels = self._classifier.labels

    def predict(self, texts: Iterable[str], top: int = 5) -> Iterator[Prediction]:
        """Yields a prediction per text, in order; memory does not grow with their number.

        Raises:
            DataError: a text is empty, or holds what is no character.
        """
        from scipy.special import softmax

        remaining = checked(texts)
        while chunk := list(islice(remaining, CHUNK)):
            for row in softmax(self._classifier.logits(chunk), axis=1):
                best = [(self.labels[i], float(row[i])) for i in (-row).argsort()[:top]]
                yield Prediction(best[0][0], best[0][1], tuple(best))


def checked(texts: Iterable[str]) -> Iterator[str]:
    """Yields the texts, once each is seen to be one.

    Raises:
        DataError: a text is empty, or holds what is no character.
    """
    from kdzoo.data import is_unicode

    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise DataError(f"text {number} is empty; every text needs a word")
        if not is_unicode(text):
            raise DataError(f"text {number} is not valid Unicode; save it as UTF-8")
        yield text
