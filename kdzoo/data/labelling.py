"""How rows say which labels a text has: a name, a list, several in a cell, 0/1 columns, tags."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from kdzoo.data.cells import (
    ONE_IS_WANTED,
    QUOTED,
    as_input,
    as_label,
    as_labels,
    printed_list,
    shown,
)
from kdzoo.data.corpus import Input, RawLabel
from kdzoo.data.tagging import is_entity, is_tag, tagged, usual_columns
from kdzoo.errors import DataError
from kdzoo.plain import spelt
from kdzoo.recipe.data import Data
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TOKEN_CLASSIFICATION, TaskName

_IS_THERE = {"1": True, "0": False, "1.0": True, "0.0": False, "true": True, "false": False}


@dataclass(frozen=True)
class Labelling:
    """Where the labels of a row stand, and how.

    Attributes:
        column: that holds them.
        columns: one for each label, 1 where a text has it and 0 where not; in place of ``column``.
        separator: what stands between several names in one cell.
        task: what a user says of the data; None where it is as the cells show: a list of labels
            means several, a list of words that each has a tag, all else one label.
        is_found: whether the task is said by what a file's columns are called, and by nobody else.
    """

    column: str = "label"
    columns: tuple[str, ...] = ()
    separator: str | None = None
    task: TaskName | None = None
    is_found: bool = False

    @classmethod
    def of(cls, said: str | Labelling) -> Labelling:
        """Returns how labels are written; the name of their column may be all that is said."""
        return cls(said) if isinstance(said, str) else said

    @classmethod
    def of_section(cls, section: Data) -> Labelling:
        """Returns how a recipe's data section says that labels are written."""
        columns = tuple(section.label_columns or ())
        return cls(section.label, columns, section.label_separator, section.task)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that a row has to have."""
        return self.columns or (self.column,)

    def in_columns(self, found: Collection[str], text: str, where: str) -> tuple[str, Labelling]:
        """Returns the column of the text and the labelling, as a file's own columns have them.

        Args:
            found: the columns of the file.
            text: the column of the text that a user names, or as it is by default.
            where: they stand, as a message names it.

        Raises:
            DataError: each word of the file has a tag, and 0/1 columns are said that it has not.
        """
        usual = usual_columns(found, text, self.column)
        if usual is None or self.task not in (None, TOKEN_CLASSIFICATION.name):
            return text, self
        if {*self.columns} & {*found}:
            return text, self
        if self.columns:
            raise DataError(
                f"{where}: no columns {' and '.join(self.columns[:3])}, but words with tags "
                f"({' and '.join(usual)}), which need none; remove data.label_columns "
                "(--label-columns)"
            )
        task = TOKEN_CLASSIFICATION.name
        return usual[0], replace(self, column=usual[1], task=task, is_found=self.task is None)

    def row(
        self, row: Mapping[str, Any], text: str, text_pair: str | None, where: str
    ) -> tuple[Input, RawLabel]:
        """Returns the text of a row, or both of its pair, and the name of its label, or of several.

        Raises:
            DataError: a cell is not what is said of it.
        """
        if not self._is_tagged(row, text):
            self._refuse_tags(row, where)
            return as_input(row, text, text_pair, where), self.read(row, where)
        if text_pair is not None:
            raise DataError(
                f"{where}: words with tags stand alone; remove data.text_pair (--text-pair)"
            )
        if self.separator is not None:
            raise DataError(
                f"{where}: each word has a tag here, which needs no separator; remove "
                "data.label_separator (--label-separator)"
            )
        named = f"--text {text} --label {self.column}, in a recipe data.text and data.label"
        otherwise = f"name its columns: {named}" if self.is_found else "remove data.task (--task)"
        return tagged(row[text], row[self.column], where, otherwise)

    def _is_tagged(self, row: Mapping[str, Any], text: str) -> bool:
        """Whether each word of a row has a tag: as is said, or as its cells show."""
        if self.task is not None or self.columns:
            return self.task == TOKEN_CLASSIFICATION.name
        cell = row[self.column]
        holds_entities = isinstance(cell, list | tuple) and any(map(is_entity, cell))
        has_words = isinstance(row[text], list | tuple) and isinstance(cell, list | tuple)
        return has_words or holds_entities

    def _refuse_tags(self, row: Mapping[str, Any], where: str) -> None:
        """Refuses tags of words where the text is no list of words.

        Raises:
            DataError: the labels look like tags of words.
        """
        cell = None if self.columns or self.task is not None else row[self.column]
        if not (isinstance(cell, list | tuple) and len(cell) > 1 and all(map(is_tag, cell))):
            return
        raise DataError(
            f"{where}: the labels are tags of words ({shown(cell)}), and the text is no list of "
            "words; write the words as a list too, or the entities in place of the tags, each as "
            "[start, end, name]; if the text as a whole has these labels, say so: --task "
            "multi-label, in a recipe data: {task: multi-label}"
        )

    def read(self, row: Mapping[str, Any], where: str) -> RawLabel:
        """Returns the name of a row's label, or those of its labels.

        Raises:
            DataError: a cell is not what is said of it.
        """
        if self.columns:
            return self._of_columns(row, where)
        cell = row[self.column]
        is_list = isinstance(cell, list | tuple)
        if self.separator is not None:
            if is_list:
                raise DataError(
                    f"{where}: the label is a list ({shown(cell)}), which needs no separator; "
                    "remove data.label_separator (--label-separator)"
                )
            name = as_label(cell, where)
            _refuse_printed(name, self.separator, where)
            return _parts(name, self.separator, where)
        if self.task == MULTI_LABEL.name and (printed := printed_list(cell)) is not None:
            return as_labels(printed, where)
        if is_list and self.task != SINGLE_LABEL.name:
            return as_labels(cell, where)
        if self.task == MULTI_LABEL.name:
            raise DataError(
                f"{where}: the label is no list ({shown(cell)}), and data.task is multi-label; "
                "write a list of names in each row (.jsonl, .parquet), or say what stands between "
                "names in a cell: data.label_separator"
            )
        return as_label(cell, where)

    def _of_columns(self, row: Mapping[str, Any], where: str) -> RawLabel:
        """Returns the names of the columns that hold 1: the one name, where that is said.

        Raises:
            DataError: a cell is neither 1 nor 0, or several are 1 where one is said.
        """
        names = tuple(column for column in self.columns if _is_there(row[column], column, where))
        if self.task != SINGLE_LABEL.name:
            return names
        if len(names) > 1:
            raise DataError(f"{where}: {' and '.join(names[:3])} hold 1, and {ONE_IS_WANTED}")
        return names[0] if names else ""


def _refuse_printed(cell: str, separator: str, where: str) -> None:
    """Refuses a list that a program printed into a cell: its brackets and quotes are no names.

    Raises:
        DataError: it is one.
    """
    if printed_list(cell) is not None:
        raise DataError(
            f"{where}: the label is a list as programs print it ({shown(cell)}), which needs no "
            "separator; say that all are: data.task: multi-label (--task multi-label) in place of "
            "data.label_separator (--label-separator)"
        )
    inside = cell[1:-1]
    is_enclosed = cell[:1] == "[" and cell[-1:] == "]" and not {*inside} & {*"[]"}
    if is_enclosed and (separator in inside or QUOTED.search(inside)):
        raise DataError(
            f"{where}: brackets enclose the labels ({shown(cell)}); write the names without "
            f"brackets and quotes, with '{spelt(separator)}' between them"
        )


def _parts(cell: str, separator: str, where: str) -> tuple[str, ...]:
    """Returns the names in a cell; an empty one has none."""
    names = [name.strip() for name in cell.split(separator)] if cell else []
    if not all(names):
        raise DataError(
            f"{where}: '{spelt(cell[:60])}' has no name before or behind a '{spelt(separator)}'; "
            "take that separator out, or name another one: data.label_separator"
        )
    return tuple(dict.fromkeys(names))


def _is_there(cell: Any, column: str, where: str) -> bool:
    """Returns whether a 0/1 cell says that a text has the column's label."""
    if isinstance(cell, bool | int | float | Decimal | str):
        said = _IS_THERE.get(str(cell).strip().lower())
        if said is not None:
            return said
    raise DataError(
        f"{where}: '{column}' holds {shown(cell)}, wanted 1 where the text has that label and 0 "
        "where it has not (data.label_columns)"
    )
