"""Rows of .jsonl, .json, .csv, .tsv, .parquet, .conll and .txt files, one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kdzoo.data.cells import as_input, as_label, is_list_of_several
from kdzoo.data.conll import SUFFIX as CONLL
from kdzoo.data.conll import conll_rows
from kdzoo.data.corpus import Input, RawLabel, texts_of
from kdzoo.data.formats import HOLD_VALUES, OTHERS, SUFFIXES, not_read
from kdzoo.data.labelling import Labelling
from kdzoo.data.lines import line_end_of, lines_of, texts_in
from kdzoo.data.objects import object_rows
from kdzoo.data.output import PAIR_COLUMN
from kdzoo.data.parquet import parquet_rows
from kdzoo.data.place import DATA, Place
from kdzoo.data.sentences import GivenWords
from kdzoo.data.table import table_rows
from kdzoo.data.tagging import TAGS, TEXT, TOKENS, sentence
from kdzoo.data.words import is_empty
from kdzoo.errors import DataError, Problem
from kdzoo.files import check_readable, has_file
from kdzoo.recipe.csv import Csv

PlacedRow = tuple[str, Mapping[str, Any]]  # where it stands, and its columns
AS_NAMED = Csv()  # as its name says


def names_file(text: str) -> bool:
    """Whether a text names a file: one that is there, or it ends like one and has no blank.

    One in a format that is not read is a file too, and a folder by its path: refused as such, for
    their names are nobody's texts.
    """
    with suppress(OSError, ValueError):  # a text may be longer than a name can be, or hold a NUL
        if Path(text).is_file() or ("/" in text and Path(text).is_dir()):
            return True
    return text.lower().endswith((*SUFFIXES, *OTHERS)) and len(text.split()) == 1


def stream_rows(
    path: Path, wanted: Sequence[str] = (), csv: Csv = AS_NAMED, place: Place = DATA
) -> Iterator[PlacedRow]:
    """Yields each row of a file, with the place where it stands.

    Args:
        path: of the file.
        wanted: columns that each row has to have.
        csv: how a .csv or .tsv is written.
        place: where the user says so.

    Raises:
        DataError: there is no such file, it is not what its name says, or lacks a column.
    """
    if not has_file(path):
        raise DataError(f"no such data file: {path}")
    check_readable(path)
    match path.suffix.lower():
        case ".jsonl" | ".ndjson" | ".json":
            yield from object_rows(path, wanted, place)
        case ".csv" | ".tsv":
            yield from table_rows(path, wanted, csv, place)
        case ".parquet":
            yield from parquet_rows(path, wanted, place)
        case ".conll":
            yield from conll_rows(path, wanted, place)
        case _:
            raise DataError(not_read(path))


def read_texts(
    path: Path,
    column: str,
    column_pair: str | None = None,
    csv: Csv = AS_NAMED,
    place: Place = DATA,
) -> Iterator[Input]:
    """Yields the texts of a file that needs no labels, empty ones too; a ``.txt`` holds one a line.

    A list of words is the sentence that has one space between them.

    Args:
        path: of the file.
        column: of the text; ``text``, where a file has ``tokens`` alone, is these.
        column_pair: of the second text, of pairs; in a ``.txt``, a tab stands between the two.
        csv: how a .csv or .tsv is written.
        place: where the user says so.

    Raises:
        DataError: there is no such file, it is not what its name says, or lacks a column.
    """
    yield from (given for _, given in _placed_texts(path, column, column_pair, csv, place))


def read_full_texts(
    path: Path, column: str, column_pair: str | None = None, csv: Csv = AS_NAMED
) -> Iterator[Input]:
    """Yields the texts of a file, as ``read_texts`` does, each of which says something.

    Raises:
        DataError: it cannot be read, or a text is empty.
    """
    placed = _placed_texts(path, column, column_pair, csv)
    for number, (where, given) in enumerate(placed, start=1):
        if any(map(is_empty, texts_of(given))):
            name = f"text {number}" if isinstance(given, str) else f"a text of pair {number}"
            cure = "every text needs a word; fill it in or remove the row"
            raise DataError(str(path), Problem(f"{name} is empty", where, cure))
        yield given


def pair_column(named: str | None, reads_pairs: bool | None) -> str | None:
    """Returns the column of the second text: the one that is named, or what a model asks for.

    A .txt has no columns: where there is one, a tab stands between the two texts of a line.

    Args:
        named: by the user.
        reads_pairs: whether the model that is asked reads pairs; None where nobody says.
    """
    return named or (PAIR_COLUMN if reads_pairs else None)


def _placed_texts(
    path: Path, column: str, column_pair: str | None, csv: Csv, place: Place = DATA
) -> Iterator[tuple[str, Input]]:
    if path.suffix.lower() == ".txt" and has_file(path):
        yield from texts_in(
            lines_of(path, line_end_of(path)), str(path), pairs=column_pair is not None
        )
        return
    column = _called(path, column, csv)
    if column == TEXT and column_pair is None:
        column = _alone(path, csv) or column
    wanted = [column] if column_pair is None else [column, column_pair]
    for where, row in stream_rows(path, wanted, csv, place):
        if isinstance(row[column], list | tuple) and column_pair is None:
            yield where, GivenWords(sentence(row[column], f"{path} {where}"))
            continue
        yield where, as_input(row, column, column_pair, f"{path} {where}")


def _called(path: Path, column: str, csv: Csv) -> str:
    """Returns the column of the text: that of the words, where a file has those in its place."""
    if column != TEXT:
        return column
    found = _columns_of(path, csv)
    return TOKENS if TOKENS in found and TEXT not in found else TEXT


def _alone(path: Path, csv: Csv) -> str | None:
    """Returns the one column of a file, whatever it is called; None if there are more.

    A table is none such: what seems to be its column may be a text, where it has no header.
    """
    found = _columns_of(path, csv) if path.suffix.lower() in HOLD_VALUES else ()
    return next(iter(found)) if len(found) == 1 else None


def _columns_of(path: Path, csv: Csv) -> Collection[str]:
    """Returns the columns of a file's first row; none where it cannot be read."""
    if path.suffix.lower() == CONLL:
        return TOKENS, TAGS
    try:
        _, first = next(stream_rows(path, csv=csv), ("", {}))
    except DataError:  # who reads it whole says why
        return ()
    return first.keys()


