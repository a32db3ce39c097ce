"""A trial: a recipe trained once for each seed, and looked at on validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kdzoo.model_files import CHECKPOINT
from kdzoo.plan.perform import computing_with
from kdzoo.recipe import Variant
from kdzoo.registry import students
from kdzoo.results import Store
from kdzoo.steps import (
    SeedRun,
    StudentJob,
    StudyContext,
    obtain_student,
    obtain_teacher,
    plan_jobs,
    write_quality,
)
from kdzoo.tracking import Note
from kdzoo.tuning.goals import Goal

Report = Callable[[int, float], None]  # (step, validation figure); raises where a trial is pruned


class PrunedError(Exception):
    """A trial that does worse than others did at the same step."""


def train_trial(
    variant: Variant,
    seeds: Sequence[int],
    goals: Sequence[Goal],
    context: StudyContext,
    report: Report | None,
) -> tuple[list[float], list[str]]:
    """Returns the goals' figures, means over the seeds, and the keys of the models.

    Each model is an ordinary one of the store: found there, or trained now. Test is not read.

    Args:
        variant: the recipe with the trial's values.
        seeds: of the trial.
        goals: what is read.
        context: the store, and who is told.
        report: told how the first seed does, to prune; None where nothing is pruned.

    Raises:
        PrunedError: the search ended the trial.
        KdzooError: a model of the trial cannot be trained.
    """
    found, keys = [], []
    for number, seed in enumerate(seeds):
        key, run = _train(variant, seed, context, report if number == 0 else None)
        write_quality(key, run, ("validation",), context)
        found.append([goal.of(context.store, key, run.corpus.validation) for goal in goals])
        keys.append(key)
    return [sum(figures) / len(seeds) for figures in zip(*found, strict=True)], keys


def keys_of(variant: Variant, seeds: Sequence[int], context: StudyContext) -> list[str]:
    """Returns the keys of the models that a recipe asks for now: of data, teacher and all files."""
    runs = (run_of(variant, seed, context) for seed in seeds)
    return [plan_jobs(run, context.data)[0].key for run in runs]


def run_of(variant: Variant, seed: int, context: StudyContext) -> SeedRun:
    """Returns a seed of a recipe with its data and its teacher.

    Raises:
        KdzooError: the teacher cannot be had.
    """
    recipe = variant.recipe
    corpus = context.data.corpus(recipe.data, seed)
    return SeedRun(variant, seed, corpus, obtain_teacher(recipe, corpus, seed, context))


def _train(
    variant: Variant, seed: int, context: StudyContext, report: Report | None
) -> tuple[str, SeedRun]:
    run = run_of(variant, seed, context)
    job, _ = plan_jobs(run, context.data)
    watch = None if report is None else _telling(report, job, context.store)
    is_wide = students.get(variant.recipe.student.kind).is_transformer
    with computing_with(0 if is_wide else 1):  # 0: all that its process has
        return obtain_student(job, context, watch), run


def _telling(report: Report, job: StudentJob, store: Store) -> Note:
    """Returns what tells a search how a training goes; one that is pruned leaves its history."""
    by, folder = job.run.recipe.training.select_by, job.folder_in(store)
    history: list[dict[str, float]] = []

    def note(step: int, figures: Mapping[str, float]) -> None:
        named = {figure.removeprefix("validation/"): value for figure, value in figures.items()}
        history.append({"step": step, **named})
        try:
            report(step, named["accuracy" if by == "last" else by])
        except PrunedError:
            (folder / CHECKPOINT).unlink(missing_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
            store.write_history(folder, history)
            raise

    return note
