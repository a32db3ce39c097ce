"""The whole story: data, teacher, baseline, students and controls, quality, latency, report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from accelerate import Accelerator

from kdzoo.card import write_cards
from kdzoo.data import Corpus, describe, few_labels, load_corpus
from kdzoo.errors import StoreError
from kdzoo.files import alone_in, check_writable
from kdzoo.progress import Progress, Silent
from kdzoo.recipe import Study, Variant
from kdzoo.recipe.schema import Data, Measure
from kdzoo.registry import students
from kdzoo.report import Report, read_report, write_report
from kdzoo.results import Manifest, Member, Row, Store, is_study, refuse_foreign_report
from kdzoo.steps import (
    FormJob,
    StudyContext,
    StudyTeacher,
    TimedRow,
    check_kinds,
    check_teacher,
    obtain_baseline,
    obtain_forms,
    obtain_student,
    obtain_teacher,
    plan_jobs,
    read_quality,
    settings_of,
    teacher_runtimes,
    time_rows,
    timed_rows,
    trained_folder,
)
from kdzoo.teacher import check_cache
from kdzoo.tracking import Tracking, check_trackers
from kdzoo.training import make_accelerator

BASELINE = "tf-idf + svm"
TRACKING = "tracking"  # the folder of experiment trackers


@dataclass(frozen=True)
class Trained:
    """What one seed of one variant came to: its models' keys, and what they were made from."""

    variant: Variant
    corpus: Corpus
    taught: StudyTeacher
    member: Member
    baseline_key: str | None

    @property
    def keys(self) -> list[str]:
        """All its models, the teacher first."""
        found = (self.taught.key, self.baseline_key, self.member.key, self.member.control_key)
        return [key for key in found if key is not None]


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
        KdzooError: a mistake in data, teacher or recipe; nothing is half written.
    """
    check_trackers(track)
    if out.exists() and not out.is_dir():
        raise StoreError(f"{out} is a file; give --out a folder")
    check_writable(out, "give --out a folder that you may write")
    is_ours = is_study(out) or any((out / "models").glob("*/record.json"))
    refuse_foreign_report(out, is_ours=is_ours, cure="give --out a folder of its own")
    check_cache()
    for variant in study.variants:
        check_kinds(variant.recipe)
        check_teacher(variant.recipe)
        settings_of(variant.recipe.measure).check()
    accelerator = make_accelerator()
    held = alone_in(out, "run of this study") if accelerator.is_main_process else nullcontext()
    with held:
        return _run(study, out, read_test, track, progress, accelerator)


def _run(
    study: Study,
    out: Path,
    read_test: bool,
    track: Sequence[str],
    progress: Progress | None,
    accelerator: Accelerator,
) -> Report:
    shown = progress if progress is not None and accelerator.is_main_process else Silent()
    told = track if accelerator.is_main_process else ()
    tracking = Tracking(told, study.name, out / TRACKING, shown)
    context = StudyContext(Store(out), accelerator, shown, tracking)
    trained: list[Trained] = []
    for each in _train_all(study, context):
        trained.append(each)
        if accelerator.is_main_process:
            context.store.write_manifest(Manifest(study=study.name, rows=_rows(trained)))
    for each in trained:
        for key in each.keys:
            read_quality(key, each.corpus, each.taught, _splits(each, read_test), context)
    if accelerator.is_main_process:
        for each in trained:
            _deploy(each, _splits(each, read_test), context)
        _time_all(trained, context)
    accelerator.wait_for_everyone()
    report = read_report(context.store)
    if accelerator.is_main_process:
        write_report(report.store, report=report)
        write_cards(report.store, report)
    accelerator.wait_for_everyone()
    return report


def _train_all(study: Study, context: StudyContext) -> Iterator[Trained]:
    """Yields each seed of each variant when its models are in the store."""
    corpora = _Corpora(context.progress)
    for variant in study.variants:
        recipe = variant.recipe
        for seed in recipe.seeds:
            corpus = corpora.get(recipe.data, seed)
            taught = obtain_teacher(recipe, corpus, seed, context)
            baseline = (
                obtain_baseline(recipe, corpus, seed, context) if recipe.controls.baseline else None
            )
            job, control = plan_jobs(variant, corpus, taught, seed, context)
            member = Member(
                seed=seed,
                key=obtain_student(job, context),
                teacher_key=taught.key,
                control_key=obtain_student(control, context) if control is not None else None,
            )
            yield Trained(variant, corpus, taught, member, baseline)


@dataclass
class _Corpora:
    """The study's data, read once per source."""

    progress: Progress
    whole: dict[str, Corpus] = field(default_factory=dict)

    def get(self, section: Data, seed: int) -> Corpus:
        name = section.model_dump_json()
        if name not in self.whole:
            self.whole[name] = load_corpus(section)
            few = few_labels(self.whole[name], section, seed)
            self.progress.say(f"data: {describe(few)}")
            for note in few.notes:
                self.progress.say(f"note: {note}")
        return few_labels(self.whole[name], section, seed)


