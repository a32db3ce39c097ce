"""The classical baseline: TF-IDF and a linear support vector machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from kdzoo.bounds import read_json
from kdzoo.data import Corpus, Input, texts_of
from kdzoo.errors import ModelError
from kdzoo.files import check_readable, has_file, writing
from kdzoo.limits import memory_limit
from kdzoo.model.forward import Logits
from kdzoo.model.tagger import FEATURES, fit_tagger, is_tagger, tag_features
from kdzoo.plain import are_names
from kdzoo.task import SINGLE_LABEL, Answers
from kdzoo.task.tags import types_of

BASELINE_FILES = ("baseline.skops", "labels.json")
_PACKED = 100  # times smaller than what was packed: features and weights do not shrink so far
_OBJECTS = 4  # times bigger than its file is a vocabulary in memory


def fit_baseline(corpus: Corpus) -> Any:
    """Returns a scikit-learn pipeline on the gold texts: words 1-2, characters 2-5, linear SVM.

    Where a text may have several labels, each has a machine of its own, against the rest.
    Of a pair, the machine reads both texts' features, where they agree and where they differ. Texts
    without a word of two letters, as of emoji, are read by their characters alone. Where each word
    gets a label, it is that of ``kdzoo.model.tagger``.
    """
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    if corpus.task.by_word:
        return fit_tagger(corpus)
    words, characters = _vectorisers()
    split = words.build_analyzer()
    has_words = any(split(text) for example in corpus.train for text in texts_of(example.input))
    features = make_union(*[words] * has_words, characters)
    inputs, gold = [example.input for example in corpus.train], corpus.gold("train")
    is_single = corpus.task == SINGLE_LABEL
    if is_single and not corpus.has_pairs:
        return make_pipeline(features, LinearSVC(random_state=0)).fit(inputs, gold)
    features.fit([text for given in inputs for text in texts_of(given)])
    read = features_of(features, inputs)
    machine = LinearSVC(random_state=0).fit(read, gold) if is_single else _planes(read, gold)
    return make_pipeline(features, machine)


def _planes(read: Any, gold: Answers) -> Any:
    """Returns a machine with a plane for each label, fitted by itself: scikit-learn's own shape.

    A label that no text has, or each, has no plane: it is never given, or always.

    Args:
        read: features, [N, F].
        gold: which labels each text has, [N, C].
    """
    from sklearn.svm import LinearSVC

    planes = np.zeros((gold.shape[1], read.shape[1]))
    offsets = np.where(gold.all(0), 1.0, -1.0)
    for label in np.flatnonzero(gold.any(0) & ~gold.all(0)):
        fitted = LinearSVC(random_state=0).fit(read, gold[:, label])
        planes[label], offsets[label] = fitted.coef_[0], fitted.intercept_[0]
    machine = LinearSVC(random_state=0)
    machine.coef_, machine.intercept_ = planes, offsets
    machine.classes_, machine.n_features_in_ = np.arange(len(planes)), planes.shape[1]
    return machine


def _vectorisers() -> tuple[Any, Any]:
    """Returns what reads words, and what reads characters."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return (
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )


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
    single = sum(len(part.vocabulary_) for _, part in vectoriser.transformer_list)
    return bool(model.coef_.shape[1] != single)


def save_baseline(folder: Path, pipeline: Any, labels: tuple[str, ...]) -> None:
    """Writes the pipeline without pickle, and the names of its classes."""
    import skops.io

    folder.mkdir(exist_ok=True)
    with writing(folder):
        skops.io.dump(pipeline, folder / BASELINE_FILES[0])
    (folder / BASELINE_FILES[1]).write_text(json.dumps(labels), encoding="utf-8")


def load_baseline(folder: Path) -> tuple[Any, tuple[str, ...]]:
    """Returns the pipeline and the names of its classes.

    Raises:
        ModelError: the files are missing, hold types that skops does not trust, unpack to more than
            the machine holds, or are another model than ``fit_baseline`` makes.
        OSError: one may not be read.
    """
    import skops.io

    lacking = [name for name in BASELINE_FILES if not has_file(folder / name)]
    if lacking:
        raise ModelError(f"{folder} holds no baseline that can be loaded: it lacks {lacking[0]}")
    check_readable(*(folder / name for name in BASELINE_FILES))
    try:
        _refuse_bombs(folder / BASELINE_FILES[0])
        pipeline = skops.io.load(folder / BASELINE_FILES[0], trusted=[])
        labels = read_json(folder / BASELINE_FILES[1])
        _check_baseline(pipeline, labels)
    except Exception as error:  # zip, JSON and skops errors have no common base
        raise ModelError(
            f"{folder} holds no baseline that can be loaded: {error}; run its recipe again"
        ) from error
    return pipeline, tuple(labels)


