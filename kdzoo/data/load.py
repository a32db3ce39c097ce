"""A recipe's ``data`` section -> a checked Corpus."""

from __future__ import annotations

from dataclasses import replace

from kdzoo import registry
from kdzoo.data.checks import check_rows, handle_leaks
from kdzoo.data.corpus import Corpus, Example, RawData
from kdzoo.data.files import read_files
from kdzoo.data.hub import read_hub
from kdzoo.data.split import keep_few_labels, make_splits
from kdzoo.errors import DataError, did_you_mean
from kdzoo.recipe.schema import Data


def load_corpus(section: Data) -> Corpus:
    """Returns the whole corpus of a recipe, all labels kept (see ``few_labels``).

    Raises:
        DataError: the data cannot be found, read, or learnt from.
    """
    raw = make_splits(_read(section), section.split)
    check_rows(raw)
    labels = raw.labels or tuple(sorted({label for _, label in raw.splits["train"]}))
    if section.oos_label is not None and section.oos_label not in labels:
        raise DataError(
            f"data.oos_label: no label is called '{section.oos_label}'; "
            f"{did_you_mean(section.oos_label, labels)}"
        )
    ids = {label: number for number, label in enumerate(labels)}
    splits = {
        split: tuple(Example(text, label=ids[label]) for text, label in rows)
        for split, rows in raw.splits.items()
    }
    corpus = Corpus(
        labels,
        splits["train"],
        splits["validation"],
        splits["test"],
        oos=ids[section.oos_label] if section.oos_label is not None else None,
    )
    return handle_leaks(corpus, section.on_leak)


def few_labels(corpus: Corpus, section: Data, seed: int) -> Corpus:
    """Returns the corpus as a run with this seed sees it."""
    few = keep_few_labels(corpus, section.labels_per_class, section.validation_per_class, seed)
    return few if section.rest_of_train == "unlabelled" else replace(few, unlabelled=())


def _read(section: Data) -> RawData:
    if section.hub is not None:
        return read_hub(section.hub, section.config, section.revision, section.text, section.label)
    if section.files is not None:
        return read_files(section.files, section.text, section.label)
    raw: RawData = registry.datasets.get(section.embedded or "").value()
    return raw
