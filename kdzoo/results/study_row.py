"""A row of a study that is merged with others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kdzoo.results.record import ManifestRow, Record


@dataclass(frozen=True, eq=False)
class StudyRow:
    """A row of one of the studies.

    Attributes:
        study: its name.
        folder: the name of the study's folder.
        row: as the study shows it.
        records: of the study's models, by key.
    """

    study: str
    folder: str
    row: ManifestRow
    records: Mapping[str, Record]

    @property
    def record(self) -> Record:
        """What is written down of its first model."""
        return self.records[self.row.members[0].key]

    @property
    def keys(self) -> set[str]:
        """Its models."""
        return {member.key for member in self.row.members}

    @property
    def is_drawn(self) -> bool:
        """Whether the texts it learnt from are drawn anew for each seed."""
        data = self.record.recipe.get("data", {})
        return any(data.get(f"{split}_per_class") for split in ("labels", "validation"))
