"""Texts and labels: from the hub, from files or embedded; split, checked, subset."""

from kdzoo.data.checks import describe, normalised
from kdzoo.data.corpus import SPLITS, Corpus, Example, RawData, SplitName, fingerprint
from kdzoo.data.load import few_labels, load_corpus

__all__ = [
    "SPLITS",
    "Corpus",
    "Example",
    "RawData",
    "SplitName",
    "describe",
    "few_labels",
    "fingerprint",
    "load_corpus",
    "normalised",
]
