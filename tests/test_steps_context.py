"""What the steps of a study share."""

from __future__ import annotations

from pathlib import Path

from kdzoo.progress import Silent
from kdzoo.results import Store
from kdzoo.steps import StudyContext
from kdzoo.training import make_accelerator


def test_a_thing_is_looked_at_once_a_study(tmp_path: Path) -> None:
    """So that a note is told once, however many seeds and variants it is true of."""
    context = StudyContext(Store(tmp_path), make_accelerator(), Silent())

    looks = [context.first_look(*what) for what in (("a", "b"), ("a",), ("a", "b"), ("a",))]

    assert looks == [True, True, False, False]
