"""Sentences of CoNLL files: a word and its tag on each line, an empty line behind each sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kdzoo.data.columns import cure
from kdzoo.data.lines import lines_of
from kdzoo.data.place import Place
from kdzoo.data.tagging import TAGS, TOKENS, is_tag
from kdzoo.errors import DataError, Problem
from kdzoo.task.tokens import MOST_WORDS

SUFFIX = ".conll"
DIVIDED = "write an empty line behind each sentence"
_START_OF_TEXT = "-DOCSTART-"


def conll_rows(
    path: Path, wanted: Sequence[str], place: Place
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields words and tags of each sentence, with the line where it begins.

    The first column is the word, the last the tag; spaces or tabs stand between. Lines that begin
    with ``#`` and end with no tag are comments, and what begins a text (-DOCSTART-) is no word.

    Args:
        path: of the file.
        wanted: columns that each row has to have.
        place: where the user names them.

    Raises:
        DataError: a line has no tag, or other columns are wanted than words and tags.
    """
    missing = next((column for column in wanted if column not in (TOKENS, TAGS)), None)
    if missing is not None:
        problem = Problem(f"no column '{missing}'", "columns", cure(missing, [TOKENS, TAGS], place))
        raise DataError(str(path), problem)
    words: list[str] = []
    tags: list[str] = []
    first = 1
    for number, line in enumerate(lines_of(path, "\n"), start=1):
        columns = line.strip("\r\n").split("\t") if "\t" in line else line.split()
        columns = [column.strip() for column in columns]
        is_comment = line.startswith("#") and not is_tag(columns[-1])
        if not line.strip():
            if words:
                yield _placed(path, first, words, tags)
            words, tags = [], []
        elif columns[0] != _START_OF_TEXT and not is_comment:
            if len(columns) < 2:
                said = "write a word and its tag, with a space or tab between"
                raise DataError(str(path), Problem("a word without a tag", f"line {number}", said))
            first = first if words else number
            words.append(columns[0])
            tags.append(columns[-1])
    if words:
        yield _placed(path, first, words, tags)


def _placed(
    path: Path, first: int, words: list[str], tags: list[str]
) -> tuple[str, Mapping[str, Any]]:
    """Returns a sentence and the line where it begins.

    Raises:
        DataError: it is longer than sentences are, as where no empty lines stand between them.
    """
    if len(words) > MOST_WORDS:
        problem = Problem(f"{len(words):,} words without an empty line", f"line {first}", DIVIDED)
        raise DataError(str(path), problem)
    return f"line {first}", {TOKENS: words, TAGS: tags}
