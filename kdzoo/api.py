"""What the command line does, for Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.errors import DataError
from kdzoo.registry import load_students

if TYPE_CHECKING:
    import pandas as pd

    from kdzoo.progress import Progress
    from kdzoo.results import Store

PREDICT_CHUNK = 256  # texts in memory at once, however long the input


def run(
    target: str,
    *,
    overrides: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    data: str | None = None,
    students: str | Path | None = None,
    out: str | Path | None = None,
    read_test: bool = True,
    progress: Progress | None = None,
) -> Store:
    """Runs a recipe, or a folder of them, as ``kdzoo run`` does.

    Args:
        target: a recipe's name (``clinc150/bilstm``), a folder of recipes, or a recipe file.
        overrides: ``key.path=value`` each.
        seeds: instead of the recipes' own.
        data: a file or folder in place of the recipes' data source.
        students: a file or folder of students of your own.
        out: the study's folder; ``runs/<study>`` by default.
        read_test: whether the test split is read at the end.
        progress: told what is being done; nobody by default.

    Returns:
        The store of the study, finished and reported.

    Raises:
        KdzooError: a mistake in recipe, data or teacher.
    """
    from kdzoo.recipe import load_study
    from kdzoo.study import run_study

    if students is not None:
        load_students(students)
    study = load_study(target, overrides=overrides, seeds=seeds, data=data)
    folder = Path(out) if out is not None else Path("runs") / study.name
    return run_study(study, folder, read_test=read_test, progress=progress)


@dataclass(frozen=True)
class Prediction:
    """The label of a text, and the probabilities of the most probable ones."""

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]


class Predictor:
    """A trained model that answers: labels and probabilities for texts."""

    def __init__(self, folder: Path) -> None:
        from kdzoo.runtime import load_classifier

        self._classifier = load_classifier(folder, "torch")
        self.labels = self._classifier.labels

    def predict(self, texts: Iterable[str], top: int = 5) -> Iterator[Prediction]:
        """Yields a prediction per text, in order; memory does not grow with their number.

        Raises:
            DataError: a text is empty, or holds what is no character.
        """
        from scipy.special import softmax

        from kdzoo.data import Example

        remaining, number = iter(texts), 0
        while chunk := list(islice(remaining, PREDICT_CHUNK)):
            for position, text in enumerate(chunk, start=number + 1):
                if not text.strip():
                    raise DataError(f"text {position} is empty; every text needs a word")
                if not text.isascii() and text != text.encode(errors="replace").decode():
                    raise DataError(f"text {position} is not valid Unicode; save it as UTF-8")
            number += len(chunk)
            logits = self._classifier.logits([Example(text) for text in chunk])
            for row in softmax(logits, axis=1):
                best = [(self.labels[i], float(row[i])) for i in (-row).argsort()[:top]]
                yield Prediction(best[0][0], best[0][1], tuple(best))


def load(folder: str | Path, *, students: str | Path | None = None) -> Predictor:
    """Returns the model in a folder, ready to predict.

    Args:
        folder: a model's folder, as in ``runs/<study>/models/<model>``.
        students: the file or folder that brings its architecture, where kdzoo does not have it.

    Raises:
        ModelError: the folder is not a whole model, or its student is not registered.
    """
    if students is not None:
        load_students(students)
    return Predictor(Path(folder))


def read_results(folder: str | Path) -> pd.DataFrame:
    """Returns a study's models as a tidy frame: one line per model, split and metric.

    Columns: row, role, kind, road, variant, seed, key, split, metric, value.

    Raises:
        StoreError: the folder is no study.
    """
    import pandas as pd

    from kdzoo.results import Store

    store = Store(Path(folder))
    lines = []
    for row in store.manifest().rows:
        keys = [(member.key, row.role) for member in row.members]
        keys += [(m.control_key, "control") for m in row.members if m.control_key is not None]
        for key, role in keys:
            record = store.read(key)
            for split, figures in record.quality.items():
                for metric, value in figures.items():
                    lines.append(
                        (row.name, role, row.kind, row.road, record.variant, record.seed, key,
                         split, metric, value)
                    )  # fmt: skip
    columns = ["row", "role", "kind", "road", "variant", "seed", "key", "split", "metric", "value"]
    return pd.DataFrame(lines, columns=columns)
