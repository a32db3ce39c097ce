"""Figures of a row beside its teacher, whichever teacher its outcomes were written for.

A baseline and a model on hard labels belong to no teacher: rows share one, under other teachers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kdzoo.results import ManifestRow
from kdzoo.statistics import Outcomes, OutcomesReader, beside, is_covered, teacher_of


def beside_teacher(
    figures: Sequence[Mapping[str, float]], own: Outcomes, teacher: Outcomes | None
) -> list[Mapping[str, float]]:
    """Returns figures of a row's models in which those beside a teacher are of this one.

    Args:
        figures: of each model, in the order of the seeds.
        own: what the models made of the texts.
        teacher: what their teachers made of them, or the one of all; None where that is not known.
    """
    if teacher is None:
        return list(figures)
    answers = answered_by(teacher, own).teacher_predictions
    return [
        known if np.array_equal(written, wanted) else beside(known, given, wanted)
        for known, given, written, wanted in zip(
            figures, own.predictions, own.teacher_predictions, answers, strict=True
        )
    ]


def answered_by(teacher: Outcomes, own: Outcomes) -> Outcomes:
    """Returns a row's outcomes beside these teachers' answers, [S, N], or those of one, [1, N]."""
    answers = np.broadcast_to(teacher.predictions, own.predictions.shape)
    return replace(own, teacher_predictions=answers)


def outcomes_of_teacher(row: ManifestRow, reader: OutcomesReader, split: str) -> Outcomes | None:
    """Returns what a row's teachers made of the texts of a split; None where that is not known."""
    teacher = teacher_of(row)
    if teacher is None or not is_covered(reader.store, teacher, split):
        return None
    return reader.of(teacher, split)