def read_labelled(
    path: Path, text: str, label: str, text_pair: str | None = None, csv: Csv = AS_NAMED
) -> tuple[list[Input], list[str]]:
    """Returns the texts of a file, and the one label of each.

    Args:
        path: of the file.
        text: the column of the text.
        label: the column of the label.
        text_pair: the column of the second text, of pairs.
        csv: how a .csv or .tsv is written.

    Raises:
        DataError: there is no such file, it is not what its name says, lacks a column or a label.
    """
    texts: list[Input] = []
    labels: list[str] = []
    text = _called(path, text, csv)
    columns = [text, *([] if text_pair is None else [text_pair]), label]
    for where, row in stream_rows(path, columns, csv):
        if is_list_of_several(row[label]):
            cure = "bench tells the quality of models that give one label a text; remove --labels"
            raise DataError(str(path), Problem(f"'{label}' holds a list", where, cure))
        name = as_label(row[label], f"{path} {where}")
        if not name:
            raise DataError(str(path), Problem(f"'{label}' is empty", where, "give it a label"))
        texts.append(as_input(row, text, text_pair, f"{path} {where}"))
        labels.append(name)
    return texts, labels


def labelled_rows(
    path: Path,
    text: str,
    label: str | Labelling,
    text_pair: str | None = None,
    csv: Csv = AS_NAMED,
) -> Iterator[tuple[str, Input, RawLabel]]:
    """Yields where each row of a file stands, its text or pair, and its label; either may be empty.

    Raises:
        DataError: there is no such file, it is not what its name says, or lacks a column.
    """
    text, labelling = as_written(path, text, Labelling.of(label), csv)
    texts = [text] if text_pair is None else [text, text_pair]
    for where, row in stream_rows(path, [*texts, *labelling.wanted], csv):
        yield where, *labelling.row(row, text, text_pair, f"{path} {where}")


def as_written(
    path: Path, text: str, labelling: Labelling, csv: Csv = AS_NAMED
) -> tuple[str, Labelling]:
    """Returns the column of the text and the labelling, as the first row of a file has them.

    A file that cannot be read stays as it is named: who reads it whole says why.

    Raises:
        DataError: its words have tags, and 0/1 columns are said that it has not.
    """
    return labelling.in_columns(_columns_of(path, csv), text, str(path))
