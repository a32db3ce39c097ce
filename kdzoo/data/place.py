"""Where a user says how files are read: what a message about a file can tell them to write."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from kdzoo.data.output import PAIR_COLUMN


@dataclass(frozen=True)
class Place:
    """A section of a recipe that names files.

    Attributes:
        section: its dotted key.
        files: its key that names them.
        is_option: whether commands have what it says of files as options too.
    """

    section: str
    files: str
    is_option: bool = False

    def layout(self, key: str, value: str) -> str:
        """Returns how to say something of how the files are written."""
        name = key if self.is_option else f"{self.section}.csv.{key}"
        word = f'{name}="{value}"'
        if key == "columns" and shlex.quote(value) == value:
            word = f"{name}={value}"
        elif any(mark in value for mark in '"\\$`'):
            word = shlex.quote(f"{name}={value}")
        if self == NEW_TEXTS:
            return f"--csv {word} if the data are written so too, else save it as .jsonl"
        said = f"csv: {{{key}: {json.dumps(value, ensure_ascii=False)}}}"
        if self.is_option:
            return f"--csv {word} (in a recipe {said} beside {self.files})"
        return f"--set {word} (in a recipe {said} beside {self.section}.{self.files})"

    def named(self, key: str) -> str:
        """Returns what something is called that is said of how the files are written."""
        if self == NEW_TEXTS:
            return f"--csv {key} if the data have a header too"
        if self.is_option:
            return f"--csv {key} (in a recipe {self.section}.csv.{key})"
        return f"{self.section}.csv.{key}"

    def column(self, missing: str) -> str:
        """Returns how to name the column that is meant, where files do not have the one wanted."""
        if self in (OUTPUTS, NEW_TEXTS):
            return f"call the column '{missing}' in the file"
        if self.is_option and missing == PAIR_COLUMN:
            return (
                "name the column of the second text: --text-pair COLUMN (in a recipe "
                f"{self.section}.text_pair)"
            )
        if self.is_option:
            return (
                "name the columns of text and label, as options (--help lists them) or in a "
                f"recipe ({self.section}.text, text_pair, label)"
            )
        return f"name the column: --set {self.section}.text=COLUMN (or .text_pair)"


DATA = Place("data", "files", is_option=True)  # and files that a command is given
UNLABELLED = Place("transfer.unlabelled", "files")
NEW_TEXTS = Place("transfer.unlabelled", "files", is_option=True)  # as kdzoo init is given them
OUTPUTS = Place("teacher", "outputs")
