"""The texts that models are measured with."""

from __future__ import annotations

from pathlib import Path

from kdzoo.data import Input
from kdzoo.data.stream import read_full_texts, read_labelled
from kdzoo.recipe.csv import Csv
from kdzoo.runtime.predictor import checked


def read_texts(
    file: Path, text: str, text_pair: str | None, label: str | None, csv: Csv | None
) -> tuple[list[Input], list[str] | None]:
    """Returns the texts of a file, each with a word in it, and a label for each if wanted.

    Args:
        file: of the texts.
        text: the column of the text.
        text_pair: that of the second text, of pairs.
        label: that of the label, if there is one.
        csv: how the file is written, where not as usual.

    Raises:
        DataError: it cannot be read, or a text is empty.
    """
    written = csv or Csv()
    read, gold = (
        (read_full_texts(file, text, text_pair, written), None)
        if label is None
        else read_labelled(file, text, label, text_pair, written)
    )
    return list(checked(read, None)), gold
