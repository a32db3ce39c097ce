"""What a student lost against its teacher, and in which classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kdzoo.statistics.resampling import paired_seeds
from kdzoo.statistics.sets import Marks

Ids = npt.NDArray[np.integer[Any]]
Sets = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ClassLoss:
    """What became of one class; means over seeds.

    Attributes:
        label: its id.
        texts: how many have it as gold label.
        student: the student's recall.
        teacher: the teacher's recall.
        instead: the label that the student gives most often where the teacher alone is right; None
            where there is no such text.
        lost: the numbers of those texts in the split, the ones that most seeds get wrong first.
    """

    label: int
    texts: int
    student: float
    teacher: float
    instead: int | None = None
    lost: tuple[int, ...] = ()

    @property
    def loss(self) -> float:
        """The teacher's recall minus the student's."""
        return self.teacher - self.student


@dataclass(frozen=True)
class Inheritance:
    """What a student made of what its teacher got wrong and right.

    Attributes:
        copied: share of the teacher's errors in which the student gives the same wrong label; None,
            as the next two, where the teacher makes none.
        otherwise_wrong: share of them in which it gives another wrong label.
        corrected: share of them in which it is right.
        lost: share of what the teacher gets right that the student gets wrong; None where the
            teacher gets nothing right.
    """

    copied: float | None
    otherwise_wrong: float | None
    corrected: float | None
    lost: float | None


def class_losses(student: Ids, teacher: Ids, gold: Ids) -> list[ClassLoss]:
    """Returns the classes that have texts, those in which most recall was lost first.

    Args:
        student: predicted label ids, [S, N].
        teacher: predicted label ids, [S, N]; one of the two may have a single seed.
        gold: label ids, [N].
    """
    labels, texts = np.unique(gold, return_counts=True)
    recalls = (_recalls(predictions, gold, labels) for predictions in (student, teacher))
    student, teacher = paired_seeds(student, teacher)
    places = np.split(np.argsort(gold, kind="stable"), np.cumsum(texts)[:-1])  # of each label
    found = [
        ClassLoss(int(label), len(place), float(own), float(ideal),
                  *_lost(student[:, place], teacher[:, place], int(label), place))
        for label, place, own, ideal in zip(labels, places, *recalls, strict=True)
    ]  # fmt: skip
    return sorted(found, key=lambda loss: (-loss.loss, loss.label))


def label_losses(student: Sets, teacher: Sets, gold: Sets) -> list[ClassLoss]:
    """Returns the labels that texts have, those in which most recall was lost first.

    Args:
        student: which labels each text is given, [S, N, C].
        teacher: likewise; one of the two may have a single seed.
        gold: which labels it has, [N, C].
    """
    found = []
    for label in np.flatnonzero(gold.any(0)):
        place = np.flatnonzero(gold[:, label])
        own, ideal = paired_seeds(student[:, place, label], teacher[:, place, label])  # [S, K]
        times = (ideal & ~own).sum(0)
        order = np.argsort(-times, kind="stable")[: int((times > 0).sum())]
        lost = tuple(place[order].tolist())
        found.append(
            ClassLoss(int(label), len(place), float(own.mean()), float(ideal.mean()), None, lost)
        )
    return sorted(found, key=lambda loss: (-loss.loss, loss.label))


def type_losses(student: Marks, teacher: Marks) -> list[ClassLoss]:
    """Returns the types of entities that sentences have, those in which most recall was lost first.

    A class is named by the id of its ``B-``; its texts are its entities.

    Args:
        student: what it finds of each type.
        teacher: likewise; one of the two may have a single seed.
    """
    found = []
    for kind in np.flatnonzero(student.wanted.any(0)):
        wanted = int(student.wanted[:, kind].sum())
        own, ideal = paired_seeds(student.right[..., kind], teacher.right[..., kind])  # [S, N]
        times = (ideal > own).sum(0)
        order = np.argsort(-times, kind="stable")[: int((times > 0).sum())]
        student_recall, teacher_recall = (
            float(right.sum() / len(right) / wanted) for right in (own, ideal)
        )
        label, lost = 2 * int(kind) + 1, tuple(order.tolist())
        found.append(ClassLoss(label, wanted, student_recall, teacher_recall, None, lost))
    return sorted(found, key=lambda loss: (-loss.loss, loss.label))


def inheritance(student: Ids, teacher: Ids, gold: Ids) -> Inheritance:
    """Returns what became of the teacher's errors and of what it got right, over all seeds.

    Args:
        student: predicted label ids, [S, N].
        teacher: predicted label ids, [S, N]; one of the two may have a single seed.
        gold: label ids, [N].
    """
    student, teacher = paired_seeds(student, teacher)
    is_error = teacher != gold  # [S, N]
    is_right = student == gold
    is_same = student == teacher
    return Inheritance(
        copied=_share(is_same, is_error),
        otherwise_wrong=_share(~is_same & ~is_right, is_error),
        corrected=_share(is_right, is_error),
        lost=_share(~is_right, ~is_error),
    )


def _lost(
    student: Ids, teacher: Ids, label: int, numbers: npt.NDArray[np.intp]
) -> tuple[int | None, tuple[int, ...]]:
    """Returns what the student says instead, and the texts where it does.

    Args:
        student: predicted label ids of the class's texts, [S, K].
        teacher: likewise.
        label: the class.
        numbers: of its texts in the split, [K].
    """
    is_lost = (teacher == label) & (student != label)  # [S, K]
    if not is_lost.any():
        return None, ()
    said, counts = np.unique(student[is_lost], return_counts=True)
    times = is_lost.sum(0)  # [K]
    order = np.argsort(-times, kind="stable")[: int((times > 0).sum())]
    return int(said[counts.argmax()]), tuple(numbers[order].tolist())


def _recalls(predictions: Ids, gold: Ids, labels: Ids) -> npt.NDArray[np.float64]:
    """Returns each label's recall, mean over seeds, [K].

    As ``sklearn.metrics.recall_score``, which is many times slower for hundreds of models.
    """
    texts = np.bincount(gold)  # [C]
    right = [
        np.bincount(gold[prediction == gold], minlength=len(texts)) for prediction in predictions
    ]
    means: npt.NDArray[np.float64] = np.mean(right, axis=0)[labels] / texts[labels]
    return means


def _share(part: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> float | None:
    return float(part[whole].mean()) if whole.any() else None
