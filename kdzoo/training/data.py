"""What the loop trains on, and in which order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from kdzoo.data.texts import Rows
from kdzoo.task.gold import Ids
from kdzoo.text import Batch, Encoded

BUCKET_BATCHES = 32  # batches among which texts are sorted by length


class LogitRows(Protocol):
    """Teacher logits in memory or still on disk, read by row numbers."""

    def __getitem__(self, rows: Rows, /) -> npt.NDArray[np.float16]:
        """Returns the logits [B, C] of the rows; where each word gets a label, [B, W, C]."""


@dataclass(frozen=True)
class TrainingSet:
    """Tokenised texts with their targets, row by row."""

    encoded: Encoded
    gold: Ids  # [N], NO_LABEL where there is none; [N, K] where texts have several labels, or tags
    teacher_logits: LogitRows | None = None  # [N, C]

    def __len__(self) -> int:
        return len(self.encoded)

    def batch(self, rows: Rows) -> tuple[Batch, Tensor, Tensor | None]:
        """Returns inputs [B, T], gold [B] or [B, K], and teacher logits [B, C] of the rows."""
        teacher = None
        if self.teacher_logits is not None:
            teacher = torch.from_numpy(self.teacher_logits[rows].astype(np.float32))
        return self.encoded.batch(rows), torch.from_numpy(self.gold[rows]), teacher


class BatchOrder:
    """Which rows make the batch of a step: shuffled each epoch, texts of like length together.

    The order depends on seed and step alone, so that a resumed run goes on with the very same
    batches.
    """

    def __init__(self, lengths: Rows, batch_size: int, seed: int) -> None:
        self._lengths = lengths
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = -1
        self._batches: list[Rows] = []
        self.steps_per_epoch = max(1, math.ceil(len(lengths) / batch_size))

    def rows(self, step: int) -> Rows:
        """Returns the row numbers of a step, counted from 0."""
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._shuffled(epoch)
        return self._batches[position]

    def _shuffled(self, epoch: int) -> list[Rows]:
        rng = np.random.default_rng([self._seed, epoch])
        order = rng.permutation(len(self._lengths))
        bucket = self._batch_size * BUCKET_BATCHES
        batches: list[Rows] = []
        for start in range(0, len(order), bucket):
            rows = order[start : start + bucket]
            rows = rows[np.argsort(self._lengths[rows], kind="stable")]
            batches += [
                rows[i : i + self._batch_size] for i in range(0, len(rows), self._batch_size)
            ]
        return [batches[i] for i in rng.permutation(len(batches))]
