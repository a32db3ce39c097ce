"""A recipe's ``data`` section -> a checked Corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kdzoo import registry
from kdzoo.data.cells import SAID_TO_BE_ONE
from kdzoo.data.checks import check_rows, note_labels
from kdzoo.data.corpus import Corpus, Example, RawData, RawLabel, Tags
from kdzoo.data.files import (
    notes_of_split_column,
    notes_of_unread,
    read_files,
    split_files,
)
from kdzoo.data.hidden import without_hidden
from kdzoo.data.hub import read_hub
from kdzoo.data.labelling import Labelling
from kdzoo.data.leaks import handle_leaks
from kdzoo.data.split import (
    fewer,
    keep_few_labels,
    make_splits,
    named_splits,
    notes_of_shares,
    replaced_splits,
)
from kdzoo.data.stream import AS_NAMED
from kdzoo.data.tagging import in_bio, types_in, without_entities
from kdzoo.errors import DataError, did_you_mean
from kdzoo.files import with_home
from kdzoo.recipe.data import Data
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TOKEN_CLASSIFICATION, Label, Task
from kdzoo.task.tags import tags_of


def origin_of(section: Data) -> str:
    """Returns where the data comes from, in words and without a path."""
    if section.hub:
        return f"hub:{section.hub}" + (f"/{section.config}" if section.config else "")
    if section.embedded:
        return f"embedded:{section.embedded}"
    files = section.files
    return f"files:{Path(files).name}" if isinstance(files, str) else "files"


# what of a section is for ``few_labels`` alone: the whole corpus is the same without it
FEW = frozenset({"labels_per_class", "validation_per_class", "rest_of_train"})


def load_corpus(section: Data) -> Corpus:
    """Returns the whole corpus of a recipe, all labels kept (see ``few_labels``).

    Raises:
        DataError: the data cannot be found, read, or learnt from.
    """
    read, notes = without_entities(_read(section)), _unread(section)
    if section.label_columns is None:  # of columns, it is the user who names the classes
        read, told = without_hidden(read)
        notes += told
    if _is_tagged(read):
        read, told = in_bio(read)
        notes += told
    check_rows(
        read, is_said=section.task is not None
    )  # before rows are mixed, so that they are told by their places
    # Where leaks are dropped, copies leave train anyway: draws stay those of published studies.
    together = section.on_leak != "drop"
    raw = make_splits(read, section.split, section.other_tests, together=together)
    notes += notes_of_shares(raw, section.split)
    task, labels = _asked(raw)
    _refuse_equal_names(labels)
    if task != SINGLE_LABEL:
        _refuse_of_one_label(section, task)
    if section.oos_label is not None and section.oos_label not in labels:
        raise DataError(
            f"data.oos_label: no label is called '{section.oos_label}'; "
            f"{did_you_mean(section.oos_label, labels)}"
        )
    ids = {label: number for number, label in enumerate(labels)}
    splits = {
        split: tuple(Example.of(given, _id_of(label, ids)) for given, label in rows)
        for split, rows in raw.splits.items()
    }
    corpus = Corpus(
        labels,
        splits["train"],
        splits["validation"],
        splits["test"],
        oos=ids[section.oos_label] if section.oos_label is not None else None,
        positive=_positive(section, labels),
        other_tests={name: splits[name] for name in section.other_tests or {}},
        task=task,
    )
    notes += _note_of_one_each(section, corpus)
    return note_labels(handle_leaks(corpus.with_notes(*notes), section.on_leak))


def _note_of_one_each(section: Data, corpus: Corpus) -> list[str]:
    """Returns a note where lists or columns hold one label a text, and nobody says of how many."""
    if section.task or section.label_separator or not corpus.has_one_each:
        return []
    return [
        "each text has exactly one label, though in a list, or in columns, that may hold several; "
        f"if that is always so, say it, and models choose one: {SAID_TO_BE_ONE}"
    ]


def _refuse_equal_names(labels: Sequence[str]) -> None:
    name, count = Counter(labels).most_common(1)[0] if labels else ("", 0)
    if count > 1:
        raise DataError(
            f"{count} classes are called '{name}', spaces around it left out; give each a name of "
            "its own"
        )


def _is_tagged(raw: RawData) -> bool:
    """Whether rows are words with tags: all are, then, or a message says that they are mixed."""
    return all(isinstance(label, Tags) for rows in raw.splits.values() for _, label in rows)


def _asked(raw: RawData) -> tuple[Task, tuple[str, ...]]:
    """Returns what is asked of texts, and the names of their labels, as the training rows show."""
    train = [label for _, label in raw.splits["train"]]
    if _is_tagged(raw):
        found = types_in({tag for tags in train for tag in tags})
        return TOKEN_CLASSIFICATION, tags_of(sorted(found))
    task = SINGLE_LABEL if any(isinstance(label, str) for label in train) else MULTI_LABEL
    return task, raw.labels or tuple(
        sorted({n for label in train for n in ((label,) if isinstance(label, str) else label)})
    )


def _id_of(label: RawLabel, ids: Mapping[str, int]) -> Label:
    if isinstance(label, str):
        return ids[label]
    found = [ids[name] for name in label]
    return tuple(found if isinstance(label, Tags) else sorted(found))


def _refuse_of_one_label(section: Data, task: Task) -> None:
    """Refuses what is said of data that have one label a text, where they have several.

    Raises:
        DataError: ``oos_label`` or ``positive_label`` is given.
    """
    for name, option in (("oos_label", " (--oos-label)"), ("positive_label", "")):
        if getattr(section, name) is not None:
            several = (
                "each word has a tag here"
                if task.by_word
                else ("a text may have several labels here, or none")
            )
            raise DataError(
                f"data.{name}: {several}, and that is for data with one label a text; remove "
                f"data.{name}{option}"
            )


def few_labels(corpus: Corpus, section: Data, seed: int) -> Corpus:
    """Returns the corpus as a run with this seed sees it.

    Args:
        corpus: the whole data, which is what all seeds see where no few are wanted.
        section: says how many labels a class are left, where few are wanted.
        seed: chooses them.

    Raises:
        DataError: words have labels, of which there are no few for each class.
    """
    if section.labels_per_class is None and section.validation_per_class is None:
        return corpus
    for key in ("labels_per_class", "validation_per_class"):
        if corpus.task.by_word and getattr(section, key) is not None:
            raise DataError(f"data.{key}: each word has a tag here; remove data.{key}")
    few = keep_few_labels(corpus, section.labels_per_class, section.validation_per_class, seed)
    if section.rest_of_train == "unlabelled":
        return few
    most = 0 if section.rest_of_train == "dropped" else section.rest_of_train
    rest = few.unlabelled[len(corpus.unlabelled) :]
    return replace(few, unlabelled=(*corpus.unlabelled, *fewer(rest, most)))


def _positive(section: Data, labels: Sequence[str]) -> int | None:
    """Returns which of a pair's two labels is the one to find: the second, unless it is named."""
    if section.positive_label is not None and section.positive_label not in labels:
        raise DataError(
            f"data.positive_label: no label is called '{section.positive_label}'; "
            f"{did_you_mean(section.positive_label, labels)}"
        )
    if len(labels) != 2:
        if section.positive_label is not None:
            raise DataError(
                f"data.positive_label: there are {len(labels)} labels, and its F1 is told of two"
            )
        return None
    if section.positive_label is not None:
        return list(labels).index(section.positive_label)
    return 1 if section.text_pair is not None else None


