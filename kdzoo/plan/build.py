"""From a study to its plan: a function of the recipes alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from kdzoo import registry
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
        shared: the names of what several rows share, by what stands for it.
        labels: the names of all labellings of a teacher, by its name.
    """

    label_parts: int
    made: dict[str, Step] = field(default_factory=dict)
    shared: dict[tuple[str, ...], str] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)

    def train(self, variant: Variant, seed: int) -> RowSteps:
        """Adds what trains a row, and what stands beside it."""
        recipe = variant.recipe
        few = str(seed) if recipe.data.labels_per_class is not None else ""
        data = (recipe.data.model_dump_json(), few)
        folded = str(recipe.teacher.folds is not None and recipe.objective.alpha < 1)
        setting = (*data, recipe.teacher.model_dump_json(), folded)
        teacher = self._share("teacher", setting, variant, seed, is_wide=True)
        baseline = labels = control = None
        if recipe.controls.baseline:
            baseline = self._share("baseline", data, variant, seed)
        if recipe.objective.alpha < 1:
            labels = self._labels(setting, teacher, variant, seed)
        asked = (teacher,) if labels is None else (teacher, labels)
        is_wide = registry.students.get(recipe.student.kind).is_transformer
        student = self._add("student", variant, seed, asked, is_wide=is_wide)
        if labels is not None and recipe.controls.hard_labels:
            control = self._add("control", variant, seed, (teacher,), is_wide=is_wide)
        return RowSteps(variant.name, seed, teacher, student, labels, baseline, control)

    def _labels(self, setting: tuple[str, ...], teacher: str, variant: Variant, seed: int) -> str:
        """Adds the labelling of a transfer set, behind those before it: batches stay the same."""
        transfer = variant.recipe.transfer
        drawn = str(seed) if transfer.augment is not None else ""
        before = self.labels.setdefault(teacher, [])
        read = ("vectors",) if variant.recipe.objective.hidden else ()  # beside the labels
        what = (*setting, transfer.model_dump_json(), drawn, *read)
        behind = (teacher, *before[-1:])
        if self.label_parts > 1 and ("labels", *what) not in self.shared:
            behind += self._parts(variant, seed, behind)
        name = self._share("labels", what, variant, seed, behind, is_wide=True)
        if name not in before:
            before.append(name)
        return name

    def _parts(self, variant: Variant, seed: int, behind: tuple[str, ...]) -> tuple[str, ...]:
        """Adds the parts of a labelling, which several processes make side by side."""
        names = []
        for number in range(self.label_parts):
            part = Part(number, self.label_parts)
            name = part_of(name_of("labels", variant.name, seed), part)
            self.made[name] = Step(name, "labels", variant.name, seed, behind, "", True, part)
            names.append(name)
        return tuple(names)

    def read(self, row: RowSteps) -> None:
        """Adds what reads the quality of a row's models; that of its teacher comes first."""
        teacher = quality_of(row.teacher)
        behind = {row.teacher: (row.teacher, *self.labels.get(row.teacher, ()))}
        for of in (row.teacher, row.baseline, row.student, row.control):
            if of is not None and quality_of(of) not in self.made:
                waits_for = behind.get(of, (of, teacher))
                self._put(quality_of(of), "quality", row, waits_for, of, is_wide=of in behind)

    def deploy(self, variant: Variant, row: RowSteps) -> None:
        """Adds what brings teacher and student into the exported forms."""
        section = variant.recipe.measure
        runtimes = registry.exported_runtimes(section.runtimes)
        for of in (row.teacher, row.student) if runtimes else ():
            way = ("export", of, *runtimes, section.int8)
            if way in self.shared:
                continue
            before = [step for step in self.made.values() if (step.kind, step.of) == ("export", of)]
            name = export_of(of, row.variant if before else "")
            self.shared[way] = name
            behind = (quality_of(of), *(step.name for step in before[-1:]))
            self._put(name, "export", row, behind, of)

    def _share(
        self,
        kind: Kind,
        what: tuple[str, ...],
        variant: Variant,
        seed: int,
        waits_for: tuple[str, ...] = (),
        *,
        is_wide: bool = False,
    ) -> str:
        """Returns the name of a step that others may have asked for already."""
        if (kind, *what) not in self.shared:
            self.shared[kind, *what] = self._add(kind, variant, seed, waits_for, is_wide=is_wide)
        return self.shared[kind, *what]

    def _add(
        self,
        kind: Kind,
        variant: Variant,
        seed: int,
        waits_for: tuple[str, ...],
        *,
        is_wide: bool = False,
    ) -> str:
        name = name_of(kind, variant.name, seed)
        self.made[name] = Step(name, kind, variant.name, seed, waits_for, "", is_wide)
        return name

    def _put(
        self,
        name: str,
        kind: Kind,
        row: RowSteps,
        waits_for: tuple[str, ...],
        of: str,
        *,
        is_wide: bool = False,
    ) -> None:
        self.made[name] = Step(name, kind, row.variant, row.seed, waits_for, of, is_wide)
