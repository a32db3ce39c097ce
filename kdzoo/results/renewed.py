"""An opened study whose older records are told the figures that kdzoo has learnt since."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from kdzoo.files import write_atomically
from kdzoo.results.opened import OpenedStore, opened
from kdzoo.results.outcome_file import read_outcome_file
from kdzoo.results.reading import T
from kdzoo.results.record import Figures, FormRecord, Record
from kdzoo.results.store import Store
from kdzoo.results.whole import OUTCOMES

Complete = Callable[[Record | FormRecord, pd.DataFrame], dict[str, Figures]]


@dataclass(frozen=True, kw_only=True)
class RenewedStore(OpenedStore):
    """A study whose models have all figures that kdzoo knows today, whoever measured them when.

    Attributes:
        version: of the figures that are known today; older records lack some.
        complete: gives all figures of a record, by split, from what it tells and its outcomes.
    """

    version: int
    complete: Complete = field(repr=False, compare=False)
    _renewed: dict[Path, Record | FormRecord] = field(
        default_factory=dict, repr=False, compare=False
    )

    def keep(self) -> None:
        """Writes down the figures that were worked out, where that is allowed."""
        for path, model in self._renewed.items():
            if os.access(path.parent, os.W_OK):
                write_atomically(path, model.model_dump_json(indent=1))

    def _read(self, path: Path, model: type[T]) -> T:
        found = super()._read(path, model)
        outcomes = path.with_name(OUTCOMES)
        if (
            isinstance(found, Record | FormRecord)
            and found.quality_version < self.version
            and outcomes.is_file()
        ):
            known = self.complete(found, read_outcome_file(outcomes, found))
            update = {"quality": known, "quality_version": self.version}
            self._known[path] = self._renewed[path] = found.model_copy(update=update)
            found = self._known[path]
        return found


def renewed(store: Store, version: int, complete: Complete) -> RenewedStore:
    """Returns the store, opened, with all figures of a version.

    Args:
        store: of the study.
        version: of the figures that are known today.
        complete: see ``RenewedStore``.

    Raises:
        StoreError: the folder is no study, or a file of it is damaged.
        ModelError: what was fitted on validation is damaged.
    """
    if isinstance(store, RenewedStore):
        return store
    known = opened(store)
    return RenewedStore(
        known.root, known._known, known._folders, version=version, complete=complete
    )
