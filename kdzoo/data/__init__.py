"""Texts and labels: from the hub, from files or embedded; split, checked, subset."""

from kdzoo.data.corpus import (
    SPLITS,
    Corpus,
    Example,
    Input,
    RawData,
    SplitName,
    fingerprint,
    texts_of,
)
from kdzoo.data.description import describe
from kdzoo.data.leaks import normalised
from kdzoo.data.load import FEW, few_labels, load_corpus, origin_of
from kdzoo.data.output import PAIR_COLUMN, check_elements, check_output, write_rows
from kdzoo.data.stream import read_labelled
from kdzoo.data.texts import Digests, Texts, digests_of, distinct, has_pairs
from kdzoo.data.words import UNSPACED, is_empty, joined, one_form, segments
from kdzoo.task.gold import NO_LABEL

__all__ = [
    "FEW",
    "NO_LABEL",
    "PAIR_COLUMN",
    "SPLITS",
    "UNSPACED",
    "Corpus",
    "Digests",
    "Example",
    "Input",
    "RawData",
    "SplitName",
    "Texts",
    "check_elements",
    "check_output",
    "describe",
    "digests_of",
    "distinct",
    "few_labels",
    "fingerprint",
    "has_pairs",
    "is_empty",
    "joined",
    "load_corpus",
    "normalised",
    "one_form",
    "origin_of",
    "read_labelled",
    "segments",
    "texts_of",
    "write_rows",
]
