"""Texts and labels from .jsonl, .csv, .tsv, .parquet and .conll files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from kdzoo.data.columns import unknown_labels
from kdzoo.data.corpus import SPLITS, RawData, RawRow, SplitName
from kdzoo.data.labelling import Labelling
from kdzoo.data.parquet import class_names
from kdzoo.data.stream import (
    AS_NAMED,
    OTHERS,
    SUFFIXES,
    as_written,
    labelled_rows,
    stream_rows,
)
from kdzoo.errors import DataError, Problem, did_you_mean
from kdzoo.files import has_file, with_home
from kdzoo.plain import first_few
from kdzoo.recipe.csv import Csv

_CALLED: dict[str, tuple[str, ...]] = {"validation": ("validation", "dev", "valid", "val")}
_SAVED_TO_DISK = ("dataset_info.json", "dataset_dict.json", "state.json")


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
    for split, path in paths.items():
        splits[split], places[split] = [], []
        if split != "train":
            _refuse_without_labels(path, split, text, labelling, csv)
        for where, given, name in labelled_rows(path, text, labelling, text_pair, csv):
            splits[split].append((given, name))
            places[split].append(where)
        if not splits[split]:
            raise DataError(f"{path} holds no rows")
    train = paths.get("train")
    is_noted = train is not None and train.suffix.lower() == ".parquet"
    return RawData(
        splits,
        labels=labelling.columns
        or (class_names(train, labelling.column) if train is not None and is_noted else None),
        origin=", ".join(path.name for path in paths.values()),
        places=places,
    )


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
) -> dict[str, Path]:
    """Returns the file of each split: a folder's by their names, or those that are named.

    Args:
        files: the folder, the file, or a file per split.
        others: names of more files of a folder that are splits.
        unread: splits whose files are not looked for.

    Raises:
        DataError: there is no file for train, two for one split, or one that is not read.
    """
    if not isinstance(files, str):
        return {s: with_home(path) for s, path in files.items() if s not in unread}
    path = with_home(files)
    if not path.is_dir() and has_file(path):
        return {"train": path}
    if not path.is_dir():
        raise DataError(f"no such file or folder of data: {files}")
    found: dict[str, Path] = {}
    for split in dict.fromkeys((*SPLITS, *others)):
        if split in unread:
            continue
        names = [n for n in _CALLED.get(split, (split,)) if n == split or n not in others]
        present = _called(path, names)
        if len(present) > 1:
            names_found = " and ".join(file.name for file in present)
            raise DataError(f"{files} holds {names_found}; keep one of them")
        if present:
            found[split] = present[0]
        else:
            _refuse_another_format(path, names)
    if "train" not in found:
        raise DataError(_without_train(path))
    return found


def _called(folder: Path, names: Sequence[str]) -> list[Path]:
    """Returns the files of a folder that have one of these names, in whatever case."""
    wanted = [f"{name}{suffix}".lower() for name in names for suffix in SUFFIXES]
    found = (file for file in sorted(folder.iterdir()) if file.name.lower() in wanted)
    return sorted(filter(has_file, found), key=lambda file: wanted.index(file.name.lower()))


def notes_of_unread(folder: Path, others: Sequence[str], unread: Collection[str]) -> list[str]:
    """Returns what to tell of a folder's files that are not read, where splits come from others.

    Args:
        folder: of the data.
        others: names of more files that are splits.
        unread: splits that are drawn, whatever the folder holds.
    """
    read = {*split_files(str(folder), others, unread).values()}
    own = [file for split in unread for file in _called(folder, _CALLED.get(split, (split,)))]
    rest = [
        file.name
        for file in sorted(folder.iterdir())
        if file.suffix.lower() in SUFFIXES and file not in (*read, *own)
    ]
    notes = []
    if own:
        names = " and ".join(sorted(file.name for file in own))
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


def _refuse_another_format(folder: Path, names: Sequence[str]) -> None:
    """A file that is plainly meant as a split is not passed over for what it is written in."""
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.lower()
        if path.name.partition(".")[0].lower() in names and suffix in OTHERS:
            raise DataError(
                f"{path}: cannot read '{suffix}'; wanted {', '.join(SUFFIXES)}: {OTHERS[suffix]}"
            )


def _without_train(folder: Path) -> str:
    if any((folder / name).is_file() for name in _SAVED_TO_DISK):
        return (
            f"{folder} is what datasets writes with save_to_disk, which is not read; write each "
            "split with its to_parquet: train.parquet, validation.parquet, test.parquet"
        )
    held = sorted(path.name for path in folder.iterdir())[:5]
    return (
        f"{folder} holds no train file; wanted train.jsonl, .csv, .tsv or .parquet, and it holds "
        f"{', '.join(held) or 'nothing'}: rename one of them, or name a file rather than the folder"
    )
