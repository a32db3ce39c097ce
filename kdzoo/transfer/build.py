"""The transfer set: gold, unlabelled and augmented texts, each once, for the teacher to label."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kdzoo import registry
from kdzoo.data import Corpus, Example
from kdzoo.errors import DataError
from kdzoo.objectives.total import NO_LABEL
from kdzoo.recipe.schema import Augment, Transfer, options_of
from kdzoo.transfer.augmenters import AugmentContext

TRIES = 5  # draws for one new text before it is given up


@dataclass(frozen=True)
class TransferSet:
    """What a student learns from.

    Attributes:
        examples: gold texts first, then unlabelled, then augmented; no text twice.
        wanted: how many augmented texts were asked for.
        made: how many of them there are.
    """

    examples: tuple[Example, ...]
    wanted: int = 0
    made: int = 0

    @property
    def gold(self) -> npt.NDArray[np.int64]:
        """Gold label ids, NO_LABEL where there is none, [N]."""
        return np.array([NO_LABEL if e.label is None else e.label for e in self.examples])

    def labelled(self) -> TransferSet:
        """Returns the part that has gold labels: what a hard-label control learns from."""
        return TransferSet(tuple(e for e in self.examples if e.label is not None))


def build_transfer_set(
    corpus: Corpus, section: Transfer, mask_token: str | None, seed: int
) -> TransferSet:
    """Returns the transfer set; augmented texts never equal a text of train, validation or test.

    Raises:
        DataError: the teacher lacks a mask token that the augmenter needs, or the augmenter returns
            something that is no text.
    """
    once: dict[bytes, Example] = {}
    for example in (*corpus.train, *corpus.unlabelled):
        once.setdefault(example.digest, example)
    if section.augment is None:
        return TransferSet(tuple(once.values()))
    taken = {example.digest for example in (*corpus.validation, *corpus.test)} | once.keys()
    sources = list(once.values())
    made = 0
    for example in _augmented(sources, section.augment, mask_token, seed, taken):
        once[example.digest] = example
        made += 1
    return TransferSet(tuple(once.values()), len(sources) * section.augment.copies, made)


def _augmented(
    sources: list[Example], section: Augment, mask_token: str | None, seed: int, taken: set[bytes]
) -> Iterator[Example]:
    """Yields new examples; a text's copies depend on seed, text and copy number alone."""
    entry = registry.augmenters.get(section.kind)
    context, options = AugmentContext(mask_token), options_of(section)
    for copy in range(section.copies):
        for source in sources:
            rng = random.Random(f"{seed}:{copy}:{source.digest.hex()}")
            for _ in range(TRIES):
                words = entry.value(source.text.split(), rng, context, **options)
                example = replace(source, text=_joined(words, section.kind), label=None)
                if example.digest not in taken:
                    taken.add(example.digest)
                    yield example
                    break


def _joined(words: object, kind: str) -> str:
    if not isinstance(words, list | tuple):
        raise DataError(
            f"the augmenter '{kind}' returned {type(words).__name__}, wanted a list of words"
        )
    odd = [type(word).__name__ for word in words if not isinstance(word, str)]
    if odd:
        raise DataError(
            f"the augmenter '{kind}' returned {odd[0]} inside a list, wanted a list of words"
        )
    text = " ".join(words)
    if not text.strip():
        raise DataError(f"the augmenter '{kind}' returned an empty text")
    return text
