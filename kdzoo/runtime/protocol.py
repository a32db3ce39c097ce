"""What every deployed form of a model can do, and which form reads a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from kdzoo.data import Example
from kdzoo.model import Logits


class Classifier(Protocol):
    """A model as it would be deployed: texts in, logits out, tokenisation included."""

    labels: tuple[str, ...]

    def logits(self, examples: Sequence[Example]) -> Logits:
        """Returns the logits [N, C], in the order of the examples."""


def load_classifier(folder: Path, runtime: str) -> Classifier:
    """Returns the folder's model in a runtime.

    Raises:
        ModelError: the folder is no model.
    """
    from kdzoo.runtime.sklearn import SklearnClassifier
    from kdzoo.runtime.torch import TorchClassifier

    if (folder / "baseline.skops").is_file():
        return SklearnClassifier(folder)
    return {"torch": TorchClassifier}[runtime](folder)
