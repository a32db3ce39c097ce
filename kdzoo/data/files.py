"""Texts and labels from .jsonl, .json, .csv, .tsv, .parquet and .conll files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path

from kdzoo.data.columns import unknown_labels
from kdzoo.data.conll import DIVIDED
from kdzoo.data.conll import SUFFIX as CONLL
from kdzoo.data.corpus import SPLITS, RawData, RawRow, SplitName
from kdzoo.data.folders import CALLED, called, refuse_another_format, without_train
from kdzoo.data.formats import is_data
from kdzoo.data.labelling import Labelling
from kdzoo.data.parquet import class_names
from kdzoo.data.parts import Files, files_of, parts_in, told
from kdzoo.data.stream import (
    AS_NAMED,
    as_written,
    labelled_rows,
    stream_rows,
)
from kdzoo.errors import DataError, Problem, did_you_mean
from kdzoo.files import has_file, with_home
from kdzoo.plain import first_few
from kdzoo.recipe.csv import Csv

_SAYS_SPLIT = {"split", "set", "subset", "partition", "fold"}  # what such a column is called
_SPLITS_SAID = {
    *("train", "training", "test", "testing", "eval", "evaluation"),
    *("validation", "valid", "val", "dev", "development"),
}
_LOOKED_AT = 1000  # rows that show what a column holds


def read_files(
    files: str | Mapping[SplitName, str],
    text: str,
    label: str | Labelling,
    text_pair: str | None = None,
    others: Sequence[str] = (),
    *,
    unread: Collection[str] = (),
    csv: Csv = AS_NAMED,
) -> RawData:
    """Returns the rows of a folder with a file per split, one file (all train), or named files.

    Args:
        files: the folder, the file, or a file per split.
        text: the column of the text.
        label: the column of the label, or how labels are written.
        text_pair: the column of the second text, of pairs.
        others: names of more files of a folder that are splits.
        unread: splits whose files are not to be read.
        csv: how .csv and .tsv files are written.

    Raises:
        DataError: a file is missing, has another encoding, or lacks a column.
    """
    labelling = Labelling.of(label)
    paths = split_files(files, others, unread)
    splits: dict[str, list[RawRow]] = {}
    places: dict[str, list[str]] = {}
    for split, parts in paths.items():
        splits[split], places[split] = [], []
        if split != "train":
            _refuse_without_labels(parts[0], split, text, labelling, csv)
        for path in parts:
            for where, given, name in labelled_rows(path, text, labelling, text_pair, csv):
                splits[split].append((given, name))
                places[split].append(where if len(parts) == 1 else f"{path.name} {where}")
        if not splits[split]:
            raise DataError(f"{parts[0].parent / told(parts)} holds no rows")
        if split == "train" and len(splits[split]) == 1 and parts[0].suffix.lower() == CONLL:
            problem = Problem("no empty line divides it into sentences", cure=DIVIDED)
            raise DataError(str(parts[0]), problem)
    return RawData(
        splits,
        labels=labelling.columns or _noted(paths.get("train", ()), labelling.column),
        origin=", ".join(map(told, paths.values())),
        places=places,
    )


def _noted(parts: Files, column: str) -> tuple[str, ...] | None:
    """Returns the names of classes that the files of train note, which are the same in all.

    Raises:
        DataError: two files note other names.
    """
    noted = {
        path: class_names(path, column) if path.suffix.lower() == ".parquet" else None
        for path in parts
    }
    odd = next((path for path, names in noted.items() if names != noted[parts[0]]), None)
    if odd is not None:
        raise DataError(
            f"{odd} names other classes than {parts[0].name}; write both with the same features"
        )
    return noted[parts[0]] if parts else None


def _refuse_without_labels(
    path: Path, split: str, text: str, labelling: Labelling, csv: Csv
) -> None:
    """What is judged by needs labels; of a competition's test texts nobody else has them."""
    _, first = next(stream_rows(path, csv=csv), ("", None))
    text, labelling = as_written(path, text, labelling, csv)
    label = next((column for column in labelling.wanted if first and column not in first), None)
    if first is not None and text in first and label is not None:
        known = did_you_mean(label, [*first])
        raise DataError(
            str(path), Problem(f"no column '{label}'", cure=f"{known} {unknown_labels(split)}")
        )


def split_files(
    files: str | Mapping[SplitName, str],
    others: Sequence[str] = (),
    unread: Collection[str] = (),
) -> dict[str, Files]:
    """Returns the files of each split: a folder's by their names, or those that are named.

    Args:
        files: the folder, the file, or a file per split.
        others: names of more files of a folder that are splits.
        unread: splits whose files are not looked for.

    Raises:
        DataError: there is no file for train, two for one split, a part of one, or one that is not
            read.
    """
    if not isinstance(files, str):
        named = {s: with_home(path) for s, path in files.items() if s not in unread}
        return {s: files_of(path) or (path,) for s, path in named.items()}
    path = with_home(files)
    if not path.is_dir() and has_file(path):
        return {"train": (path,)}
    if not path.is_dir():
        raise DataError(f"no such file or folder of data: {files}")
    found: dict[str, Files] = {}
    for split in dict.fromkeys((*SPLITS, *others)):
        if split in unread:
            continue
        names = [n for n in CALLED.get(split, (split,)) if n == split or n not in others]
        present = called(path, names)
        if len(present) > 1:
            raise DataError(f"{files} holds {' and '.join(map(told, present))}; keep one of them")
        if present:
            found[split] = present[0]
        else:
            refuse_another_format(path, names)
    if "train" not in found and (parts := parts_in(path)):
        found["train"] = parts
    if "train" not in found:
        raise DataError(without_train(path))
    return found


def notes_of_unread(folder: Path, others: Sequence[str], unread: Collection[str]) -> list[str]:
    """Returns what to tell of a folder's files that are not read, where splits come from others.

    Args:
        folder: of the data.
        others: names of more files that are splits.
        unread: splits that are drawn, whatever the folder holds.
    """
    read = split_files(str(folder), others, unread).values()
    own = [files for split in unread for files in called(folder, CALLED.get(split, (split,)))]
    known = {path for files in (*read, *own) for file in files for path in (file, file.parent)}
    rest = [file.name for file in sorted(folder.iterdir()) if is_data(file) and file not in known]
    notes = []
    if own:
        names = " and ".join(sorted(map(told, own)))
        notes.append(
            f"not read in {folder.name}: {names}, as data.split draws "
            f"{' and '.join(sorted(unread))}; --set data.split=null reads the files"
        )
    if rest:
        notes.append(
            f"not read in {folder.name}: {first_few(rest)}; a file is a split where it is called "
            "train, validation or test"
        )
    return notes


def notes_of_split_column(
    path: Path, csv: Csv, read: Collection[str | None], drawn: str
) -> list[str]:
    """Returns a note on a column that says which split each row is of: splits are files.

    Args:
        path: the file of train.
        csv: how it is written.
        read: the columns that are.
        drawn: the splits that are taken from train.
    """
    rows = [row for _, row in islice(stream_rows(path, csv=csv), _LOOKED_AT)]
    for column in rows[0] if rows else ():
        said = {str(row.get(column)).strip() for row in rows}
        is_split = column.strip().lower() in _SAYS_SPLIT and column not in read
        if is_split and {name.lower() for name in said} <= _SPLITS_SAID:
            return [
                f"the column '{column}' of {path.name} ({first_few(sorted(said))}) is not read, "
                f"and data.split draws {drawn}; write the rows of each split into a file of its "
                f"own, called train{path.suffix}, validation{path.suffix} or test{path.suffix}, "
                "and name their folder"
            ]
    return []
