"""Columns of a file or dataset: those that are wanted, and names that stand for two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kdzoo.data.place import Place
from kdzoo.errors import DataError, Problem, did_you_mean


def check_columns(path: Path, where: str, names: Sequence[str]) -> None:
    """Refuses two columns of one name, of which a reader would take the one or the other.

    Raises:
        DataError: there are such.
    """
    twice = [name for name, count in Counter(names).items() if count > 1 and name.strip()]
    if twice:
        problem = Problem(f"two columns are called '{twice[0]}'", where, "rename one of them")
        raise DataError(str(path), problem)


def unknown_labels(split: str) -> str:
    """Returns what to do where nobody knows the labels of a split."""
    share = "0.15" if split == "validation" else "0.25"
    return (
        f"if the labels of {split} are not known, leave its file out, or take {split} from train: "
        f"split: {{{split}: {share} of train}} in the recipe's data"
    )


def cure(missing: str, known: Sequence[str], place: Place) -> str:
    """Returns what to write where data has no such column.

    Args:
        missing: the column.
        known: those that are there.
        place: where the user says how the data is read.
    """
    if place.is_option and missing == "text" and {"text_a", "text_b"} <= {*known}:
        return (
            "these are pairs: --text text_a --text-pair text_b, in a recipe text: text_a and "
            "text_pair: text_b"
        )
    return f"{place.column(missing)}; {did_you_mean(missing, known)}"
