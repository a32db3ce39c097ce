"""A study as it comes to be: the rows whose steps have been made, and what failed alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from kdzoo.errors import TrainingError
from kdzoo.plan.perform import Failed, Made, Performer, Result
from kdzoo.plan.step import RowSteps, Step, quality_of
from kdzoo.recipe import Variant
from kdzoo.registry import students
from kdzoo.results import Failure, Manifest, Member
from kdzoo.steps import Trained, baseline_name, rows_of
from kdzoo.task import Task

WRITE_EVERY_S = 1.0


@dataclass
class StudyTally:
    """What a study came to so far; its manifest is true at any time, but for a second.

    Attributes:
        performer: the study, its plan and its store.
        is_written: whether this process writes the manifest.
        trained: the rows' models, a seed of a variant each.
        failures: what could not be made, and why.
    """

    performer: Performer
    is_written: bool = True
    trained: list[Trained] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    _results: dict[str, Result] = field(default_factory=dict)
    _formless: dict[str, str] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _written_s: float = 0.0
    _first: Failed | None = None

    def note(self, step: Step, result: Result) -> None:
        """Takes note of a step that has been made, or cannot be.

        Raises:
            KdzooError: the store cannot be written.
        """
        self._results[step.name] = result
        if step.kind == "export" and isinstance(result, Failed) and not result.of:
            self._formless[step.of] = result.reason
        if isinstance(result, Failed) or time.monotonic() - self._written_s > WRITE_EVERY_S:
            self.write()

    def write(self) -> None:
        """Gathers the rows and writes which models they have; later, where the store is away.

        Raises:
            KdzooError: the store cannot be written.
        """
        self.trained, self.failures = [], []
        for row in self.performer.plan.rows:
            self._gather(row)
        self._written_s = time.monotonic()
        context = self.performer.context
        is_ours = self.is_written and context.accelerator.is_main_process
        if is_ours and self.trained and context.store.is_there():
            rows, failures = rows_of(self.trained), tuple(self.failures)
            context.store.write_manifest(
                Manifest(study=self.performer.study.name, rows=rows, failures=failures)
            )

    def refuse_none(self) -> None:
        """Sees that a row is left.

        Raises:
            KdzooError: no row is left; it says why the first failed.
        """
        if self.trained or self._first is None:
            return
        if self._first.error is not None:
            raise self._first.error
        raise TrainingError("; ".join(failure.reason for failure in self.failures))

    def _gather(self, row: RowSteps) -> None:
        """Adds a row, where its models are there, or notes why they are not."""
        variant = self.performer.variant(row.variant)
        read = (quality_of(name) for name in (row.teacher, row.student))
        needed = (row.teacher, row.labels, row.student, *read)
        task = self.performer.context.data.task(variant.recipe.data)
        baseline = self._beside(row.baseline, _about_baseline(task), row.seed, "")
        if self._fails(needed, variant, row.seed):
            return
        control = self._beside(
            row.control, _about(variant), row.seed, "its control on hard labels: "
        )
        results = [self._results.get(name) for name in (row.teacher, row.student)]
        keys = [result.key for result in results if isinstance(result, Made)]
        if len(keys) < 2 or not self._have_ended(row):
            return
        run = self.performer.run_of(variant, row.seed)
        member = Member(seed=row.seed, key=keys[1], teacher_key=keys[0], control_key=control)
        self.trained.append(Trained(run, member, baseline))
        for name in (row.teacher, row.student):
            if name in self._formless:
                whose = "its teacher's" if name == row.teacher else "its"
                reason = f"{whose} exported forms: {self._formless[name]}"
                self._add_failure(_about(variant), row.seed, reason)

    def _have_ended(self, row: RowSteps) -> bool:
        """Returns whether all that is trained for a row has been trained, or cannot be."""
        return all(name is None or name in self._results for name in (row.baseline, row.control))

    def _fails(self, needed: tuple[str | None, ...], variant: Variant, seed: int) -> bool:
        """Notes why a row cannot be, by the first of the steps it needs that failed."""
        for name in needed:
            result = self._results.get(name or "")
            if isinstance(result, Failed):
                self._add_failure(_about(variant), seed, result.reason)
                self._first = self._first or result
                return True
        return False

    def _beside(self, name: str | None, about: dict[str, Any], seed: int, noun: str) -> str | None:
        """Returns the key of what stands beside a student; None, and a note, where it fails."""
        if name is None:
            return None
        made, read = self._results.get(name), self._results.get(quality_of(name))
        for result in (made, read):
            if isinstance(result, Failed):
                if not result.of:
                    self._add_failure(about, seed, noun + result.reason)
                return None
        return made.key if isinstance(made, Made) else None

    def _add_failure(self, about: dict[str, Any], seed: int, reason: str) -> None:
        failure = Failure(**about, seed=seed, reason=reason)
        if failure not in self.failures:
            self.failures.append(failure)
        told = f"{failure.row}, seed {seed}, failed: {reason}"
        if told not in self._told:
            self._told.add(told)
            self.performer.context.progress.say(told)


def _about_baseline(task: Task) -> dict[str, Any]:
    name = baseline_name(task)
    return {"row": name, "role": "baseline", "kind": name, "road": None, "runtime": "sklearn"}


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
