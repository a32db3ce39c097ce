"""Texts on their way to a model: each is looked at, and a mistake is told by its number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kdzoo.data.corpus import Input, texts_of
from kdzoo.errors import DataError
from kdzoo.plain import is_unicode

_MISFIT = {
    True: "stands alone, and the model was trained on pairs of texts; give it both: --pair TEXT, a "
    "tab between them on standard input, or --text-pair COLUMN of a file; in Python a tuple of two",
    False: "is a pair, and the model was trained on single texts; give it one at a time",
}


def checked(texts: Iterable[Input], reads_pairs: bool | None, first: int = 1) -> Iterator[Input]:
    """Yields the texts, once each is seen to be one that the model reads.

    Args:
        texts: single ones, or pairs.
        reads_pairs: whether the model reads pairs, rather than single texts; None if nobody knows.
        first: the number of the first text, for messages.

    Raises:
        DataError: a text is none, is empty, or holds what is no character; or it is not what the
            model was trained on.
    """
    for number, row in enumerate(texts, start=first):
        given = _as_pair(row) if reads_pairs else row
        sides = texts_of(given) if isinstance(given, str | tuple) else (given,)
        if not all(isinstance(side, str) for side in sides):
            raise DataError(
                f"text {number} is {str(given)[:40]!r} of type {type(given).__name__}, which is no "
                "text; give a str, or a tuple of two; leave out what is missing"
            )
        if reads_pairs is not None and reads_pairs != (len(sides) == 2):
            raise DataError(f"text {number} {_MISFIT[reads_pairs]}")
        for side in sides:
            name = f"text {number}" if len(sides) == 1 else f"a text of pair {number}"
            if not side.strip():
                raise DataError(f"{name} is empty; every text needs a word")
            if not is_unicode(side):
                raise DataError(f"{name} is not valid Unicode; save it as UTF-8")
        yield given


def _as_pair(row: Any) -> Any:
    """Returns a row of two columns, which comes as a list, as a pair; all else as it is."""
    return tuple(row) if isinstance(row, list) and len(row) == 2 else row
