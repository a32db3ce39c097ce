"""What a study's stored outcomes say of its models: verdicts, with the figures behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kdzoo.report.figures.beside import beside_teacher
from kdzoo.report.figures.spread import Spread, spreads
from kdzoo.results import ManifestRow, Record
from kdzoo.runtime.decision import Decision
from kdzoo.statistics import (
    Calibration,
    ClassLoss,
    Comparison,
    Detection,
    Effect,
    EntityErrors,
    Gap,
    Inheritance,
    Interval,
    Outcomes,
    OutcomesReader,
    RecipeComparison,
    Rejection,
    Scores,
    Slice,
    Standing,
    Verdict,
    adjusted,
    against_teacher,
    by_bounds,
    by_quartile,
    calibration,
    class_losses,
    compare_outcomes,
    compare_recipes,
    control_of,
    detection,
    differ,
    gap_closed,
    inheritance,
    is_covered,
    label_losses,
    leading_over_texts,
    of_distilling,
    over_seeds,
    rejection,
    share_closed,
    teacher_of,
    type_losses,
)

RARITIES = (0, 9, 99)  # occurrences: never seen, rare, known, common


@dataclass(frozen=True)
class ToTeacher:
    """The models of a row beside their teacher, with all comparisons of the study counted.

    Attributes:
        comparison: of their hits.
        adjusted_p: its p-value after Benjamini and Hochberg.
    """

    comparison: Comparison
    adjusted_p: float


@dataclass(frozen=True)
class ToControl:
    """The recipe of a row beside hard labels, with all comparisons of the study counted.

    Attributes:
        comparison: of the two recipes.
        adjusted_p: its p-value after Benjamini and Hochberg; None of one seed.
    """

    comparison: RecipeComparison
    adjusted_p: float | None


@dataclass(frozen=True)
class Finding:
    """What the outcomes say of the models of one row, as they were trained.

    Attributes:
        metrics: their figures, by name.
        over_seeds: accuracy, or else the leading figure, with its t-interval over seeds.
        over_texts: the same with its bootstrap interval over texts.
        calibration: how far its probabilities can be believed.
        decision: how the logits of its first seed become an answer; None where nothing was fitted.
        standing: of these models beside the teacher.
        effect: of the recipe: distilling, beside the same student on hard labels.
        to_teacher: the comparison behind ``standing``.
        to_control: the comparison behind ``effect``.
        gap: how much of the gap between control and teacher is closed.
        gap_in_scope: the share of it that is closed on the texts in scope, 1 for the whole.
        scope: how out-of-scope texts are found, mean over seeds; None where there are none.
        rejection: what the threshold of its first seed, tuned on validation, does to these texts.
        by_length: accuracy by the number of words, between the quartiles; empty where not known.
        by_rarity: accuracy by how often a text's rarest word occurs in the texts to learn from.
        losses: by class, against the teacher, the worst first.
        inherited: what became of the teacher's errors.
        entity_errors: what is wrong with entities, by kind; None where no word has a tag.
    """

    metrics: Mapping[str, Spread]
    over_seeds: Interval
    over_texts: Interval
    calibration: Calibration
    decision: Decision | None = None
    standing: Verdict[Standing] | None = None
    effect: Verdict[Effect] | None = None
    to_teacher: ToTeacher | None = None
    to_control: ToControl | None = None
    gap: Gap | None = None
    gap_in_scope: float | None = None
    scope: Detection | None = None
    rejection: Rejection | None = None
    by_length: tuple[Slice, ...] = ()
    by_rarity: tuple[Slice, ...] = ()
    losses: tuple[ClassLoss, ...] = ()
    inherited: Inheritance | None = None
    entity_errors: EntityErrors | None = None


@dataclass(frozen=True)
class _Read:
    """A row's outcomes, and those of what it is compared with."""

    row: ManifestRow
    own: Outcomes
    teacher: Outcomes | None
    control: Outcomes | None


def find(reader: OutcomesReader, split: str) -> dict[str, Finding]:
    """Returns what the outcomes of a split say of every row that was read on it, by its name.

    Args:
        reader: of the study.
        split: whose texts.

    Raises:
        StoreError: outcomes are missing or damaged.
    """
    store = reader.store
    rows = [row for row in store.manifest().rows if is_covered(store, row, split)]
    teachers = sum(row.role == "teacher" for row in store.manifest().rows)
    called = "its teacher" if teachers > 1 else "the teacher"
    read = [_read(row, split, reader) for row in rows]
    to_teacher, to_control = _compared(read)
    return {
        reading.row.name: _finding(
            reading,
            [store.read(member.key) for member in reading.row.members],
            split,
            (to_teacher.get(reading.row.name), to_control.get(reading.row.name)),
            store.decision(reading.row.members[0].key),
            called,
        )
        for reading in read
    }


def _compared(read: Sequence[_Read]) -> tuple[dict[str, ToTeacher], dict[str, ToControl]]:
    """Returns how each row stands beside its teacher and beside hard labels, by its name.

    All p-values of the study are corrected together.
    """
    models = {
        reading.row.name: compare_outcomes(reading.own, reading.teacher)
        for reading in read
        if reading.row.role != "teacher" and reading.teacher is not None
    }
    recipes = _recipes(read)
    of_recipes = [recipe.p_value for recipe in recipes.values() if recipe.p_value is not None]
    p_values = iter(adjusted([*(model.p_value for model in models.values()), *of_recipes]))
    return (
        {name: ToTeacher(comparison, next(p_values)) for name, comparison in models.items()},
        {
            name: ToControl(comparison, None if comparison.p_value is None else next(p_values))
            for name, comparison in recipes.items()
        },
    )


