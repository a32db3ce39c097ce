"""The texts that models are measured with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kdzoo.bench.models import Model, as_read, check_labels, reads_pairs
from kdzoo.data import Input
from kdzoo.data.checking import checked
from kdzoo.data.stream import AS_NAMED, pair_column, read_full_texts, read_labelled
from kdzoo.errors import DataError
from kdzoo.recipe.csv import Csv


@dataclass(frozen=True)
class TextFile:
    """A file of real texts.

    Attributes:
        path: where it lies.
        text: the column of the text.
        text_pair: that of the second text, of pairs.
        label: that of the label, if quality is wanted.
        csv: how it is written, where not as usual.
    """

    path: Path
    text: str = "text"
    text_pair: str | None = None
    label: str | None = None
    csv: Csv = AS_NAMED


def read_texts(file: TextFile, models: Sequence[Model]) -> tuple[Sequence[Input], list[str] | None]:
    """Returns texts as the models read them, each with a word in it; and a label each if wanted.

    Raises:
        DataError: the file cannot be read, holds none or an empty one, or is not what the models
            read.
    """
    second = pair_column(file.text_pair, reads_pairs(models, are_pairs=bool(file.text_pair)))
    read, gold = (
        (read_full_texts(file.path, file.text, second, file.csv), None)
        if file.label is None
        else read_labelled(file.path, file.text, file.label, second, file.csv)
    )
    texts = list(checked(read, None))
    if not texts:
        raise DataError("there are no texts to measure with; give a file that holds some")
    if gold is not None:
        check_labels(models, gold)
    return as_read(models, texts), gold
