"""Which texts are timed, and in which order: long and short ones alike wherever one looks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from kdzoo.data import Input, texts_of


def strata(texts: Sequence[Input], count: int, rng: random.Random) -> list[list[Input]]:
    """Returns the texts in so many parts of one size or two, from the shortest to the longest.

    Length is in characters: what models cost follows them closely in every script, whatever their
    tokenizers. Of fewer texts, each is alone in a part, and in several.

    Args:
        texts: at least one.
        count: of the parts.
        rng: draws which of texts of one length comes first.
    """
    ordered = sorted(rng.sample(texts, len(texts)), key=_characters)
    starts = [part * len(ordered) // count for part in range(count + 1)]
    return [ordered[start : max(end, start + 1)] for start, end in pairwise(starts)]


def one_of_each(parts: Sequence[Sequence[Input]], rng: random.Random) -> list[Input]:
    """Returns a text of every part, drawn at random, in random order."""
    return rng.sample([rng.choice(part) for part in parts], len(parts))


def mixed_order(texts: Sequence[Input], count: int, rng: random.Random) -> list[Input]:
    """Returns the texts in an order whose beginnings have the mix of lengths of the whole.

    The first ``count``, as all that follow, are about one text of each of ``count`` strata.

    Args:
        texts: at least one.
        count: how many texts the shortest beginning has that is asked for.
        rng: draws the order.
    """
    places: list[tuple[float, Input]] = []
    for part in strata(texts, min(count, len(texts)), rng):
        shuffled = rng.sample(part, len(part))
        places += [((turn + rng.random()) / len(part), text) for turn, text in enumerate(shuffled)]
    return [text for _, text in sorted(places, key=lambda place: place[0])]


def _characters(text: Input) -> int:
    return sum(map(len, texts_of(text)))
