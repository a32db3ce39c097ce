"""Teacher logits and sentence vectors by content, on disk: computed once, memory-mapped when read.

A shard holds (digest of the text, its row in float16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kdzoo.claims import Claims
from kdzoo.data import Digests, Example, Texts
from kdzoo.errors import TeacherError
from kdzoo.model import refuse_logits, refuse_vectors
from kdzoo.teacher.part import WHOLE, Part
from kdzoo.teacher.shards import Kind, cache_root, claims_folder, is_whole, write_shard

OTHER_FILES = 512  # that a process may have open beside its shards
SHARD_ROWS = 4096  # texts of a shard: between two points at which labelling can be taken up again
HalfRows = npt.NDArray[np.float16]  # [N, W]
Rows = npt.NDArray[np.int64]  # of some texts, in an order, [M]
Read = Callable[[Texts], tuple[Digests, npt.NDArray[np.float32]]]  # M texts -> their rows [M, W]
Reader = Callable[[int], AbstractContextManager[Read]]  # of so many texts in all


@dataclass
class RowCache:
    """What one model makes of each text: logits [C], or a sentence vector [D].

    Attributes:
        folder: where the shards lie.
        say: told of what is damaged.
        kind: logits, or sentence vectors.
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

    def fill(self, texts: Texts, reader: Reader, part: Part = WHOLE) -> None:
        """Computes what the cache lacks of a part of the texts, and keeps it.

        Which texts make a shard depends on all the texts alone, whoever computes it and whenever
        they are interrupted: so their batches are the same, and the last bits of the rows. Several
        processes share the shards: each claims one, and leaves it where another has.

        Args:
            texts: any, in any order; the same for all parts.
            reader: is opened where something is lacking, and gives the rows of texts.
            part: which of the shards.
        """
        left = self._lacking(texts, part)
        if not left:
            return
        with reader(sum(map(len, left))) as read:
            taken = [rows for rows in left if not self._fill(texts.take(rows), read, waits=False)]
            for rows in taken:  # when the others have ended, nothing of these is lacking
                self._fill(texts.take(rows), read, waits=True)

    def _fill(self, texts: Texts, read: Read, *, waits: bool) -> bool:
        """Computes a shard, and returns whether it is there: not where another computes it."""

        def compute() -> None:
            missing = self.missing(texts)  # another process may have computed them meanwhile
            if len(missing):
                self.write(*read(missing))

        first = texts.digests[0].tobytes().hex()
        claims = Claims((claims_folder(),), waits, self.say)
        return claims.make(f"{self.claim}-{first}", f"the {self.kind} of a model", compute)

    def lacking(self, texts: Texts, part: Part = WHOLE) -> int:
        """Returns how many texts of a part the cache lacks."""
        return sum(map(len, self._lacking(texts, part)))

    def _lacking(self, texts: Texts, part: Part) -> list[Rows]:
        """Returns the texts of a part that the cache lacks, by their shards; none that is empty."""
        order = _order_of_content(texts)
        shards = part.of(-(-len(order) // SHARD_ROWS))
        own = order[shards.start * SHARD_ROWS : shards.stop * SHARD_ROWS]
        is_lacking = self.lookup(texts.digests[own])[0][:, 0] < 0
        found = [
            own[start : start + SHARD_ROWS][is_lacking[start : start + SHARD_ROWS]]
            for start in range(0, len(own), SHARD_ROWS)
        ]
        return [rows for rows in found if len(rows)]

    def rows(self, texts: Texts) -> CachedRows:
        """Returns the rows of texts that have been computed.

        Raises:
            TeacherError: somebody has emptied the cache meanwhile.
        """
        places, shards = self.lookup(texts.digests)
        if (places[:, 0] < 0).any():
            raise TeacherError(
                f"the cache {self.folder} was emptied while it was read; give the same command "
                "again"
            )
        return CachedRows(places, shards)

    def alone(self) -> AbstractContextManager[None]:
        """Holds the cache of this model for a block: one process adds to it at a time."""
        claims = Claims((claims_folder(),), say=self.say)
        return claims.hold(self.claim, f"the {self.kind} of a model")

    @property
    def claim(self) -> str:
        """How the names of the claims on this cache begin."""
        return f"{self.kind}-{self.folder.name}"

    def missing(self, texts: Texts) -> Texts:
        """Returns the texts that the cache lacks, each once, in an order that is theirs alone."""
        order = _order_of_content(texts)
        return texts.take(order[self.lookup(texts.digests[order])[0][:, 0] < 0])

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
            FileError: the disk is full.
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


def _order_of_content(texts: Texts) -> Rows:
    """Returns the rows of the texts, each text once, in an order that is theirs alone, [M]."""
    whole = np.ascontiguousarray(texts.digests).view("V16")
    return np.asarray(np.unique(whole, return_index=True)[1])


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

    Where each word gets a label, it reads [B, W, C] (see ``kdzoo.teacher.word_rows``).

    Several members (an ensemble) are averaged as they are read; a word by those that read it, as
    members cut a long text at different words.
    """

    members: tuple[CachedRows, ...]
    columns: tuple[npt.NDArray[np.int64], ...]  # per member: its output for each label, [C]

    def __len__(self) -> int:
        return len(self.members[0])

    def __getitem__(self, rows: npt.NDArray[np.int64] | slice) -> HalfRows:
        each = [
            member[rows][..., columns].astype(np.float32)
            for member, columns in zip(self.members, self.columns, strict=True)
        ]
        return _mean(each).astype(np.float16)


def _mean(each: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Returns the mean over members, [B, C]; of words, [B, W, C], over those that read a word."""
    total = reduce(np.add, each)
    readers: npt.NDArray[np.int64] | int = len(each)
    if total.ndim > 2:  # zeros where a word was not read
        readers = np.maximum(sum(logits.any(-1, keepdims=True).astype(int) for logits in each), 1)
    mean: npt.NDArray[np.float32] = (total / readers).astype(np.float32)
    return mean


def lacking(keys: Iterable[str], examples: Sequence[Example], part: Part = WHOLE) -> int:
    """Returns how many of the texts some model of these has not labelled yet.

    Args:
        keys: of the models.
        examples: the texts.
        part: of them that is asked about.
    """
    texts = Texts.of(examples)
    caches = [RowCache.of("logits", key, lambda _: None) for key in keys]
    return max(cache.lacking(texts, part) for cache in caches)
