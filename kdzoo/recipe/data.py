"""The ``data`` section of a recipe: where texts and labels come from."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from kdzoo.entries import TaskName
from kdzoo.recipe.csv import Csv, Named
from kdzoo.recipe.numbers import Address, Name, Positive
from kdzoo.recipe.section import Section, require_one

_UNSEEN = {"tab": "\t", "\\t": "\t", "newline": "\n", "\\n": "\n"}  # as separators are written
_FIGURES = ("in_scope", "as_decided", "hard_labels", "token")  # that accuracy or F1 is told of
_SHARE = re.compile(r"(\d*\.\d+|\d+(?= *%)) *(%?)(?:(?: +of)? +(\w+))?")  # as people write one


def _as_rule(value: Any) -> Any:
    """Returns the source of a split as it stands; of a share alone nobody knows of what it is."""
    share = _SHARE.fullmatch(str(value).strip()) if isinstance(value, float | str) else None
    if share is None or value == f"{share[1]} of {share[3]}":
        return value
    part = float(share[1]) / (100 if share[2] else 1)
    said = f"{part:.6f}".rstrip("0") if 0 < part < 1 else "0.15"
    raise ValueError(f"'{value}' is no share of a split; write {said} of {share[3] or 'train'}")


Rule = Annotated[str, BeforeValidator(_as_rule, json_schema_input_type=str)]


class Data(Section):
    """Source of texts and labels: exactly one of ``hub``, ``files`` and ``embedded``."""

    hub: Address | None = Field(None, description="dataset id on the Hugging Face hub")
    config: str | None = Field(None, description="configuration of the hub dataset")
    revision: str | None = Field(None, description="commit, tag or branch of the hub dataset")
    files: Address | dict[Literal["train", "validation", "test"], Address] | None = Field(
        None,
        description="a folder with train, validation and test files, one file, or a file per split",
    )
    embedded: str | None = Field(None, description="name of a dataset that comes with kdzoo")
    csv: Csv | None = Field(None, description="format of .csv and .tsv files")
    text: Named = Field("text", description="column of the text")
    text_pair: Named | None = Field(None, description="column of the second text of sentence pairs")
    label: Named = Field("label", description="column of the label")
    task: TaskName | None = Field(
        None,
        exclude_if=lambda task: task is None,
        description="number of labels that a text has: one (single-label), any (multi-label), or "
        "one for each word (token-classification); by default as the data show, where lists of "
        "names are several, and lists of words and tags one for each",
    )
    label_separator: str | None = Field(
        None,
        min_length=1,
        exclude_if=lambda separator: separator is None,
        description="separator between the names of several labels in one cell; the words tab and "
        "newline mean these",
    )
    label_columns: list[Named] | None = Field(
        None,
        min_length=2,
        exclude_if=lambda columns: columns is None,
        description="columns of 0 and 1, one for each label, in place of label",
    )
    oos_label: Named | None = Field(None, description="the label that means out of scope")
    split: dict[Literal["validation", "test"], Rule] | None = Field(
        None,
        description="source of a missing split: '0.1 of train', or the name of another split; all "
        "copies of a text are drawn to one side, unless on_leak drops them from train",
    )
    other_tests: dict[Name, str] | None = Field(
        None,
        description="further test sets, each reported on its own: the source's split for each name",
    )
    positive_label: Named | None = Field(
        None,
        description="the label whose F1 is reported when there are two; by default the second, for "
        "pairs",
    )
    labels_per_class: Positive | None = Field(
        None,
        description="labelled texts kept per class, copies counted once; the rest of train becomes "
        "unlabelled text",
    )
    rest_of_train: Literal["unlabelled", "dropped"] | Positive = Field(
        "unlabelled",
        description="what becomes of the training texts that labels_per_class leaves out; a number "
        "keeps so many of them as unlabelled texts",
    )
    validation_per_class: Positive | None = Field(
        None, description="validation texts kept per class"
    )
    on_leak: Literal["warn", "drop", "error"] = Field(
        "warn", description="what to do with texts that occur in two splits"
    )

    @field_validator("label_separator")
    @classmethod
    def _as_meant(cls, separator: str | None) -> str | None:
        return _UNSEEN.get(separator or "", separator)

    @field_validator("label_columns", mode="before")
    @classmethod
    def _several(cls, columns: Any) -> Any:
        if isinstance(columns, list) and len(columns) == 1:
            raise ValueError(
                f"wanted a column for each label, at least 2; write label: {columns[0]} in place "
                f"of label_columns (--label {columns[0]})"
            )
        return columns

    @model_validator(mode="after")
    def _one_source(self) -> Data:
        require_one(self, "hub", "files", "embedded")
        if self.hub is None and (self.config or self.revision):
            raise ValueError("config and revision belong to a hub dataset; remove them")
        if self.files is None and self.csv is not None:
            raise ValueError("csv belongs to files; remove it")
        if self.embedded is not None and self.text_pair is not None:
            raise ValueError("text_pair: the embedded datasets hold single texts; remove it")
        if self.text_pair == self.text:
            raise ValueError(
                f"text_pair: '{self.text}' is the column of the text already; name that of the "
                "second text, or remove it"
            )
        for name in self.other_tests or {}:
            if name in ("train", "validation", "test"):
                raise ValueError(f"other_tests: '{name}' is a split already; call it otherwise")
            if name in _FIGURES:
                raise ValueError(f"other_tests: '{name}' is a figure already; call it otherwise")
        if self.labels_per_class is None and self.rest_of_train != "unlabelled":
            raise ValueError("rest_of_train belongs to labels_per_class; remove it")
        self._refuse_label_as_text()
        self._refuse_misfits()
        return self

    def _refuse_label_as_text(self) -> None:
        """Raises a ValueError where one column is said to hold a text and the label."""
        if self.label_columns is not None:
            return
        for key, noun in (("text", "text"), ("text_pair", "second text")):
            if getattr(self, key) == self.label:
                raise ValueError(
                    f"{key}: '{self.label}' is the column of the label; name that of the {noun}, "
                    "or another one for the label: data.label (--label)"
                )

    def _refuse_misfits(self) -> None:
        """Raises a ValueError where labels are said to be written in two ways, or as for a task."""
        ways = [key for key in ("label_separator", "label_columns") if getattr(self, key)]
        if len(ways) == 2:
            raise ValueError(
                "labels stand in cells with a separator, or in columns of 0 and 1; remove "
                "label_separator or label_columns"
            )
        if self.label_separator is not None and self.task not in (None, "multi-label"):
            raise ValueError("label_separator is for several labels a text; remove it, or task")
        if self.label_columns is not None and self.task == "token-classification":
            raise ValueError("label_columns are for labels of whole texts; remove them, or task")
        if self.task == "token-classification" and self.text_pair is not None:
            raise ValueError("text_pair: words with tags stand alone; remove it, or task")
        if self.embedded is not None and (ways or self.task not in (None, "single-label")):
            key = ways[0] if ways else "task"
            raise ValueError(f"{key}: the embedded datasets have one label a text; remove it")
        columns = self.label_columns or []
        if len(set(columns)) < len(columns) or {self.text, self.text_pair} & {*columns}:
            raise ValueError("label_columns: a column is named twice, or is that of a text")
        if columns and "label" in self.model_fields_set:
            raise ValueError("label_columns stand in place of label; remove label")