def _recipes(read: Sequence[_Read]) -> dict[str, RecipeComparison]:
    """Returns how the recipe of each row differs from hard labels, by the row's name.

    Models are named by their keys, so that controls which rows share say once what they say of
    luck.
    """
    hits: dict[tuple[str | None, ...], Scores] = {}
    pairs = {}
    for reading in read:
        if reading.row.role != "teacher" and reading.control is not None:
            own = tuple(member.key for member in reading.row.members)
            other = tuple(member.control_key for member in reading.row.members)
            hits |= {own: reading.own.scores, other: reading.control.scores}
            pairs[reading.row.name] = (own, other)
    return dict(zip(pairs, compare_recipes(hits, list(pairs.values())), strict=True))


def _read(row: ManifestRow, split: str, reader: OutcomesReader) -> _Read:
    def of(other: ManifestRow | None) -> Outcomes | None:
        is_read = other is not None and is_covered(reader.store, other, split)
        return reader.of(other, split) if other is not None and is_read else None

    return _Read(row, reader.of(row, split), of(teacher_of(row)), of(control_of(row)))


def _finding(
    read: _Read,
    records: Sequence[Record],
    split: str,
    compared: tuple[ToTeacher | None, ToControl | None],
    decision: Decision | None,
    called: str,
) -> Finding:
    own, teacher, oos = read.own, read.teacher, records[0].data.oos
    to_teacher, to_control = compared
    hits = own.hits
    gap, gap_in_scope = (None, None) if to_control is None else _gaps(read, to_control, oos)
    has_words = not np.isnan(own.words).any()
    return Finding(
        metrics=spreads(
            beside_teacher([record.quality[split] for record in records], own, teacher)
        ),
        over_seeds=over_seeds(own.scores.mean(1).tolist()),
        over_texts=leading_over_texts(own),
        calibration=calibration(own),
        decision=decision,
        standing=None
        if to_teacher is None
        else against_teacher(
            to_teacher.comparison,
            to_teacher.adjusted_p,
            has_seeds=read.row.role != "baseline",
            teacher=called,
        ),
        effect=None
        if to_control is None
        else of_distilling(to_control.comparison, to_control.adjusted_p),
        to_teacher=to_teacher,
        to_control=to_control,
        gap=gap,
        gap_in_scope=gap_in_scope,
        scope=_scope(own, oos),
        rejection=None
        if decision is None or decision.oos_threshold is None
        else _rejection(own, oos, decision.oos_threshold),
        by_length=by_quartile(hits, own.words) if has_words else (),
        by_rarity=by_bounds(hits, own.rarest_word, RARITIES) if has_words else (),
        losses=() if teacher is None else tuple(_losses(own, teacher)),
        inherited=None
        if teacher is None
        else inheritance(own.predictions, teacher.predictions, own.gold),
        entity_errors=own.entity_errors,
    )


def _losses(own: Outcomes, teacher: Outcomes) -> list[ClassLoss]:
    if own.entities is not None and teacher.entities is not None:
        return type_losses(own.entities, teacher.entities)
    if own.sets is None or teacher.sets is None:
        return class_losses(own.predictions, teacher.predictions, own.gold)
    return label_losses(own.sets[0], teacher.sets[0], own.sets[1])


def _gaps(read: _Read, to_control: ToControl, oos: int | None) -> tuple[Gap | None, float | None]:
    """Returns what is closed of the gap between control and teacher, overall and in scope.

    None where there is no gap: the teacher is not known, or not to be told apart from the control.
    """
    if read.teacher is None or read.control is None:
        return None, None
    own, control, teacher = (answers.scores for answers in (read.own, read.control, read.teacher))
    gap = gap_closed(own, control, teacher, to_control.comparison)
    if not differ(teacher, control):
        return gap, None
    is_in_scope = read.own.gold != oos
    return gap, share_closed(*(scores[:, is_in_scope] for scores in (own, control, teacher)))


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _scope(own: Outcomes, oos: int | None) -> Detection | None:
    """Returns how out-of-scope texts are found, each figure a mean over seeds."""
    if oos is None:
        return None
    is_oos = own.gold == oos
    found = [
        detection(scores, predictions == oos, is_oos)
        for scores, predictions in zip(own.oos_score, own.predictions, strict=True)
    ]
    known = [detection for detection in found if detection is not None]
    if not known:
        return None
    names = ("auroc", "false_positive_rate", "precision", "recall", "f1", "average_precision")
    return Detection(
        **{name: _mean(getattr(detection, name) for detection in known) for name in names}
    )


def _rejection(own: Outcomes, oos: int | None, threshold: float) -> Rejection | None:
    """Returns what the threshold of the first seed does to the texts."""
    is_oos = own.gold == oos
    if (own.decided[0] < 0).any():  # an older kdzoo stored no decisions: its score is known
        return rejection(own.oos_score[0], is_oos, threshold)
    found = rejection((own.decided[0] == oos).astype(float), is_oos, 1.0)
    return None if found is None else replace(found, threshold=threshold)
