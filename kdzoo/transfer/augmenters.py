"""New texts from old ones, word by word; the teacher labels what comes out.

An augmenter is ``f(words, rng, context, **options) -> words``: pure, seeded by ``rng`` alone. To
add one, write such a function and decorate it with ``@register_augmenter("name")``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from kdzoo.errors import DataError
from kdzoo.registry import register_augmenter


@dataclass(frozen=True)
class AugmentContext:
    """What an augmenter may know beside the words.

    Attributes:
        mask: the teacher's mask token, which every student's vocabulary knows too; None where it
            has none.
    """

    mask: str | None


@register_augmenter("mask")
def mask(
    words: Sequence[str],
    rng: random.Random,
    context: AugmentContext,
    *,
    p_mask: Annotated[float, Interval(ge=0, le=1)] = 0.1,
) -> list[str]:
    """Each word becomes the mask token with probability p_mask (Tang et al., 2019)."""
    if context.mask is None:
        raise DataError("the augmenter 'mask' needs a mask token, which the teacher does not have")
    return [context.mask if rng.random() < p_mask else word for word in words]
