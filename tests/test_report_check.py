"""--check: a number that somebody edited is found; a table that is as measured is left alone."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from tiny_results import two_students
from tiny_world import RunCommand

from kdzoo import make_report
from kdzoo.report.check import quality_part


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study, its tables just written."""
    folder = tmp_path_factory.mktemp("reported") / "few"
    two_students(folder)
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

    def test_a_document_without_one_does_not_pass(
        self, kdzoo: RunCommand, folder: Path, readme: Path
    ) -> None:
        readme.write_text("# mine\n", encoding="utf-8")

        outcome = kdzoo("report", str(folder), "--check", "--readme", str(readme))

        assert outcome.code == 1
        assert "holds no block of a table; one begins with a line" in outcome.err

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

    def test_of_a_folder_with_a_space_in_its_name_are_found_too(
        self, kdzoo: RunCommand, folder: Path, readme: Path
    ) -> None:
        folder = folder.rename(folder.with_name("few labels"))
        text = readme.read_text(encoding="utf-8").replace("few/table.md", "few labels/table.md")
        readme.write_text(text, encoding="utf-8")
        as_measured = kdzoo("report", str(folder), "--check", "--readme", str(readme))
        number = percent(accuracy_in(folder))
        readme.write_text(text.replace(number, edited(number), 1), encoding="utf-8")

        outcome = kdzoo("report", str(folder), "--check", "--readme", str(readme))

        assert as_measured.code == 0, as_measured.err
        assert outcome.code == 1
        assert "the block of few labels/table.md is stale" in outcome.err

    def test_may_be_spoken_of_in_code(self, kdzoo: RunCommand, folder: Path, readme: Path) -> None:
        text = readme.read_text(encoding="utf-8")
        readme.write_text(f"{text}\nEach begins with `<!-- table: FILE -->`.\n", encoding="utf-8")

        outcome = kdzoo("report", str(folder), "--check", "--readme", str(readme))

        assert outcome.code == 0, outcome.err

    @pytest.mark.parametrize(
        ("written", "instead"),
        [
            ("<!-- end of table -->", "<!-- end of the table -->"),
            ("<!-- end of table -->", ""),
            ("table.md -->\n", "table.md --> as measured\n"),
            ("few/table.md -->", "-->"),
            ("few/table.md -->", "few/table.md"),
            ("<!-- end of table -->", "<!-- table: few/table.md -->\n\n<!-- end of table -->"),
        ],
    )
    def test_that_are_written_otherwise_are_refused_by_their_line(
        self, kdzoo: RunCommand, folder: Path, readme: Path, written: str, instead: str
    ) -> None:
        """What is no block is never compared: a table in it could say anything."""
        text = readme.read_text(encoding="utf-8")
        assert written in text
        readme.write_text(text.replace(written, instead), encoding="utf-8")

        outcome = kdzoo("report", str(folder), "--check", "--readme", str(readme))

        assert outcome.code == 1
        assert f"{readme}, line 3: " in outcome.err
        assert "ends with a line <!-- end of table -->" in outcome.err


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
