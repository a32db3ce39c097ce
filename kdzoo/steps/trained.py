"""What a study has trained, and the rows of its table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
    lines = [
        *(_teacher_line(item, names) for item in trained),
        *(_student_line(item) for item in trained),
        *(_baseline_line(item, key, names) for item in trained if (key := item.baseline_key)),
    ]
    by_name: dict[str, list[ManifestRow]] = defaultdict(list)
    for line in lines:
        by_name[line.name].append(line)
    return tuple(map(_together, by_name.values()))


def _teacher_line(item: Trained, names: Mapping[str, str]) -> ManifestRow:
    teacher = item.run.teacher
    return ManifestRow(
        name=_shared_name("teacher", item, names),
        role="teacher",
        kind="teacher",
        road=None,
        members=(Member(seed=item.member.seed, key=teacher.key),),
        runtimes=teacher_runtimes(teacher, item.run.recipe.measure),
    )


def _student_line(item: Trained) -> ManifestRow:
    recipe = item.run.recipe
    return ManifestRow(
        name=item.run.variant.name,
        role="student",
        kind=recipe.student.kind,
        road=students.get(recipe.student.kind).road,
        members=(item.member,),
        runtimes=tuple(recipe.measure.runtimes),
        card=recipe.card,
        escalate=recipe.measure.escalate,
    )


def _baseline_line(item: Trained, key: str, names: Mapping[str, str]) -> ManifestRow:
    kind = baseline_name(item.run.corpus.task)
    member = Member(seed=item.member.seed, key=key, teacher_key=item.run.teacher.key)
    return ManifestRow(
        name=_shared_name(kind, item, names),
        role="baseline",
        kind=kind,
        road=None,
        members=(member,),
        runtimes=("sklearn",),
    )


def _shared_name(noun: str, item: Trained, names: Mapping[str, str]) -> str:
    """Returns what a row is called that variants share: whose it is too, where there are several.

    Args:
        noun: what it is called where there is one alone.
        item: one of the variants' seeds.
        names: of all settings.
    """
    return noun if len({*names.values()}) == 1 else f"{noun} of {names[item.run.setting]}"


def _together(lines: Sequence[ManifestRow]) -> ManifestRow:
    """Returns one row of lines that have its name: with the models and the runtimes of all."""
    members = {member.key: member for line in lines for member in line.members}
    runtimes = dict.fromkeys(runtime for line in lines for runtime in line.runtimes)
    update = {"members": tuple(members.values()), "runtimes": tuple(runtimes)}
    return lines[-1].model_copy(update=update)


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
