"""A study as it comes to be: rows that are trained and read, and what failed alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from kdzoo.errors import KdzooError, TrainingError
from kdzoo.recipe import Variant
from kdzoo.registry import students
from kdzoo.results import Failure, Manifest, Member
from kdzoo.steps.baseline import obtain_baseline
from kdzoo.steps.context import StudyContext
from kdzoo.steps.failing import FATAL, reason_of
from kdzoo.steps.job import plan_jobs
from kdzoo.steps.measuring import write_quality
from kdzoo.steps.seed_run import SeedRun
from kdzoo.steps.student import obtain_student
from kdzoo.steps.teacher import obtain_teacher
from kdzoo.steps.trained import BASELINE, Trained, rows_of


@dataclass
class Outcome:
    """What a study came to so far; each step leaves its manifest true.

    Attributes:
        study: its name.
        context: the store, and who is told.
        trained: the rows' models, a seed of a variant each.
        failures: what could not be made, and why.
    """

    study: str
    context: StudyContext
    trained: list[Trained] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    _first: Exception | None = None

    def train(self, variant: Variant, seed: int) -> None:
        """Trains a seed of a variant and what stands beside it, or notes why that cannot be.

        Raises:
            KdzooError: the store cannot be written.
        """
        try:
            self.trained.append(self._trained(variant, seed))
        except FATAL:
            raise
        except Exception as error:  # a student may fail in any way: its row alone
            self._fail(variant, seed, error)
        self._write()

    def read(self, splits: Callable[[Trained], Sequence[str]]) -> None:
        """Reads the quality of all models; a row that cannot answer leaves the table.

        Args:
            splits: those that are wanted of a row.

        Raises:
            KdzooError: no row is left, or the store cannot be written.
        """
        whole, self.trained = self.trained, []
        for each in whole:
            try:
                self.trained.append(self._read(each, splits(each)))
            except FATAL:
                raise
            except Exception as error:
                self._fail(each.run.variant, each.run.seed, error)
        self._write()
        if not self.trained and self._first is not None:
            if isinstance(self._first, KdzooError):
                raise self._first
            raise TrainingError("; ".join(each.reason for each in self.failures)) from self._first

    def _trained(self, variant: Variant, seed: int) -> Trained:
        recipe, context = variant.recipe, self.context
        corpus = context.data.corpus(recipe.data, seed)
        teacher = obtain_teacher(recipe, corpus, seed, context)
        baseline = control_key = None
        if recipe.controls.baseline:
            baseline = self._baseline(seed, lambda: obtain_baseline(recipe, corpus, seed, context))
        run = SeedRun(variant, seed, corpus, teacher)
        job, control = plan_jobs(run, context.data)
        key = obtain_student(job, context)
        if control is not None:
            control_key = self._control(variant, seed, partial(obtain_student, control, context))
        member = Member(seed=seed, key=key, teacher_key=teacher.key, control_key=control_key)
        return Trained(run, member, baseline)

    def _read(self, each: Trained, splits: Sequence[str]) -> Trained:
        def read(key: str) -> str:
            write_quality(key, each.run, splits, self.context)
            return key

        member, baseline, control = each.member, each.baseline_key, each.member.control_key
        read(each.run.teacher.key)
        if baseline is not None:
            baseline = self._baseline(member.seed, partial(read, baseline))
        read(member.key)
        if control is not None:
            control = self._control(each.run.variant, member.seed, partial(read, control))
        member = member.model_copy(update={"control_key": control})
        return replace(each, member=member, baseline_key=baseline)

    def _baseline(self, seed: int, make: Callable[[], str]) -> str | None:
        about = {"row": BASELINE, "role": "baseline", "kind": BASELINE, "road": None,
                 "runtime": "sklearn"}  # fmt: skip
        return self._beside(make, about, seed, "")

    def _control(self, variant: Variant, seed: int, make: Callable[[], str]) -> str | None:
        return self._beside(make, _about(variant), seed, "its control on hard labels: ")

    def _beside(
        self, make: Callable[[], str], about: dict[str, Any], seed: int, noun: str
    ) -> str | None:
        """Returns the key of what stands beside a student; None, and a note, where it fails."""
        try:
            return make()
        except FATAL:
            raise
        except Exception as error:
            self._note(about, seed, noun + reason_of(error))
            return None

    def _fail(self, variant: Variant, seed: int, error: Exception) -> None:
        self._first = self._first or error
        self._note(_about(variant), seed, reason_of(error))

    def _note(self, about: dict[str, Any], seed: int, reason: str) -> None:
        failure = Failure(**about, seed=seed, reason=reason)
        if failure not in self.failures:
            self.failures.append(failure)
            self.context.progress.say(f"{failure.row}, seed {seed}, failed: {reason}")

    def _write(self) -> None:
        if self.trained and self.context.accelerator.is_main_process:
            rows, failures = rows_of(self.trained), tuple(self.failures)
            self.context.store.write_manifest(
                Manifest(study=self.study, rows=rows, failures=failures)
            )


def _about(variant: Variant) -> dict[str, Any]:
    """Returns what a failure says of a variant's row."""
    recipe = variant.recipe
    return {
        "row": variant.name,
        "role": "student",
        "kind": recipe.student.kind,
        "road": students.get(recipe.student.kind).road,
        "runtime": recipe.measure.runtimes[0],
    }
