"""The teacher's labels of a transfer set: in the cache already, or made now."""

from __future__ import annotations

from kdzoo.steps.context import NotMadeError, StudyContext
from kdzoo.steps.seed_run import SeedRun


def obtain_labels(run: SeedRun, context: StudyContext) -> None:
    """Has the teacher label what the run's student learns from, where the cache lacks a text.

    Raises:
        NotMadeError: it does, and nothing is to be made.
    """
    texts = context.data.transfer_set(run.recipe, run.corpus, run.seed).examples
    labeller = run.teacher.labeller
    if context.only_looks:
        if lacking := labeller.lacking(texts):
            raise NotMadeError(f"{lacking:,} texts are not labelled")
        return
    with context.accelerator.main_process_first():
        labeller.label(texts, context.progress, context.accelerator.device)
