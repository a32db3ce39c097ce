"""How texts are read as words, and compared: here alone Unicode is brought into one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

import regex
from tokenizers import Regex
from tokenizers.normalizers import NFC, Lowercase, Normalizer, Replace
from tokenizers.normalizers import Sequence as Steps

from kdzoo.plain import is_unicode

# As tokenizers spells it. Joiners stay: they tell words and emoji apart.
_INVISIBLE = r"[\p{Cc}\p{Cf}\x{FE0E}\x{FE0F}&&[^\t-\r\x{85}\x{200C}\x{200D}]]"
# Scripts that put no space between words, with their marks: each of their characters is a word.
UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
    "\u3001-\u3003\u3005-\u301f\u30fb-\u30fe\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_SIGNS = r"[\p{S}#%&*@--[`´¨¯^]]"  # what says something without being a word
_FACES = r"(?<!\w)[:;=]['-]?[()\[\]{}|/\\]"  # :) is not :(

_WORD = regex.compile(
    rf"""(?xV1)
    (?: (?<!\w) - (?=\d) )? [[\w\p{{M}}]--[{UNSPACED}]]+  # -5 is not 5
    | (?= [\w&&[{UNSPACED}]] ) \X
    | {_FACES}
    | (?={_SIGNS}) \X
    """
)
_ASCII_WORD = re.compile(rf"(?:(?<!\w)-(?=\d))?\w+|{_FACES}|[+<=>|~$#%&*@]", re.ASCII)
_PICTURE = r"(?=[\p{Extended_Pictographic}\p{Regional_Indicator}])\X"  # an emoji
_SEGMENT = regex.compile(rf"(?s)(?=[{UNSPACED}])\X|(?:(?![{UNSPACED}]).)+")
_PICTURES = regex.compile(rf"(?:{_PICTURE})+")
_CHARACTER = regex.compile(r"\X")  # with its marks
_WHOLE_NUMBER = regex.compile(r"([+-]?)0*([0-9]+)(?:\.0*)?")


def one_form() -> Normalizer:
    """Returns what brings a text into the form in which words are compared, as tokenizers do it.

    Composed, in lower case, without what cannot be seen; marks and signs stay.
    """
    return Steps([NFC(), Replace(Regex(_INVISIBLE), ""), Lowercase()])


_ONE_FORM = one_form()


def in_one_form(text: str) -> str:
    """Returns a text in the form in which words are compared."""
    if text.isascii() and text.isprintable():
        return text.lower()  # the same, sooner
    form: str = _ONE_FORM.normalize_str(text)
    return form


def is_empty(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return not text.strip() or (is_unicode(text) and not in_one_form(text).strip())


def words_of(text: str) -> list[str]:
    """Returns the words and signs of a text in one form, without what stands between them.

    A script without spaces has a word at each of its characters.
    """
    form = in_one_form(text)
    words: list[str] = (_ASCII_WORD if form.isascii() else _WORD).findall(form)  # the same, sooner
    return words


def form_of(given: str | tuple[str, str]) -> str:
    """Returns a text, or the two of a pair, as copies are told: words and signs, in one form."""
    texts = (given,) if isinstance(given, str) else given
    return "\x00".join(" ".join(words_of(text)) or in_one_form(text).strip() for text in texts)


def numbered(given: Iterable[str | tuple[str, str]]) -> list[int]:
    """Returns the number of each text, copies having one, in the order in which they come."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(form_of(each), len(numbers)) for each in given]


def segments(text: str) -> list[str]:
    """Returns a text's words as they are written, what stands beside them included.

    They are what spaces divide; in scripts without spaces, and rows of emoji, characters with their
    marks. Where a word ends follows from its neighbours alone, so that words can be joined again.
    """
    if text.isascii():
        return text.split()
    return [
        word
        for part in text.split()
        for piece in _SEGMENT.findall(part)
        for word in (_CHARACTER.findall(piece) if _PICTURES.fullmatch(piece) else [piece])
    ]


def joined(words: Sequence[str]) -> str:
    """Returns the text of such words: with a space between two that would be one without."""
    text = " ".join(words)
    if text.isascii() or not words:
        return text
    parts = [words[0]]
    for before, word in pairwise(words):
        is_told = segments(before + word) == [*segments(before), *segments(word)]
        parts += [word] if is_told else [" ", word]
    return "".join(parts)


def likeness(label: str) -> str:
    """Returns what is the same for labels that a reader may take for each other.

    Those that differ in case, spaces, Unicode form or what cannot be seen; whole numbers that are
    written otherwise, as 1, 1.0 and 01.
    """
    wide = unicodedata.normalize("NFKC", label).casefold()
    seen = "".join(letter for letter in wide if unicodedata.category(letter) != "Cf")
    bare = " ".join(unicodedata.normalize("NFKC", seen).split())
    number = _WHOLE_NUMBER.fullmatch(bare)
    return f"{number[1].strip('+')}{number[2]}" if number else bare
