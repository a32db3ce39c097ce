"""The quality figures of a model: functions of its outcomes, so that new ones reach old results.

A record remembers its figures and the version of this file that told them. What was told stays as
it was: outcomes are stored rounded, and figures were made before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from kdzoo.metrics import entity_quality, quality, set_quality
from kdzoo.results import FormRecord, Record, RenewedStore, Store, renewed
from kdzoo.results.record import Figures
from kdzoo.statistics.interval import Interval
from kdzoo.statistics.kappa import agreement, kappa
from kdzoo.statistics.out_of_scope import detection
from kdzoo.statistics.outcomes import Ids, Outcomes
from kdzoo.statistics.sets import Marks, f1_over_texts
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TASKS, TOKEN_CLASSIFICATION, Task

QUALITY_VERSION = 2  # raised when a figure is added: records that are older are then told it too


WITH_TEACHER: dict[str, Callable[[Ids, Ids], float | Interval]] = {
    "agreement": agreement,
    "kappa": kappa,
}


def figures(
    frame: pd.DataFrame,
    oos: int | None,
    positive: int | None = None,
    task: Task = SINGLE_LABEL,
    labels: int = 0,
) -> dict[str, float]:
    """Returns the quality figures of one split's outcomes, those beside the teacher included.

    One with an interval has its ends as ``name_low`` and ``name_high``.

    Args:
        frame: of one model and split (see ``kdzoo.measure.outcomes_of``).
        oos: the id of the out-of-scope label, if there is one.
        positive: the id of the label to find, if there is one.
        task: what the data asks.
        labels: how many there are, where a text may have several.
    """
    own = task.numbers(frame["prediction"], labels)
    if task == MULTI_LABEL:
        found = _of_sets(frame, labels)
    elif task.by_word:
        found = _of_tags(frame, labels)
    else:
        found = quality(own, frame["gold"].to_numpy(), oos, positive)
    if task.are_known(frame["teacher_prediction"]):
        found = beside(found, own, task.numbers(frame["teacher_prediction"], labels))
        found["divergence"] = float(frame["divergence"].mean())
    return found | ({} if oos is None else _as_decided(frame, oos))


def beside(figures: Mapping[str, float], answers: Ids, teacher: Ids) -> dict[str, float]:
    """Returns figures with those beside a teacher made anew; the divergence is not known.

    Args:
        figures: of a model.
        answers: what it answered, [N].
        teacher: what the teacher answered, [N].
    """
    of_teacher = {f"{name}{end}" for name in WITH_TEACHER for end in ("", "_low", "_high")}
    others = {
        name: value for name, value in figures.items() if name not in {*of_teacher, "divergence"}
    }
    for name, of in WITH_TEACHER.items():
        others |= dict(_named(name, of(answers[np.newaxis], teacher[np.newaxis])))
    return others


def _of_sets(frame: pd.DataFrame, labels: int) -> dict[str, float]:
    """Returns the figures of sets of labels, F1 with its intervals."""
    answers, gold = (MULTI_LABEL.sets(frame[name], labels) for name in ("prediction", "gold"))
    return set_quality(answers, gold) | _with_intervals(Marks.of_sets(answers[np.newaxis], gold))


def _of_tags(frame: pd.DataFrame, labels: int) -> dict[str, float]:
    """Returns the figures of the tags of sentences, F1 with its intervals."""
    tags, gold = (TOKEN_CLASSIFICATION.tags(frame[name], labels) for name in ("prediction", "gold"))
    marks = Marks.of_entities([tags], gold, labels)
    return entity_quality(tags, gold, labels) | _with_intervals(marks)


def _with_intervals(marks: Marks) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, average in marks.averages.items():
        found |= dict(_named(name, f1_over_texts(marks, average)))
    return found


def _as_decided(frame: pd.DataFrame, oos: int) -> dict[str, float]:
    """Returns what a user of the out-of-scope threshold gets; nothing where none was fitted."""
    gold, decided = frame["gold"].to_numpy(), frame["decided"].to_numpy()
    found = None
    if not frame["decision_score"].isna().any():
        found = detection(frame["decision_score"].to_numpy(), decided == oos, gold == oos)
    if found is None:
        return {}
    return {
        "as_decided_accuracy": float((decided == gold).mean()),
        "false_rejections": float((decided[gold != oos] == oos).mean()),
        "as_decided_oos_recall": found.recall,
        "oos_auroc": found.auroc,
        "oos_auprc": found.average_precision,
    }


def _named(name: str, figure: float | Interval) -> Iterator[tuple[str, float]]:
    if not isinstance(figure, Interval):
        yield name, figure
        return
    yield name, figure.value
    for end, value in (("low", figure.low), ("high", figure.high)):
        if value is not None:
            yield f"{name}_{end}", value


def intervals(outcomes: Outcomes) -> dict[str, Interval]:
    """Returns the figures of a row's models together that have an interval over texts, by name."""
    told: dict[str, Interval] = {}
    marks = outcomes.marks
    if marks is not None:
        told = {name: f1_over_texts(marks, average) for name, average in marks.averages.items()}
    if (outcomes.teacher_predictions < 0).any():
        return told
    found = {
        name: of(outcomes.predictions, outcomes.teacher_predictions)
        for name, of in WITH_TEACHER.items()
    }
    return told | {name: figure for name, figure in found.items() if isinstance(figure, Interval)}


def current(store: Store) -> RenewedStore:
    """Returns a study with all figures that kdzoo knows today.

    Raises:
        StoreError: the folder is no study, or a file of it is damaged.
        ModelError: what was fitted on validation is damaged.
    """
    return renewed(store, QUALITY_VERSION, all_figures)


def all_figures(model: Record | FormRecord, outcomes: pd.DataFrame) -> dict[str, Figures]:
    """Returns what a record tells of each split, and what it lacks from its outcomes."""
    data = model.data
    completed: dict[str, Figures] = {}
    for split, known in model.quality.items():
        frame = outcomes[outcomes["split"] == split]
        if not len(frame):
            completed[split] = known
            continue
        found = figures(frame, data.oos, data.positive, TASKS[data.task], len(data.labels))
        completed[split] = found | known
    return completed
