"""The whole story: data, teacher, baseline, students and controls, quality, latency, report."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path

from kdzoo.card import write_cards
from kdzoo.checks import check_study
from kdzoo.claims import Claims
from kdzoo.engines import ToldOnce, Way, check_engine, make, measure
from kdzoo.errors import HeldError, StoreError
from kdzoo.files import alone_in, check_writable
from kdzoo.plan import (
    Performer,
    PlannedStep,
    Result,
    StudyTally,
    plan_of,
    planned,
    seen,
)
from kdzoo.progress import Progress, Silent
from kdzoo.recipe import Study
from kdzoo.report import Report, read_report, write_report
from kdzoo.results import Store, is_study, refuse_foreign_report
from kdzoo.steps import StudyContext, StudyData
from kdzoo.teacher import check_cache, claims_folder
from kdzoo.tracking import TRACKING, Tracking, check_trackers
from kdzoo.training import make_accelerator

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
        way: how.
        progress: told what is being done; nobody by default.

    Returns:
        What the store in ``out`` says; its tables, pictures and the students' cards are written.

    Raises:
        KdzooError: a mistake in data, teacher or recipe, seen before anything is trained; or
            nothing that the study names could be trained. A row that fails alone is left out, and
            the manifest's ``failures`` say why.
    """
    way = way or Way()
    performer = performer_of(study, out, way, progress)
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
        return _close(tally, way)


def make_steps(
    study: Study, out: Path, only: str, way: Way | None = None, progress: Progress | None = None
) -> dict[str, Result]:
    """Makes some steps of a study and leaves the rest: for the jobs of a cluster's queue.

    Several processes may be given the same steps: each makes what the others do not.

    Args:
        study: the recipes.
        out: the study's folder, which all of them see.
        only: names the steps (see ``Plan.chosen``); what they wait for is there, or among them.
        way: how.
        progress: told what is being done; nobody by default.

    Returns:
        What became of each step, by its name.

    Raises:
        KdzooError: a mistake in data, teacher or recipe, or in what the steps wait for.
    """
    way = way or Way()
    performer = performer_of(study, out, way, progress)
    chosen = performer.plan.chosen(only)
    results: dict[str, Result] = {}
    make(performer, way, lambda step, result: results.update({step.name: result}), chosen)
    return {step.name: results[step.name] for step in chosen}


def plan_study(
    study: Study, out: Path, label_parts: int = 1, progress: Progress | None = None
) -> list[PlannedStep]:
    """Returns the steps of a study, what each waits for, and what the store has; makes nothing.

    Args:
        study: the recipes.
        out: the study's folder, there or not.
        label_parts: steps into which each labelling is divided.
        progress: told what is read; nobody by default.

    Raises:
        KdzooError: a mistake in data, teacher or recipe.
    """
    performer = performer_of(study, out, Way(label_parts=label_parts), progress)
    context = performer.context
    return planned(study, performer.plan, seen(performer), context.store, context.data)


def performer_of(study: Study, out: Path, way: Way, progress: Progress | None = None) -> Performer:
    """Returns what makes the study's steps, once all has been seen that can be seen before.

    Raises:
        KdzooError: a mistake in data, teacher or recipe, or a folder that cannot be written.
    """
    check_trackers(way.track)
    check_engine(way.engine, way.workers, way.threads, way.label_parts)
    if out.exists() and not out.is_dir():
        raise StoreError(f"{out} is a file; give --out a folder")
    check_writable(out, "give --out a folder that you may write")
    is_ours = is_study(out) or any((out / "models").glob("*/record.json"))
    refuse_foreign_report(out, is_ours=is_ours)
    check_cache()
    accelerator = make_accelerator()
    is_shown = progress is not None and accelerator.is_main_process
    shown = ToldOnce(progress) if progress is not None and is_shown else Silent()
    data = StudyData(shown, accelerator.device)
    check_study(study, data)
    _tell_of_another_study(study, Store(out), data)
    trackers = way.track if accelerator.is_main_process else ()
    tracking = Tracking(trackers, study.name, out / TRACKING, shown)
    is_alone = accelerator.num_processes == 1  # processes of one training wait for each other
    claims = Claims((claims_folder(), out), waits=not is_alone, say=shown.say)
    context = StudyContext(Store(out), accelerator, data, tracking, claims)
    return Performer(study, plan_of(study, way.label_parts), context, way.read_test)


def _tell_of_another_study(study: Study, store: Store, data: StudyData) -> None:
    """Tells that a report of other test texts is replaced: two studies may have one name."""
    if not is_study(store.root):
        return
    with suppress(StoreError):  # which is told where it is read in earnest
        keys = [row.members[0].key for row in store.manifest().rows]
        before = {(found := store.read(key).data).test_fingerprint: found.origin for key in keys}
        recipes = [variant.recipe for variant in study.variants]
        own = {data.corpus(each.data, each.seeds[0]).test_fingerprint for each in recipes}
        if before and not own & before.keys():
            origin = next(iter(before.values()))
            data.progress.say(
                f"note: {store.root} holds a study of other test texts ({origin}): its report will "
                "be replaced, its models stay; --out FOLDER keeps both"
            )


def _holds(out: Path, held: ExitStack, progress: Progress) -> bool:
    """Returns whether this run is the first in the study's folder, which it then holds."""
    try:
        held.enter_context(alone_in(out, NOUN))
    except HeldError:
        progress.say(f"another run of this study is at work in {out}: making what it does not")
        return False
    return True


def _close(tally: StudyTally, way: Way) -> Report:
    """Measures latency, alone on its machine, and reports."""
    context = tally.performer.context
    accelerator = context.accelerator
    if accelerator.is_main_process:
        measure(tally.performer, way, tally.trained)
        context.claims.sweep()
    accelerator.wait_for_everyone()
    report = read_report(context.store)
    if accelerator.is_main_process:
        write_report(report.store, report=report)
        write_cards(report.store, report)
    accelerator.wait_for_everyone()
    return report