def _unread(section: Data) -> list[str]:
    """Returns what to tell of files, and of a column, that are not read, as splits are drawn."""
    unread = replaced_splits(section.split, section.other_tests)
    if section.files is None or not unread:
        return []
    others = named_splits(section.split, section.other_tests)
    notes = []
    if isinstance(section.files, str) and with_home(section.files).is_dir():
        notes += notes_of_unread(with_home(section.files), others, unread)
    train = split_files(section.files, others, unread).get("train")
    if train is None:
        return notes
    read = (section.text, section.text_pair, *Labelling.of_section(section).wanted)
    drawn = " and ".join(sorted(unread))
    return [*notes, *notes_of_split_column(train[0], section.csv or AS_NAMED, read, drawn)]


def _read(section: Data) -> RawData:
    pair = section.text_pair
    others = named_splits(section.split, section.other_tests)
    unread = replaced_splits(section.split, section.other_tests)
    labelling = Labelling.of_section(section)
    if section.hub is not None:
        hub, config, revision = section.hub, section.config, section.revision
        return read_hub(hub, config, revision, section.text, labelling, pair, others, unread=unread)
    if section.files is not None:
        return read_files(
            section.files,
            section.text,
            labelling,
            pair,
            others,
            unread=unread,
            csv=section.csv or AS_NAMED,
        )
    raw: RawData = registry.datasets.get(section.embedded or "").value()
    return raw
