"""Columns of a file or dataset: those that are wanted, and names that stand for two."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kdzoo.data.place import Place
from kdzoo.errors import DataError, Problem, did_you_mean
from kdzoo.plain import spelt, visible_form
from kdzoo.recipe.csv import as_written


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


def misread(missing: str, known: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Returns what to do where a column is there under a name that is read otherwise; else None.

    Args:
        missing: the column.
        known: those that are there.
        wanted: all columns that are.
    """
    alike = next(
        (name for name in known if name != missing and visible_form(name) == visible_form(missing)),
        None,
    )
    if alike is not None:
        return (
            f"a column is called '{spelt(alike)}', which looks the same; call it '{missing}' in "
            "the data"
        )
    parts = {name: {part.strip() for part in name.split(",")} for name in known if "," in name}
    whole = next((name for name in parts if missing in parts[name] <= {*wanted}), None)
    if whole is None:
        return None
    return (
        f"'{whole}' holds a comma; put it in double quotes: --label-columns "
        f"{shlex.quote(as_written([whole, 'OTHERS']))}, in a recipe label_columns: "
        f"[{json.dumps(whole, ensure_ascii=False)}, OTHERS]"
    )


def cure(missing: str, known: Sequence[str], place: Place, wanted: Sequence[str] = ()) -> str:
    """Returns what to write where data has no such column.

    Args:
        missing: the column.
        known: those that are there.
        place: where the user says how the data is read.
        wanted: all columns that are.
    """
    cause = misread(missing, known, wanted)
    if cause is not None:
        return cause
    if place.is_option and missing == "text" and {"text_a", "text_b"} <= {*known}:
        return (
            "these are pairs: --text text_a --text-pair text_b, in a recipe text: text_a and "
            "text_pair: text_b"
        )
    return f"{place.column(missing)}; {did_you_mean(missing, known)}"
