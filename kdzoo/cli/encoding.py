"""What consoles and logs write that are not UTF-8."""

from __future__ import annotations

import codecs
from io import TextIOWrapper
from typing import TextIO

PLAIN = {"−": "-", "–": "-", "×": "x", "·": ".", "±": "+/-", "…": "...", "²": "2", "→": "->"}


def write_any_text(*streams: TextIO) -> None:
    r"""Lets consoles and logs that are not UTF-8 take any text: what they lack is written plainly.

    Signs of kdzoo's own become their ASCII likeness, other characters ``\u4eca``.
    """
    codecs.register_error("kdzoo", _plainly)
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="kdzoo")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - nothing is read with it
    lacking = error.object[error.start : error.end]
    written = (
        PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in lacking
    )
    return "".join(written), error.end
