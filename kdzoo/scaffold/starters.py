"""Which students `kdzoo init` writes recipes of, and what it writes for each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from kdzoo.entries import Starter, StudentEntry
from kdzoo.errors import Problem, RegistryError, did_you_mean
from kdzoo.extensions import load_extensions
from kdzoo.files import with_home
from kdzoo.recipe import option_fields
from kdzoo.registry import students

# For a student that says nothing of its own: what the shipped ones of its approach begin with.
_USUAL = {
    "compression": Starter(batch_size=32, learning_rate=3e-4),
    "change": Starter(batch_size=64, learning_rate=2e-3),
}
_NARROW = 384  # width of the encoders for which rates were found
_HIGHEST = 3e-4


def rate_at(width: int | None, rate: float) -> float:
    """Returns the learning rate of a transformer: the wider it is, the smaller its steps.

    The rates for 384 were found on the shipped data; it falls with the width to the power of 1.5,
    so that a width of 768 comes into the range in which such encoders are usually fine-tuned.

    Args:
        width: of its layers; None where it is not known.
        rate: at a width of 384.
    """
    bearable = min(_HIGHEST, rate * (_NARROW / (width or _NARROW)) ** 1.5)
    return float(f"{bearable:.1e}")


def usual_starters() -> list[tuple[StudentEntry, Starter]]:
    """Returns the students that a zoo begins with: compression first, stand-ins last."""
    known = [(entry, entry.starter) for entry in students.entries().values() if entry.starter]
    return sorted(
        known, key=lambda pair: (pair[1].instead_of is not None, pair[0].road == "change")
    )


def chosen_starters(chosen: Sequence[str]) -> list[tuple[StudentEntry, Starter]]:
    """Returns the students that were asked for, each once and in that order.

    Args:
        chosen: names of students, and a file or folder with students of the user's own, which
            stands for all of them.

    Raises:
        RegistryError: one is not known, a file cannot be loaded or registers no student, or a
            student needs an option that only its user can give; all such names at once.
    """
    file = own_file(chosen)
    load_extensions(file)
    entries: dict[str, StudentEntry] = {}
    problems: list[Problem] = []
    for starter in chosen:
        found, problem = _students_of(starter)
        entries |= {entry.name: entry for entry in found}
        problems += [problem] if problem else []
    problems += filter(None, map(_needs_more, entries.values()))
    if not chosen:
        problems.append(Problem("no student is named", cure=did_you_mean("", students.entries())))
    if problems:
        raise RegistryError("--students", *problems)
    return [
        (entry, replace(entry.starter or _USUAL[entry.road], instead_of=None))
        for entry in entries.values()
    ]


def own_file(chosen: Sequence[str]) -> str | None:
    """Returns that part of the choice which is a file or folder of the user's own.

    Raises:
        RegistryError: there are several, and ``kdzoo run`` takes one.
    """
    files = [starter for starter in chosen if _is_file(starter)]
    if len(files) > 1:
        raise RegistryError(
            f"--students names {' and '.join(files)}, and kdzoo run takes one file or folder of "
            "students; put them into one folder and name that"
        )
    return files[0] if files else None


def _is_file(chosen: str) -> bool:
    return chosen.endswith(".py") or "/" in chosen or os.sep in chosen


def _students_of(chosen: str) -> tuple[list[StudentEntry], Problem | None]:
    """Returns the students that a name or a file stands for, or why there are none."""
    known = students.entries()
    if not _is_file(chosen):
        if chosen in known:
            return [known[chosen]], None
        return [], Problem(f"unknown student '{chosen}'", cure=did_you_mean(chosen, known))
    place = with_home(chosen).resolve()
    found = [
        entry
        for entry in known.values()
        if (file := entry.registered_in.resolve()) == place or file.parent == place
    ]
    if found:
        return found, None
    return [], Problem(
        f"{chosen} registers no student", cure="give a file with @register_student in it"
    )


def _needs_more(entry: StudentEntry) -> Problem | None:
    """Returns what is wrong with a student that has options without a default; None if none has."""
    needed = [name for name, (_, default) in option_fields(entry).items() if default is ...]
    if not needed:
        return None
    lines = ", ".join([f"kind: {entry.name}", *(f"{name}: ..." for name in needed)])
    return Problem(
        f"student '{entry.name}' needs {' and '.join(needed)}, which you alone can say",
        cure=f"leave it out, and write student: {{{lines}}} into a copy of another recipe",
    )
