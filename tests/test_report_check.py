"""--check: a number that somebody edited is found; a table that is as measured is left alone."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from tiny_world import RunCommand

from kdzoo import make_report
from kdzoo.report.check import quality_part

RESULTS = Path(__file__).resolve().parent.parent / "results"


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of published results, its tables just written."""
    folder = tmp_path_factory.mktemp("reported") / "few"
    shutil.copytree(RESULTS / "clinc150-few", folder)
    make_report(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path, reported: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(reported, tmp_path / "few"))


def accuracy_in(folder: Path) -> str:
    """Returns the first student's accuracy, as table.csv has it."""
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return next(row["accuracy_mean"] for row in rows if row["role"] == "student")


def percent(share: str) -> str:
    return f"{float(share) * 100:.1f}"


def edited(number: str) -> str:
    """Returns it with another last digit."""
    return f"{number[:-1]}{(int(number[-1]) + 1) % 10}"


class TestTables:
    def test_as_measured_are_left_alone(self, kdzoo: RunCommand, folder: Path) -> None:
        before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}

        outcome = kdzoo("report", str(folder), "--check")

        assert outcome.code == 0, outcome.err
        assert {path: path.read_bytes() for path in before} == before

    @pytest.mark.parametrize("name", ["table.md", "table.csv", "table.tex"])
    def test_with_an_edited_number_are_found(
        self, kdzoo: RunCommand, folder: Path, name: str
    ) -> None:
        """One digit, in any of the files; the message shows the line."""
        path = folder / name
        text = path.read_text(encoding="utf-8")
        accuracy = accuracy_in(folder)
        number = accuracy if name == "table.csv" else percent(accuracy)
        assert number in text
        path.write_text(text.replace(number, edited(number), 1), encoding="utf-8")

        outcome = kdzoo("report", str(folder), "--check")

        assert outcome.code == 1
        assert f"{path} is stale" in outcome.err
        assert edited(number) in outcome.err

    def test_that_are_missing_are_told(self, kdzoo: RunCommand, folder: Path) -> None:
        (folder / "table.tex").unlink()

        outcome = kdzoo("report", str(folder), "--check")

        assert outcome.code == 1
        assert "table.tex is missing" in outcome.err


class TestBlocks:
    @pytest.fixture
    def readme(self, folder: Path) -> Path:
        shown = quality_part((folder / "table.md").read_text(encoding="utf-8"))
        path = folder.parent / "README.md"
        path.write_text(
            f"# mine\n\n<!-- table: few/table.md -->\n\n{shown}\n\n<!-- end of table -->\n",
            encoding="utf-8",
        )
        return path

    def test_as_measured_are_left_alone(
        self, kdzoo: RunCommand, folder: Path, readme: Path
    ) -> None:
        outcome = kdzoo("report", str(folder), "--check", "--readme", str(readme))

        assert outcome.code == 0, outcome.err

    def test_with_an_edited_number_are_found(
        self, kdzoo: RunCommand, folder: Path, readme: Path
    ) -> None:
        text = readme.read_text(encoding="utf-8")
        number = percent(accuracy_in(folder))
        assert number in text
        readme.write_text(text.replace(number, edited(number), 1), encoding="utf-8")

        outcome = kdzoo("report", str(folder), "--check", "--readme", str(readme))

        assert outcome.code == 1
        assert "the block of few/table.md is stale" in outcome.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--check", "--publish", "x"), "--check writes nothing; remove --publish"),
        (("--readme", "README.md"), "--readme belongs to --check"),
        (("--check", "--readme", "no.md"), "no such document: no.md"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    kdzoo: RunCommand, folder: Path, options: tuple[str, ...], said: str
) -> None:
    outcome = kdzoo("report", str(folder), *options)

    assert outcome.code == 2
    assert said in outcome.err
