"""The steps of a study as data: what there is to make, and what each waits for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from kdzoo.errors import RecipeError
from kdzoo.teacher import WHOLE, Part

Kind = Literal["teacher", "baseline", "labels", "student", "control", "quality", "export"]
TRAINED = ("student", "control")  # kinds of steps that train an architecture of the zoo
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def name_of(kind: Kind, variant: str, seed: int) -> str:
    """Returns the name of a step that makes something for a row, be it shared with others."""
    return f"{kind}/{variant}/s{seed}"


def part_of(name: str, part: Part) -> str:
    """Returns the name of a step that makes a part of what another one makes whole."""
    return f"{name}/{part}"


def quality_of(name: str) -> str:
    """Returns the name of the step that reads the quality of another one's model."""
    return f"quality/{name}"


def export_of(name: str, variant: str = "") -> str:
    """Returns the name of a step that exports another one's model.

    Args:
        name: of that one.
        variant: the row that asks for other forms than those before it; empty for the first.
    """
    return f"export/{name}/for/{variant}" if variant else f"export/{name}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to make, by one process.

    Attributes:
        name: tells it apart; what ``--only`` takes.
        kind: what it makes.
        variant: the row that asks for it first.
        seed: of that row.
        waits_for: the names of the steps that have to be made before.
        of: the name of the step whose model is read or exported; empty where it makes its own.
        is_wide: whether it is the quicker for more threads than one: a transformer is at work.
        part: of a labelling; the whole of it waits for its parts, and makes what they lack.
    """

    name: str
    kind: Kind
    variant: str
    seed: int
    waits_for: tuple[str, ...] = ()
    of: str = ""
    is_wide: bool = False
    part: Part = WHOLE

    @property
    def model_kind(self) -> str:
        """The kind of the step whose model is read or exported; its own where it makes its own."""
        return self.of.partition("/")[0] or self.kind

    @property
    def whole(self) -> str:
        """The name of the step of which it is a part; its own where it is none."""
        return self.name.removesuffix(part_of("", self.part))


@dataclass(frozen=True)
class RowSteps:
    """The steps that one seed of one variant comes to, by name; None where there is none.

    Teachers, labels and baselines are shared by rows.
    """

    variant: str
    seed: int
    teacher: str
    student: str
    labels: str | None
    baseline: str | None
    control: str | None


@dataclass(frozen=True)
class Plan:
    """All steps of a study, each behind those that it waits for, and what the rows are made of.

    Latency is none of them: it is measured alone, when all of them have been made.
    """

    steps: tuple[Step, ...]
    rows: tuple[RowSteps, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """The steps by their names."""
        return {step.name: step for step in self.steps}

    @cached_property
    def beside(self) -> Mapping[str, tuple[RowSteps, ...]]:
        """The rows beside which a baseline or a control is shown, by the name of its step."""
        found: dict[str, tuple[RowSteps, ...]] = {}
        for row in self.rows:
            for name in (row.baseline, row.control):
                if name is not None:
                    found[name] = (*found.get(name, ()), row)
        return found

    def behind(self, steps: Iterable[Step]) -> tuple[Step, ...]:
        """Returns the steps, and all that they wait for, in the order of the plan."""
        needed: set[str] = set()
        open_ = [step.name for step in steps]
        while open_:
            name = open_.pop()
            if name not in needed:
                needed.add(name)
                open_ += self.by_name[name].waits_for
        return tuple(step for step in self.steps if step.name in needed)

    def chosen(self, only: str) -> tuple[Step, ...]:
        """Returns the steps that ``--only`` names: by name, kind, number, or from one to another.

        Args:
            only: ``student/cnn/s0``, ``student``, ``3``, or ``3-7``; or several, spaces in between.

        Raises:
            RecipeError: there is no such step.
        """
        if only in self.by_name:
            return (self.by_name[only],)
        found: dict[Step, None] = {}
        for part in only.split():
            found |= dict.fromkeys(self._part(part))
        if not found:
            raise RecipeError(f"--only '{only}': the plan has no such step; --plan lists them")
        return tuple(step for step in self.steps if step in found)

    def _part(self, part: str) -> tuple[Step, ...]:
        if part in self.by_name:
            return (self.by_name[part],)
        if part in get_args(Kind):
            return tuple(step for step in self.steps if step.kind == part)
        numbers = _RANGE.fullmatch(part)
        if numbers is None:
            raise RecipeError(
                f"--only {part}: no such step; write a name, a number, a range as in 3-7, or a "
                f"kind ({', '.join(get_args(Kind))}); --plan lists them"
            )
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if last < first:
            raise RecipeError(
                f"--only {part}: a range goes up, as in {last}-{first}; --plan lists them"
            )
        if not 1 <= first <= last <= len(self.steps):
            raise RecipeError(
                f"--only {part}: the plan has the steps 1 to {len(self.steps)}; --plan lists them"
            )
        return self.steps[first - 1 : last]
