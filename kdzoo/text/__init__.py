"""Texts to ids: tokenising, pruned vocabularies, pretrained word vectors."""

from kdzoo.text.encode import Batch, Encoded, encode
from kdzoo.text.vectors import read_vectors
from kdzoo.text.vocabulary import SpecialTokens, Vocabulary, prune, whole, words

__all__ = [
    "Batch",
    "Encoded",
    "SpecialTokens",
    "Vocabulary",
    "encode",
    "prune",
    "read_vectors",
    "whole",
    "words",
]
