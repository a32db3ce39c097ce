"""A model that answers: labels and probabilities for texts, in whichever form it is deployed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kdzoo.errors import DataError
from kdzoo.runtime.folder import check_export, is_export
from kdzoo.runtime.protocol import Text, load_classifier, runtime_of

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
        self.reads_pairs = self._classifier.reads_pairs

    def predict(self, texts: Iterable[Text], top: int = 5) -> Iterator[Prediction]:
        """Yields a prediction per text, or pair, in order; memory does not grow with their number.

        Raises:
            DataError: a text is empty, or holds what is no character; or the model was trained on
                pairs and a text stands alone, or the other way round.
        """
        from scipy.special import softmax

        remaining = checked(texts, self.reads_pairs)
        while chunk := list(islice(remaining, CHUNK)):
            for row in softmax(self._classifier.logits(chunk), axis=1):
                best = [(self.labels[i], float(row[i])) for i in (-row).argsort()[:top]]
                yield Prediction(best[0][0], best[0][1], tuple(best))


def checked(texts: Iterable[Text], reads_pairs: bool | None) -> Iterator[Text]:
    """Yields the texts, once each is seen to be one that the model reads.

    Args:
        texts: single ones, or pairs.
        reads_pairs: whether the model reads pairs, rather than single texts; None if nobody knows.

    Raises:
        DataError: a text is empty, or holds what is no character; or it is not what the model was
            trained on.
    """
    from kdzoo.data import is_unicode, texts_of

    for number, given in enumerate(texts, start=1):
        sides = texts_of(given)
        if reads_pairs is not None and reads_pairs != (len(sides) == 2):
            raise DataError(f"text {number} {_MISFIT[reads_pairs]}")
        for side in sides:
            name = f"text {number}" if len(sides) == 1 else f"a text of pair {number}"
            if not side.strip():
                raise DataError(f"{name} is empty; every text needs a word")
            if not is_unicode(side):
                raise DataError(f"{name} is not valid Unicode; save it as UTF-8")
        yield given


_MISFIT = {
    True: "stands alone, and the model was trained on pairs of texts; give it both: --pair TEXT, a "
    "tab between them on standard input, or --text-pair COLUMN of a file",
    False: "is a pair, and the model was trained on single texts; give it one at a time",
}
