"""What the models of one row of the table made of each text, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kdzoo.errors import StoreError
from kdzoo.results import ManifestRow, Member, Role, Store
from kdzoo.statistics.entity_errors import EntityErrors, error_counts
from kdzoo.statistics.interval import Hits, Interval, Scores, over_examples
from kdzoo.statistics.paired import Comparison, compare
from kdzoo.statistics.sets import Marks, compare_marks, f1_over_texts, f1_values
from kdzoo.task import MULTI_LABEL, TASKS, TOKEN_CLASSIFICATION, Task
from kdzoo.task.tags import Tags

Ids = npt.NDArray[np.integer[Any]]
Sets = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The outcomes of a row's S models on the N texts of a split.

    Attributes:
        seeds: of the models, [S].
        gold: label ids, [N].
        predictions: label ids, [S, N].
        teacher_predictions: likewise, [S, N]; -1 where there is no teacher.
        confidence: probability of the predicted label, [S, N].
        gold_log_probability: in nats, [S, N].
        brier: Σ (p - y)² over the classes, [S, N].
        divergence: KL from the teacher's distribution, in nats, [S, N]; NaN without a teacher.
        oos_score: the higher, the more likely out of scope, [S, N].
        calibrated_confidence: of the logits divided by the temperature, [S, N].
        calibrated_gold_log_probability: likewise, in nats, [S, N].
        words: how many each text has, [N].
        rarest_word: how often the rarest of them occurs in the texts to learn from, [N].
        decided: label ids with the out-of-scope threshold, [S, N]; -1 where not known.
        decision_score: what that threshold is of, [S, N].
        sets: where a text may have several labels: those it is given, [S, N, C], and its gold ones,
            [N, C]. The ids are then numbers that stand for the whole sets.
        entities: where each word has a tag: the entities of each type. The ids are then numbers
            that stand for the tags of a sentence.
        entity_errors: likewise, what is wrong with them; None where no sentence has one.

    Those that an older kdzoo did not write are NaN.
    """

    seeds: tuple[int, ...]
    gold: Ids
    predictions: Ids
    teacher_predictions: Ids
    confidence: Values
    gold_log_probability: Values
    brier: Values
    divergence: Values
    oos_score: Values
    calibrated_confidence: Values
    calibrated_gold_log_probability: Values
    words: Values
    rarest_word: Values
    decided: Ids
    decision_score: Values
    sets: tuple[Sets, Sets] | None = None
    entities: Marks | None = None
    entity_errors: EntityErrors | None = None

    @property
    def hits(self) -> Hits:
        """Whether a text's prediction is its gold label, [S, N]."""
        hits: Hits = self.predictions == self.gold
        return hits

    @cached_property
    def marks(self) -> Marks | None:
        """What F1 is made of, where that is the leading figure."""
        return self.entities if self.sets is None else Marks.of_sets(*self.sets)

    @cached_property
    def scores(self) -> Scores:
        """What each text adds to the leading figure, [S, N]: hits, or what F1 is made of."""
        return self.hits if self.marks is None else f1_values(self.marks)


def compare_outcomes(first: Outcomes, second: Outcomes) -> Comparison:
    """Returns how the models of one row differ from those of another in the leading figure.

    Raises:
        ValueError: other texts, or numbers of seeds that cannot be paired.
    """
    if first.marks is None or second.marks is None:
        return compare(first.hits, second.hits)
    return compare_marks(first.marks, second.marks)


def leading_over_texts(own: Outcomes) -> Interval:
    """Returns the leading figure, mean over seeds, with its interval over texts."""
    if own.marks is None:
        return over_examples(own.hits)
    return f1_over_texts(own.marks, own.marks.leading)


