"""What ``kdzoo init`` writes of a user's texts without labels, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdzoo.data import Corpus
from kdzoo.data.place import NEW_TEXTS
from kdzoo.errors import DataError
from kdzoo.recipe.schema import Transfer, Unlabelled
from kdzoo.scaffold.data import OwnData
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


def look_at_unlabelled(files: Path, data: OwnData, corpus: Corpus) -> Found:
    """Reads texts without labels to the end.

    Args:
        files: a file, or a folder of them: .txt with a text a line, or with the data's columns;
            where words have labels, that of the text is called text.
        data: how they are written.
        corpus: what was read of them, whose texts are not taken once more.

    Raises:
        DataError: there is no such file, it lacks the column, or holds no new text.
    """
    if not files.exists():
        raise DataError(f"--unlabelled: no such file or folder of texts: {files}")
    column = data.text
    if corpus.task.by_word:
        column = "text"  # not one of words: kdzoo cuts these texts
    section: dict[str, Any] = {"files": str(files.resolve()), "text": column}
    if data.text_pair is not None:
        section["text_pair"] = data.text_pair
    if said := data.csv.model_dump(exclude_none=True):
        section["csv"] = said
    section["max_texts"] = MOST_NEW
    unlabelled = Unlabelled.model_validate(section)
    try_unlabelled(unlabelled, pairs=corpus.has_pairs, place=NEW_TEXTS)
    made = build_transfer_set(corpus, Transfer(unlabelled=unlabelled), mask_token=None, seed=0)
    counted = f"unlabelled: {made.unlabelled:,} new texts; {'; '.join(made.notes)}"
    return Found(section, made.unlabelled, counted)
