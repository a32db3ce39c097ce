"""What ``pick`` and ``export`` say of a student that asks a teacher where it is not sure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.amounts import (
    change_in_points,
    hundredths,
    in_megabytes,
    percent,
    percent_as_given,
)
from kdzoo.cli.app import out_console, say, use_of
from kdzoo.errors import RecipeError

if TYPE_CHECKING:
    from kdzoo.cascading import ExportedCascade
    from kdzoo.choosing.cascade import CascadeLine
    from kdzoo.statistics.escalation import Wanted


def check_options(
    escalate_to: str | None, mine: Mapping[str, object], other: Mapping[str, object]
) -> None:
    """Looks whether options of a cascade stand beside ``--escalate-to``, and no others do.

    Args:
        escalate_to: what that option says.
        mine: options of a cascade and what they say; None where they are not given.
        other: those that do not go with it.

    Raises:
        RecipeError: one does not go together with the others.
    """
    looked = mine if escalate_to is None else other
    given = [name for name, value in looked.items() if value is not None]
    if given and escalate_to is None:
        raise RecipeError(f"{given[0]} is of a cascade: add --escalate-to teacher, or remove it")
    if given:
        raise RecipeError(f"{given[0]} does not go with --escalate-to: remove one of them")


def show_lines(
    lines: list[CascadeLine],
    folder: Path,
    escalate_to: str,
    wanted: Wanted,
    price: float | None,
    *,
    is_of_one: bool,
) -> None:
    """Prints the cascades of a study, what is promised, and the command that comes next."""
    from kdzoo.console import table
    from kdzoo.registry import runtimes

    rows = [_cells(line, price) for line in lines]
    out_console.print(table(list(rows[0]), [list(row.values()) for row in rows], right_from=2), "")
    best = lines[0]
    say(_promise(lines, escalate_to, wanted))
    for reason, count in Counter(line.broken for line in lines if line.broken).items():
        say(f"{count} of {len(lines)} lines: {reason}" if len(lines) > 1 else reason)
    best_by = "is the most accurate" if wanted.max_loss is None else "escalates the fewest"
    say(f"{best.name} in {best.runtime} {best_by}; at random: accuracy of as many texts escalated")
    if not runtimes.get(best.runtime).is_exported:
        say("its recipe's measure.runtimes names no form that is exported, as onnx-int8")
        return
    words = ["kdzoo", "export", str(folder), "--model", best.name, "--runtime", best.runtime]
    words += ["--escalate-to", escalate_to, *_options(wanted)]
    words += ["--among", str(len(lines))] if is_of_one else []  # else export counts them all
    words += ["--out", "deployed"]
    has_weights = any((folder / "models").glob("*/model.safetensors"))
    where = "" if has_weights else " (in the study's own folder: published results hold no graphs)"
    say(f"next: {shlex.join(words)}{where}")


def _cells(line: CascadeLine, price: float | None) -> dict[str, str]:
    cells = {"model": line.name, "runtime": line.runtime}
    for on, found in (("", line.validation), ("test: ", line.test)):
        if found is not None:
            cells[f"{on}escalated"] = percent(found.escalated)
            cells[f"{on}accuracy"] = hundredths(found.accuracy)
            cells[f"{on}lost"] = percent(found.lost, 2)  # what --max-loss bounds
            cells[f"{on}at random"] = hundredths(found.at_random)
    if price is not None:
        cells["cost / million"] = f"{price * 1000 * line.validation.escalated:,.2f}"
    return cells


def _options(wanted: Wanted) -> list[str]:
    """Returns what was wanted as options of a command."""
    if wanted.max_loss is None:
        return ["--max-escalated", f"{wanted.max_escalated:g}"]
    return ["--max-loss", f"{wanted.max_loss:g}"]


def _promise(lines: list[CascadeLine], escalate_to: str, wanted: Wanted) -> str:
    from kdzoo.statistics.cascade import promise_in_words

    if wanted.max_loss is None:
        share = percent_as_given(wanted.max_escalated or 0)
        return (
            f"no more than {share} of the validation texts go to {escalate_to}, and fewer where "
            "that is no less accurate; of what is lost nothing is promised for other texts"
        )
    together = (
        f", of all {len(lines)} lines together, so that any may be chosen" if len(lines) > 1 else ""
    )
    said = promise_in_words(wanted.max_loss, escalate_to, together)
    return f"{said}; accuracy is no further below that of {escalate_to}"


def show_export(exported: ExportedCascade) -> None:
    """Prints what was written, and how it is used."""
    from kdzoo.runtime.cascade import read_cascade

    say(read_cascade(exported.folder).promise)
    line = exported.line
    if line.test is not None:
        say(
            f"on test: {percent(line.test.escalated)} escalated, accuracy "
            f"{percent(line.test.accuracy)}, {change_in_points(line.test.loss)} points below "
            "the teacher"
        )
    if line.broken is not None:
        say(line.broken)
    if not exported.has_teacher:
        say("the teacher is a file: what is not sure is marked, to be sent on to it")
    say(f"{in_megabytes(exported.size_bytes, 2)} to deploy in {exported.folder}")
    say(f"use it: {use_of(exported.folder, exported.folder / 'student')}")
    say(f"or without kdzoo: {exported.folder / 'README.md'}")
    parts = [exported.folder / "teacher"] if exported.has_teacher else []
    words = ["kdzoo", "bench", *map(str, [*parts, exported.folder, exported.folder / "student"])]
    say(f"measure it beside its parts: {shlex.join(words)} --texts FILE")
