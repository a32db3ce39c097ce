"""The columns of what models give: of one label a text, any number of them, or one a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kdzoo.report.columns.column import BOTH, FILES, TABLES, Column, ShownIn
from kdzoo.report.columns.kinds import ESTIMATE
from kdzoo.report.columns.numbers import estimate, points
from kdzoo.report.columns.readers import PRINTED, figure, of_finding
from kdzoo.report.figures.rows import Table
from kdzoo.statistics import EntityErrors


def _as_decided(name: str, title: str, places: ShownIn, **more: Any) -> Column:
    """Returns a figure of what the user of the out-of-scope threshold gets."""

    def is_known(table: Table) -> bool:
        return any(name in row.metrics for row in table.rows)

    return figure(name, title, places | FILES | ShownIn.CARD, in_tables=is_known, **more)


ACCURACY = figure(
    "accuracy", "accuracy", PRINTED | FILES | ShownIn.CARD, part=BOTH, better=1, is_bold=True
)
FIGURES = (
    ACCURACY,
    figure("in_scope_accuracy", "in scope", PRINTED | FILES | ShownIn.CARD, better=1, spared=2,
           in_tables=lambda table: table.has_oos),
    figure("oos_recall", "out-of-scope recall", TABLES | ShownIn.LATEX | FILES | ShownIn.CARD,
           in_tables=lambda table: table.has_oos),
    _as_decided("as_decided_accuracy", "as decided", PRINTED | ShownIn.PICK, spared=5,
                meaning="As decided: accuracy of the labels that a text gets with the "
                "out-of-scope threshold, which was fitted on validation.",
                brief="As decided: accuracy with the out-of-scope threshold."),
    _as_decided("false_rejections", "rejected in scope", TABLES | ShownIn.LATEX),
    _as_decided("as_decided_oos_recall", "out-of-scope recall as decided",
                TABLES | ShownIn.LATEX),
    _as_decided("oos_auroc", "out-of-scope AUROC", TABLES | ShownIn.LATEX),
    _as_decided("oos_auprc", "out-of-scope AUPRC", ShownIn.PAGE),
    figure("f1", "F1", TABLES | ShownIn.LATEX | FILES,
           in_tables=lambda table: any("f1" in row.metrics for row in table.rows)),
    figure("macro_f1", "macro-F1", TABLES | ShownIn.LATEX | FILES | ShownIn.CARD),
    figure("agreement", "agreement", TABLES | ShownIn.LATEX | FILES),
    figure("kappa", "kappa", ShownIn.PAGE | FILES, kind=ESTIMATE, show=estimate,
           in_tables=lambda table: any("kappa" in row.metrics for row in table.rows),
           meaning="Kappa: Cohen's, agreement with the teacher beyond chance, with its 95 % "
           "bootstrap interval over texts."),
    figure("divergence", "divergence", FILES),
)  # fmt: skip


def _estimated(metric: str, title: str, places: ShownIn, **more: Any) -> Column:
    """Returns a figure that is no mean over texts, with its interval."""
    return figure(metric, title, places, kind=ESTIMATE, **more)


_WITH_TEACHER = tuple(
    figure for figure in FIGURES if figure.name in ("agreement", "kappa", "divergence")
)
SET_FIGURES = (  # where a text may have several labels
    _estimated("macro_f1", "macro-F1", PRINTED | FILES | ShownIn.CARD, part=BOTH, better=1,
               is_bold=True,
               meaning="Macro-F1: mean of the F1s of all labels that a text has, at thresholds "
               "that were fitted on validation; table.csv has its 95 % bootstrap interval over "
               "texts."),
    _estimated("micro_f1", "micro-F1", TABLES | ShownIn.LATEX | FILES | ShownIn.CARD),
    figure("average_precision", "mAP", TABLES | ShownIn.LATEX | FILES | ShownIn.CARD,
           meaning="mAP: mean over the labels of their average precision, at any thresholds."),
    figure("accuracy", "subset accuracy", TABLES | ShownIn.LATEX | FILES | ShownIn.CARD,
           meaning="Subset accuracy: share of texts that get exactly their labels; agreement: "
           "exactly the teacher's."),
    figure("hamming_loss", "Hamming loss", TABLES | FILES,
           meaning="Hamming loss: share of labels, of all texts, that are given wrongly or lack."),
    *_WITH_TEACHER,
)  # fmt: skip
ENTITY_FIGURES = (  # where each word has a tag
    _estimated("entity_f1", "entity F1", PRINTED | FILES | ShownIn.CARD, part=BOTH, better=1,
               is_bold=True,
               meaning="Entity F1: of entities with both ends and the type right (the strict "
               "definition of CoNLL); table.csv has its 95 % bootstrap interval over sentences."),
    figure("entity_precision", "precision", TABLES | ShownIn.LATEX | FILES | ShownIn.CARD),
    figure("entity_recall", "recall", TABLES | ShownIn.LATEX | FILES | ShownIn.CARD),
    _estimated("macro_f1", "macro-F1", TABLES | ShownIn.LATEX | FILES | ShownIn.CARD,
               meaning="Macro-F1: mean over the types of entities of their F1."),
    figure("token_accuracy", "token accuracy", TABLES | ShownIn.LATEX | FILES | ShownIn.CARD,
           meaning="Token accuracy: share of words with the right tag, most of which are O."),
    figure("accuracy", "sentence accuracy", TABLES | FILES,
           meaning="Sentence accuracy: share of sentences of which all tags are right; agreement: "
           "all are the teacher's."),
    *_WITH_TEACHER,
)  # fmt: skip


def _errors(name: str, title: str, read: Callable[[EntityErrors], float]) -> Column:
    """Returns what share of the gold entities is so; the page has a section of these."""
    return Column(
        name,
        of_finding(lambda found: found.entity_errors and read(found.entity_errors)),
        ShownIn.CSV,
        title=title,
        show=points,
        in_files=lambda table: bool(table.judged),
    )


ENTITY_ERRORS = (
    _errors("right_entities", "right", lambda errors: errors.right),
    _errors("boundary_errors", "other ends", lambda errors: errors.boundary),
    _errors("type_errors", "another type", lambda errors: errors.type),
    _errors("boundary_and_type_errors", "both", lambda errors: errors.boundary_and_type),
    _errors("missed_entities", "missed", lambda errors: errors.missed),
    _errors("invented_entities", "invented", lambda errors: errors.invented),
)
