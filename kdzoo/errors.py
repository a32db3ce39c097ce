"""Every error that a user can cause: what is wrong, where, and the cure.

All problems of one input are told at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from kdzoo.plain import told_apart


def first_line(error: BaseException) -> str:
    """Returns what a library's error says first; its kind where it says nothing."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def kind_and_words(error: BaseException) -> str:
    """Returns the kind of a library's error, and what it says first."""
    kind, said = type(error).__name__, first_line(error)
    return kind if said == kind else f"{kind}: {said}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input."""

    what: str
    where: str = ""
    cure: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n      {self.cure}" if self.cure else text


class KdzooError(Exception):
    """A mistake that the user can mend; the command line prints it, no traceback, exit code 2.

    Args:
        title: the input that is wrong, or the whole message when there are no problems to list.
        problems: each with its place and its cure.
    """

    def __init__(self, title: str, *problems: Problem) -> None:
        super().__init__(title)
        self.title = title
        self.problems = problems

    def __str__(self) -> str:
        if not self.problems:
            return self.title
        count = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        return "\n".join(
            [f"{self.title}: {count}", *(f"  - {problem}" for problem in self.problems)]
        )


class RegistryError(KdzooError):
    """An unknown or doubly registered name, or a file of students that does not load."""


class RecipeError(KdzooError):
    """A recipe that cannot be found, read or followed."""


class DataError(KdzooError):
    """Data that cannot be found, read or trained on."""


class TeacherError(KdzooError):
    """A teacher that cannot be found, or does not fit the data."""


class OutOfReachError(TeacherError):
    """A model of the hub that is not on this machine, while no hub is in reach."""


class ModelError(KdzooError):
    """A model folder that cannot be loaded, or a student that breaks its contract."""


class EditedCodeWarning(UserWarning):
    """A user's student was edited after a model of it was trained; the command line notes it."""


class TrainingError(KdzooError):
    """A training that cannot go on."""


class TrackingError(KdzooError):
    """An experiment tracker that is unknown, not installed or does not start."""


class MeasureError(KdzooError):
    """A measurement that cannot be made."""


class StoreError(KdzooError):
    """A folder of results that cannot be read."""


class FileError(KdzooError):
    """A file or folder that may not be read or written, or that another process holds."""


class HeldError(FileError):
    """A folder that another process holds just now."""


class EngineError(KdzooError):
    """A way to run a study that this machine, or the cluster, does not have."""


class HubError(KdzooError):
    """A model hub that is not in reach, or that refuses what is sent to it."""


# likeness from which a name is taken for a misspelt one: two letters swapped of three have 0.67,
# "text" and "intent" 0.6
_MISSPELT = 0.65


def nearest(name: object, known: Iterable[str]) -> str | None:
    """Returns the name that is most like this one, or that alone has it as a part ("int8").

    None where none is near.
    """
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=_MISSPELT)
    wholes = [each for each in names if str(name) in each.split("-")]
    return close[0] if close else wholes[0] if len(wholes) == 1 else None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Returns "did you mean 'x'? Known: x, y, z.", the nearest name first, where one is near."""
    names = sorted(known)
    shown = told_apart([str(name), *names])
    meant = nearest(name, names)
    suggestion = f"did you mean '{shown[meant]}'? " if meant is not None else ""
    return f"{suggestion}Known: {', '.join(shown[each] for each in names) or 'none'}."
