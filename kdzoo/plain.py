"""Text that may be a stranger's, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile(r"[\t\n]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can spell it, no tokenizer can read it
_MARK = "\N{REPLACEMENT CHARACTER}"
_FEW = 5  # names of many that a message tells
_MARKDOWN = str.maketrans(
    {**{mark: f"\\{mark}" for mark in "\\`*_[]|#~"}, "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)


def printable(text: str) -> str:
    """Returns the text, a replacement character for each that steers a terminal or is none.

    Tabs and line breaks stay.
    """
    return _CONTROL.sub(_MARK, text)


def one_line(text: str) -> str:
    """Returns the text on one line, a replacement character for each that cannot be shown.

    XML has no control characters, nor the last two of the first plane; files have no lone
    surrogates; and tabulate takes the character 1 for a ruled line.
    """
    return printable(" ".join(text.split()))


def escaped(text: str) -> str:
    """Returns the text on one line, as Markdown that shows its characters and does nothing else.

    It has to stand within a line: what a line begins with may be a mark of its own.
    """
    return one_line(text.translate(_MARKDOWN))


def visible_form(text: str) -> str:
    """Returns what is the same for texts that a reader cannot tell apart.

    Those that differ in spaces, Unicode form or what cannot be seen.
    """
    wide = unicodedata.normalize("NFKC", text)
    bare = "".join(letter for letter in wide if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", bare).split())


def spelt(text: str) -> str:
    """Returns a text in which what cannot be seen, or told apart, is spelt as an escape."""
    return "".join(
        letter
        if letter.isprintable() and not unicodedata.combining(letter)
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def told_apart(names: Iterable[str]) -> dict[str, str]:
    """Returns each name as a message shows it beside the others.

    One that looks like another is spelt, and one whose marks stand apart from their letters.
    """
    known = {*names}
    looks = Counter(map(visible_form, known))
    return {
        name: spelt(name)
        if looks[visible_form(name)] > 1 or unicodedata.normalize("NFC", name) != name
        else name
        for name in known
    }


def cell(text: str) -> str:
    """Returns the text as it may stand in a line of output: without tabs and breaks too."""
    return _BREAKS.sub(_MARK, printable(text))


def shortened(text: str, longest: int = 80) -> str:
    """Returns the text, its middle left out where it is longer than a message should be."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}...{text[-half:]}"


def first_few(names: Sequence[str], most: int = _FEW) -> str:
    """Returns the first of many names as one text, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + f" and {more:,} more" * (more > 0)


def is_unicode(text: str) -> bool:
    """Whether the text consists of whole characters."""
    return text.isascii() or not _LONE_SURROGATE.search(text)


def are_names(values: object) -> bool:
    """Whether these are names of classes: a list of texts that consist of whole characters."""
    return (
        isinstance(values, list)
        and len(values) > 0
        and all(isinstance(value, str) and is_unicode(value) for value in values)
    )
