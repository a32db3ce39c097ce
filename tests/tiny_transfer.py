"""Small corpora, transfer sections and draws that the tests of transfer sets share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kdzoo.data import Corpus, Example
from kdzoo.recipe.options import recipe_model
from kdzoo.recipe.schema import Augment, Transfer
from kdzoo.transfer import NearWords, TransferSet, build_transfer_set
from kdzoo.transfer.augment import Augmentation
from kdzoo.transfer.augmenters import AugmentContext

MASK = "[MASK]"
WORDS = [*"abcdefghijkl"]
TRAINING = (
    "play the next song on the album",
    "wake me at seven in the morning",
    "what is the weather in paris tomorrow",
    "stop the loud music now please",
    "set an early alarm for the cold days",
    "could you play some jazz , or rock / pop ?",
)


def long_texts(count: int, mark: str = "") -> list[str]:
    """Returns texts so different that no two of them become one by masking."""
    return [" ".join(f"{word}{mark}{number}" for word in WORDS) for number in range(count)]


def corpus_of(
    train: Sequence[str],
    unlabelled: Sequence[str] = (),
    validation: Sequence[str] = ("v",),
    test: Sequence[str] = ("t",),
) -> Corpus:
    """Returns a corpus in which the labels a and b alternate."""
    gold, validated, tested = (
        tuple(Example(text, label=number % 2) for number, text in enumerate(texts))
        for texts in (train, validation, test)
    )
    return Corpus(("a", "b"), gold, validated, tested, tuple(map(Example, unlabelled)))


def section_of(**transfer: Any) -> Transfer:
    """Returns the ``transfer`` section of a recipe, with the options of what is registered."""
    model = recipe_model().model_fields["transfer"].annotation
    assert model is not None
    section: Transfer = model.model_validate(transfer)
    return section


def augment_of(kind: str, **options: Any) -> Augment:
    """Returns the ``transfer.augment`` section of a recipe."""
    augment = section_of(augment={"kind": kind, **options}).augment
    assert augment is not None
    return augment


def build(
    corpus: Corpus, seed: int = 0, mask_token: str | None = MASK, **augment: Any
) -> TransferSet:
    """Returns the transfer set that a recipe with this ``augment`` section gives."""
    section = section_of(augment=augment or None)
    return build_transfer_set(corpus, section, mask_token, seed, open_words=training_words)


def texts_of(transfer: TransferSet) -> list[str]:
    """Returns the texts alone."""
    return [example.text for example in transfer.examples]


def training_words() -> NearWords:
    """Returns the words of ``TRAINING``, with vectors of no meaning."""
    own = sorted({word for text in TRAINING for word in text.split()})
    return NearWords(own, np.random.default_rng(0).standard_normal((len(own), 4), np.float32))


def augmentation_of(kind: str, seed: int = 0, **options: Any) -> Augmentation:
    """Returns an augmentation whose training texts are ``TRAINING``, on both sides of pairs."""
    others = (*TRAINING[1:], TRAINING[0])
    context = AugmentContext(MASK, list(map(Example, TRAINING, others)), open_words=training_words)
    return Augmentation.of(augment_of(kind, **options), context, seed)


def drawn(
    kinds: Mapping[str, Mapping[str, Any]], texts: Sequence[str], seed: int
) -> dict[str, list[str]]:
    """Returns what each augmenter, by name with its options, draws from each text, twice."""
    found: dict[str, list[str]] = {}
    for kind, options in kinds.items():
        augmentation = augmentation_of(kind, seed, **options)
        for text in texts:
            for copy in range(2):
                found.setdefault(f"{kind}: {text}", []).append(
                    augmentation.draw(Example(text), copy, 0).text
                )
    return found
