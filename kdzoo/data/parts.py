"""Splits that a folder holds in parts: numbered files, as of the hub, and folders, as of Spark."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from kdzoo.data.formats import SUFFIXES
from kdzoo.errors import DataError, FileError
from kdzoo.files import has_file
from kdzoo.plain import first_few

_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})(?:-[0-9a-f]{16})?")  # train-00000-of-00002
_PART = re.compile(r"part[-.](\d+)\b.*")  # part-00000-4d1e.c000.snappy

Files = tuple[Path, ...]  # that hold a split, in their order


def told(files: Files) -> str:
    """Returns what a message calls the files of a split."""
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0].name}{more}"


def files_of(path: Path) -> Files:
    """Returns the file that is named, or those of a folder of parts; none where nothing is there.

    Raises:
        FileError: it is a folder without parts, or no file.
    """
    if not path.is_dir():
        return (path,) if has_file(path) else ()
    if parts := parts_in(path):
        return parts
    raise FileError(
        f"{path} is a folder, and a file is wanted there, or files in it called "
        f"part-00000{path.suffix}; write the rows as one file"
    )


def parts_in(folder: Path) -> Files:
    """Returns the parts that a folder holds in the place of a file, in their order."""
    numbers = {
        file: int(found[1])
        for file in sorted(folder.iterdir())
        if (found := _PART.fullmatch(file.stem.lower())) and file.suffix.lower() in SUFFIXES
    }
    return tuple(file for file in sorted(numbers, key=numbers.__getitem__) if has_file(file))


def shards_of(folder: Path, names: Collection[str]) -> Files:
    """Returns the numbered files of a split in their order; none where there are none.

    Args:
        folder: of the data.
        names: of the split.

    Raises:
        DataError: one of them is missing, or there are files of two divisions.
    """
    found: dict[tuple[str, str, str], dict[int, Path]] = {}  # by name, total and ending
    for file in sorted(folder.iterdir()):
        shard, suffix = _SHARD.fullmatch(file.stem), file.suffix.lower()
        if shard and shard[1].lower() in names and suffix in SUFFIXES and has_file(file):
            files = found.setdefault((shard[1], shard[3], suffix), {})
            other = files.setdefault(int(shard[2]), file)
            if other != file:
                raise _two_divisions(other, file)
    if not found:
        return ()
    if len(found) > 1:
        raise _two_divisions(*(next(iter(files.values())) for files in [*found.values()][:2]))
    (((name, total, suffix), files),) = found.items()
    lacking = [number for number in range(int(total)) if number not in files]
    if lacking:
        missing = first_few([f"{name}-{number:05d}-of-{total}{suffix}" for number in lacking])
        raise DataError(
            f"{folder} holds {len(files)} of the {int(total)} files of {name}, without {missing}; "
            f"put it there, or write those that are there as one file, {name}{suffix}"
        )
    return tuple(files[number] for number in sorted(files))


def _two_divisions(one: Path, other: Path) -> DataError:
    return DataError(
        f"{one.parent} holds {one.name} and {other.name}, which are parts of two divisions; leave "
        "the files of one there"
    )
