"""The code of a user's student: a model tells where it was edited after the training."""

from __future__ import annotations

import warnings

from kdzoo.entries import StudentEntry
from kdzoo.errors import EditedCodeWarning
from kdzoo.sources import source_digests


def code_of(entry: StudentEntry) -> list[str] | None:
    """Returns digests of a user's code; None of a student that comes with kdzoo."""
    return None if entry.is_builtin else source_digests(entry)


def tell_of_edited(entry: StudentEntry, trained: list[str] | None, name: str) -> None:
    """Warns where a student is not the code that a model was trained with.

    Its weights fit an edited class as long as their shapes do, whatever that computes of them.

    Args:
        entry: the student's, as it is now.
        trained: the digests that the model's configuration has, if any.
        name: what the model is called, such as its folder.
    """
    if trained is not None and trained != code_of(entry):
        warnings.warn(
            f"student '{entry.name}' ({entry.origin}) was edited after {name} was trained: its "
            "answers may not be those that were measured; bring the code as it was, or train it "
            "again",
            EditedCodeWarning,
            stacklevel=2,
        )
