"""All rows of a study, timed in one session for each way of measuring, and for each test split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from kdzoo.steps.cascades import TimedCascade, timeable_cascades
from kdzoo.steps.context import StudyContext
from kdzoo.steps.measuring import trained_folder
from kdzoo.steps.timing import TimedRow, cascade_row, time_rows, timed_rows
from kdzoo.steps.trained import Trained


def time_study(trained: Sequence[Trained], context: StudyContext, *, again: bool = False) -> None:
    """Times the first seed of every row on this machine; what it has timed before is not again.

    Args:
        trained: what the study has trained.
        context: the store, and who is told.
        again: whether to time rows that this machine has timed already.
    """
    cascades = timeable_cascades(context.store)
    sessions: dict[tuple[str, str], list[Trained]] = defaultdict(list)
    for item in trained:
        section = item.run.recipe.measure.model_dump_json(exclude={"escalate"})
        sessions[section, item.run.corpus.test_fingerprint].append(item)
    timed = [(items[0].run, _rows(items, cascades, context)) for items in sessions.values()]
    for run, rows in timed:
        time_rows(rows, run.corpus, run.recipe.measure, context, again=again)


def _rows(
    items: Sequence[Trained], cascades: Mapping[str, Sequence[TimedCascade]], context: StudyContext
) -> list[TimedRow]:
    """Returns the rows of a session, each once."""
    rows: dict[TimedRow, None] = {}
    seen: set[str] = set()
    for item in items:
        run = item.run
        for line, key in _models(item).items():
            if line not in seen:
                seen.add(line)
                folder = trained_folder(key, run.teacher, context)
                rows |= dict.fromkeys(timed_rows(key, folder, run.recipe.measure, context))
        beside = cascades.get(run.variant.name, ())
        rows |= {cascade_row(own): None for own in beside if own.key == item.member.key}
    return list(rows)


def _models(item: Trained) -> dict[str, str]:
    """Returns the keys of a seed's models, by the row of which the first is timed."""
    run = item.run
    found = {f"student {run.variant.name}": item.member.key}
    if item.baseline_key is not None:
        found[f"baseline {run.setting}"] = item.baseline_key
    if run.teacher.has_folder:
        found[f"teacher {run.setting}"] = run.teacher.key
    return found
