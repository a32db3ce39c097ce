"""The sections of the page on what is fitted on validation: temperature, out-of-scope threshold."""

from __future__ import annotations

from kdzoo.plain import one_line
from kdzoo.report.columns.numbers import NOTHING, points, three_digits
from kdzoo.report.figures.findings import Finding
from kdzoo.report.figures.rows import Table
from kdzoo.report.page import answers
from kdzoo.report.page.sections import PageSection, drawn
from kdzoo.task import SINGLE_LABEL, TASKS


def calibration_section(table: Table) -> PageSection | None:
    """Returns how far probabilities can be believed; None where nothing was read."""
    lines = [
        {
            "model": row.name,
            "ECE": points(finding.calibration.error),
            "NLL, nats": three_digits(finding.calibration.log_loss),
            "Brier": three_digits(finding.calibration.brier),
            "temperature": three_digits(finding.decision.temperature if finding.decision else None),
            "ECE at it": points(finding.calibration.scaled_error),
            "NLL at it, nats": three_digits(finding.calibration.scaled_log_loss),
        }
        for row, finding in table.judged
    ]
    if not lines:
        return None
    caption = (
        "ECE: expected calibration error, 15 bins, in per cent. Brier: sum over the classes of the "
        "squared difference between probability and truth, 0 to 2. Temperature: fitted on "
        "validation for the first seed; it changes no label, and lies beside each model."
    )
    if TASKS[table.task].by_word:
        caption += (
            " Brier is a mean over words. ECE and NLL are of whole sentences: the probability of "
            "their tags is the product over the words."
        )
    elif table.task != SINGLE_LABEL.name:
        caption = caption.replace("0 to 2", f"0 to {table.labels}") + (
            " ECE and NLL are of whole sets of labels: the probability of a set is the product "
            "over all labels, there or not."
        )
    answer = one_line(answers.of_calibration(table))
    tables = [drawn(lines, 1, caption=caption)]
    return PageSection("Can the probabilities be believed?", answer, tables=tables)


def scope_section(table: Table) -> PageSection | None:
    """Returns how out-of-scope texts are found; None where the data has none."""
    is_chosen = any(
        finding.decision and finding.decision.schema_version > 1 for _, finding in table.judged
    )
    lines = [
        {
            "model": row.name,
            "recall": points(finding.scope.recall),
            "precision": points(finding.scope.precision),
            "F1": points(finding.scope.f1),
            "AUROC": points(finding.scope.auroc),
            "FPR at 95 % recall": points(finding.scope.false_positive_rate),
            **({"score": _score_of(finding)} if is_chosen else {}),
            "threshold": three_digits(finding.rejection.threshold if finding.rejection else None),
            "recall at it": points(finding.rejection.recall if finding.rejection else None),
            "false alarms at it": points(
                finding.rejection.false_alarms if finding.rejection else None
            ),
        }
        for row, finding in table.judged
        if finding.scope is not None
    ]
    if not lines:
        return None
    answer = one_line(answers.of_scope(table))
    return PageSection(
        "Out of scope", answer, tables=[drawn(lines, 1, caption=_scope_caption(table))]
    )


def _score_of(finding: Finding) -> str:
    decision = finding.decision
    return NOTHING if decision is None else decision.oos_score.replace("_", " ")


def _scope_caption(table: Table) -> str:
    decisions = [finding.decision for _, finding in table.judged if finding.decision is not None]
    budget = next((decision.max_false_rejections for decision in decisions), None)
    is_chosen = any(decision.schema_version > 1 for decision in decisions)
    best = (
        "that is best on validation (mean of the recalls in and out of scope)"
        if budget is None
        else f"that finds most on validation with at most {points(budget)} % false alarms"
    )
    which = "the named" if is_chosen else "that"
    return (
        "Recall, precision and F1 of the out-of-scope label as predicted; AUROC and FPR of its "
        f"probability as a score; threshold of {which} score, for the first seed, {best}, "
        "as it lies beside the model; false alarms: texts in scope that it "
        f"calls out of scope.{_MEANINGS if is_chosen else ''}"
    )


_MEANINGS = (
    " Scores: oos probability, of that label; odds, its logit - the highest of the others; max in "
    "scope, 1 - the highest probability of the others; margin, 1 - the highest + the second "
    "highest; energy, -log of the sum of their exp (logits)."
)
