"""What a study has trained, and the rows of its table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kdzoo.registry import students
from kdzoo.results import ManifestRow, Member
from kdzoo.steps.seed_run import SeedRun
from kdzoo.steps.timing import teacher_runtimes
from kdzoo.task import Task


def baseline_name(task: Task) -> str:
    """Returns what the classical baseline of a task is called."""
    return "word shapes + svm" if task.by_word else "tf-idf + svm"


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
    names = _settings(trained)
    rows: dict[str, ManifestRow] = {}

    def add(row: ManifestRow) -> None:
        known = rows.setdefault(row.name, row)
        members = {member.key: member for member in (*known.members, *row.members)}
        runtimes = tuple(dict.fromkeys((*known.runtimes, *row.runtimes)))
        rows[row.name] = row.model_copy(
            update={"members": tuple(members.values()), "runtimes": runtimes}
        )

    def shared_name(noun: str, item: Trained) -> str:
        is_one = len({*names.values()}) == 1
        return noun if is_one else f"{noun} of {names[item.run.setting]}"

    for seed_run in trained:
        member = Member(seed=seed_run.member.seed, key=seed_run.run.teacher.key)
        name = shared_name("teacher", seed_run)
        runtimes = teacher_runtimes(seed_run.run.teacher, seed_run.run.recipe.measure)
        add(ManifestRow(name=name, role="teacher", kind="teacher", road=None, members=(member,),
                runtimes=runtimes))  # fmt: skip
    for seed_run in trained:
        kind = seed_run.run.recipe.student.kind
        road = students.get(kind).road
        name = seed_run.run.variant.name
        runtimes = tuple(seed_run.run.recipe.measure.runtimes)
        add(ManifestRow(name=name, role="student", kind=kind, road=road, members=(seed_run.member,),
                runtimes=runtimes, card=seed_run.run.recipe.card,
                escalate=seed_run.run.recipe.measure.escalate))  # fmt: skip
    for seed_run in trained:
        if seed_run.baseline_key is not None:
            member = Member(
                seed=seed_run.member.seed,
                key=seed_run.baseline_key,
                teacher_key=seed_run.run.teacher.key,
            )
            kind = baseline_name(seed_run.run.corpus.task)
            name = shared_name(kind, seed_run)
            add(ManifestRow(name=name, role="baseline", kind=kind, road=None, members=(member,),
                    runtimes=("sklearn",)))  # fmt: skip
    return tuple(rows.values())


def _settings(trained: Sequence[Trained]) -> dict[str, str]:
    """Returns the name of each setting of data and teacher: that of its first variant.

    Settings that came to the same teachers and baselines are one: how many unlabelled texts there
    are, say, shapes neither.
    """
    made: dict[str, set[tuple[str, str | None]]] = defaultdict(set)
    for item in trained:
        made[item.run.setting].add((item.run.teacher.key, item.baseline_key))
    first = {frozenset(made[item.run.setting]): item.run.variant.name for item in reversed(trained)}
    return {setting: first[frozenset(keys)] for setting, keys in made.items()}
