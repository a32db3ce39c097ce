"""All rows of a study, timed in one session for each way of measuring, and for each test split."""

from __future__ import annotations

from collections.abc import Sequence

from kdzoo.data import Corpus
from kdzoo.recipe.measure import Measure
from kdzoo.steps.cascades import timed_cascades
from kdzoo.steps.context import StudyContext
from kdzoo.steps.measuring import trained_folder
from kdzoo.steps.timing import TimedRow, time_rows, timed_cascade, timed_rows
from kdzoo.steps.trained import Trained


def time_study(trained: Sequence[Trained], context: StudyContext, *, again: bool = False) -> None:
    """Times the first seed of every row on this machine; what it has timed before is not again.

    Args:
        trained: what the study has trained.
        context: the store, and who is told.
        again: whether it is all the same.
    """
    sessions: dict[tuple[str, str], tuple[Measure, Corpus, dict[TimedRow, None]]] = {}
    seen: set[tuple[str, str, str]] = set()
    cascades = timed_cascades(context.store)
    for seed_run in trained:
        run, teacher = seed_run.run, seed_run.run.teacher
        section = run.recipe.measure
        way = section.model_dump_json(exclude={"escalate"}), run.corpus.test_fingerprint
        *_, rows = sessions.setdefault(way, (section, run.corpus, {}))
        timed = {
            "student " + run.variant.name: seed_run.member.key,
            f"baseline {run.setting}": seed_run.baseline_key,
        }
        if teacher.has_folder:
            timed[f"teacher {run.setting}"] = teacher.key
        for row, key in timed.items():
            if key is not None and (*way, row) not in seen:
                seen.add((*way, row))
                folder = trained_folder(key, teacher, context)
                rows |= dict.fromkeys(timed_rows(key, folder, section, context))
        beside = cascades.get(run.variant.name, ())
        rows |= {timed_cascade(own): None for own in beside if own.key == seed_run.member.key}
    for section, corpus, rows in sessions.values():
        time_rows(list(rows), corpus, section, context, again=again)
