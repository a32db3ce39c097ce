"""Whether latency holds: a finished study measured twice, one session after the other.

Both sessions are whole ones, by the recipe's own rules: new processes, new order, other draws of
texts. What a table says of a row is its ratio to the teacher; printed is how far the second
session's ratios are from the first's.
Bar: no ratio to the fastest teacher row differs by more than 5 %.

Run:  python benchmarks/repeat.py           about 25 min on 2 CPU cores once `kdzoo run clinc150`
                                            has filled runs/clinc150
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import typer
from rich.console import Console
from rows import STUDY, Study, study_rows
from setting import Data, Overrides, Publish, show

from kdzoo.console import ConsoleProgress
from kdzoo.data import load_corpus
from kdzoo.errors import MeasureError
from kdzoo.measure import (
    Candidate,
    Measured,
    Speed,
    measure_candidates,
    noise,
    ratio,
    shared_rounds,
    summarise,
)
from kdzoo.recipe import load_study
from kdzoo.steps import TimedRow
from kdzoo.steps.timing import settings_of

RECIPE = "clinc150/cnn"
SEEDS = (0, 1)  # of the sessions
Session = Mapping[TimedRow, Speed]  # of the rows that could be timed


def main(
    study: Study = STUDY, data: Data = None, overrides: Overrides = None, publish: Publish = False
) -> None:
    """Measures twice; prints both sessions' latencies, ratios and noise."""
    recipe = load_study(RECIPE, overrides=overrides or (), data=data).variants[0].recipe
    progress = ConsoleProgress(Console(stderr=True))
    texts = [example.input for example in load_corpus(recipe.data).test]
    rows = study_rows(study, recipe.measure, progress)
    candidates = {row: Candidate(row.name, row.folder, row.runtime) for row in rows}
    measured = [
        measure_candidates(
            list(candidates.values()),
            texts,
            references=[each for row, each in candidates.items() if row.is_teacher],
            settings=settings_of(recipe.measure),
            seed=seed,
            progress=progress,
        )
        for seed in SEEDS
    ]
    timed = [
        row
        for row, candidate in candidates.items()
        if all(each.speeds[candidate].failure is None for each in measured)
    ]
    sessions = [{row: each.speeds[candidates[row]] for row in timed} for each in measured]
    teachers = [row for row in timed if row.is_teacher]
    if not teachers:
        raise MeasureError(f"{study} holds no teacher that can be timed; nothing to compare with")
    lines = [_line(name, row, teachers, sessions) for row, name in rows.items() if row in timed]
    told = [_told(*each, teachers[0]) for each in zip(measured, sessions, strict=True)]
    show("repeat", {"Both sessions": lines, "How quiet it was": told}, publish=publish)


def _line(
    name: str, row: TimedRow, teachers: Sequence[TimedRow], sessions: Sequence[Session]
) -> dict[str, object]:
    # the first session's choice for both: rows of nearly the same speed must not change places
    fastest = min(teachers, key=lambda each: _p50_ms(sessions[0][each]))
    alike = next((each for each in teachers if each.runtime == row.runtime), None)
    first, second = (_p50_ms(session[row]) for session in sessions)
    return {
        "model": name,
        "runtime": row.runtime,
        "p50 first, ms": round(first, 3),
        "p50 second, ms": round(second, 3),
        **_beside("fastest teacher", row, fastest, sessions),
        **_beside("teacher alike", row, alike, sessions),
    }


def _p50_ms(speed: Speed) -> float:
    return summarise(speed.rounds_ms).p50_ms


def _beside(
    title: str, row: TimedRow, teacher: TimedRow | None, sessions: Sequence[Session]
) -> dict[str, object]:
    """Returns how many times faster than a teacher's row in each session, and the difference."""
    titles = (f"× {title}, first", "second", "differ by, %")
    titles = (titles[0], f"× {title}, second", f"× {title}, {titles[2]}")
    if teacher is None or teacher == row:
        return dict.fromkeys(titles, "")
    first, second = (ratio(*shared_rounds(s[row], s[teacher])).times for s in sessions)
    apart = 100 * abs(second - first) / first
    return dict(zip(titles, (round(first, 2), round(second, 2), round(apart, 1)), strict=True))


def _told(measured: Measured, session: Session, reference: TimedRow) -> dict[str, object]:
    return {
        "noise of the teacher, %": round(100 * noise(session[reference].rounds_ms), 1),
        **measured.conditions,
    }


if __name__ == "__main__":
    typer.run(main)
