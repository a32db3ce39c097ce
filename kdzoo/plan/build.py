"""From a study to its plan: a function of the recipes alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from kdzoo import registry
from kdzoo.plan.shared import Shared, SharedData, SharedForms, SharedLabels, SharedTeacher
from kdzoo.plan.step import (
    Kind,
    Plan,
    RowSteps,
    Step,
    export_of,
    name_of,
    part_of,
    quality_of,
)
from kdzoo.recipe import Study, Variant
from kdzoo.teacher import Part


def plan_of(study: Study, label_parts: int = 1) -> Plan:
    """Returns the steps of a study in the order in which one process makes them.

    Args:
        study: the recipes.
        label_parts: steps into which each labelling is divided.
    """
    steps = _Steps(label_parts)
    runs = [(variant, seed) for variant in study.variants for seed in variant.recipe.seeds]
    rows = tuple(steps.train(variant, seed) for variant, seed in runs)
    for row in rows:
        steps.read(row)
    for (variant, _), row in zip(runs, rows, strict=True):
        steps.deploy(variant, row)
    return Plan(tuple(steps.made.values()), rows)


@dataclass
class _Steps:
    """The steps so far.

    Attributes:
        label_parts: steps into which each labelling is divided.
        made: by name, in their order.
        shared: the names of what several rows share, by what it is made of.
        labels: the names of all labellings of a teacher, by its name.
    """

    label_parts: int
    made: dict[str, Step] = field(default_factory=dict)
    shared: dict[Shared, str] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)

    def train(self, variant: Variant, seed: int) -> RowSteps:
        """Adds what trains a row, and what stands beside it."""
        recipe = variant.recipe
        teacher = self._share(
            SharedTeacher.of(recipe, seed), _step("teacher", variant, seed, is_wide=True)
        )
        baseline = labels = control = None
        if recipe.controls.baseline:
            baseline = self._share(SharedData.of(recipe, seed), _step("baseline", variant, seed))
        if recipe.objective.alpha < 1:
            labels = self._labels(teacher, variant, seed)
        asked = (teacher,) if labels is None else (teacher, labels)
        is_wide = registry.students.get(recipe.student.kind).is_transformer
        student = self._add(_step("student", variant, seed, asked, is_wide=is_wide))
        if labels is not None and recipe.controls.hard_labels:
            control = self._add(_step("control", variant, seed, (teacher,), is_wide=is_wide))
        return RowSteps(
            variant=variant.name,
            seed=seed,
            teacher=teacher,
            student=student,
            labels=labels,
            baseline=baseline,
            control=control,
        )

    def _labels(self, teacher: str, variant: Variant, seed: int) -> str:
        """Adds the labelling of a transfer set, behind those before it: batches stay the same."""
        what = SharedLabels.of(variant.recipe, seed)
        before = self.labels.setdefault(teacher, [])
        behind = (teacher, *before[-1:])
        if self.label_parts > 1 and what not in self.shared:
            behind += self._parts(variant, seed, behind)
        name = self._share(what, _step("labels", variant, seed, behind, is_wide=True))
        if name not in before:
            before.append(name)
        return name

    def _parts(self, variant: Variant, seed: int, behind: tuple[str, ...]) -> tuple[str, ...]:
        """Adds the parts of a labelling, which several processes make side by side."""
        whole = _step("labels", variant, seed, behind, is_wide=True)
        parts = [Part(number, self.label_parts) for number in range(self.label_parts)]
        return tuple(
            self._add(replace(whole, name=part_of(whole.name, part), part=part)) for part in parts
        )

    def read(self, row: RowSteps) -> None:
        """Adds what reads the quality of a row's models; that of its teacher comes first."""
        teacher = quality_of(row.teacher)
        behind = {row.teacher: (row.teacher, *self.labels.get(row.teacher, ()))}
        for of in (row.teacher, row.baseline, row.student, row.control):
            if of is not None and quality_of(of) not in self.made:
                self._add(
                    Step(
                        name=quality_of(of),
                        kind="quality",
                        variant=row.variant,
                        seed=row.seed,
                        waits_for=behind.get(of, (of, teacher)),
                        of=of,
                        is_wide=of in behind,
                    )
                )

    def deploy(self, variant: Variant, row: RowSteps) -> None:
        """Adds what brings teacher and student into the exported forms."""
        section = variant.recipe.measure
        runtimes = registry.exported_runtimes(section.runtimes)
        for of in (row.teacher, row.student) if runtimes else ():
            before = [step for step in self.made.values() if (step.kind, step.of) == ("export", of)]
            export = Step(
                name=export_of(of, row.variant if before else ""),
                kind="export",
                variant=row.variant,
                seed=row.seed,
                waits_for=(quality_of(of), *(step.name for step in before[-1:])),
                of=of,
            )
            self._share(SharedForms(of, tuple(runtimes), section.int8), export)

    def _share(self, what: Shared, step: Step) -> str:
        """Adds a step, unless what it makes was asked for already; returns the name of either."""
        if what not in self.shared:
            self.shared[what] = self._add(step)
        return self.shared[what]

    def _add(self, step: Step) -> str:
        self.made[step.name] = step
        return step.name


def _step(
    kind: Kind,
    variant: Variant,
    seed: int,
    waits_for: tuple[str, ...] = (),
    *,
    is_wide: bool = False,
) -> Step:
    """Returns a step that makes something of its own for a row."""
    return Step(
        name=name_of(kind, variant.name, seed),
        kind=kind,
        variant=variant.name,
        seed=seed,
        waits_for=waits_for,
        is_wide=is_wide,
    )
