"""--examples: texts stand in the page where the data is there to read them from, and only then."""

from __future__ import annotations

import shutil
from html import unescape
from pathlib import Path

import pytest
from tiny_world import RunCommand

from kdzoo.errors import DataError, StoreError
from kdzoo.examples import example_texts
from kdzoo.report.write import PAGE
from kdzoo.results import Manifest, Store

RESULTS = Path(__file__).resolve().parent.parent / "results"


@pytest.fixture
def copied(finished_study: Path, tmp_path: Path) -> Store:
    """A finished study on files that are still there."""
    shutil.copytree(finished_study, tmp_path / "study")
    return Store(tmp_path / "study")


def test_are_the_texts_of_the_outcomes_in_their_order(copied: Store, tiny_data: Path) -> None:
    texts = example_texts(copied, "test")

    row = copied.manifest().rows[0]
    assert len(texts) == copied.read(row.members[0].key).data.test
    written = "".join(path.read_text(encoding="utf-8") for path in tiny_data.iterdir())
    assert all(text in written for text in texts)
    assert (
        len(example_texts(copied, "validation")) == copied.read(row.members[0].key).data.validation
    )


@pytest.mark.study
def test_stand_below_the_classes_that_lost_them(kdzoo: RunCommand) -> None:
    """Of the embedded data, which is always there; without the option the page has no text."""
    shutil.copytree(RESULTS / "quickstart", "study")
    texts = example_texts(Store(Path("study")), "test")

    assert kdzoo("report", "study").code == 0
    without = unescape(Path("study", PAGE).read_text(encoding="utf-8"))
    outcome = kdzoo("report", "study", "--examples")

    assert outcome.code == 0, outcome.err
    shown = unescape(Path("study", PAGE).read_text(encoding="utf-8"))
    long = [text for text in texts if len(text.split()) > 4]
    assert not [text for text in long if text in without]
    assert len([text for text in long if text in shown]) > 10


def test_of_other_data_than_was_measured_are_refused(
    copied: Store, tiny_data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny_data, other)
    test = next(other.glob("test.*"))
    lines = test.read_text(encoding="utf-8").splitlines(keepends=True)
    test.write_text("".join(lines[:-1]), encoding="utf-8")

    with pytest.raises(DataError, match=r"not those that .* was measured on: name its source"):
        example_texts(copied, "test", str(other))


def test_of_data_that_is_not_there_name_the_cure(kdzoo: RunCommand) -> None:
    """What is published knows its data by name alone."""
    shutil.copytree(RESULTS / "sick", "study")

    outcome = kdzoo("report", "study", "--examples")

    assert outcome.code == 2
    assert "--data" in outcome.err


def test_without_a_student_are_refused(copied: Store) -> None:
    copied.write_manifest(Manifest(study="none", rows=copied.manifest().rows[:1]))

    with pytest.raises(StoreError, match="has no student"):
        example_texts(copied, "test")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data", "x"], "--data belongs to --examples"),
        (["--examples", "--publish", "out"], "what is published or checked holds no texts"),
    ],
)
def test_with_misfitting_options_are_refused(
    kdzoo: RunCommand, options: list[str], words: str
) -> None:
    outcome = kdzoo("report", str(RESULTS / "quickstart"), *options)

    assert outcome.code == 2
    assert words in outcome.err
