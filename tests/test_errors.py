"""What a library's error becomes in a message of kdzoo's."""

from __future__ import annotations

import pytest

from kdzoo.errors import first_line, kind_and_words


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
