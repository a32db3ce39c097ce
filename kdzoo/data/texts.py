"""Many examples in little memory: the texts end to end, an object only where one is looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kdzoo.data.corpus import Example
from kdzoo.task.gold import Ids, Label, joined_rows, labels_of, rows_of

CHUNK = 8192  # examples that are objects at once

Digests = npt.NDArray[np.uint64]  # [N, 2]
Rows = npt.NDArray[np.int64]  # row numbers

_COLUMNS = pa.schema([("text", pa.large_string()), ("text_pair", pa.large_string())])


@dataclass(frozen=True, eq=False)
class Texts(Sequence[Example]):
    """Examples as columns: about as many bytes as their texts have, and 24 more for each.

    Attributes:
        columns: ``text`` and ``text_pair``, [N] each.
        gold: gold label ids, NO_LABEL where there is none, [N]; rows of them, [N, K], where texts
            have several.
        digests: what stands for the texts in every cache key, [N, 2].
    """

    columns: pa.Table
    gold: Ids
    digests: Digests

    @classmethod
    def of(cls, examples: Iterable[Example]) -> Texts:
        """Returns the examples as columns; a stream of them is read a part at a time."""
        if isinstance(examples, Texts):
            return examples
        tables: list[pa.Table] = []
        gold: list[Ids] = []
        digests: list[Digests] = []
        remaining = iter(examples)
        while part := list(islice(remaining, CHUNK)):
            pairs = {"text": [e.text for e in part], "text_pair": [e.text_pair for e in part]}
            tables.append(pa.Table.from_pydict(pairs, schema=_COLUMNS))
            gold.append(rows_of([example.label for example in part]))
            digests.append(digests_of(part))
        if not tables:
            nothing = np.empty((0, 2), dtype=np.uint64)
            return cls(_COLUMNS.empty_table(), np.empty(0, dtype=np.int64), nothing)
        columns = pa.concat_tables(tables).combine_chunks()
        return cls(columns, joined_rows(gold), np.concatenate(digests))

    @classmethod
    def joined(cls, parts: Iterable[Texts]) -> Texts:
        """Returns the parts as one, in their order."""
        parts = [part for part in parts if len(part)] or [cls.of(())]
        columns = pa.concat_tables([part.columns for part in parts])
        gold = joined_rows([part.gold for part in parts])
        return cls(columns, gold, np.concatenate([part.digests for part in parts]))

    def take(self, rows: Rows) -> Texts:
        """Returns the examples of these rows, in this order."""
        return Texts(self.columns.take(rows), self.gold[rows], self.digests[rows])

    def where(self, wanted: npt.NDArray[np.bool_]) -> Texts:
        """Returns the examples where ``wanted`` [N] is true."""
        return self.take(np.flatnonzero(wanted))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of texts and gold labels, in order."""
        digest = hashlib.sha256(np.ascontiguousarray(self.digests).data)
        digest.update(np.ascontiguousarray(self.gold).data)
        return digest.hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.gold)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Texts: ...
    def __getitem__(self, index: int | slice) -> Example | Texts:
        if isinstance(index, slice):
            return self.take(np.arange(*index.indices(len(self))))
        row = range(len(self))[index]
        return next(self._examples(row, row + 1))

    def __iter__(self) -> Iterator[Example]:
        for start in range(0, len(self), CHUNK):
            yield from self._examples(start, min(start + CHUNK, len(self)))

    def _examples(self, start: int, end: int) -> Iterator[Example]:
        part = self.columns.slice(start, end - start)
        texts, pairs = part["text"].to_pylist(), part["text_pair"].to_pylist()
        for text, pair, label in zip(texts, pairs, labels_of(self.gold[start:end]), strict=True):
            yield Example(text, pair, label)


def digests_of(examples: Sequence[Example]) -> Digests:
    """Returns the digests of the examples as two numbers each, [N, 2]."""
    if isinstance(examples, Texts):
        return examples.digests
    joined = b"".join(example.digest for example in examples)
    return np.frombuffer(joined, dtype="<u8").reshape(-1, 2)


def has_pairs(examples: Sequence[Example]) -> bool:
    """Whether any of the examples has a second text."""
    if isinstance(examples, Texts):
        return bool(examples.columns["text_pair"].null_count < len(examples))
    return any(example.text_pair is not None for example in examples)


def distinct(
    examples: Iterable[Example], taken: set[bytes], labels: Mapping[bytes, Label] | None = None
) -> Iterator[Example]:
    """Yields the examples whose digests are not in ``taken`` yet, and adds them.

    Args:
        examples: any.
        taken: digests.
        labels: of texts that have another label than the first example of theirs.
    """
    own = labels or {}
    for example in examples:
        digest = example.digest
        if digest not in taken:
            taken.add(digest)
            yield replace(example, label=own[digest]) if digest in own else example
