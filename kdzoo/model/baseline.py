"""The classical baseline: TF-IDF and a linear support vector machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo.data import Corpus
from kdzoo.errors import ModelError
from kdzoo.model.forward import Logits

BASELINE_FILES = ("baseline.skops", "labels.json")


def fit_baseline(corpus: Corpus) -> Any:
    """Returns a scikit-learn pipeline on the gold texts: words 1-2, characters 2-5, linear SVM."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    pipeline = make_pipeline(features, LinearSVC(random_state=0))
    return pipeline.fit([example.text for example in corpus.train], corpus.gold("train"))


def save_baseline(folder: Path, pipeline: Any, labels: tuple[str, ...]) -> None:
    """Writes the pipeline without pickle, and the names of its classes."""
    import skops.io

    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(pipeline, folder / BASELINE_FILES[0])
    (folder / BASELINE_FILES[1]).write_text(json.dumps(labels), encoding="utf-8")


def load_baseline(folder: Path) -> tuple[Any, tuple[str, ...]]:
    """Returns the pipeline and the names of its classes.

    Raises:
        ModelError: the files are missing, or hold types that skops does not trust.
    """
    import skops.io

    try:
        pipeline = skops.io.load(folder / BASELINE_FILES[0], trusted=[])
        labels = json.loads((folder / BASELINE_FILES[1]).read_text(encoding="utf-8"))
    except Exception as error:  # zip, JSON and skops errors have no common base
        raise ModelError(f"{folder} holds no baseline that can be loaded: {error}") from error
    return pipeline, tuple(labels)


def scores_of(model: Any, features: Any, classes: int) -> Logits:
    """Returns the distances from the separating planes as logits [N, C]."""
    scores = np.asarray(model.decision_function(features), dtype=np.float32)
    if scores.ndim == 1:  # two classes: one plane
        scores = np.stack([-scores, scores], axis=1)
    logits = np.full((len(scores), classes), -1e4, dtype=np.float32)
    logits[:, model.classes_] = scores
    return logits
