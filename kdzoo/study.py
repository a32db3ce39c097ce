"""The whole story: data, teacher, baseline, students and controls, quality, latency, report."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from kdzoo.card import write_cards
from kdzoo.errors import OutOfReachError, StoreError
from kdzoo.files import alone_in, check_writable
from kdzoo.progress import Progress, Silent
from kdzoo.recipe import Study
from kdzoo.recipe.measure import Measure
from kdzoo.report import Report, read_report, write_report
from kdzoo.results import Store, is_study, refuse_foreign_report
from kdzoo.steps import (
    FormJob,
    Lookout,
    Outcome,
    StudyContext,
    StudyData,
    TimedRow,
    Trained,
    check_gold,
    check_kinds,
    check_labels,
    check_one_rule,
    check_outputs,
    check_rejection,
    check_teacher,
    obtain_forms,
    settings_of,
    time_rows,
    timed_rows,
    trained_folder,
)
from kdzoo.teacher import check_cache
from kdzoo.tracking import Tracking, check_trackers
from kdzoo.training import make_accelerator

TRACKING = "tracking"  # the folder of experiment trackers


def run_study(
    study: Study,
    out: Path,
    *,
    read_test: bool = True,
    track: Sequence[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Trains, measures and reports what the study names; what the store has is not made again.

    Args:
        study: the recipes, as ``kdzoo.recipe.load_study`` gives them.
        out: the study's folder.
        read_test: whether the test split is read at the end; else all figures are validation's.
        track: names of experiment trackers that are told how training goes.
        progress: told what is being done; nobody by default.

    Returns:
        What the store in ``out`` says; its tables, pictures and the students' cards are written.

    Raises:
        KdzooError: a mistake in data, teacher or recipe, seen before anything is trained; or
            nothing that the study names could be trained. A row that fails alone is left out, and
            the manifest's ``failures`` say why.
    """
    check_trackers(track)
    if out.exists() and not out.is_dir():
        raise StoreError(f"{out} is a file; give --out a folder")
    check_writable(out, "give --out a folder that you may write")
    is_ours = is_study(out) or any((out / "models").glob("*/record.json"))
    refuse_foreign_report(out, is_ours=is_ours, cure="give --out a folder of its own")
    check_cache()
    accelerator = make_accelerator()
    shown = progress if progress is not None and accelerator.is_main_process else Silent()
    data = StudyData(shown)
    check_study(study, data)
    held = alone_in(out, "run of this study") if accelerator.is_main_process else nullcontext()
    with held:
        trackers = track if accelerator.is_main_process else ()
        tracking = Tracking(trackers, study.name, out / TRACKING, shown)
        context = StudyContext(Store(out), accelerator, data, tracking)
        return _run(study, context, read_test=read_test)


def _run(study: Study, context: StudyContext, *, read_test: bool) -> Report:
    accelerator = context.accelerator
    outcome = Outcome(study.name, context)
    for variant in study.variants:
        for seed in variant.recipe.seeds:
            outcome.train(variant, seed)
    outcome.read(partial(_splits, read_test=read_test))
    if accelerator.is_main_process:
        for each in outcome.trained:
            _deploy(each, _splits(each, read_test=read_test), context)
        _time_all(outcome.trained, context)
    accelerator.wait_for_everyone()
    report = read_report(context.store)
    if accelerator.is_main_process:
        write_report(report.store, report=report)
        write_cards(report.store, report)
    accelerator.wait_for_everyone()
    return report


def check_study(study: Study, data: StudyData, *, with_teachers: bool = True) -> None:
    """Sees, before anything is trained, what recipes, teachers and data let one see.

    Args:
        study: the recipes.
        data: reads what they name, and keeps it.
        with_teachers: whether a teacher that lies on a hub out of reach is an error; else it is
            noted, and the rest is seen.

    Raises:
        KdzooError: a recipe cannot be followed with its teacher and its data.
    """
    check_one_rule(study)
    lookout = Lookout()
    for variant in study.variants:
        check_kinds(variant.recipe)
        check_outputs(variant.recipe)
        settings_of(variant.recipe.measure).check()
    for variant in study.variants:
        corpus = data.corpus(variant.recipe.data, variant.recipe.seeds[0])
        check_gold(variant.recipe, corpus)
        try:
            check_teacher(variant.recipe, lookout)
            check_labels(variant.recipe, corpus)
            check_rejection(variant.recipe.measure.reject, corpus)
        except OutOfReachError as error:
            if with_teachers:
                raise
            data.progress.say(f"note: not looked at, for {variant.name}: {error}")


def _splits(each: Trained, *, read_test: bool) -> tuple[str, ...]:
    """Returns the splits whose figures are wanted."""
    return ("validation", *each.run.corpus.tests) if read_test else ("validation",)


def _deploy(each: Trained, splits: Sequence[str], context: StudyContext) -> None:
    """Brings teacher and student into the exported forms that the recipe asks for."""
    teacher = each.run.teacher
    for key in (teacher.key, each.member.key):
        if key != teacher.key or teacher.has_folder:
            folder = trained_folder(key, teacher, context)
            obtain_forms(FormJob(each.run, key, folder), splits, context)


def _time_all(trained: list[Trained], context: StudyContext) -> None:
    """Times the first seed of every row, all in one session per way of measuring."""
    sessions: dict[str, tuple[Measure, dict[TimedRow, None]]] = {}
    seen: set[tuple[str, str]] = set()
    for each in trained:
        run, teacher = each.run, each.run.teacher
        section = run.recipe.measure
        way = section.model_dump_json()
        _, rows = sessions.setdefault(way, (section, {}))
        timed = {"student " + run.variant.name: each.member.key, "baseline": each.baseline_key}
        if teacher.has_folder:
            timed[f"teacher {run.setting}"] = teacher.key
        for row, key in timed.items():
            if key is not None and (way, row) not in seen:
                seen.add((way, row))
                folder = trained_folder(key, teacher, context)
                rows |= dict.fromkeys(timed_rows(key, folder, section, context))
    for section, rows in sessions.values():
        time_rows(list(rows), trained[0].run.corpus, section, context)