def _rows(trained: list[Trained]) -> tuple[Row, ...]:
    """Returns the table's rows: teachers, variants, then baselines, in the order of the recipes."""
    settings = {_setting(each): each.variant.name for each in reversed(trained)}
    rows: dict[str, Row] = {}

    def add(row: Row) -> None:
        known = rows.setdefault(row.name, row)
        members = {member.key: member for member in (*known.members, *row.members)}
        runtimes = tuple(dict.fromkeys((*known.runtimes, *row.runtimes)))
        rows[row.name] = row.model_copy(
            update={"members": tuple(members.values()), "runtimes": runtimes}
        )

    def shared_name(noun: str, each: Trained) -> str:
        return noun if len(settings) == 1 else f"{noun} of {settings[_setting(each)]}"

    for each in trained:
        member = Member(seed=each.member.seed, key=each.taught.key)
        name = shared_name("teacher", each)
        runtimes = teacher_runtimes(each.taught, each.variant.recipe.measure)
        add(Row(name=name, role="teacher", kind="teacher", road=None, members=(member,),
                runtimes=runtimes))  # fmt: skip
    for each in trained:
        kind = each.variant.recipe.student.kind
        road = students.get(kind).details["road"]
        name = each.variant.name
        runtimes = tuple(each.variant.recipe.measure.runtimes)
        add(Row(name=name, role="student", kind=kind, road=road, members=(each.member,),
                runtimes=runtimes))  # fmt: skip
    for each in trained:
        if each.baseline_key is not None:
            member = Member(
                seed=each.member.seed, key=each.baseline_key, teacher_key=each.taught.key
            )
            name = shared_name(BASELINE, each)
            add(Row(name=name, role="baseline", kind=BASELINE, road=None, members=(member,),
                    runtimes=("sklearn",)))  # fmt: skip
    return tuple(rows.values())


def _splits(each: Trained, read_test: bool) -> tuple[str, ...]:
    """Returns the splits whose figures are wanted."""
    return ("validation", *each.corpus.tests) if read_test else ("validation",)


def _deploy(each: Trained, splits: Sequence[str], context: StudyContext) -> None:
    """Brings teacher and student into the exported forms that the recipe asks for."""
    for key in (each.taught.key, each.member.key):
        if key != each.taught.key or each.taught.has_folder:
            folder = trained_folder(key, each.taught, context)
            section = each.variant.recipe.measure
            obtain_forms(FormJob(key, folder, section, each.corpus, each.taught), splits, context)


def _setting(each: Trained) -> str:
    """Stands for data and teacher: rows that share both share one teacher and one baseline row."""
    recipe = each.variant.recipe
    return recipe.data.model_dump_json() + recipe.teacher.model_dump_json()


def _time_all(trained: list[Trained], context: StudyContext) -> None:
    """Times the first seed of every row, all in one session per way of measuring."""
    sessions: dict[str, tuple[Measure, dict[TimedRow, None]]] = {}
    seen: set[tuple[str, str]] = set()
    for each in trained:
        section = each.variant.recipe.measure
        way = section.model_dump_json()
        _, rows = sessions.setdefault(way, (section, {}))
        timed = {"student " + each.variant.name: each.member.key, "baseline": each.baseline_key}
        if each.taught.has_folder:
            timed[f"teacher {_setting(each)}"] = each.taught.key
        for row, key in timed.items():
            if key is not None and (way, row) not in seen:
                seen.add((way, row))
                folder = trained_folder(key, each.taught, context)
                rows |= dict.fromkeys(timed_rows(key, folder, section, context))
    for section, rows in sessions.values():
        time_rows(list(rows), trained[0].corpus, section, context)