def read_outcomes(
    store: Store, row: ManifestRow, split: str, runtime: str | None = None
) -> Outcomes:
    """Returns what a row's models made of the texts of a split.

    Args:
        store: of the study.
        row: of its manifest, or ``teacher_of`` or ``control_of`` one.
        split: whose texts.
        runtime: of the exported form whose outcomes are wanted; the models' own by default.

    Raises:
        StoreError: a model has no outcomes there, or the seeds' texts differ.
    """
    data = store.read(row.members[0].key).data
    task, labels, frames = TASKS[data.task], len(data.labels), []
    for member in row.members:
        frame = store.outcomes(member.key, runtime)
        frames.append(frame[frame["split"] == split])
        _check_texts(store, row, member, frames, split)

    def stacked(column: str, kind: type[np.generic]) -> npt.NDArray[Any]:
        return np.stack([frame[column].to_numpy(kind) for frame in frames])

    def numbered(column: str) -> Ids:
        return np.stack([_numbers(frame[column], task, labels) for frame in frames])

    entities, entity_errors = _entities(frames, labels) if task.by_word else (None, None)
    return Outcomes(
        seeds=tuple(member.seed for member in row.members),
        gold=_numbers(frames[0]["gold"], task, labels),
        predictions=numbered("prediction"),
        teacher_predictions=numbered("teacher_prediction"),
        confidence=stacked("confidence", np.float32),
        gold_log_probability=stacked("gold_log_probability", np.float32),
        brier=stacked("brier", np.float32),
        divergence=stacked("divergence", np.float32),
        oos_score=stacked("oos_score", np.float32),
        calibrated_confidence=stacked("calibrated_confidence", np.float32),
        calibrated_gold_log_probability=stacked("calibrated_gold_log_probability", np.float32),
        words=frames[0]["words"].to_numpy(np.float32),
        rarest_word=frames[0]["rarest_word"].to_numpy(np.float32),
        decided=numbered("decided"),
        decision_score=stacked("decision_score", np.float32),
        sets=_sets(frames, labels) if task == MULTI_LABEL else None,
        entities=entities,
        entity_errors=entity_errors,
    )


def _numbers(stored: pd.Series[Any], task: Task, labels: int) -> Ids:
    """Returns the number of each answer, [N]; -1 of all, where they are not known."""
    if not task.are_known(stored):
        return np.full(len(stored), -1)
    return task.numbers(stored, labels)


def _sets(frames: list[pd.DataFrame], labels: int) -> tuple[Sets, Sets]:
    answers = [MULTI_LABEL.sets(frame["prediction"], labels) for frame in frames]
    return np.stack(answers), MULTI_LABEL.sets(frames[0]["gold"], labels)


def _entities(frames: list[pd.DataFrame], labels: int) -> tuple[Marks, EntityErrors | None]:
    """Returns the entities that outcomes of sentences have, and what is wrong with them."""
    gold: Tags = TOKEN_CLASSIFICATION.tags(frames[0]["gold"], labels)
    given = [TOKEN_CLASSIFICATION.tags(frame["prediction"], labels) for frame in frames]
    marks = Marks.of_entities(given, gold, labels)
    return marks, EntityErrors.of([error_counts(tags, gold) for tags in given])


@dataclass(frozen=True)
class OutcomesReader:
    """Reads the outcomes of a study's rows, each once for all that is told of them."""

    store: Store
    _known: dict[tuple[Role, tuple[Member, ...], str], Outcomes] = field(default_factory=dict)

    def of(self, row: ManifestRow, split: str) -> Outcomes:
        """Returns what a row's models made of the texts of a split.

        Raises:
            StoreError: a model has no outcomes there, or the seeds' texts differ.
        """
        name = (row.role, row.members, split)
        if name not in self._known:
            self._known[name] = read_outcomes(self.store, row, split)
        return self._known[name]


def is_covered(store: Store, row: ManifestRow, split: str) -> bool:
    """Whether all models of a row were read on the split: a teacher that is a file may not be.

    Args:
        store: of the study.
        row: of its manifest.
        split: whose texts.
    """
    return all(split in store.read(member.key).quality for member in row.members)


def control_of(row: ManifestRow) -> ManifestRow | None:
    """Returns the row of the controls, seed by seed; None unless every seed has one."""
    return _counterpart(row, "control", [member.control_key for member in row.members])


def teacher_of(row: ManifestRow) -> ManifestRow | None:
    """Returns the row of the teachers, a single one where it is the same for all seeds.

    None unless every seed has one.
    """
    return _counterpart(row, "teacher", [member.teacher_key for member in row.members])


def _counterpart(row: ManifestRow, role: Role, keys: list[str | None]) -> ManifestRow | None:
    known = [
        Member(seed=member.seed, key=key)
        for member, key in zip(row.members, keys, strict=True)
        if key is not None
    ]
    if not known or len(known) < len(keys):
        return None
    members = tuple(known) if len(set(keys)) > 1 else (known[0],)
    return row.model_copy(update={"role": role, "members": members})


def _check_texts(
    store: Store, row: ManifestRow, member: Member, frames: list[pd.DataFrame], split: str
) -> None:
    """Raises a StoreError unless the newest frame has texts, those of the first frame."""
    first, newest = frames[0]["gold"].to_numpy(), frames[-1]["gold"].to_numpy()
    if len(newest) == 0:
        raise StoreError(
            f"{store.root} holds no outcomes of {row.name} (model {member.key}) on {split}; "
            "run its recipe again, without --no-test"
        )
    if not np.array_equal(first, newest):
        raise StoreError(
            f"the seeds of {row.name} in {store.root} were read on other {split} texts (model "
            f"{member.key} beside {row.members[0].key}): they cannot be compared; run them on the "
            "same data"
        )
