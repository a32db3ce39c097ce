"""Gold labels: as an example has them, and as rows of ids that are taken, joined and hashed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# the id of a label; those of several, rising, none too; or of the tag of each word
Label = int | tuple[int, ...]
Ids = npt.NDArray[np.int64]  # [N]; [N, K] where texts have several labels, or their words tags

NO_LABEL = -100  # the label id of a row without a gold label
_NOTHING = -1  # fills up the row of a text that has fewer labels, or words, than another


def rows_of(labels: Sequence[Label | None]) -> Ids:
    """Returns gold labels as ids [N]; where texts have several, as rows [N, K], filled up.

    ``NO_LABEL`` stands (in the first place of a row) where there is no gold label.
    """
    several = [label for label in labels if isinstance(label, tuple)]
    if not several:
        return np.array([NO_LABEL if label is None else label for label in labels], dtype=np.int64)
    rows = np.full((len(labels), max(1, *map(len, several))), _NOTHING, dtype=np.int64)
    for row, label in zip(rows, labels, strict=True):
        if label is None:
            row[0] = NO_LABEL
        else:
            ids = label if isinstance(label, tuple) else (label,)
            row[: len(ids)] = ids
    return rows


def labels_of(rows: Ids) -> list[Label | None]:
    """Returns rows as the gold labels that they were made of."""
    if rows.ndim == 1:
        return [None if label_id == NO_LABEL else label_id for label_id in rows.tolist()]
    return [
        None if row[0] == NO_LABEL else tuple(label_id for label_id in row if label_id != _NOTHING)
        for row in rows.tolist()
    ]


def is_labelled(rows: Ids) -> npt.NDArray[np.bool_]:
    """Returns which rows have a gold label, [N]; "none of them" is one, where there are several."""
    labelled: npt.NDArray[np.bool_] = (rows if rows.ndim == 1 else rows[:, 0]) != NO_LABEL
    return labelled


def joined_rows(parts: Sequence[Ids]) -> Ids:
    """Returns rows end to end, filled up to the widest."""
    width = max((part.shape[1] for part in parts if part.ndim > 1), default=0)
    return np.concatenate([_filled(part, width) if width else part for part in parts])


def _filled(part: Ids, width: int) -> Ids:
    rows = part.reshape(len(part), -1) if len(part) else np.empty((0, width), dtype=np.int64)
    filling = ((0, 0), (0, width - rows.shape[1]))
    return np.pad(rows, filling, constant_values=_NOTHING)
