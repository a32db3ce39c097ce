"""What a cell of a file or dataset says, as a text or as the name of a label."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from kdzoo.data.corpus import Input
from kdzoo.errors import DataError

ONE_IS_WANTED = (
    "one label per text is wanted here; if a text may have several, remove data.task: single-label "
    "(--task)"
)
SAID_TO_BE_ONE = "--task single-label, in a recipe data: {task: single-label}"
_SHOWN = 60  # characters of a cell that a message shows
QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_WRITTEN_AS_THEY_PRINT = (str, int, float, Decimal, date, time, timedelta, UUID)  # bool is an int


def as_input(row: Mapping[str, Any], text: str, text_pair: str | None, where: str) -> Input:
    """Returns the text of a row, or both of its pair."""
    if text_pair is None:
        return as_text(row[text], where)
    return as_text(row[text], where), as_text(row[text_pair], where)


def as_text(value: Any, where: str) -> str:
    """Returns a cell as text; a missing one, or one that is no number (NaN), is empty.

    Args:
        value: the cell.
        where: it stands, file included.

    Raises:
        DataError: it holds a list, a mapping, or bytes that are no text.
    """
    return _said(value, f"{where}: the text", "write one text, as a string")


def as_label(value: Any, where: str) -> str:
    """Returns a cell as the name of a label, without spaces around it; a missing one is empty.

    A list of one name is that name, and one of none is a missing one.

    Raises:
        DataError: it holds several names, a mapping, or bytes that are no text.
    """
    if is_list_of_several(value):
        raise DataError(f"{where}: the label is a list ({shown(value)}), and {ONE_IS_WANTED}")
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    return _said(value, f"{where}: the label", "write one name, as a string or number").strip()


def is_list_of_several(value: Any) -> bool:
    """Whether a cell is a list of more than one name, or one that holds lists."""
    if not isinstance(value, list | tuple):
        return False
    return len(value) > 1 or any(isinstance(each, list | tuple | dict) for each in value)


def printed_list(cell: Any) -> list[Any] | None:
    """Returns the list that a program printed into a cell, as JSON or as Python; else None.

    NumPy prints no commas, so that Python would read several names as one: those are no list here.
    """
    if not isinstance(cell, str) or cell.strip()[:1] not in ("[", "(", "{"):
        return None
    with suppress(ValueError, RecursionError):
        found = json.loads(cell)
        return found if isinstance(found, list) else None
    with suppress(ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        read = ast.literal_eval(cell.strip())
        is_list = isinstance(read, list | tuple | set)
        names = [each for each in read if isinstance(each, str)] if is_list else []
        return [*read] if is_list and len(names) == len(QUOTED.findall(cell)) else None
    return None  # a text with brackets


def as_labels(values: Sequence[Any], where: str) -> tuple[str, ...]:
    """Returns a list as the names of labels, each once; an empty one says that a text has none.

    Raises:
        DataError: something in it is no name; or it says of each label whether it is there.
    """
    if _is_vector(values):
        raise DataError(
            f"{where}: the list of labels holds 0 and 1 ({shown(values)}); write the names of the "
            "labels that the text has, or a column of 0 and 1 for each label: data.label_columns "
            "(--label-columns)"
        )
    cure = "write a flat list of names, as strings or numbers"
    names = [_said(value, f"{where}: a label in the list", cure).strip() for value in values]
    if not all(names):
        raise DataError(f"{where}: a label in the list is empty ({shown(values)}); take it out")
    return tuple(dict.fromkeys(names))


def _is_vector(values: Sequence[Any]) -> bool:
    """Whether a list has a place for each label: two names are not alike, and no name is 1.0."""
    if len(values) < 2 or not all(isinstance(value, bool | int | float) for value in values):
        return False
    has_repeats = len({*values}) < len(values)
    return {*values} <= {0, 1} and (has_repeats or any(type(value) is not int for value in values))


def _said(value: Any, what: str, cure: str) -> str:
    if value is None or value != value:  # NaN alone is not itself
        return ""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise DataError(
                f"{what} is bytes that are not UTF-8 ({shown(value)}); save it as UTF-8"
            ) from None
    if isinstance(value, _WRITTEN_AS_THEY_PRINT):
        return str(value)
    kinds = {"list": "a list", "tuple": "a list", "dict": "a mapping"}
    name = type(value).__name__
    raise DataError(f"{what} is {kinds.get(name, name)} ({shown(value)}); {cure}")


def shown(value: Any) -> str:
    """Returns a cell as a message shows it: cut, where it is long."""
    if isinstance(value, bytes):
        text = repr(value)
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
