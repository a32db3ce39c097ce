"""The steps of a study at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdzoo.cli.app import out_console, say

if TYPE_CHECKING:
    from kdzoo.api.plans import MadeStep
    from kdzoo.plan.estimate import PlannedStep


def show_plan(steps: Sequence[PlannedStep], *, is_whole: bool) -> None:
    """Prints steps, what each waits for, what there is, and how long the rest may take.

    Args:
        steps: of a study.
        is_whole: whether they are all steps, behind which the report comes.
    """
    from kdzoo.console import table

    rows = [
        (
            step.name,
            str(step.number),
            _state(step),
            _spans(step.waits_for) or "-",
            "" if step.is_made or step.taken_from else _duration(step.seconds),
        )
        for step in steps
    ]
    out_console.print(table(("step", "number", "", "waits for", "about"), rows), "")
    taken = [step for step in steps if step.taken_from]
    left = [step for step in steps if not step.is_made and not step.taken_from]
    known = [step.seconds for step in left if step.seconds is not None]
    say(f"{len(steps) - len(left) - len(taken):,} of {len(steps):,} steps are made")
    if taken:
        are = "is" if len(taken) == 1 else "are"
        say(f"{len(taken):,} more {are} taken over from a study beside this one")
    if known:
        say(
            f"training: about {_duration(sum(known))} of one process, as {len(known):,} of the "
            f"{len(left):,} steps took here before"
        )
    if is_whole:
        say("then, alone on this machine: latency, and the report")


def show_steps(steps: Sequence[MadeStep]) -> None:
    """Prints what became of steps; exits with 1 where one could not be made."""
    for step in steps:
        say(f"{step.name}: {step.failure and 'failed: '}{step.failure or 'made'}")
    if any(step.failure for step in steps):
        sys.exit(1)


def _state(step: PlannedStep) -> str:
    if step.taken_from:
        return f"in {step.taken_from.name}"
    return "made" if step.is_made else "to make"


def _spans(numbers: Sequence[int]) -> str:
    """Returns numbers as ``3-7 9``."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][-1] + 1:
            spans[-1][1:] = [number]
        else:
            spans.append([number])
    return " ".join("-".join(map(str, span)) for span in spans)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
