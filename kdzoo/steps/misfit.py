"""Finished classifiers that learnt to answer something else than the data ask are refused."""

from __future__ import annotations

from pathlib import Path

from kdzoo.data import Corpus
from kdzoo.data.cells import SAID_TO_BE_ONE
from kdzoo.errors import TeacherError
from kdzoo.model import reads_pairs, task_of
from kdzoo.task import MULTI_LABEL
from kdzoo.teacher import read_config

_FIT = "have the teacher fitted to these texts (--fine-tune, in a recipe teacher: {fine_tune: {}})"
_ONE = f"if that is always so, say it: {SAID_TO_BE_ONE}"


def refuse_other_kind(source: Path, corpus: Corpus) -> None:
    """A finished classifier says nothing of pairs if it learnt from single texts, nor else.

    Nor does one that chooses one label say which of several a text has.

    Raises:
        TeacherError: it learnt from pairs and the data are single texts, or the other way round, or
            it was asked for another kind of answer.
    """
    refuse_other_task(source, corpus)
    if reads_pairs(source) not in (None, corpus.has_pairs):
        own, given = ("pairs", "single texts")[:: -1 if corpus.has_pairs else 1]
        columns = "leave out" if corpus.has_pairs else "name"
        raise TeacherError(
            f"the teacher {source.name} was trained on {own}, and the data are {given}; {columns} "
            f"the column of the second text (--text-pair, in a recipe data.text_pair), or {_FIT}"
        )


def refuse_other_task(source: Path, corpus: Corpus) -> None:
    """A finished classifier that was asked something else says nothing of these data.

    Raises:
        TeacherError: it was asked for another kind of answer than these data have.
    """
    config, task = read_config(source), corpus.task
    other = task_of(config)
    if other == task:
        return
    own = f"problem_type {config.problem_type or 'not said'}"
    if task.by_word or other.by_word:
        said = {True: "labels each word of a sentence", False: "labels a text as a whole"}
        kind = (config.architectures or ["a class that is not said"])[0]
        raise TeacherError(
            f"the teacher {source.name} {said[other.by_word]} ({kind}), and the data want one that "
            f"{said[task.by_word]}; {_FIT}"
        )
    if task == MULTI_LABEL:
        given = f"and a text of the data may have several; {_FIT}"
        if corpus.has_one_each:
            given = f"and each text of the data has one, in a list or in columns; {_ONE}, or {_FIT}"
        raise TeacherError(
            f"the teacher {source.name} chooses one label ({own}), {given}. If it was trained for "
            "several, its config.json has to say so: "
            f'"problem_type": "{MULTI_LABEL.problem_type}"'
        )
    raise TeacherError(
        f"the teacher {source.name} gives several labels at once ({own}), and a text of the data "
        f"has one; {_FIT}, or give data with lists of labels"
    )
