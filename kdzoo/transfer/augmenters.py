"""New texts from old ones, word by word; the teacher labels what comes out.

An augmenter is ``f(words, rng, context, **options) -> words``: pure, seeded by ``rng`` alone. To
add one, write such a function and decorate it with ``@register_augmenter("name")``.

The three operators of Tang et al. (2019, arXiv:1903.12136) are ``mask``, ``pos`` and ``ngram``;
``tang`` is their mixture. ``near_words`` replaces words as Jiao et al. (2020, arXiv:1909.10351) do.
``nearest`` is for pairs: it puts texts together anew, as Thakur et al. (2021, arXiv:2010.08240) do,
so that the teacher labels pairs that are hard to tell apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Interval

from kdzoo.data import Example, joined, segments
from kdzoo.errors import DataError, RecipeError
from kdzoo.recipe.numbers import Few
from kdzoo.registry import register_augmenter
from kdzoo.transfer.near_words import NearWords
from kdzoo.transfer.neighbours import Neighbours
from kdzoo.transfer.speech import TEXTBLOB, PartsOfSpeech, open_tagger

Side = Literal["first", "second"]
Probability = Annotated[float, Interval(ge=0, le=1)]
LONGEST_NGRAM = 5


@dataclass(frozen=True)
class AugmentContext:
    """What an augmenter may know beside the words.

    Attributes:
        mask: the teacher's mask token, which every student's vocabulary knows too; None where it
            has none.
        examples: the labelled training texts.
        entities: of the text at hand, where its words have tags: the first word of each and the one
            behind its last, in their order.
        side: which text of a pair is at hand; None where texts are single.
        open_words: opens the words of the teacher's model; None where no model is at hand.
    """

    mask: str | None
    examples: Sequence[Example] = ()
    entities: Sequence[tuple[int, int]] = ()
    side: Side | None = None
    open_words: Callable[[], NearWords] | None = field(default=None, repr=False, compare=False)
    _speech: dict[str, PartsOfSpeech] = field(default_factory=dict, repr=False, compare=False)
    _near: dict[Side | None, Neighbours] = field(default_factory=dict, repr=False, compare=False)

    def mask_for(self, augmenter: str) -> str:
        """Returns the mask token.

        Raises:
            DataError: the teacher has no mask token.
        """
        if self.mask is None:
            raise DataError(
                f"the augmenter '{augmenter}' needs a mask token, which the teacher does not have; "
                "take one that needs none (transfer.augment.kind: ngram, or pos), or remove "
                "transfer.augment"
            )
        return self.mask

    def parts_of_speech(self, tagger: str) -> PartsOfSpeech:
        """Returns the training texts' words by part of speech; they are tagged at the first call.

        Raises:
            RecipeError: there is no such tagger.
        """
        if tagger not in self._speech:
            texts = (t for e in self.examples for t in (e.text, e.text_pair) if t)
            self._speech[tagger] = PartsOfSpeech(open_tagger(tagger), texts)
        return self._speech[tagger]

    def near_words(self, augmenter: str) -> NearWords:
        """Returns the words of the teacher's model, to look for near ones in.

        Raises:
            DataError: no model is at hand.
        """
        if self.open_words is None:
            raise DataError(
                f"the augmenter '{augmenter}' needs the words of the teacher's model, and there is "
                "none; take one that needs none (transfer.augment.kind: ngram, or pos), or remove "
                "transfer.augment"
            )
        return self.open_words()

    def neighbours(self) -> Neighbours:
        """Returns the training texts to look for near ones in: of a pair, those of this side."""
        if self.side not in self._near:
            pairs = self.side == "second"
            texts = ((e.text_pair if pairs else e.text) for e in self.examples)
            self._near[self.side] = Neighbours(text for text in texts if text)
        return self._near[self.side]


@register_augmenter("mask")
def mask(
    words: Sequence[str],
    rng: random.Random,
    context: AugmentContext,
    *,
    p_mask: Probability = 0.1,
) -> list[str]:
    """Each word becomes the mask token with probability p_mask."""
    token = context.mask_for("mask")
    return [token if rng.random() < p_mask else word for word in words]


@register_augmenter("pos")
def pos(
    words: Sequence[str],
    rng: random.Random,
    context: AugmentContext,
    *,
    p_pos: Probability = 0.1,
    tagger: str = TEXTBLOB,
) -> list[str]:
    """Each word becomes, with probability p_pos, another one of the same part of speech."""
    speech = context.parts_of_speech(tagger)
    return [
        speech.another(word, tag, rng) if rng.random() < p_pos else word
        for word, tag in zip(words, speech.tags(words), strict=True)
    ]


@register_augmenter("ngram")
def ngram(
    words: Sequence[str],
    rng: random.Random,
    context: AugmentContext,
    *,
    p_ng: Probability = 1.0,
) -> list[str]:
    """Keeps one to five neighbouring words alone, with probability p_ng; entities whole."""
    if rng.random() >= p_ng:
        return list(words)
    start, end = _span(words, rng, context.entities)
    return list(words[start:end])


@register_augmenter("ngram_mask")
def ngram_mask(
    words: Sequence[str],
    rng: random.Random,
    context: AugmentContext,
    *,
    p_ng: Probability = 1.0,
) -> list[str]:
    """Masks one to five neighbouring words, with probability p_ng; entities whole."""
    token = context.mask_for("ngram_mask")
    if rng.random() >= p_ng:
        return list(words)
    start, end = _span(words, rng, context.entities)
    return [*words[:start], *[token] * (end - start), *words[end:]]


@register_augmenter("tang")
def tang(
    words: Sequence[str],
    rng: random.Random,
    context: AugmentContext,
    *,
    p_mask: Probability = 0.1,
    p_pos: Probability = 0.1,
    p_ng: Probability = 0.25,
    tagger: str = TEXTBLOB,
) -> list[str]:
    """Each word is masked, or replaced by part of speech, in one draw; then n-gram sampling."""
    if p_mask + p_pos > 1:
        raise RecipeError(f"p_mask + p_pos is {p_mask + p_pos:g}; one draw decides, so at most 1")
    token, speech = context.mask_for("tang"), context.parts_of_speech(tagger)
    changed = []
    for word, tag in zip(words, speech.tags(words), strict=True):
        draw = rng.random()
        if draw < p_mask:
            changed.append(token)
        elif draw < p_mask + p_pos:
            changed.append(speech.another(word, tag, rng))
        else:
            changed.append(word)
    return ngram(changed, rng, context, p_ng=p_ng)


@register_augmenter("near_words")
def near_words(
    words: Sequence[str],
    rng: random.Random,
    context: AugmentContext,
    *,
    p_near: Probability = 0.2,
    among: Few = 10,
) -> list[str]:
    """Each word becomes, with probability p_near, one that is near to it in the teacher's table."""
    near = context.near_words("near_words")
    return [
        rng.choice(near.of(word, among) or [word]) if rng.random() < p_near else word
        for word in words
    ]


@register_augmenter("nearest", needs_pairs=True)
def nearest(
    words: Sequence[str],
    rng: random.Random,
    context: AugmentContext,
    *,
    among: Few = 10,
) -> list[str]:
    """Another training text of its side of the pair, one of the nearest (Thakur et al., 2021)."""
    found = context.neighbours().of(joined(words), among)
    return segments(rng.choice(found)) if found else list(words)


def _span(
    words: Sequence[str], rng: random.Random, entities: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    """Returns start and end of one to five neighbouring words; of fewer, where there are fewer.

    Of more, where an entity would be cut: it is in the span or out of it as a whole.
    """
    length = min(rng.randint(1, LONGEST_NGRAM), len(words))
    start = rng.randint(0, len(words) - length)
    end = start + length
    touched = [entity for entity in entities if entity[0] < end and start < entity[1]]
    begins, ends = [first for first, _ in touched], [behind for _, behind in touched]
    return min([start, *begins]), max([end, *ends])
