"""One step of a plan: made with the models that are there, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import torch

from kdzoo.claims import ClaimedError
from kdzoo.errors import KdzooError
from kdzoo.freed import freed_memory_kept
from kdzoo.measure.local import thread_budget
from kdzoo.plan.step import TRAINED, Plan, RowSteps, Step
from kdzoo.recipe import Study, Variant
from kdzoo.steps import (
    FATAL,
    FormJob,
    NotMadeError,
    SeedRun,
    StudentJob,
    StudyContext,
    StudyTeacher,
    obtain_baseline,
    obtain_forms,
    obtain_labels,
    obtain_student,
    obtain_teacher,
    plan_jobs,
    reason_of,
    trained_folder,
    write_quality,
)


@dataclass(frozen=True)
class Made:
    """A step that has been made, now or before.

    Attributes:
        key: of its model; empty where it makes none.
    """

    key: str = ""


@dataclass(frozen=True)
class Failed:
    """A step that cannot be made, while others go on.

    Attributes:
        reason: as a report tells it.
        error: the user's mistake, where it is one.
        of: the name of the step that failed, where it is another one that this one is in vain
            without; it is told there.
    """

    reason: str
    error: KdzooError | None = None
    of: str = ""


@dataclass(frozen=True)
class Claimed:
    """A step that another run makes just now."""


@dataclass(frozen=True)
class Lacking:
    """A step that has not been made yet, as one finds that only looks.

    Attributes:
        reason: what is lacking.
    """

    reason: str


@dataclass(frozen=True)
class Unreached:
    """A step that could not be made because the study's folder is out of reach just now."""


Result = Made | Failed | Claimed | Lacking | Unreached


@dataclass(frozen=True)
class Threads:
    """How many threads a step computes with: on one machine its results depend on nothing else.

    Attributes:
        narrow: of small architectures, which hardly gain by a second one.
        wide: of steps in which a transformer is at work.
        student: of a student that is a transformer, which is trained beside others.
    """

    narrow: int
    wide: int
    student: int

    def of(self, step: Step) -> int:
        """Returns the threads of a step."""
        if not step.is_wide:
            return self.narrow
        return self.student if step.kind in TRAINED else self.wide


@dataclass
class Performer:
    """Makes the steps of a study in this process.

    Attributes:
        study: the recipes.
        plan: their steps.
        context: the store, the devices, and who is told.
        read_test: whether the test split is read.
    """

    study: Study
    plan: Plan
    context: StudyContext
    read_test: bool
    _teachers: dict[str, StudyTeacher] = field(default_factory=dict)  # by step
    _learnt: set[str] = field(default_factory=set)  # labellings of which all students are there

    def __post_init__(self) -> None:
        self._variants = {variant.name: variant for variant in self.study.variants}
        self._rows = {(row.variant, row.seed): row for row in self.plan.rows}

    def attempt(self, step: Step, keys: Mapping[str, str], threads: int) -> Result:
        """Makes a step, or tells why that cannot be.

        Args:
            step: what it waits for has been made.
            keys: of the models that have been made, by the names of their steps.
            threads: to compute with.

        Raises:
            KdzooError: what all steps need is not there: the store, the disk, a tracker.
        """
        if not self._reaches_store():
            return Unreached()
        try:
            with computing_with(threads):
                return Made(self._make(step, keys))
        except ClaimedError:
            return Claimed()
        except NotMadeError as error:
            return Lacking(str(error))
        except Exception as error:  # a student may fail in any way: its row alone
            if not self._reaches_store():
                return Unreached()
            if isinstance(error, FATAL):
                raise
            return Failed(reason_of(error), error if isinstance(error, KdzooError) else None)

    def _reaches_store(self) -> bool:
        """Returns whether the folder is there that a step is written into."""
        return self.context.only_looks or self.context.store.is_there()

    def _make(self, step: Step, keys: Mapping[str, str]) -> str:
        variant, context = self._variants[step.variant], self.context
        if step.kind == "baseline":
            corpus = context.data.corpus(variant.recipe.data, step.seed)
            return obtain_baseline(variant.recipe, corpus, step.seed, context)
        run = self.run_of(variant, step.seed)
        match step.kind:
            case "teacher":
                return run.teacher.key
            case "labels":
                if not self._are_students_there(step):
                    obtain_labels(run, context, step.part)
                return ""
            case "student" | "control":
                return obtain_student(self.job(step), context)
            case "quality":
                write_quality(keys[step.of], run, self.splits_of(run), context)
            case "export":
                self._export(keys[step.of], run)
        return keys[step.of]

    def run_of(self, variant: Variant, seed: int) -> SeedRun:
        """Returns a seed of a variant with its data and its teacher.

        Raises:
            KdzooError: the teacher cannot be had.
        """
        corpus = self.context.data.corpus(variant.recipe.data, seed)
        name = self.row_of(variant.name, seed).teacher
        if name not in self._teachers:
            teacher = obtain_teacher(variant.recipe, corpus, seed, self.context)
            self._teachers[name] = teacher
        return SeedRun(variant, seed, corpus, self._teachers[name])

    def row_of(self, variant: str, seed: int) -> RowSteps:
        """Returns the steps of a seed of a variant."""
        return self._rows[variant, seed]

    def variant(self, name: str) -> Variant:
        """Returns a variant of the study by its name."""
        return self._variants[name]

    def splits_of(self, run: SeedRun) -> tuple[str, ...]:
        """Returns the splits whose figures are wanted."""
        return ("validation", *run.corpus.tests) if self.read_test else ("validation",)

    def job(self, step: Step) -> StudentJob:
        """Returns the student or the control that a step trains, and with it its key."""
        run = self.run_of(self._variants[step.variant], step.seed)
        student, control = plan_jobs(run, self.context.data, only_looks=self.context.only_looks)
        job = student if step.kind == "student" else control
        assert job is not None  # noqa: S101 - the plan has a control where the recipe has one
        return job

    def _are_students_there(self, labels: Step) -> bool:
        """Returns whether all that would learn from the labels has been trained already."""
        if labels.whole not in self._learnt:  # asked for each of its parts
            readers = (step for step in self.plan.steps if labels.whole in step.waits_for)
            students = (reader for reader in readers if reader.kind == "student")
            store = self.context.store
            if any(store.seen(self.job(student).key) is None for student in students):
                return False
            self._learnt.add(labels.whole)
        return True

    def _export(self, key: str, run: SeedRun) -> None:
        if key != run.teacher.key or run.teacher.has_folder:
            folder = trained_folder(key, run.teacher, self.context)
            obtain_forms(FormJob(run, key, folder), self.splits_of(run), self.context)


@contextmanager
def computing_with(threads: int) -> Iterator[None]:
    """Has every library compute with so many threads in the block; 0 leaves it to them.

    The memory that a step frees and asks for again is kept for it.
    """
    has_its_own = threads in (0, torch.get_num_threads())
    with freed_memory_kept(), nullcontext() if has_its_own else thread_budget(threads):
        yield
