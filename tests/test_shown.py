"""The table at the end of a command: what it marks, in colours and without them."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from tiny_results import one_student, two_students
from tiny_world import RunCommand

from kdzoo.cli import shown
from kdzoo.plain import one_line
from kdzoo.report import make_table, read_report
from kdzoo.report.formats.short import Mark, Short, short_table
from kdzoo.report.formats.summary import summary
from kdzoo.results import Store

ESCAPE = "\x1b["


def shown_of(store: Store) -> Short:
    return short_table(read_report(store).table)


def marks(made: Short, mark: Mark) -> set[tuple[str, str]]:
    """Returns (model, title) of the cells that bear the mark."""
    return {
        (line[0].text, title)
        for line in made.lines
        for title, cell in zip(made.titles, line, strict=True)
        if cell.mark is mark
    }


class TestMarks:
    def test_best_is_the_best_student_of_each_column(self, tmp_path: Path) -> None:
        """The teacher is more accurate, and is none; small and fast are good, as accurate is."""
        best = marks(shown_of(two_students(tmp_path)), Mark.BEST)

        assert best == {
            ("tiny", "accuracy"), ("tiny", "in scope"),
            ("idle", "size, MB"), ("idle", "p50, ms"), ("idle", "× teacher"),
        }  # fmt: skip

    def test_none_is_best_among_one(self, tmp_path: Path) -> None:
        assert marks(shown_of(one_student(tmp_path).finish()), Mark.BEST) == set()

    def test_the_teacher_is_marked_whole(self, tmp_path: Path) -> None:
        made = shown_of(two_students(tmp_path))

        assert marks(made, Mark.REFERENCE) == {("teacher", title) for title in made.titles}

    def test_no_measurable_effect_is_said_in_words(self, tmp_path: Path) -> None:
        """In place of a closed gap that nobody can tell from none; the caption explains it."""
        made = shown_of(two_students(tmp_path))

        assert marks(made, Mark.UNSURE) == {("idle", "hard labels"), ("idle", "gap closed")}
        place = made.titles.index("gap closed")
        assert [line[place].text for line in made.lines] == ["–", "86 %", "unclear"]
        assert (
            "Unclear: no measurable difference between the recipe and hard labels." in made.caption
        )

    def test_of_one_seed_nothing_is_said_of_the_recipe(self, tmp_path: Path) -> None:
        """However much the two models differ; the summary tells by how much."""
        store = two_students(tmp_path, seeds=1)
        made = shown_of(store)

        place = made.titles.index("gap closed")
        assert [line[place].text for line in made.lines] == ["–", "one seed", "one seed"]
        assert "One seed: it says nothing of the recipe." in made.caption
        table = make_table(store)
        assert "tiny (+30.0 points, 2 seeds would tell)" in summary(table)[2]

    def test_without_findings_nothing_is_called_without_effect(self, tmp_path: Path) -> None:
        """As in `kdzoo bench`, which has no controls."""
        table = make_table(two_students(tmp_path))
        rows = tuple(replace(row, finding=None) for row in table.rows)
        made = short_table(replace(table, rows=rows))

        assert marks(made, Mark.UNSURE) == set()
        assert "unclear" not in made.caption.lower()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return two_students(tmp_path / "study").root


class TestTerminal:
    def printed(self, study: Path, monkeypatch: pytest.MonkeyPatch, console: Console) -> str:
        monkeypatch.setattr(shown, "out_console", console)
        report = read_report(Store(study))
        with console.capture() as captured:
            shown.show_table(report.table, study, ["table.md"])
        return captured.get()

    def test_colours_what_matters(self, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        console = Console(
            width=100, force_terminal=True, color_system="standard", _environ={"TERM": "xterm"}
        )
        printed = self.printed(study, monkeypatch, console)

        for style, text in (("1;32", "90.0"), ("36", "teacher"), ("33", "unclear")):
            assert re.search(rf"\x1b\[{style}m *{text}", printed), text
        assert not re.search(r"\x1b\[(1;32|33)m *95.0", printed)  # the teacher's

    def test_says_the_verdict_below_the_table(
        self, study: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        printed = self.printed(study, monkeypatch, Console(width=100, _environ={}))

        lines = printed.splitlines()
        verdict = next(n for n, line in enumerate(lines) if line.startswith("The teacher is right"))
        assert lines[0].startswith("model")
        assert lines[verdict - 1] == ""
        assert "The most accurate student, tiny" in printed
        assert (
            "Distilling gave a measurable gain over hard labels to tiny and had no measurable"
            in (" ".join(printed.split()))
        )
        assert max(map(len, lines)) <= 100

    @pytest.mark.parametrize("name", ["[bold red]x[/]", "\x1b[31mx", "\x1b]0;title\x07x"])
    def test_text_from_data_is_text(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """Neither markup of rich's nor a code that the terminal follows: results may be others'."""
        written = one_student(tmp_path)
        written.rows[1] = written.rows[1].model_copy(update={"name": name})
        store = written.finish()

        printed = self.printed(store.root, monkeypatch, Console(width=100, _environ={}))

        assert printed.count(one_line(name)) >= 2  # in the table, and in the verdict
        assert "\x1b" not in printed


@pytest.mark.study
class TestWithoutColours:
    @staticmethod
    def at_a_terminal(study: Path, **environment: str) -> str:
        """Returns what `kdzoo report` writes where its standard output is a terminal."""
        own, theirs = pty.openpty()
        command = [sys.executable, "-I", "-m", "kdzoo", "report", str(study)]
        kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        variables = {**kept, "TERM": "xterm", "COLUMNS": "100", **environment}
        with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=variables) as run:
            os.close(theirs)
            content = b"".join(TestWithoutColours.read(own))
            assert run.stderr is not None
            said = run.stderr.read().decode()
        os.close(own)
        assert run.returncode == 0, said
        return content.decode()

    @staticmethod
    def read(descriptor: int) -> Iterator[bytes]:
        """Yields what comes until the other side is closed, which Linux calls an error."""
        try:
            while block := os.read(descriptor, 4096):
                yield block
        except OSError:
            return

    def test_no_color_means_no_escape_codes(self, study: Path) -> None:
        assert ESCAPE in self.at_a_terminal(study)

        plain = self.at_a_terminal(study, NO_COLOR="1")

        assert "unclear" in plain
        assert "\x1b" not in plain

    def test_a_pipe_means_no_escape_codes(self, kdzoo: RunCommand, study: Path) -> None:
        outcome = kdzoo("report", study)

        assert outcome.code == 0
        assert "unclear" in outcome.out
        assert "\x1b" not in outcome.out
