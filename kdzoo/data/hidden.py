"""Rows whose label is hidden: their source names its classes, and these have none of them."""

from __future__ import annotations

from dataclasses import replace

from kdzoo.data.corpus import RawData


def without_hidden(raw: RawData) -> tuple[RawData, list[str]]:
    """Returns rows without those whose label is hidden, and what to tell of it, split by split.

    Datasets write -1 where nobody knows a class, or where annotators did not agree, as in SNLI. A
    split of which all labels are hidden is left as it is.
    """
    notes = []
    splits, places = {**raw.splits}, {**raw.places}
    for split, rows in raw.splits.items():
        kept = [row for row, (_, label) in enumerate(rows) if label != ""]  # () is none of several
        if raw.labels is None or not 0 < len(kept) < len(rows):
            continue
        splits[split] = [rows[row] for row in kept]
        if split in places:
            places[split] = [places[split][row] for row in kept]
        notes.append(
            f"{len(rows) - len(kept):,} of {len(rows):,} rows of {split} are left out: their label "
            "is none of the classes that the dataset names (-1, or empty)"
        )
    return replace(raw, splits=splits, places=places), notes