def _refuse_bombs(path: Path) -> None:
    """Reads from the archive's directory how much it unpacks to, before anything is unpacked.

    Raises:
        ValueError: the archive unpacks to more than memory holds, or than any but a trap.
    """
    with ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    free = memory_limit().available_bytes // _OBJECTS
    if unpacked > min(free, _PACKED * path.stat().st_size):
        raise ValueError(
            f"{path.name} has {path.stat().st_size:,} bytes, and unpacks to {unpacked:,}"
        )


def _check_baseline(pipeline: Any, labels: Any) -> None:
    """Looks whether this is a pipeline as it is fitted here, for these labels.

    Raises:
        ValueError: the pipeline is another; a regular expression of its own may never end.
    """
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.pipeline import FeatureUnion
    from sklearn.svm import LinearSVC

    steps = [step for _, step in getattr(pipeline, "steps", ())]
    kinds = [type(step) for step in steps]
    if kinds not in ([FeatureUnion, LinearSVC], [FeatureHasher, LinearSVC]):
        raise ValueError("it is no TF-IDF with a linear support vector machine")
    if not are_names(labels):
        raise ValueError(f"{BASELINE_FILES[1]} is no list of names")
    if kinds[0] is FeatureHasher:
        _check_tagger(pipeline, labels)
        return
    width = _checked_width(steps[0])
    planes, classes = np.asarray(steps[1].coef_), np.asarray(steps[1].classes_).tolist()
    if planes.ndim != 2 or planes.shape[1] not in (width, 4 * width):
        raise ValueError(f"it has {width:,} features, and planes of the shape {planes.shape}")
    if classes != sorted(set(classes) & set(range(len(labels)))):
        raise ValueError(f"its classes are not among the {len(labels)} labels")
    example = ["a text"] if planes.shape[1] == width else [("a text", "another")]
    if not np.isfinite(scores_of(steps[1], features_of(steps[0], example), len(labels))).all():
        raise ValueError("its answers are no numbers")


def _check_tagger(pipeline: Any, labels: Sequence[str]) -> None:
    """Looks whether this is a tagger as it is fitted here, for these labels.

    Raises:
        ValueError: its features or its classes are others, or its answers are no numbers.
    """
    types_of(labels)
    planes, classes = np.asarray(pipeline[-1].coef_), np.asarray(pipeline[-1].classes_).tolist()
    if not is_tagger(pipeline) or planes.ndim != 2 or planes.shape[1] != FEATURES:
        raise ValueError("its features are not those that kdzoo makes")
    if classes != sorted(set(classes) & set(range(len(labels)))):
        raise ValueError(f"its classes are not among the {len(labels)} labels")
    features, _ = tag_features(pipeline[0], ["a text"])
    if not np.isfinite(scores_of(pipeline[-1], features, len(labels))).all():
        raise ValueError("its answers are no numbers")


def _checked_width(vectoriser: Any) -> int:
    """Returns how many features there are, once they are seen to be numbered as here.

    Raises:
        ValueError: they are other features, or are numbered otherwise.
    """
    from sklearn.pipeline import make_union

    words, characters = _vectorisers()
    known = (make_union(words, characters), make_union(characters))
    if repr(vectoriser) not in map(repr, known):
        raise ValueError("its features are not those that kdzoo makes")
    vocabularies = [part.vocabulary_ for _, part in vectoriser.transformer_list]
    if any(
        sorted(vocabulary.values()) != list(range(len(vocabulary))) for vocabulary in vocabularies
    ):
        raise ValueError("its features are not numbered one by one")
    return sum(map(len, vocabularies))


def scores_of(model: Any, features: Any, classes: int) -> Logits:
    """Returns the distances from the separating planes as logits [N, C]."""
    scores = np.asarray(model.decision_function(features), dtype=np.float32)
    if scores.ndim == 1:  # two classes: one plane
        scores = np.stack([-scores, scores], axis=1)
    logits = np.full((len(scores), classes), -1e4, dtype=np.float32)
    logits[:, model.classes_] = scores
    return logits
