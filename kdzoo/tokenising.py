"""Texts through a tokenizer that may be a stranger's: a regular expression of its own has a limit.

What one may take is seen from its files as far as that goes (``model_files.py``); how long it takes
depends on the text, too. Nothing can stop the tokenizer from within: it is left to itself.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kdzoo.errors import ModelError
from kdzoo.tokenizer_files import expressions_in, may_go_back

LIMIT_S = 60.0  # for any texts,
CHARACTER_S = 1e-4  # and for each character: a hundred times what a tokenizer takes
_MARK = "may_take_long"  # of a tokenizer: what was found
T = TypeVar("T")


def may_take_long(tokenizer: Any) -> bool:
    """Whether a tokenizer (of the library tokenizers) has expressions of its own that go back.

    Found once for each tokenizer: it is asked at every text.
    """
    known: bool | None = getattr(tokenizer, _MARK, None)
    if known is None:
        parts = (tokenizer.normalizer, tokenizer.pre_tokenizer)
        states = [json.loads(part.__getstate__()) for part in parts if part is not None]
        known = any(
            may_go_back(expression) for state in states for expression in expressions_in(state)
        )
        setattr(tokenizer, _MARK, known)
    return known


def within_limit(read: Callable[[Sequence[Any]], T], texts: Sequence[Any]) -> T:
    """Returns what a tokenizer makes of texts, or pairs.

    Args:
        read: a method of the tokenizer's.
        texts: what it is given.

    Raises:
        ModelError: it takes too long, or gives up.
    """
    sides = [(text,) if isinstance(text, str) else text for text in texts]
    characters = sum(len(text) for both in sides for text in both)
    limit_s = LIMIT_S + CHARACTER_S * characters
    outcome: list[T] = []
    failure: list[BaseException] = []

    def act() -> None:
        try:
            outcome.append(read(texts))
        except BaseException as error:  # a panic of Rust's is no Exception
            failure.append(error)

    reader = threading.Thread(target=act, daemon=True)  # which holds up no process that ends
    reader.start()
    reader.join(limit_s)
    if outcome:
        return outcome[0]
    what = f"gives up ({failure[0]})" if failure else f"does not answer within {limit_s:g} s"
    raise ModelError(
        f"the tokenizer {what}: a regular expression in its tokenizer.json takes too long on such "
        "texts; save the tokenizer again from the model's own"
    )
