"""How .csv and .tsv files are written, and names as their cells hold them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from kdzoo.recipe.section import Section


def _as_name(value: Any) -> Any:
    """Returns what a recipe says of a label or column as its name: whole numbers are their digits.

    Other values that are no strings have several spellings, and files hold but one of them.
    """
    if isinstance(value, bool | float):
        raise ValueError(f"{value} is no name as it stands; put it in quotes as the data has it")
    return str(value) if isinstance(value, int) else value


def names_in(written: str) -> list[str]:
    """Returns names that are written with commas between; quotes enclose one that holds a comma."""
    return [name.strip() for name in next(csv.reader([written], skipinitialspace=True), [])]


def as_written(names: Sequence[str]) -> str:
    """Returns names as ``names_in`` reads them."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()


def _as_list(value: Any) -> Any:
    return names_in(value) if isinstance(value, str) else value


Named = Annotated[str, BeforeValidator(_as_name, json_schema_input_type=str | int)]


class Csv(Section):
    """How .csv and .tsv files are written, where that is not as usual."""

    separator: str | None = Field(
        None,
        description="cell separator: a character, a character and a space, or the word tab; by "
        "default a comma in a .csv, a tab in a .tsv",
    )
    columns: Annotated[list[Named] | None, BeforeValidator(_as_list)] = Field(
        None, min_length=1, description="column names, for a file without a header line"
    )
    comment: str | None = Field(
        None, min_length=1, description="comment mark: lines that begin with it are skipped"
    )
    quoted: bool | None = Field(
        None,
        description="whether quotes enclose cells; by default yes in a .csv, and in a .tsv if they "
        "enclose every cell",
    )

    @field_validator("separator")
    @classmethod
    def _one_character(cls, separator: str | None) -> str | None:
        if separator is None:
            return None
        written = "\t" if separator in ("tab", "\\t") else separator
        if written[:1] in ("", '"', "\r", "\n", " ") or written[1:] not in ("", " "):
            raise ValueError(
                f"must be one character, one and a space, or the word tab, got {separator!r}"
            )
        return written
