"""Drawing new texts with an augmenter: each depends on the seed and on its own source alone."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, get_args

import numpy as np

from kdzoo import registry
from kdzoo.data import Example, joined, normalised, segments
from kdzoo.entries import AugmenterEntry
from kdzoo.errors import DataError, KdzooError, RecipeError
from kdzoo.plain import is_unicode
from kdzoo.progress import Task
from kdzoo.recipe.schema import Augment, options_of
from kdzoo.task.tags import entities_in
from kdzoo.task.words import sentence_of, words_in
from kdzoo.transfer.augmenters import AugmentContext, Side
from kdzoo.transfer.near_words import NearWords

ATTEMPTS = 10  # draws for one new text before it is given up
NOTED_EVERY = 1000  # texts between two moves of the bar


@dataclass(frozen=True)
class Augmentation:
    """A recipe's augmenter, bound to all that its texts depend on."""

    entry: AugmenterEntry
    options: dict[str, Any]
    context: AugmentContext
    seed: int
    by_word: bool = False  # whether texts are words with one space between, and stay that
    _rng: random.Random = field(default_factory=random.Random, repr=False, compare=False)

    @classmethod
    def of(
        cls, section: Augment, context: AugmentContext, seed: int, *, by_word: bool = False
    ) -> Augmentation:
        """Returns the augmentation that a recipe's section asks for."""
        entry = registry.augmenters.get(section.kind)
        return cls(entry, options_of(section), context, seed, by_word)

    def draw(self, source: Example, copy: int, attempt: int) -> Example:
        """Returns what the augmenter makes of a text; the same in every process, in any order.

        Of a pair it changes the first text, the second or both, as likely each.

        Raises:
            DataError: the augmenter fails, or returns something that is no text.
        """
        place = f"{self.seed}:{copy}:{attempt}:".encode() + source.digest
        self._rng.seed(int.from_bytes(hashlib.blake2b(place, digest_size=8).digest()))
        if source.text_pair is None:
            return Example(self._changed(source.text, self._context_of(source)))
        sides = self._rng.choice(("first", "second", "both"))
        first, second = source.text, source.text_pair
        of_first, of_second = (replace(self.context, side=side) for side in get_args(Side))
        return Example(
            first if sides == "second" else self._changed(first, of_first),
            second if sides == "first" else self._changed(second, of_second),
        )

    def _context_of(self, source: Example) -> AugmentContext:
        """Returns the context with the entities of a sentence, where it has gold tags."""
        if not self.by_word or not isinstance(source.label, tuple):
            return self.context
        spans = tuple((first, behind) for first, behind, _ in entities_in(source.label))
        return replace(self.context, entities=spans)

    def _changed(self, text: str, context: AugmentContext) -> str:
        try:
            own = words_in(text) if self.by_word else segments(text)
            words = self.entry.value(own, self._rng, context, **self.options)
        except KdzooError:
            raise
        except Exception as error:
            raise DataError(
                f"the augmenter '{self.entry.name}' ({self.entry.origin}) fails on "
                f"'{text[:60]}': {type(error).__name__}: {error}"
            ) from error
        return _joined(words, self.entry.name, by_word=self.by_word)


def new_texts(
    sources: Sequence[Example],
    augmentation: Augmentation,
    copies: int,
    taken: set[bytes],
    known: Collection[str],
    task: Task,
) -> Iterator[Example]:
    """Yields up to ``copies`` texts of each source; more copies begin with the fewer.

    Args:
        sources: the texts to start from.
        augmentation: what is made of them.
        copies: new texts wanted of each.
        taken: digests of the texts that are there already; those of the new ones are added.
        known: texts of all splits, as the leak check compares them.
        task: told of every text that was tried.
    """
    tried = 0
    for copy in range(copies):
        for source in sources:
            tried += 1
            if tried % NOTED_EVERY == 0:
                task.advance(NOTED_EVERY)
            for attempt in range(ATTEMPTS):
                example = augmentation.draw(source, copy, attempt)
                digest = example.digest
                if digest not in taken and normalised(example) not in known:
                    taken.add(digest)
                    yield example
                    break
    task.advance(tried % NOTED_EVERY)


def try_augmenter(
    section: Augment,
    mask: str | None = "[MASK]",
    open_words: Callable[[], NearWords] | None = None,
    *,
    pairs: bool,
) -> None:
    """Tries the section's augmenter on a long text, a short one and a single word, or their pairs.

    Args:
        section: of the recipe.
        mask: the teacher's mask token; None where it has none.
        open_words: opens the words of the teacher's model; by default those of the texts tried
            stand for them.
        pairs: whether the data are pairs of texts.

    Raises:
        RecipeError: the augmenter refuses its options.
        ModelError: it needs a table of words, and the teacher's model shows none.
        DataError: it fails, needs a mask token that is not there, or returns something that is no
            text.
    """
    if registry.augmenters.get(section.kind).needs_pairs and not pairs:
        raise RecipeError(
            f"transfer.augment: {section.kind} is for pairs of texts, and these are single ones; "
            "take another kind, as in transfer.augment.kind: mask, or remove transfer.augment"
        )
    texts = ("please book a table for two in the new place", "play some jazz", "stop")
    singles = [Example(text) for text in texts]
    examples = [Example(*pair) for pair in itertools.permutations(texts, 2)] if pairs else singles
    context = AugmentContext(mask, examples, open_words=open_words or partial(_toy_words, texts))
    augmentation = Augmentation.of(section, context, seed=0)
    for example in examples:
        try:
            augmentation.draw(example, 0, 0)
        except RecipeError as error:
            raise RecipeError(f"transfer.augment: {error}") from error


def _toy_words(texts: Iterable[str]) -> NearWords:
    own = sorted({word for text in texts for word in text.split()})
    return NearWords(own, np.random.default_rng(0).standard_normal((len(own), 4), np.float32))


def _joined(words: object, kind: str, *, by_word: bool) -> str:
    if not isinstance(words, list | tuple):
        raise DataError(
            f"the augmenter '{kind}' returned {type(words).__name__}, wanted a list of words"
        )
    odd = [type(word).__name__ for word in words if not isinstance(word, str)]
    if odd:
        raise DataError(
            f"the augmenter '{kind}' returned {odd[0]} inside a list, wanted a list of words"
        )
    text = (
        sentence_of([part for word in words for part in word.split()]) if by_word else joined(words)
    )
    if not text.strip():
        raise DataError(f"the augmenter '{kind}' returned an empty text")
    if not is_unicode(text):
        raise DataError(f"the augmenter '{kind}' returned half a character (a lone surrogate)")
    return text
