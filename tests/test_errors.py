"""What a library's error becomes in a message of kdzoo's, and how names are told apart in it."""

from __future__ import annotations

import unicodedata

import pytest

from kdzoo.errors import did_you_mean, first_line, kind_and_words, nearest
from kdzoo.plain import spelt, told_apart, visible_form


@pytest.mark.parametrize(
    ("error", "first", "both"),
    [
        (ValueError("no luck\nat all"), "no luck", "ValueError: no luck"),
        (ValueError("\n  \nlate"), "late", "ValueError: late"),
        (KeyError(), "KeyError", "KeyError"),
        (RuntimeError(""), "RuntimeError", "RuntimeError"),
    ],
)
def test_an_error_says_something_on_one_line(error: Exception, first: str, both: str) -> None:
    """Also one without words, which assertions and keys that are missing often are."""
    assert first_line(error) == first
    assert kind_and_words(error) == both


@pytest.mark.parametrize(
    ("name", "other", "shown"),
    [
        ("text", "\u200btext", "\\u200btext"),  # a space of no width
        ("label", "label\u00a0", "label\\xa0"),  # one that breaks no line
        ("label", "\ufefflabel", "\\ufefflabel"),  # a byte-order mark
        ("café", "cafe\u0301", "cafe\\u0301"),
        ("cafe\u0301", "café", "café"),
        ("a b", "a\u2009b", "a\\u2009b"),
    ],
)
def test_names_that_look_the_same_are_spelt(name: str, other: str, shown: str) -> None:
    said = did_you_mean(name, [other, "else"])

    assert f"did you mean '{shown}'?" in said
    assert shown in said.partition("Known: ")[2]
    assert told_apart([name, other])[other] == shown


@pytest.mark.parametrize(
    "names",
    [
        ["café", "cafés"],
        ["हिन्दी", "हिंदी"],  # marks that no letter is composed with
        ["ไทย", "ไท"],
        ["نیم‌فاصله", "نیم"],  # a joiner within
        ["weather", "Weather", "weather."],
    ],
    ids=str,
)
def test_other_names_are_shown_as_they_are(names: list[str]) -> None:
    assert told_apart(names) == {name: name for name in names}
    assert did_you_mean("else", names) == f"Known: {', '.join(sorted(names))}."


@pytest.mark.parametrize("text", ["a", "é", "e\u0301", "a\u00a0b", "\u200b", "a\tb\n", "ﬁ", "Ａ"])
def test_what_looks_the_same_is_seen_as_one(text: str) -> None:
    """In whatever form, and what is spelt tells the forms apart."""
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        other = unicodedata.normalize(form, text)
        assert visible_form(other) == visible_form(text) == visible_form(visible_form(text))
    assert spelt(text).isprintable()


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("int8", ["onnx", "onnx-int8"], "onnx-int8"),
        ("int8", ["onnx-int8", "other-int8"], None),  # which of them is not known
        ("int", ["onnx-int8"], None),
        ("onx", ["onnx", "onnx-int8"], "onnx"),
    ],
)
def test_a_name_is_meant_by_a_part_that_it_alone_has(
    name: str, known: list[str], meant: str | None
) -> None:
    assert nearest(name, known) == meant
