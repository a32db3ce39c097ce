"""Whether what was written still says what the store says."""

from __future__ import annotations

import difflib
import re
from itertools import pairwise
from pathlib import Path

from kdzoo.errors import StoreError
from kdzoo.files import has_file
from kdzoo.report.write import read_report, text_files
from kdzoo.results import Store

_BEGINNING = re.compile(r"(?<!`)<!--\s*table:")  # within `code` it is only spoken of
_BLOCK = re.compile(r"<!-- table: ([^\n]+?) -->[ \t]*\n(.*?)<!-- end of table -->", re.DOTALL)
_FORM = "one begins with a line <!-- table: FILE --> and ends with a line <!-- end of table -->"


def stale_tables(store: Store) -> list[str]:
    """Returns, a line each, which of the study's tables are not what its results say.

    Raises:
        StoreError: the folder is no study.
    """
    report = read_report(store)
    found = []
    for name, wanted in text_files(report.table).items():
        path = store.root / name
        if not has_file(path):
            found.append(f"{path} is missing")
        elif (written := path.read_text(encoding="utf-8")) != wanted:
            found.append(f"{path} is stale: {_first_difference(written, wanted)}")
    return found


def stale_blocks(document: Path) -> list[str]:
    """Returns which blocks of a document are not the tables that they name, or are no blocks.

    A block begins with ``<!-- table: results/STUDY/table.md -->``, the file seen from the
    document's folder, and ends with ``<!-- end of table -->``; in it stands the table of quality.

    Raises:
        StoreError: the document is not there.
    """
    if not has_file(document):
        raise StoreError(f"no such document: {document}")
    found = []
    text = document.read_text(encoding="utf-8")
    begins = [match.start() for match in _BEGINNING.finditer(text)]
    for begin, end in pairwise([*begins, len(text)]):
        block = _BLOCK.match(text, begin, end)
        if block is None:
            line = text.count("\n", 0, begin) + 1
            found.append(f"{document}, line {line}: no block of a table begins here; {_FORM}")
            continue
        name, shown = block.groups()
        path = document.parent / name
        if not has_file(path):
            found.append(f"{document}: {name} is missing")
            continue
        wanted = quality_part(path.read_text(encoding="utf-8"))
        if shown.strip() != wanted:
            difference = _first_difference(shown.strip(), wanted)
            found.append(f"{document}: the block of {name} is stale: {difference}")
    return found


def without_blocks(document: Path) -> list[str]:
    """Returns that a document holds no block, if it holds none: there is nothing to check in it."""
    is_one = _BEGINNING.search(document.read_text(encoding="utf-8")) is not None
    return [] if is_one else [f"{document} holds no block of a table; {_FORM}"]


def quality_part(table: str) -> str:
    """Returns the table of quality and its caption, out of a whole ``table.md``."""
    return table[max(0, table.find("\n|")) :].partition("\n## ")[0].strip()


def _first_difference(written: str, wanted: str) -> str:
    lines = difflib.ndiff(written.splitlines(), wanted.splitlines())
    changed = [line for line in lines if line[:2] in ("- ", "+ ")]
    return "  ".join(changed[:2])[:300]
