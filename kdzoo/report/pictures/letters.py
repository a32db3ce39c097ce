"""Letters of every script in pictures: which fonts have them, and what stands where none does.

A box never stands for a letter: two models could not be told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any
from unicodedata import bidirectional, category

from kdzoo import registry
from kdzoo.plain import one_line
from kdzoo.report.figures.rows import Table

_OWN = "DejaVu Sans"  # comes with matplotlib: Latin, Greek, Cyrillic, Arabic, Hebrew and more
_ANY = ("sans-serif",)  # that font first; in an SVG, whatever its reader has
_SHIPPED = "kdzoo "  # what the names of the fonts that come with kdzoo begin with
_SAMPLES = (  # letters of scripts that it has not: a font that has them has the rest
    "的模型教师语言", "模型教師語言", "モデルの", "모델한국", "แบบครู", "मॉडल", "মডেল",
    "மாதிரி", "మోడల్", "મોડેલ", "ਮਾਡਲ", "മാതൃക", "ಮಾದರಿ", "ආකෘතිය", "မော်ဒယ်", "ម៉ូដែល",
    "ሞዴል", "🚀🎯🤖",
)  # fmt: skip
_NO_FONTS = ("lastresort", "blank", "notdef", "fallbackboxes")  # have a box for every letter


def legible(text: str) -> str:
    """Returns text from data on one line, fit for a picture.

    A letter that no font has becomes its number, as in ``<65E5>``; a mark that is not seen is left
    out.
    """
    return "".join(
        letter if _has(letter) else "" if _is_unseen(letter) else f"<{ord(letter):04X}>"
        for letter in one_line(text)
    )


def legible_names(names: Iterable[str]) -> dict[str, str]:
    """Returns what each of a table's models is called in a picture.

    One with letters that no font has is told by its place in the table: ``model 3``.
    """
    return {
        name: f"{legible(name)}{_end(name)}" if _is_legible(name) else f"model {number}"
        for number, name in enumerate(dict.fromkeys(names), 1)
    }


def _end(name: str) -> str:
    """Returns what keeps the words behind a name of Arabic or Hebrew in their own order."""
    runs_left = any(bidirectional(letter) in ("R", "AL") for letter in name)
    return "\N{LEFT-TO-RIGHT MARK}" if runs_left else ""


def with_legible_names(table: Table) -> Table:
    """Returns the table with its models as a picture calls them."""
    names = legible_names(row.name for row in table.rows)

    def renamed(other: Table) -> Table:
        rows = (replace(row, name=names[row.name]) for row in other.rows)
        return replace(other, rows=tuple(rows))

    return replace(renamed(table), elsewhere=tuple(map(renamed, table.elsewhere)))


def numbers_note(table: Table) -> str:
    """Returns what ``model 3`` means; nothing where all names have letters to be drawn."""
    if all(_is_legible(row.name) for row in table.rows):
        return ""
    return (
        "model 1, 2, ...: its place in the tables; no font of this machine has the name's letters"
    )


def data_texts(table: Table) -> list[str]:
    """Returns what stands in a table's pictures and comes from data."""
    runtimes = {row.runtime for row in table.rows}
    titles = (registry.runtimes.get(runtime).title for runtime in runtimes)
    return [table.study, table.machine, *(row.name for row in table.rows), *runtimes, *titles]


def families(texts: Iterable[str]) -> Sequence[str]:
    """Returns the fonts that texts need, the first that has a letter to be taken for it."""
    is_own = all(ord(letter) in _letters(_OWN) for text in texts for letter in one_line(text))
    return _ANY if is_own else (*_known_families(), *_ANY)


def _is_legible(text: str) -> bool:
    return all(_has(letter) or _is_unseen(letter) for letter in one_line(text))


def _has(letter: str) -> bool:
    if ord(letter) in _letters(_OWN):
        return True
    return any(ord(letter) in _letters(family) for family in _known_families())


def _is_unseen(letter: str) -> bool:
    """Whether a character only tells how its neighbours are drawn, as a variation selector does."""
    return category(letter) == "Cf" or "\ufe00" <= letter <= "\ufe0f"


@cache
def _known_families() -> tuple[str, ...]:
    """Returns matplotlib's font, those that come with kdzoo, and for each script the machine's.

    The first ones give the same picture on every machine, the last ones the letters they lack.
    """
    known = [name for name in _files() if not _is_no_font(name)]
    shipped = sorted(name for name in known if name.startswith(_SHIPPED))
    known.sort(key=lambda name: (not name.startswith("Noto Sans"), name))
    found = [_OWN]
    for sample in _SAMPLES:
        wanted = {ord(letter) for letter in sample}
        if not any(wanted <= _letters(family) for family in found):
            others = (name for name in known if name not in shipped and wanted <= _letters(name))
            found += islice(others, 1)
    return (_OWN, *shipped, *found[1:])


def _is_no_font(name: str) -> bool:
    plain = name.lower().replace(" ", "")
    return any(part in plain for part in _NO_FONTS)


@cache
def _files() -> dict[str, Any]:
    """Returns where the plain cut of each font lies, by the font's name; kdzoo's own among them."""
    from matplotlib.font_manager import fontManager

    known = {str(font.fname) for font in fontManager.ttflist}
    for own in (resources.files("kdzoo.report.pictures") / "fonts").iterdir():
        if own.name.endswith((".otf", ".ttf")) and str(own) not in known:
            fontManager.addfont(str(own))
    plain = (font for font in fontManager.ttflist if (font.style, font.weight) == ("normal", 400))
    return {font.name: font.fname for font in plain}


@cache
def _letters(family: str) -> frozenset[int]:
    """Returns the characters that a font has; none of one that cannot be drawn at any size."""
    from matplotlib.font_manager import get_font

    try:
        font = get_font(_files()[family])
    except (OSError, RuntimeError, ValueError):  # a font of the machine's own that is no good
        return frozenset()
    return frozenset(font.get_charmap()) if font.scalable else frozenset()
