"""A part of a labelling: some of its shards, for one of several processes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Which of a labelling's shards are meant; all of them by default.

    Attributes:
        number: of the part, from 0 on.
        count: of the parts.
    """

    number: int = 0
    count: int = 1

    def __str__(self) -> str:
        return f"{self.number + 1}-of-{self.count}"

    def of(self, shards: int) -> range:
        """Returns which of so many shards it has; no two parts have one in common."""
        first, behind = (shards * edge // self.count for edge in (self.number, self.number + 1))
        return range(first, behind)


WHOLE = Part()
