"""The teacher's labels of a transfer set, and its vectors: in the cache already, or made now."""

from __future__ import annotations

from kdzoo.steps.context import StudyContext
from kdzoo.steps.hidden import obtain_vectors
from kdzoo.steps.seed_run import SeedRun
from kdzoo.steps.study_data import NotMadeError
from kdzoo.teacher import WHOLE, Part


def obtain_labels(run: SeedRun, context: StudyContext, part: Part = WHOLE) -> None:
    """Has the teacher label what the run's student learns from, where the cache lacks a text.

    Where its encoding is held against the teacher's, the texts' sentence vectors are read too.

    Args:
        run: the student's.
        context: the devices, and who is told.
        part: of the texts.

    Raises:
        NotMadeError: texts lack labels, and the context only looks.
    """
    looks = context.only_looks
    texts = context.data.transfer_set(run.recipe, run.corpus, run.seed, only_looks=looks).examples
    if run.recipe.objective.hidden:
        obtain_vectors(run, texts, context, part)
    labeller = run.teacher.labeller
    if looks:
        if lacking := labeller.lacking(texts, part):
            raise NotMadeError(f"{lacking:,} texts are not labelled")
        return
    with context.accelerator.main_process_first():
        labeller.label_part(texts, part, context.progress, context.accelerator.device)
