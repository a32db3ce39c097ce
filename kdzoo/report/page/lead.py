"""The first lines of the page: what was compared, on what, when, the answer, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from kdzoo.plain import one_line
from kdzoo.report.figures.rows import Table
from kdzoo.report.formats.advice import advice, listed
from kdzoo.report.formats.data import data_words
from kdzoo.report.formats.summary import answers, of_machines

_MOST = 8  # names that are read; more are counted
_APPROACHES = {
    "compression": "of the teacher's architecture made smaller",
    "change": "of another architecture",
}


def lead(table: Table, dates: str) -> list[tuple[str, list[str]]]:
    """Returns what each of the first lines is about, and what it says; empty ones are left out.

    Args:
        table: all rows.
        dates: when models were trained and measured.
    """
    advised = advice(table)
    lines = [
        ("Compared", [_compared(table)]),
        ("Data", [f"{data_words(table)}."]),
        ("When", [dates]),
        ("Answer", [*answers(table), of_machines(table)]),
        ("What to do", [f"{advised[:1].upper()}{advised[1:]}"]),
    ]
    told = [(title, [one_line(said) for said in sentences if said]) for title, sentences in lines]
    return [(title, sentences) for title, sentences in told if sentences]


def _compared(table: Table) -> str:
    """Returns which students stand beside what, and in which runtimes."""
    students = {row.name: row.road for row in table.rows if row.role == "student"}
    parts = [
        f"{len(names)} student{'s' * (len(names) > 1)} {words}{_named(names)}"
        for road, words in _APPROACHES.items()
        if (names := [name for name, own in students.items() if own == road])
    ]
    beside = [
        words
        for role, words in (
            ("teacher", "the teacher"),
            ("baseline", "a classical baseline"),
        )
        if any(row.role == role for row in table.rows)
    ]
    if any(row.control for row in table.rows):
        beside.append("the same students on hard labels")
    runtimes = list(dict.fromkeys(row.runtime for row in table.rows))
    others = f"; beside them {listed(beside)}" if beside else ""
    return f"{listed(parts)}{others}. Runtimes: {listed(runtimes)}." if parts else ""


def _named(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if len(names) <= _MOST else ""
