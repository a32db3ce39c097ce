"""What a study has trained, and the rows of its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdzoo.registry import students
from kdzoo.results import ManifestRow, Member
from kdzoo.steps.seed_run import SeedRun
from kdzoo.steps.timing import teacher_runtimes

BASELINE = "tf-idf + svm"


@dataclass(frozen=True)
class Trained:
    """What one seed of one variant came to: the keys of its models."""

    run: SeedRun
    member: Member
    baseline_key: str | None

    @property
    def keys(self) -> list[str]:
        """All its models, the teacher first."""
        found = (self.run.teacher.key, self.baseline_key, self.member.key, self.member.control_key)
        return [key for key in found if key is not None]


def rows_of(trained: Sequence[Trained]) -> tuple[ManifestRow, ...]:
    """Returns the table's rows: teachers, variants, then baselines, in the order of the recipes."""
    settings = {run.setting: run.variant.name for run in (each.run for each in reversed(trained))}
    rows: dict[str, ManifestRow] = {}

    def add(row: ManifestRow) -> None:
        known = rows.setdefault(row.name, row)
        members = {member.key: member for member in (*known.members, *row.members)}
        runtimes = tuple(dict.fromkeys((*known.runtimes, *row.runtimes)))
        rows[row.name] = row.model_copy(
            update={"members": tuple(members.values()), "runtimes": runtimes}
        )

    def shared_name(noun: str, each: Trained) -> str:
        return noun if len(settings) == 1 else f"{noun} of {settings[each.run.setting]}"

    for each in trained:
        member = Member(seed=each.member.seed, key=each.run.teacher.key)
        name = shared_name("teacher", each)
        runtimes = teacher_runtimes(each.run.teacher, each.run.recipe.measure)
        add(ManifestRow(name=name, role="teacher", kind="teacher", road=None, members=(member,),
                runtimes=runtimes))  # fmt: skip
    for each in trained:
        kind = each.run.recipe.student.kind
        road = students.get(kind).road
        name = each.run.variant.name
        runtimes = tuple(each.run.recipe.measure.runtimes)
        add(ManifestRow(name=name, role="student", kind=kind, road=road, members=(each.member,),
                runtimes=runtimes, card=each.run.recipe.card))  # fmt: skip
    for each in trained:
        if each.baseline_key is not None:
            member = Member(
                seed=each.member.seed, key=each.baseline_key, teacher_key=each.run.teacher.key
            )
            name = shared_name(BASELINE, each)
            add(ManifestRow(name=name, role="baseline", kind=BASELINE, road=None, members=(member,),
                    runtimes=("sklearn",)))  # fmt: skip
    return tuple(rows.values())
