"""What ``kdzoo init`` writes of a user's texts without labels, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdzoo.data import Corpus
from kdzoo.data.place import NEW_TEXTS
from kdzoo.errors import DataError
from kdzoo.recipe.csv import Csv
from kdzoo.recipe.schema import Transfer, Unlabelled
from kdzoo.transfer import build_transfer_set, try_unlabelled

MOST_NEW = 200_000  # texts found, and texts made: the teacher has to label them


@dataclass(frozen=True)
class Found:
    """Texts without labels that were looked at.

    Attributes:
        section: of the recipe, ``transfer.unlabelled``.
        texts: how many are new and none of those held out; at most as many as it takes.
        said: what to tell the user of them.
    """

    section: dict[str, Any]
    texts: int
    said: str


def look_at_unlabelled(
    files: Path, corpus: Corpus, text: str, text_pair: str | None, csv: Csv
) -> Found:
    """Reads texts without labels to the end.

    Args:
        files: a file, or a folder of them: .txt with a text a line, or with the data's columns.
        corpus: the data, whose texts are not taken once more.
        text: column of the text; where words have labels it is called text.
        text_pair: column of the second text, of pairs.
        csv: how a .csv or .tsv is written.

    Raises:
        DataError: there is no such file, it lacks the column, or holds no new text.
    """
    if not files.exists():
        raise DataError(f"--unlabelled: no such file or folder of texts: {files}")
    column = "text" if corpus.task.by_word else text  # not one of words: kdzoo cuts these texts
    section: dict[str, Any] = {"files": str(files.resolve()), "text": column}
    if text_pair is not None:
        section["text_pair"] = text_pair
    if said := csv.model_dump(exclude_none=True):
        section["csv"] = said
    section["max_texts"] = MOST_NEW
    unlabelled = Unlabelled.model_validate(section)
    try_unlabelled(unlabelled, pairs=corpus.has_pairs, place=NEW_TEXTS)
    made = build_transfer_set(corpus, Transfer(unlabelled=unlabelled), mask_token=None, seed=0)
    counted = f"unlabelled: {made.unlabelled:,} new texts; {'; '.join(made.notes)}"
    return Found(section, made.unlabelled, counted)
