"""Teacher logits by content, on disk: computed once, memory-mapped when read.

A shard is one ``.npy`` file of (digest of the text, logits in float16), named after the SHA-256 of
its bytes. It is written beside its place and moved there, so that two processes can share the
cache; a shard whose bytes are not what its name says is removed, and its texts are labelled anew.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kdzoo.data import Digests
from kdzoo.errors import TeacherError
from kdzoo.files import check_writable
from kdzoo.model import refuse_logits

_CURE = "set KDZOO_CACHE to a folder that you may write: export KDZOO_CACHE=FOLDER"
OTHER_FILES = 512  # that a process may have open beside its shards
SHARD_ROWS = 4096  # texts between two points at which labelling can be taken up again
HalfLogits = npt.NDArray[np.float16]  # [N, C]


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


def check_cache() -> None:
    """Sees that the cache can be written, before there is anything to put into it.

    Raises:
        TeacherError: there is no home folder to put it into.
        FileError: it cannot.
    """
    check_writable(cache_root(), _CURE)


def unwritable(folder: Path, error: OSError) -> TeacherError:
    """Returns what to tell of a cache that cannot be written."""
    return TeacherError(f"the cache {folder} cannot be written: {error}; {_CURE}")


@dataclass
class LogitCache:
    """The logits of one model, by text."""

    folder: Path
    say: Callable[[str], None]

    def __post_init__(self) -> None:
        self._opened: dict[str, npt.NDArray[np.void]] = {}

    def lookup(self, digests: Digests) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.void]]]:
        """Returns (shard, row) [N, 2] of every text, -1 where it is not there, and the shards."""
        shards = self._open()
        places = np.full((len(digests), 2), -1, dtype=np.int64)
        if not shards:
            return places, shards
        known: Digests = np.concatenate([shard["digest"] for shard in shards])  # [M, 2]
        starts = np.cumsum([0, *map(len, shards)])
        order = np.argsort(known[:, 0], kind="stable")
        at = np.minimum(np.searchsorted(known[order, 0], digests[:, 0]), len(known) - 1)
        rows = order[at]
        found = (known[rows] == digests).all(1)
        shard = np.searchsorted(starts, rows[found], side="right") - 1
        places[found] = np.stack([shard, rows[found] - starts[shard]], axis=1)
        return places, shards

    def names(self) -> list[str]:
        """Returns the names of the shards, each verified."""
        self._open()
        return sorted(self._opened)

    def write(self, digests: Digests, logits: npt.NDArray[np.float32]) -> str:
        """Adds a shard and returns its name.

        Raises:
            ModelError: the logits are no numbers, or not in float16.
            TeacherError: the disk is full.
        """
        refuse_logits(logits, "the teacher")
        rows = np.empty(
            len(digests), dtype=[("digest", "<u8", (2,)), ("logits", "<f2", (logits.shape[1],))]
        )
        rows["digest"], rows["logits"] = digests, logits.astype(np.float16)
        partial: Path | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = self.folder / f"{uuid.uuid4().hex}.partial"
            with partial.open("xb") as file:
                np.save(file, rows, allow_pickle=False)
            name = f"{_sha256(partial)}.npy"
            partial.replace(self.folder / name)
        except OSError as error:
            if partial is not None:
                partial.unlink(missing_ok=True)
            raise unwritable(self.folder, error) from error
        return name

    def _open(self) -> list[npt.NDArray[np.void]]:
        paths = sorted(self.folder.glob("*.npy"))
        _allow_open_files(len(paths))
        for path in paths:
            if path.name in self._opened:
                continue
            if _sha256(path) != path.stem:
                self.say(
                    f"the cached logits in {path.name} are damaged: labelling their texts anew"
                )
                path.unlink(missing_ok=True)
                continue
            self._opened[path.name] = np.load(path, mmap_mode="r", allow_pickle=False)
        return [self._opened[name] for name in sorted(self._opened)]


def _allow_open_files(count: int) -> None:
    """Lets this process hold so many files open beside its others, as far as the system does.

    A shard that is memory-mapped counts as one; the usual limit is a thousand or so.
    """
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        highest = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class LogitTable:
    """Logits of N texts, still on disk: ``table[rows]`` reads float16 [B, C] in the labels' order.

    Several members (an ensemble) are averaged as they are read.
    """

    members: tuple[tuple[npt.NDArray[np.int64], list[npt.NDArray[np.void]]], ...]
    columns: tuple[npt.NDArray[np.int64], ...]  # per member: its output for each label, [C]

    def __len__(self) -> int:
        return len(self.members[0][0])

    def __getitem__(self, rows: npt.NDArray[np.int64] | slice) -> HalfLogits:
        total: npt.NDArray[np.float32] | None = None
        for (places, shards), columns in zip(self.members, self.columns, strict=True):
            logits = _gather(places[rows], shards)[:, columns].astype(np.float32)
            total = logits if total is None else total + logits
        assert total is not None  # noqa: S101 - a teacher has at least one member
        return (total / len(self.members)).astype(np.float16)


def _gather(places: npt.NDArray[np.int64], shards: list[npt.NDArray[np.void]]) -> HalfLogits:
    width = shards[0]["logits"].shape[1]
    logits = np.empty((len(places), width), dtype=np.float16)
    for shard in np.unique(places[:, 0]):
        chosen = places[:, 0] == shard
        logits[chosen] = shards[shard]["logits"][places[chosen, 1]]
    return logits


def cache_contents() -> list[tuple[str, int, int]]:
    """Returns (teacher's key, texts, bytes) of every teacher in the cache."""
    contents = []
    for folder in sorted((cache_root() / "logits").glob("*")):
        files = list(folder.glob("*.npy"))
        rows = sum(len(np.load(file, mmap_mode="r", allow_pickle=False)) for file in files)
        contents.append((folder.name, rows, sum(file.stat().st_size for file in files)))
    return contents


def clear_cache() -> int:
    """Removes all cached logits; returns how many bytes that freed."""
    import shutil

    freed = sum(size for _, _, size in cache_contents())
    folder = cache_root() / "logits"
    if folder.exists():
        shutil.rmtree(folder)
    return freed
