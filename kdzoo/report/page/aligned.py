"""Figures of a column below each other, their decimal points too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_DIGIT, _POINT = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"  # as wide as a digit and as a point


@dataclass(frozen=True)
class Aligned:
    """A cell of a column.

    Attributes:
        text: with spaces where others have more digits.
        room: what others have behind it, whose width is kept free.
    """

    text: str
    room: str = ""


def aligned(cells: Sequence[str]) -> list[Aligned]:
    """Returns a column's cells so that their figures stand below each other.

    It is done where cells are alike but for their numbers, as ``9.8 ± 0.3`` and ``12.1 ± 10.9``,
    and where one is like the beginning of the other, as ``9.8``. Figures in brackets stay as they
    are.
    """
    forms = [_NUMBER.sub("0", text) for text in cells]
    longest = sorted(dict.fromkeys(forms), key=len, reverse=True)
    found = [Aligned(text) for text in cells]
    families: dict[str, list[int]] = {}
    for place, form in enumerate(forms):
        if "0" in form:
            whole = next(other for other in longest if other.startswith(form))
            families.setdefault(whole, []).append(place)
    for whole, places in families.items():
        texts = _padded([cells[place] for place in places])
        fullest = max(
            (text for text, place in zip(texts, places, strict=True) if forms[place] == whole),
            key=len,
        )
        for text, place in zip(texts, places, strict=True):
            found[place] = Aligned(text, fullest[len(text) :])
    return found


def _padded(texts: Sequence[str]) -> list[str]:
    """Returns texts with their first numbers of one width, their second ones too, and so on."""
    parts = [text.partition("(") for text in texts]
    numbers = [_NUMBER.findall(head) for head, _, _ in parts]
    most = max(map(len, numbers), default=0)
    widths = [_width([own[place] for own in numbers if len(own) > place]) for place in range(most)]
    padded = [
        iter([_as_wide(number, *width) for number, width in zip(own, widths, strict=False)])
        for own in numbers
    ]
    return [
        _NUMBER.sub(lambda _, rest=rest: next(rest), head) + bracket + inside  # type: ignore[misc]
        for (head, bracket, inside), rest in zip(parts, padded, strict=True)
    ]


def _width(numbers: Sequence[str]) -> tuple[int, int]:
    """Returns the most characters before and behind the point."""
    parts = [number.partition(".") for number in numbers]
    return max(len(whole) for whole, *_ in parts), max(len(decimals) for *_, decimals in parts)


def _as_wide(number: str, before: int, behind: int) -> str:
    whole, point, decimals = number.partition(".")
    point = point or _POINT * bool(behind)
    return f"{whole:{_DIGIT}>{before}}{point}{decimals:{_DIGIT}<{behind}}"
