"""What a study's stored outcomes say of its models: verdicts, with the figures behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kdzoo.report.figures.beside import beside_teacher
from kdzoo.report.figures.comparisons import (
    ALL_TEXTS,
    RowOutcomes,
    Texts,
    Verdicts,
    compare_rows,
    read_row,
)
from kdzoo.report.figures.spread import Spread, spreads
from kdzoo.results import ManifestRow, Record
from kdzoo.runtime.decision import Decision
from kdzoo.statistics import (
    Calibration,
    ClassLoss,
    Detection,
    EntityErrors,
    Gap,
    Inheritance,
    Interval,
    ModelVerdict,
    Outcomes,
    OutcomesReader,
    RecipeVerdict,
    Rejection,
    Slice,
    Values,
    by_bounds,
    by_quartile,
    calibration,
    class_losses,
    detection,
    gap_closed,
    inheritance,
    is_covered,
    label_losses,
    leading_over_texts,
    over_seeds,
    rejection,
    type_losses,
)

RARITIES = (0, 9, 99)  # occurrences: never seen, rare, known, common


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
        change: of a variant, beside the recipe that it changes.
        gap: how much of the gap between control and teacher is closed.
        effect_in_scope: as ``effect``, of the texts in scope alone.
        gap_in_scope: as ``gap``, likewise.
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
    standing: ModelVerdict | None = None
    effect: RecipeVerdict | None = None
    change: RecipeVerdict | None = None
    gap: Gap | None = None
    effect_in_scope: RecipeVerdict | None = None
    gap_in_scope: Gap | None = None
    scope: Detection | None = None
    rejection: Rejection | None = None
    by_length: tuple[Slice, ...] = ()
    by_rarity: tuple[Slice, ...] = ()
    losses: tuple[ClassLoss, ...] = ()
    inherited: Inheritance | None = None
    entity_errors: EntityErrors | None = None


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
    read = [read_row(row, split, reader) for row in rows]
    verdicts = compare_rows(read, called_teacher(store.manifest().rows))
    # teacher and baseline may be another study's, where other texts were there to learn from
    counted = next((each.own.rarest_word for each in read if each.row.role == "student"), None)
    return {
        reading.row.name: _finding(
            reading,
            [store.read(member.key) for member in reading.row.members],
            split,
            verdicts[reading.row.name],
            store.decision(reading.row.members[0].key),
            reading.own.rarest_word
            if counted is None or reading.row.role == "student"
            else counted,
        )
        for reading in read
    }


def called_teacher(rows: Sequence[ManifestRow]) -> str:
    """Returns what sentences call a row's teacher."""
    return "its teacher" if sum(row.role == "teacher" for row in rows) > 1 else "the teacher"


def _finding(
    read: RowOutcomes,
    records: Sequence[Record],
    split: str,
    verdicts: Verdicts,
    decision: Decision | None,
    rarest_word: Values,
) -> Finding:
    own, teacher, oos = read.own, read.teacher, read.oos
    hits, gap = own.hits, _gap(read, verdicts.effect, ALL_TEXTS)
    has_words = not np.isnan(own.words).any()
    return Finding(
        metrics=spreads(
            beside_teacher([record.quality[split] for record in records], own, teacher)
        ),
        over_seeds=over_seeds(own.scores.mean(1).tolist()),
        over_texts=leading_over_texts(own),
        calibration=calibration(own),
        decision=decision,
        standing=verdicts.standing,
        effect=verdicts.effect,
        change=verdicts.change,
        gap=gap,
        effect_in_scope=verdicts.effect_in_scope,
        gap_in_scope=gap if oos is None else _gap(read, verdicts.effect_in_scope, read.in_scope),
        scope=_scope(own, oos),
        rejection=None
        if decision is None or decision.oos_threshold is None
        else _rejection(own, oos, decision.oos_threshold),
        by_length=by_quartile(hits, own.words) if has_words else (),
        by_rarity=by_bounds(hits, rarest_word, RARITIES) if has_words else (),
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


def _gap(read: RowOutcomes, effect: RecipeVerdict | None, texts: Texts) -> Gap | None:
    """Returns what is closed of the gap between control and teacher.

    None where there is no gap: the teacher is not known, or not to be told apart from the control.

    Args:
        read: a row.
        effect: what distilling does on the texts; None where that is not known.
        texts: of which it is.
    """
    if read.teacher is None or read.control is None or effect is None:
        return None
    own, control, teacher = (
        side.scores[:, texts] for side in (read.own, read.control, read.teacher)
    )
    return gap_closed(own, control, teacher, effect.comparison)


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
