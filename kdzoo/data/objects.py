"""Rows of .jsonl, .ndjson and .json files: an object on each line, or a list of objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kdzoo.data.columns import cure
from kdzoo.data.formats import LIST, ONE_A_LINE
from kdzoo.data.lines import lines_of
from kdzoo.data.place import DATA, Place
from kdzoo.errors import DataError, Problem

_SHOWN = 5  # rows without a column that a message lists
_AS_JSON = (
    "write the line as Python's json.dumps does: names and texts in double quotes, a quote inside "
    'as \\", no comma behind the last'
)
_CUT = "it ends within; write it, or download it, again"
_AS_LIST = (
    'write a list with an object for each row, [{"text": ..., "label": ...}, ...]; pandas does so '
    'with to_json(FILE, orient="records")'
)


def object_rows(
    path: Path, wanted: Sequence[str], place: Place = DATA
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields each object of a file with the place where it stands.

    Those of lines are read one by one, in little memory; those of a list all at once.

    Args:
        path: of the file.
        wanted: columns that each object has to have.
        place: where the user names them.

    Raises:
        DataError: it is not JSON, or holds something else than objects; or one lacks a column, or
            has two of one name.
    """
    rows = _listed(path) if path.suffix.lower() == LIST else _lines(path)
    lacking: dict[tuple[str, str], list[str]] = {}  # what is wrong and its cure, and in which rows
    for where, row in rows:
        missing = next((column for column in wanted if column not in row), None)
        if missing is not None:
            said = cure(missing, [*row], place, wanted)
            lacking.setdefault((f"no column '{missing}'", said), []).append(where)
            if sum(map(len, lacking.values())) == _SHOWN:
                lacking = {problem: [*places, "..."] for problem, places in lacking.items()}
                break
        elif not lacking:
            yield where, row
    if lacking:
        raise DataError(
            str(path),
            *[Problem(what, _together(places), said) for (what, said), places in lacking.items()],
        )


def _together(places: Sequence[str]) -> str:
    """Returns places of one kind in one: "lines 3, 5"."""
    noun, *_ = places[0].split()
    numbers = ", ".join(place.removeprefix(f"{noun} ") for place in places)
    return f"{noun}{'s' * (len(places) > 1)} {numbers}"


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(lines_of(path, "\n"), start=1):
        if line.strip():
            where = f"line {number}"
            yield where, _object(path, _read(path, line, where), where, ONE_A_LINE)


def _listed(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the objects of a list; those of lines too, for they have that name as often."""
    text = "".join(lines_of(path, "\n"))
    if text.lstrip().startswith("{") and _has_several(text):
        yield from _lines(path)
        return
    read = _read(path, text, None)
    if isinstance(read, dict) and any(isinstance(value, dict | list) for value in read.values()):
        raise DataError(str(path), Problem("one object, and no list of them", cure=_AS_LIST))
    for number, row in enumerate(read if isinstance(read, list) else [read], start=1):
        yield f"row {number}", _object(path, row, f"row {number}", _AS_LIST)


def _has_several(text: str) -> bool:
    """Whether something follows the first object of a text."""
    try:
        _, end = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return False
    return bool(text.lstrip()[end:].strip())


def _object(path: Path, read: object, where: str, said: str) -> dict[str, Any]:
    if not isinstance(read, dict):
        raise DataError(str(path), Problem("not a JSON object", where, said))
    return read


def _read(path: Path, text: str, where: str | None) -> Any:
    """Returns what a text holds; the place is told, or that of what cannot be read."""
    try:
        return json.loads(text, object_pairs_hook=_with_one_of_each)
    except json.JSONDecodeError as error:
        several = error.msg == "Extra data" or text.strip() in ("{", "[", "[{")
        ends = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        said = _CUT if ends and where is None else ONE_A_LINE if several else _AS_JSON
        what = f"not JSON: {error.msg} (character {error.colno})"
        raise DataError(str(path), Problem(what, where or f"line {error.lineno}", said)) from None
    except _NamedTwice as error:
        problem = Problem(f"two columns are called '{error}'", where or "", "rename one of them")
        raise DataError(str(path), problem) from None
    except (ValueError, RecursionError):  # Python reads 4,300 digits, a thousand brackets
        what = "a number of thousands of digits, or brackets nested too deeply"
        raise DataError(str(path), Problem(what, where or "", "mend it")) from None


class _NamedTwice(Exception):  # noqa: N818 - told by the text of what it stands in
    """An object has two values of one name, of which Python would keep the last."""


def _with_one_of_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found = [*pairs]
    for key, count in Counter(key for key, _ in found).items():
        if count > 1:
            raise _NamedTwice(key)
    return dict(found)
