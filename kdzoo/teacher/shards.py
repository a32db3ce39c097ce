"""The folder of the cache, and its files: what a model makes of texts is computed once.

A shard is one ``.npy`` file, named after the SHA-256 of its bytes. It is written beside its place
and moved there, so that several processes can share the cache; a shard whose bytes are not what its
name says is removed, and what it held is computed anew.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from kdzoo.digest import file_sha256
from kdzoo.errors import FileError, TeacherError
from kdzoo.files import check_writable

_CURE = "set KDZOO_CACHE to a folder that you may write: export KDZOO_CACHE=FOLDER"
Kind = Literal["logits", "vectors", "words"]  # of a teacher, of an encoder; a vector for each word
KINDS: tuple[Kind, ...] = ("logits", "vectors", "words")


def cache_root() -> Path:
    """Returns the folder of the cache: ``KDZOO_CACHE``, or the user's cache folder.

    Raises:
        TeacherError: there is no home folder to put it into.
    """
    base = os.environ.get("KDZOO_CACHE")
    try:
        if base:
            return Path(base).expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "kdzoo"
    except RuntimeError:
        raise TeacherError(
            "there is no home folder for the cache of teacher logits (HOME is not set, or names no "
            f"user); {_CURE}"
        ) from None


def claims_folder() -> Path:
    """Returns where processes that share the cache say what each of them makes."""
    return cache_root() / "claims"


def check_cache() -> None:
    """Sees that the cache can be written, before there is anything to put into it.

    Raises:
        TeacherError: there is no home folder to put it into.
        FileError: the cache cannot be written.
    """
    check_writable(cache_root(), _CURE)


def unwritable(folder: Path, error: OSError) -> FileError:
    """Returns what to tell of a cache that cannot be written."""
    return FileError(f"the cache {folder} cannot be written: {error}; {_CURE}")


def write_shard(folder: Path, rows: npt.NDArray[Any]) -> str:
    """Adds a shard to a folder, which is made where it is not there; returns the shard's name.

    Raises:
        FileError: the disk is full.
    """
    partial: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{uuid.uuid4().hex}.partial"
        with partial.open("xb") as file:
            np.save(file, rows, allow_pickle=False)
        name = f"{file_sha256(partial)}.npy"
        partial.replace(folder / name)
    except OSError as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        raise unwritable(folder, error) from error
    return name


def is_whole(shard: Path, noun: str, say: Callable[[str], None]) -> bool:
    """Returns whether a shard holds what was written; one that does not is removed.

    Args:
        shard: the file.
        noun: what it holds, in the plural.
        say: told of what is damaged.
    """
    if file_sha256(shard) == shard.stem:
        return True
    say(f"{noun} in {shard.name} are damaged: they are made anew")
    shard.unlink(missing_ok=True)
    return False
