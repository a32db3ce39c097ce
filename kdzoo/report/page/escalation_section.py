"""The section of the page on cascades: a student, and its teacher for what it is not sure of."""

from __future__ import annotations

from collections.abc import Sequence

from kdzoo.amounts import hundredths, percent, percent_as_given, points_as_given
from kdzoo.plain import one_line
from kdzoo.report.columns.numbers import NOTHING, points
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
        [f"{broken[0].upper()}{broken[1:]}." for broken in _broken(escalations)],
        tables=[drawn(lines, 1, caption=_caption(table))],
    )


def _cells(found: Escalation, table: Table) -> dict[str, str]:
    promise = points_as_given(found.max_loss)
    read = found.read
    escalated = _TOO_FEW if read is None else points(read.escalated)
    lost = NOTHING
    if read is not None:
        more = f" > {found.max_loss * 100:g}" if found.broken else ""
        lost = f"{hundredths(read.lost, 2)}{more}"
    return {
        f"to the teacher, {promise}": escalated,
        f"{table.leading_title}, {promise}": points(read.accuracy if read else None),
        f"lost, {promise}": lost,
        f"at random, {promise}": points(read.at_random if read else None),
    }


def _broken(escalations: Sequence[Escalation]) -> list[str]:
    """Returns why more is lost than was promised, where it is, each reason once."""
    return list(dict.fromkeys(one_line(each.broken) for each in escalations if each.broken))


def _answer(escalations: Sequence[Escalation], table: Table) -> str:
    """Names the student that leaves the teacher the fewest texts, at the middle promise."""
    promise = PROMISES[len(PROMISES) // 2]
    known = [
        (found.read, found)
        for found in escalations
        if found.read is not None and found.max_loss == promise
    ]
    if not known:
        return (
            "Nothing can be promised: validation has too few texts to say how many answers would "
            "be lost."
        )
    read, found = min(known, key=lambda known: known[0].escalated)
    return one_line(
        f"Where {found.name} answers what it is sure of and the teacher the rest, "
        f"{percent(read.escalated)} of the {table.split} texts go to the teacher, and the "
        f"{table.leading_title} is {percent(read.accuracy)}; {percent(read.lost, 2)} are lost, "
        f"and at most {percent_as_given(promise)} was promised."
    )


def _caption(table: Table) -> str:
    return (
        f"In per cent of the {table.split} texts. Each promise, with {percent(1 - RISK, 0)} "
        "confidence, whichever line one chooses: of texts like those of validation, at most so "
        "many are lost, which the student answers wrongly and the teacher would not; what is lost "
        "here stands beside it, with > where that is more. The threshold is fitted on validation "
        "(learn-then-test; Angelopoulos et al., 2021), for the first seed in the exported form "
        "that asks least. At random: where as many texts go to the teacher, "
        "whichever they are. kdzoo pick RUN --escalate-to teacher --max-loss 0.01 chooses one, "
        "kdzoo export writes it, kdzoo bench times it."
    )
