"""Whether latency holds: the rows of a finished study measured once more.

Both sessions are whole ones, by the recipe's own rules: new processes, new order, other draws of
texts. What a table says of a row is its ratio to the teacher; printed is how far the new session's
ratios are from those of the study's own, and how quiet the machine was in both.
Bar: no ratio to the fastest teacher row differs by more than 5 %.

Run:  python benchmarks/repeat.py           about 10 min on 2 CPU cores once `kdzoo run clinc150`
                                            has filled runs/clinc150
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from rich.console import Console
from rows import STUDY, Study, study_rows
from setting import Data, Overrides, Publish, show

from kdzoo.console import ConsoleProgress
from kdzoo.data import Corpus, load_corpus
from kdzoo.errors import MeasureError
from kdzoo.measure import (
    Candidate,
    Speed,
    measure_candidates,
    noise,
    ratio,
    shared_rounds,
    summarise,
)
from kdzoo.progress import Progress
from kdzoo.recipe import load_study
from kdzoo.recipe.measure import Measure
from kdzoo.results import Session, Store
from kdzoo.steps import TimedRow
from kdzoo.steps.timing import settings_of

RECIPE = "clinc150/cnn"
SEED = 1  # of the new session; a study's is 0
Speeds = Mapping[TimedRow, Speed]  # of the rows that could be timed


def main(
    study: Study = STUDY, data: Data = None, overrides: Overrides = None, publish: Publish = False
) -> None:
    """Measures once more; prints both sessions' latencies, ratios and noise."""
    recipe = load_study(RECIPE, overrides=overrides or (), data=data).variants[0].recipe
    progress = ConsoleProgress(Console(stderr=True))
    rows = study_rows(study, recipe.measure, progress)
    first = _last_session(study)
    second = _measure(rows, load_corpus(recipe.data), recipe.measure, progress)
    known = {(each.key, each.runtime): each for each in first.timings if each.failure is None}
    timed = [row for row in rows if (row.key, row.runtime) in known and row in second.speeds]
    sessions: list[Speeds] = [
        {row: known[row.key, row.runtime] for row in timed},
        {row: second.speeds[row] for row in timed},
    ]
    teachers = [row for row in timed if row.is_teacher]
    if not teachers:
        raise MeasureError(f"{study} holds no teacher that can be timed; nothing to compare with")
    lines = [_line(rows[row], row, teachers, sessions) for row in timed]
    conditions = [
        {
            "noise of the teacher, %": round(100 * noise(speeds[teachers[0]].same_work_ms), 1),
            **during,
        }
        for speeds, during in zip(sessions, (first.conditions, second.conditions), strict=True)
    ]
    show("repeat", {"Both sessions": lines, "How quiet it was": conditions}, publish=publish)


def _last_session(study: Path) -> Session:
    sessions = Store(study).sessions()
    if not sessions:
        raise MeasureError(f"{study} has not been measured; finish it with kdzoo run")
    return max(sessions, key=lambda each: each.created)


@dataclass(frozen=True)
class _Again:
    """A new session: what each row cost, and how quiet the machine was."""

    speeds: Speeds
    conditions: Mapping[str, float | str]


def _measure(
    rows: Mapping[TimedRow, str], corpus: Corpus, section: Measure, progress: Progress
) -> _Again:
    candidates = {row: Candidate(name, row.folder, row.runtime) for row, name in rows.items()}
    measured = measure_candidates(
        list(candidates.values()),
        [example.input for example in corpus.test],
        references=[each for row, each in candidates.items() if row.is_teacher],
        settings=replace(settings_of(section), cold_starts=1),
        seed=SEED,
        progress=progress,
    )
    speeds = {row: measured.speeds[candidate] for row, candidate in candidates.items()}
    good = {row: speed for row, speed in speeds.items() if speed.failure is None}
    return _Again(good, measured.conditions)


def _line(
    name: str, row: TimedRow, teachers: Sequence[TimedRow], sessions: Sequence[Speeds]
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
    title: str, row: TimedRow, teacher: TimedRow | None, sessions: Sequence[Speeds]
) -> dict[str, object]:
    """Returns how many times faster than a teacher's row in each session, and the difference."""
    titles = [f"× {title}, {each}" for each in ("first", "second", "differ by, %")]
    if teacher is None or teacher == row:
        return dict.fromkeys(titles, "")
    first, second = (ratio(*shared_rounds(s[row], s[teacher])).times for s in sessions)
    apart = 100 * abs(second - first) / first
    return dict(zip(titles, (round(first, 2), round(second, 2), round(apart, 1)), strict=True))


if __name__ == "__main__":
    typer.run(main)
