"""Teacher logits and sentence vectors by content, on disk: computed once, memory-mapped when read.

A shard holds (digest of the text, its row in float16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kdzoo.claims import Claims
from kdzoo.data import Digests, Example, Texts
from kdzoo.model import refuse_logits, refuse_vectors
from kdzoo.teacher.shards import Kind, cache_root, claims_folder, is_whole, write_shard

OTHER_FILES = 512  # that a process may have open beside its shards
SHARD_ROWS = 4096  # texts between two points at which labelling can be taken up again
HalfRows = npt.NDArray[np.float16]  # [N, W]
Shards = Iterator[tuple[Digests, npt.NDArray[np.float32]]]  # of some texts, the rows [M, W]


@dataclass
class RowCache:
    """What one model makes of each text: logits [C], or a sentence vector [D].

    Attributes:
        folder: where the shards lie.
        say: told of what is damaged.
        kind: logits, or vectors.
    """

    folder: Path
    say: Callable[[str], None]
    kind: Kind = "logits"

    @classmethod
    def of(cls, kind: Kind, key: str, say: Callable[[str], None]) -> RowCache:
        """Returns the cache of the model that the key stands for."""
        return cls(cache_root() / kind / key, say, kind)

    def __post_init__(self) -> None:
        self._opened: dict[str, npt.NDArray[np.void]] = {}

    def rows_of(self, texts: Texts, compute: Callable[[Texts], Shards]) -> CachedRows:
        """Returns the rows of the texts; what is lacking is computed and kept.

        Args:
            texts: any, in any order.
            compute: gives the rows of texts, each once, in shards. They come in an order that
                depends on them alone, so that batches are the same whenever it is interrupted.
        """
        places, shards = self.lookup(texts.digests)
        if (places[:, 0] < 0).any():
            with self.alone():
                missing = self.missing(texts)  # another process may have computed them meanwhile
                for digests, rows in compute(missing) if len(missing) else ():
                    self.write(digests, rows)
            places, shards = self.lookup(texts.digests)
        return CachedRows(places, shards)

    def alone(self, *, waits: bool = True) -> AbstractContextManager[None]:
        """Holds the cache of this model for a block: one process adds to it at a time.

        Args:
            waits: whether another process is waited for.
        """
        claims = Claims((claims_folder(),), waits, self.say)
        return claims.hold(f"{self.kind}-{self.folder.name}", f"the {self.kind} of a model")

    def missing(self, texts: Texts) -> Texts:
        """Returns the texts that the cache lacks, each once, in an order that is theirs alone."""
        lacking = np.flatnonzero(self.lookup(texts.digests)[0][:, 0] < 0)
        return _in_order_of_content(texts, lacking)

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

    def write(self, digests: Digests, values: npt.NDArray[np.float32]) -> str:
        """Adds a shard and returns its name.

        Raises:
            ModelError: the values are no numbers, or not in float16.
            TeacherError: the disk is full.
        """
        if self.kind == "logits":
            refuse_logits(values, "the teacher")
        else:
            refuse_vectors(values, "the encoder")
        rows = np.empty(
            len(digests), dtype=[("digest", "<u8", (2,)), (self.kind, "<f2", (values.shape[1],))]
        )
        rows["digest"], rows[self.kind] = digests, values.astype(np.float16)
        return write_shard(self.folder, rows)

    def _open(self) -> list[npt.NDArray[np.void]]:
        paths = sorted(self.folder.glob("*.npy"))
        _allow_open_files(len(paths))
        for path in paths:
            if path.name in self._opened:
                continue
            if is_whole(path, f"the cached {self.kind}", self.say):
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


def _in_order_of_content(texts: Texts, rows: npt.NDArray[np.int64]) -> Texts:
    """Returns these rows of the texts, each text once, in an order that is theirs alone."""
    _, first = np.unique(np.ascontiguousarray(texts.digests[rows]).view("V16"), return_index=True)
    return texts.take(rows[first])


@dataclass(frozen=True)
class CachedRows:
    """Rows of N texts, still on disk: ``rows[chosen]`` reads float16 [B, W].

    Attributes:
        places: (shard, row) of each text, [N, 2].
        shards: memory-mapped.
    """

    places: npt.NDArray[np.int64]
    shards: list[npt.NDArray[np.void]]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, chosen: npt.NDArray[np.int64] | slice) -> HalfRows:
        places = self.places[chosen]
        _, kind = self.shards[0].dtype.names or ("", "")
        found = np.empty((len(places), self.shards[0][kind].shape[1]), dtype=np.float16)
        for shard in np.unique(places[:, 0]):
            here = places[:, 0] == shard
            found[here] = self.shards[shard][kind][places[here, 1]]
        return found


@dataclass(frozen=True)
class LogitTable:
    """Logits of N texts, still on disk: ``table[rows]`` reads float16 [B, C] in the labels' order.

    Several members (an ensemble) are averaged as they are read.
    """

    members: tuple[CachedRows, ...]
    columns: tuple[npt.NDArray[np.int64], ...]  # per member: its output for each label, [C]

    def __len__(self) -> int:
        return len(self.members[0])

    def __getitem__(self, rows: npt.NDArray[np.int64] | slice) -> HalfRows:
        total: npt.NDArray[np.float32] | None = None
        for member, columns in zip(self.members, self.columns, strict=True):
            logits = member[rows][:, columns].astype(np.float32)
            total = logits if total is None else total + logits
        assert total is not None  # noqa: S101 - a teacher has at least one member
        return (total / len(self.members)).astype(np.float16)


def lacking(keys: Iterable[str], examples: Sequence[Example]) -> int:
    """Returns how many of the texts some model of these has not labelled yet.

    Args:
        keys: of the models.
        examples: the texts.
    """
    texts = Texts.of(examples)
    caches = [RowCache.of("logits", key, lambda _: None) for key in keys]
    return max(len(cache.missing(texts)) for cache in caches)
