"""The classical baseline where each word gets a label: its shape, its neighbours, a linear SVM."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kdzoo.data import Corpus
from kdzoo.model.forward import Logits
from kdzoo.task.words import words_in

FEATURES = 2**17  # that names of features are hashed to
_NEAR = (-2, -1, 1, 2)  # words beside one that say something of it
_SHAPES = ((re.compile(r"[^\W\d_a-z]"), "X"), (re.compile(r"[a-z]"), "x"), (re.compile(r"\d"), "0"))
_LONGEST = 4  # letters of a beginning, or an end


def fit_tagger(corpus: Corpus) -> Any:
    """Returns a scikit-learn pipeline on the gold tags of words."""
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    hasher, gold = _hasher(), corpus.gold("train")
    read = hasher.transform(
        features for example in corpus.train for features in word_features(example.text)
    )
    return make_pipeline(hasher, LinearSVC(random_state=0).fit(read, gold[gold >= 0]))


def _hasher() -> Any:
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(FEATURES, input_type="string")


def is_tagger(pipeline: Any) -> bool:
    """Whether a loaded pipeline is one as ``fit_tagger`` makes it."""
    return bool(repr(pipeline[0]) == repr(_hasher()))


def word_features(sentence: str) -> Iterator[list[str]]:
    """Yields of each word what it is, how it is spelt, and what stands beside it."""
    words = words_in(sentence)
    for place, word in enumerate(words):
        low = word.lower()
        found = [f"word={low}", f"shape={shape_of(word)}", f"first={place == 0}"]
        found += [f"begin={low[:length]}" for length in range(1, _LONGEST + 1)]
        found += [f"end={low[-length:]}" for length in range(1, _LONGEST + 1)]
        for step in _NEAR:
            near = words[place + step] if 0 <= place + step < len(words) else ""
            found += [f"{step}={near.lower()}", f"{step}:shape={shape_of(near)}"]
        yield found


def shape_of(word: str) -> str:
    """Returns a word with X for each capital, x for small letters, 0 for digits; runs shortened."""
    for pattern, mark in _SHAPES:
        word = pattern.sub(mark, word)
    return re.sub(r"(.)\1+", r"\1\1", word)


def tag_features(hasher: Any, sentences: Sequence[str]) -> tuple[Any, list[int]]:
    """Returns the features of all words, [sum of words, F], and how many each sentence has."""
    read = [list(word_features(sentence)) for sentence in sentences]
    return hasher.transform(features for sentence in read for features in sentence), [
        *map(len, read)
    ]


def tag_scores(scores: Logits, counts: Sequence[int]) -> Logits:
    """Returns the scores of words [sum of words, C] by sentence, [N, W, C], NaN without a word."""
    found = np.full((len(counts), max(counts), scores.shape[1]), np.nan, dtype=np.float32)
    there = np.arange(max(counts)) < np.array(counts)[:, np.newaxis]
    found[there] = scores
    return found
