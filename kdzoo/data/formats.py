"""Which files of data are read, and how those in another format become one that is."""

from __future__ import annotations

import csv
import json
import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kdzoo.data.conll import SUFFIX as CONLL
from kdzoo.data.tagging import is_tag
from kdzoo.files import check_readable

LIST = ".json"  # a list of objects
SUFFIXES = (".jsonl", ".ndjson", LIST, ".csv", ".tsv", ".parquet", CONLL)
HOLD_VALUES = (".jsonl", ".ndjson", LIST, ".parquet")  # lists and numbers, as no cell of text does
ONE_A_LINE = "write one object a line, each on a line of its own, with nothing between"
_WORDS = (
    "write a word and its tag (O, B-person) on each line, an empty line behind each sentence, as "
    f"{CONLL}"
)
OTHERS = {  # formats that people have: how they become one that is read
    ".tab": "save it as .tsv, with a header",
    ".txt": "texts with labels need columns: save them as .csv, with a header",
    **dict.fromkeys((".bio", ".iob", ".iob2", ".conllu"), _WORDS),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "save the sheet as .csv"),
    **dict.fromkeys((".gz", ".zip", ".bz2", ".xz", ".zst"), "unpack it"),
    ".arrow": "write it with Dataset.to_parquet of datasets",
    ".feather": "write it with to_parquet of pandas",
    ".pkl": "write it with to_parquet of pandas",
}
_ANY = (
    f"let its name end as what it holds: .jsonl (an object on each line), .csv, .tsv or {CONLL} (a "
    "word and its tag on each line)"
)
_LOOKED_AT = 1 << 14  # bytes
_OBJECT_IN_LIST = re.compile(rb"\s*\[\s*\{")
_LINES = 30  # that show what a file holds, two at least


def is_data(path: Path) -> bool:
    """Whether a file seems to hold data that are read: by its name, a .json by what it holds."""
    suffix = path.suffix.lower()
    return suffix in SUFFIXES and (suffix != LIST or (path.is_file() and _holds_objects(path)))


def _holds_objects(path: Path) -> bool:
    """Whether a .json is a list of objects, or has several, one a line; others are settings."""
    check_readable(path)
    with path.open("rb") as file:
        is_list = _OBJECT_IN_LIST.match(file.read(_LOOKED_AT).removeprefix(BOM_UTF8))
    lines = () if is_list else _first_lines(path)
    return bool(is_list) or (len(lines) > 1 and all(map(_is_object, lines)))


def not_read(path: Path) -> str:
    """Returns what to say of a file whose name ends otherwise than those that are read."""
    suffix = path.suffix.lower()
    found = _held(_first_lines(path))
    if found is None or (suffix == ".conllu" and found[1] != CONLL):
        cure = OTHERS.get(suffix, _ANY)
    else:
        cure = f"{found[0]}; let its name end in {found[1]}"
    return f"{path}: cannot read '{path.suffix}'; wanted {', '.join(SUFFIXES)}: {cure}"


def _first_lines(path: Path) -> list[str]:
    """Returns the first lines of a text file that say something; none of what is no text."""
    check_readable(path)
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    whole = start if len(start) < _LOOKED_AT else start.rpartition(b"\n")[0]
    with suppress(UnicodeDecodeError):
        lines = whole.decode("utf-8-sig").splitlines()
        return [line for line in lines if line.strip()][:_LINES]
    return []


def _held(lines: Sequence[str]) -> tuple[str, str] | None:
    """Returns what lines hold and how a file of them is called; None where nobody can tell."""
    if lines and all(map(_is_object, lines)):
        return "it holds an object on each line", ".jsonl"
    if len(lines) < 2:
        return None
    if _are_words(lines):
        return "it holds a word and its tag on each line", CONLL
    for mark, noun, suffix in (("\t", "tabs", ".tsv"), (",", "commas", ".csv")):
        cells = {len(row) for row in csv.reader(lines, delimiter=mark)}
        if len(cells) == 1 and cells != {1}:
            return f"{noun} stand between its cells", suffix
    return None


def _is_object(line: str) -> bool:
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads(line), dict)
    return False


def _are_words(lines: Sequence[str]) -> bool:
    """Whether each line is a word and its tag, or a comment; a number is no word, as in CoNLL-U."""
    rows = [line.split() for line in lines if not line.startswith(("#", "-DOCSTART-"))]
    has_tags = all(len(row) > 1 and is_tag(row[-1]) for row in rows)
    return bool(rows) and has_tags and not all(row[0].isdigit() for row in rows)
