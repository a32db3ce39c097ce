"""The section of the page on cascades: a student, and its teacher for what it is not sure of."""

from __future__ import annotations

from collections.abc import Sequence

from kdzoo.amounts import percent, points_as_given
from kdzoo.plain import one_line
from kdzoo.report.columns.numbers import points
from kdzoo.report.figures.escalations import PROMISES, Escalation
from kdzoo.report.figures.rows import Table
from kdzoo.report.page.sections import PageSection, drawn
from kdzoo.statistics.cascade import RISK

_TOO_FEW = "too few texts"


def escalation_section(escalations: Sequence[Escalation], table: Table) -> PageSection | None:
    """Returns how many texts a teacher still has to answer; None where there is no pair of both."""
    if not escalations:
        return None
    by_name: dict[str, list[Escalation]] = {}
    for escalation in escalations:
        by_name.setdefault(escalation.name, []).append(escalation)
    lines = [
        {
            "model": name,
            **{title: cell for found in several for title, cell in _cells(found, table).items()},
        }
        for name, several in by_name.items()
    ]
    return PageSection(
        "With the teacher for what a student is not sure of",
        _answer(escalations, table),
        tables=[drawn(lines, 1, caption=_caption(table))],
    )


def _cells(found: Escalation, table: Table) -> dict[str, str]:
    promise = points_as_given(found.max_loss)
    read = found.read
    escalated = _TOO_FEW if read is None else points(read.escalated)
    return {
        f"to the teacher, {promise}": escalated,
        f"{table.leading_title}, {promise}": points(read.accuracy if read else None),
        f"at random, {promise}": points(read.at_random if read else None),
    }


def _answer(escalations: Sequence[Escalation], table: Table) -> str:
    """Names the student that leaves the teacher the fewest texts, at the middle promise."""
    promise = PROMISES[len(PROMISES) // 2]
    known = [
        (found.read.escalated, found.read.accuracy, found)
        for found in escalations
        if found.read is not None and found.max_loss == promise
    ]
    if not known:
        return (
            "Nothing can be promised: validation has too few texts to say how many answers would "
            "be lost."
        )
    escalated, accuracy, found = min(known, key=lambda known: known[0])
    return one_line(
        f"Where {found.name} answers what it is sure of and the teacher the rest, "
        f"{percent(escalated)} of the {table.split} texts go to the teacher, and the "
        f"{table.leading_title} is {percent(accuracy)}; at most {points_as_given(promise)} lost "
        "was promised."
    )


def _caption(table: Table) -> str:
    return (
        f"In per cent of the {table.split} texts. Each promise: the share of texts that are lost, "
        "which the student answers wrongly and the teacher would not, is at most so many points "
        f"with {percent(1 - RISK, 0)} confidence, whichever line one chooses; the threshold is "
        "fitted on validation (learn-then-test; Angelopoulos et al., 2021), for the first seed in "
        "the exported form that asks least. At random: where as many texts go to the teacher, "
        "whichever they are. kdzoo pick RUN --escalate-to teacher --max-loss 0.01 chooses one, "
        "kdzoo export writes it, kdzoo bench times it."
    )
