"""A study's folder seen together with the studies beside it, whose models it may take over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kdzoo.results.store import Store


@dataclass(frozen=True)
class StoreBeside(Store):
    """A store that counts what it could take over as its own; for one who only looks."""

    def own(self, key: str) -> Path | None:
        """Returns the folder of a finished model, here or in a study beside this one."""
        return super().own(key) or self._sister(key)

    def finished(self, key: str) -> Path:
        """Returns the folder of a finished model, weights or not.

        Raises:
            StoreError: neither this store nor one beside it has a finished model of that key.
        """
        return self._finished(self.root, key) or self._sister(key) or super().finished(key)
