"""Before a study: all is looked at that can be seen before anything is trained."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from kdzoo.checks import check_study
from kdzoo.claims import Claims
from kdzoo.engines import ToldOnce, Way, check_engine, wanted_workers
from kdzoo.errors import StoreError
from kdzoo.files import check_writable
from kdzoo.plan import Performer, plan_of
from kdzoo.progress import Progress, Silent
from kdzoo.recipe import Study
from kdzoo.results import Store, is_study, refuse_foreign_report
from kdzoo.steps import StudyContext, StudyData
from kdzoo.teacher import check_cache, claims_folder
from kdzoo.tracking import TRACKING, Tracking, check_trackers
from kdzoo.training import make_accelerator


def prepare_study(study: Study, out: Path, way: Way, progress: Progress | None = None) -> Performer:
    """Returns what makes the study's steps, once all has been seen that can be seen before.

    Args:
        study: the recipes.
        out: the study's folder, there or not.
        way: engine, workers, threads, trackers.
        progress: told what is read; nobody by default.

    Raises:
        KdzooError: a mistake in data, teacher or recipe, or a folder that cannot be written.
    """
    check_trackers(way.track)
    check_engine(way.engine, way.workers, way.threads, way.label_parts)
    wanted_workers(way.workers, (variant.recipe for variant in study.variants))
    _check_folder(out)
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


def _check_folder(out: Path) -> None:
    """Sees that a study can be written into a folder, and replaces nothing that is not a study's.

    Raises:
        KdzooError: it is a file, it cannot be written, or it holds a user's own report.
    """
    if out.exists() and not out.is_dir():
        raise StoreError(f"{out} is a file; give --out a folder")
    check_writable(out, "give --out a folder that you may write")
    is_ours = is_study(out) or any((out / "models").glob("*/record.json"))
    refuse_foreign_report(out, is_ours=is_ours)


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
