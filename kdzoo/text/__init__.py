"""Texts to ids: tokenising, pruned vocabularies, pretrained word vectors."""

from kdzoo.text.encode import Batch, Encoded, encode
from kdzoo.text.pruning import prune
from kdzoo.text.reading import RIGHT, cut_at, reader_of, separate_pairs
from kdzoo.text.vectors import check_vectors, read_vectors
from kdzoo.text.vocabulary import SpecialTokens, Vocabulary, whole, words

__all__ = [
    "RIGHT",
    "Batch",
    "Encoded",
    "SpecialTokens",
    "Vocabulary",
    "check_vectors",
    "cut_at",
    "encode",
    "prune",
    "read_vectors",
    "reader_of",
    "separate_pairs",
    "whole",
    "words",
]
