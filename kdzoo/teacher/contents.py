"""What the cache holds, and how it is emptied."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kdzoo.claims import Claims
from kdzoo.errors import TeacherError
from kdzoo.teacher.cache import RowCache
from kdzoo.teacher.shards import KINDS, Kind, cache_root, claims_folder


class Cached(NamedTuple):
    """What the cache holds of one model.

    Attributes:
        key: the model's.
        texts: how many it has read; words, of word vectors.
        size_bytes: of what it made of them.
        kind: logits, sentence vectors or word vectors.
    """

    key: str
    texts: int
    size_bytes: int
    kind: Kind = "logits"


def cache_contents(kind: Kind = "logits") -> list[Cached]:
    """Returns what the cache holds of a kind, a model each."""
    contents = []
    for folder in sorted((cache_root() / kind).glob("*")):
        files = list(folder.glob("*.npy"))
        rows = sum(map(_rows, files))
        size_bytes = sum(file.stat().st_size for file in files)
        contents.append(Cached(folder.name, rows, size_bytes, kind))
    return contents


def _rows(file: Path) -> int:
    """Returns how many rows a shard holds: none if it is damaged, and will be made anew."""
    try:
        return len(np.load(file, mmap_mode="r", allow_pickle=False))
    except (ValueError, EOFError):
        return 0


def clear_cache() -> int:
    """Removes all that is cached; returns how many bytes that freed.

    Raises:
        TeacherError: a run adds to them just now; nothing is removed.
    """
    contents = [content for kind in KINDS for content in cache_contents(kind)]
    claims = Claims((claims_folder(),))
    for content in contents:
        if claims.is_held(RowCache.of(content.kind, content.key, lambda _: None).claim):
            raise TeacherError(
                f"a run adds {content.kind} to the cache {cache_root()} just now; wait until it "
                "ends, and give the same command again"
            )
    for kind in KINDS:
        folder = cache_root() / kind
        if folder.exists():
            shutil.rmtree(folder)
    return sum(content.size_bytes for content in contents)
