"""The whole story: data, teacher, baseline, students and controls, quality, latency, report."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from kdzoo.card import write_cards
from kdzoo.engines import Way, make, measure
from kdzoo.errors import HeldError
from kdzoo.files import alone_in
from kdzoo.plan import PlannedStep, Result, StudyTally, planned, seen
from kdzoo.preparation import prepare_study
from kdzoo.progress import Progress
from kdzoo.recipe import Study
from kdzoo.report import Report, read_report, write_report
from kdzoo.steps import StudyContext

NOUN = "run of this study"


def run_study(
    study: Study, out: Path, way: Way | None = None, progress: Progress | None = None
) -> Report:
    """Trains, measures and reports what the study names; what the store has is not made again.

    Where another run of the study is at work, this one makes what that one does not, and then waits
    for it.

    Args:
        study: the recipes, as ``kdzoo.recipe.load_study`` gives them.
        out: the study's folder.
        way: engine, workers, threads, trackers.
        progress: told what is being done; nobody by default.

    Returns:
        What the store in ``out`` says; its tables, pictures and the students' cards are written.

    Raises:
        KdzooError: a mistake in data, teacher or recipe, seen before anything is trained; or
            nothing that the study names could be trained. A row that fails alone is left out, and
            the manifest's ``failures`` say why.
    """
    way = way or Way()
    performer = prepare_study(study, out, way, progress)
    context = performer.context
    with ExitStack() as held:
        is_first = not context.accelerator.is_main_process or _holds(out, held, context.progress)
        tally = StudyTally(performer, is_written=is_first)
        try:
            make(performer, way, tally.note)
        except KeyboardInterrupt:
            tally.write()  # what there is can be shown
            raise
        if not is_first:
            held.enter_context(alone_in(out, NOUN, waits=True))
            tally.is_written = True
        tally.write()
        tally.refuse_none()
        _measure(tally, way)
        return _report(context)


def make_steps(
    study: Study, out: Path, only: str, way: Way | None = None, progress: Progress | None = None
) -> dict[str, Result]:
    """Makes some steps of a study and leaves the rest: for the jobs of a cluster's queue.

    Several processes may be given the same steps: each makes what the others do not.

    Args:
        study: the recipes.
        out: the study's folder, which all of them see.
        only: names the steps (see ``Plan.chosen``); what they wait for is there, or among them.
        way: engine, workers, threads, trackers.
        progress: told what is being done; nobody by default.

    Returns:
        What became of each step, by its name.

    Raises:
        KdzooError: a mistake in data, teacher or recipe, or in what the steps wait for.
    """
    way = way or Way()
    performer = prepare_study(study, out, way, progress)
    chosen = performer.plan.chosen(only)
    results: dict[str, Result] = {}
    make(performer, way, lambda step, result: results.update({step.name: result}), chosen)
    return {step.name: results[step.name] for step in chosen}


def plan_study(
    study: Study,
    out: Path,
    only: str | None = None,
    way: Way | None = None,
    progress: Progress | None = None,
) -> list[PlannedStep]:
    """Returns the steps of a study, what each waits for, and what the store has; makes nothing.

    Args:
        study: the recipes.
        out: the study's folder, there or not.
        only: names the steps to return (see ``Plan.chosen``); all by default.
        way: as the steps are to be made; it is checked.
        progress: told what is read; nobody by default.

    Raises:
        KdzooError: a mistake in data, teacher or recipe, or no such step.
    """
    performer = prepare_study(study, out, way or Way(), progress)
    plan, context = performer.plan, performer.context
    chosen = {step.name for step in (plan.steps if only is None else plan.chosen(only))}
    steps = planned(study, plan, seen(performer, beside=True), context.store, context.data)
    return [step for step in steps if step.name in chosen]


def _holds(out: Path, held: ExitStack, progress: Progress) -> bool:
    """Returns whether this run is the first in the study's folder, which it then holds."""
    try:
        held.enter_context(alone_in(out, NOUN))
    except HeldError:
        progress.say(f"another run of this study is at work in {out}: making what it does not")
        return False
    return True


def _measure(tally: StudyTally, way: Way) -> None:
    """Measures the latency of what was trained, alone on its machine."""
    context = tally.performer.context
    if context.accelerator.is_main_process:
        measure(tally.performer, way, tally.trained)
        context.claims.sweep()
    context.accelerator.wait_for_everyone()


def _report(context: StudyContext) -> Report:
    """Reports what the store says."""
    report = read_report(context.store)
    if context.accelerator.is_main_process:
        write_report(report.store, report=report)
        write_cards(report.store, report)
    context.accelerator.wait_for_everyone()
    return report
