"""Tables of words whose tags stand as the labels of texts: a word a row, or a cell a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kdzoo.data.cells import SAID_TO_BE_ONE, printed_list
from kdzoo.data.corpus import RawRow
from kdzoo.data.tagging import is_tag
from kdzoo.errors import Problem
from kdzoo.plain import first_few
from kdzoo.task.tags import OUTSIDE

_NEARLY_ALL = 0.95  # of the rows: such tables have odd ones
_LISTS = "lists of one length called tokens and tags, as .jsonl or .parquet"


def tags_as_labels(rows: Sequence[RawRow]) -> Problem | None:
    """Returns what to do where (nearly) all labels are tags of words; None where they are not."""
    counts = Counter(label for _, label in rows if isinstance(label, str) and label)
    found = {label: tags for label in counts if (tags := _tags_in(label))}
    marks = {tag for tags in found.values() for tag in tags}
    if OUTSIDE not in marks or marks == {OUTSIDE}:
        return None
    if sum(counts[label] for label in found) < _NEARLY_ALL * counts.total():
        return None
    shown = first_few(sorted(marks))
    if all(len(tags) == 1 for tags in found.values()):
        return Problem(
            f"the labels are tags of words ({shown}), a word in each row",
            "train",
            f"write a sentence in each row, its words and their tags in {_LISTS}; or as .conll, a "
            "word and its tag on each line, an empty line behind each sentence; if each text has "
            f"that one label, say so: {SAID_TO_BE_ONE}",
        )
    return Problem(
        f"the labels are tags of words ({shown}), those of a sentence in one cell",
        "train",
        f"write the words of each sentence and their tags in {_LISTS}; if a cell is one label, say "
        f"so: {SAID_TO_BE_ONE}",
    )


def _tags_in(label: str) -> list[str]:
    """Returns the tags that a label is, one or more; none if it holds something else."""
    printed = printed_list(label)
    tags = label.split() if printed is None else printed
    return tags if all(map(is_tag, tags)) else []
