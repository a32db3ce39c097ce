"""How many classes data have, and how many labelled texts of each: what is few, and what many."""

from __future__ import annotations

import numpy as np

from kdzoo.data import Corpus

# labelled texts of a class, and classes: up to the one or from the other on, a linear head was the
# better teacher
FEW, MANY_CLASSES = 15, 20


def texts_of_a_class(corpus: Corpus) -> float:
    """Returns how many labelled texts a class has: the one in the middle."""
    gold, classes = corpus.gold("train"), len(corpus.labels)
    counts = gold.sum(0) if gold.ndim > 1 else np.bincount(gold, minlength=classes)  # [C]
    return float(np.median(counts))
