"""Lines of text files: UTF-8, with or without a byte-order mark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from kdzoo.data.corpus import Input
from kdzoo.errors import DataError, Problem
from kdzoo.files import check_readable

_LOOKED_AT = 1 << 16  # bytes
_BEGINNING = 32  # bytes: a header, or the first words, which tell how characters are written


def lines_of(path: Path, newline: str | None) -> Iterator[str]:
    """Yields the lines of a file with their ends.

    Args:
        path: of the file.
        newline: what ends a line, as ``open`` has it.

    Raises:
        DataError: it is not UTF-8.
        FileError: it is no file.
    """
    check_readable(path)
    if _is_wide(path):
        problem = Problem("not UTF-8 text, but UTF-16 or 32", "line 1", "save the file as UTF-8")
        raise DataError(str(path), problem)
    try:
        with path.open(encoding="utf-8-sig", newline=newline) as file:
            yield from file
    except UnicodeDecodeError:
        where = f"line {_first_undecodable_line(path)}"
        problem = Problem("not UTF-8 text", where, "save the file as UTF-8")
        raise DataError(str(path), problem) from None


def _is_wide(path: Path) -> bool:
    """Whether each character seems to have two bytes, or four, of which one is zero.

    Without a mark at its beginning such a file is UTF-8 too, of letters and zeros.
    """
    with path.open("rb") as file:
        start = file.read(_BEGINNING)
    zeros = sorted(start[place::4].count(0) for place in range(4))
    return zeros[0] == 0 and 8 * zeros[-1] > len(start)


def line_end_of(path: Path) -> str | None:
    """Returns what ends a line of a text file, as ``open`` has it: CR too, where there is no LF."""
    check_readable(path)
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    return None if b"\r" in start and b"\n" not in start else "\n"


def _first_undecodable_line(path: Path) -> int:
    number = 1
    with path.open("rb") as file, suppress(UnicodeDecodeError):
        for line in file:
            line.decode()
            number += 1
    return number


def texts_in(lines: Iterable[str], source: str, *, pairs: bool) -> Iterator[tuple[str, Input]]:
    """Yields the text of each line, or the two that a tab divides, with its place.

    An empty line is an empty text; those at the end are none.

    Raises:
        DataError: there are not two.
    """
    blank: list[str] = []
    for number, line in enumerate(lines, start=1):
        where = f"line {number}"
        if not line.strip():
            blank.append(where)
            continue
        yield from ((number, ("", "") if pairs else "") for number in blank)
        blank.clear()
        yield where, two_of(line, f"{source} {where}") if pairs else line.strip()


def two_of(line: str, where: str) -> Input:
    """Returns the two texts of a line, which a tab divides.

    Raises:
        DataError: there are not two.
    """
    parts = line.rstrip("\r\n").split("\t")
    if len(parts) != 2:
        raise DataError(f"{where}: {len(parts)} texts, wanted two with one tab between them")
    return parts[0].strip(), parts[1].strip()
