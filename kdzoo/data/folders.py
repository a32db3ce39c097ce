"""Folders of data: which files are splits, and what to do where none is that of train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kdzoo.data.formats import OTHERS, SUFFIXES, is_data, not_read
from kdzoo.data.parts import Files, files_of, shards_of
from kdzoo.errors import DataError
from kdzoo.plain import first_few

CALLED: dict[str, tuple[str, ...]] = {"validation": ("validation", "dev", "valid", "val")}
_SAVED_TO_DISK = ("dataset_info.json", "dataset_dict.json", "state.json")
_TEXTS = {".txt", ""}  # how files of one text each are called


def called(folder: Path, names: Sequence[str]) -> list[Files]:
    """Returns what a folder holds under one of these names, in whatever case, whole or in parts."""
    wanted = [f"{name}{suffix}".lower() for name in names for suffix in SUFFIXES]
    named = [path for path in sorted(folder.iterdir()) if path.name.lower() in wanted]
    found = map(files_of, sorted(named, key=lambda path: wanted.index(path.name.lower())))
    return [files for files in (*found, shards_of(folder, [*map(str.lower, names)])) if files]


def refuse_another_format(folder: Path, names: Sequence[str]) -> None:
    """A file that is plainly meant as a split is not passed over for what it is written in."""
    for path in sorted(folder.iterdir()):
        is_split = path.name.partition(".")[0].lower() in names
        if is_split and (path.suffix.lower() in OTHERS or (not path.suffix and path.is_file())):
            raise DataError(not_read(path))


def without_train(folder: Path) -> str:
    """Returns what to do where a folder holds no file of train, as what it holds shows."""
    if any((folder / name).is_file() for name in _SAVED_TO_DISK):
        return (
            f"{folder} is what datasets writes with save_to_disk, which is not read; write each "
            "split with its to_parquet: train.parquet, validation.parquet, test.parquet"
        )
    if moved := _split_folders(folder):
        return (
            f"{folder} holds a folder for each split, which is not read; put the files beside each "
            f"other: {', '.join(moved)}"
        )
    inside = next((path for path in _folders_in(folder) if called(path, ["train"])), None)
    if inside is not None:
        return f"{folder} holds no train file, and {inside} does; name that folder"
    split = folder / "train" if (folder / "train").is_dir() else folder
    has_data = any(is_data(path) for path in split.iterdir() if path.is_file())
    if not has_data and (classes := _classes_in(split)):
        each = "" if split == folder else f", a file for each split, as {folder / 'train.csv'}"
        return (
            f"{split} holds a folder for each class ({first_few(classes)}), which is not read; "
            f"write the texts as .csv with the columns text and label{each}"
        )
    held = sorted(path.name for path in folder.iterdir())
    wanted = (
        f"{folder} holds no train file; wanted train.jsonl, .json, .csv, .tsv or .parquet, and it "
        f"holds {first_few(held) or 'nothing'}"
    )
    if not any(is_data(folder / name) for name in held):
        return wanted
    return (
        f"{wanted}: rename the file that holds all training texts, or name it rather than the "
        "folder; where several hold them, write them as one"
    )


def _split_folders(folder: Path) -> list[str]:
    """Returns how the files of folders that are called as splits become files that are read."""
    found: dict[str, list[Path]] = {}
    for path in _folders_in(folder):
        for split in ("train", "validation", "test"):
            files = [file for file in sorted(path.iterdir()) if is_data(file)]
            if path.name.lower() in CALLED.get(split, (split,)) and files:
                found[split] = files
    if "train" not in found or (len(found) == 1 and called(found["train"][0].parent, ["train"])):
        return []
    return [
        f"{files[0] if len(files) == 1 else f'those of {files[0].parent} as one'} as "
        f"{folder / split}{files[0].suffix}"
        for split, files in found.items()
    ]


def _classes_in(folder: Path) -> list[str]:
    """Returns the names of folders that each hold files of texts, where there are several."""
    kinds = {
        path.name: {file.suffix.lower() for file in path.iterdir() if file.is_file()}
        for path in _folders_in(folder)
    }
    names = [name for name, found in kinds.items() if found & _TEXTS and not found & {*SUFFIXES}]
    return names if len(names) > 1 else []


def _folders_in(folder: Path) -> list[Path]:
    """Returns the folders in a folder, but those of programs."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith((".", "_"))
    ]
