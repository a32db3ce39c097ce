"""The classical baseline: TF-IDF and a linear support vector machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo.data import Corpus, Input, texts_of
from kdzoo.errors import ModelError
from kdzoo.files import check_readable, writing
from kdzoo.model.forward import Logits

BASELINE_FILES = ("baseline.skops", "labels.json")


def fit_baseline(corpus: Corpus) -> Any:
    """Returns a scikit-learn pipeline on the gold texts: words 1-2, characters 2-5, linear SVM.

    Of a pair, the machine reads both texts' features, where they agree and where they differ. Texts
    without a word of two letters, as of emoji, are read by their characters alone.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    split = words.build_analyzer()
    has_words = any(split(text) for each in corpus.train for text in texts_of(each.input))
    features = make_union(*[words] * has_words, characters)
    machine = LinearSVC(random_state=0)
    inputs, gold = [example.input for example in corpus.train], corpus.gold("train")
    if not corpus.has_pairs:
        return make_pipeline(features, machine).fit(inputs, gold)
    features.fit([text for pair in inputs for text in pair])
    return make_pipeline(features, machine.fit(features_of(features, inputs), gold))


def features_of(vectoriser: Any, inputs: Sequence[Input]) -> Any:
    """Returns the features of texts, [N, F], or of pairs: [u; v; u * v; |u - v|], [N, 4F]; sparse.

    Args:
        vectoriser: fitted, texts -> [N, F].
        inputs: at least one text, or pairs alone.
    """
    if isinstance(inputs[0], str):
        return vectoriser.transform(inputs)
    from scipy.sparse import hstack

    first, second = (vectoriser.transform([pair[side] for pair in inputs]) for side in (0, 1))
    parts = [first, second, first.multiply(second), abs(first - second)]
    return hstack(parts, format="csr")


def reads_pairs(vectoriser: Any, model: Any) -> bool:
    """Whether a fitted baseline reads pairs."""
    single = sum(len(each.vocabulary_) for _, each in vectoriser.transformer_list)
    return bool(model.coef_.shape[1] != single)


def save_baseline(folder: Path, pipeline: Any, labels: tuple[str, ...]) -> None:
    """Writes the pipeline without pickle, and the names of its classes."""
    import skops.io

    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder):
        skops.io.dump(pipeline, folder / BASELINE_FILES[0])
    (folder / BASELINE_FILES[1]).write_text(json.dumps(labels), encoding="utf-8")


def load_baseline(folder: Path) -> tuple[Any, tuple[str, ...]]:
    """Returns the pipeline and the names of its classes.

    Raises:
        ModelError: the files are missing, or hold types that skops does not trust.
        OSError: one may not be read.
    """
    import skops.io

    lacking = [name for name in BASELINE_FILES if not (folder / name).is_file()]
    if lacking:
        raise ModelError(f"{folder} holds no baseline that can be loaded: it lacks {lacking[0]}")
    check_readable(*(folder / name for name in BASELINE_FILES))
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
