"""What is not to be relied on is said so wherever it is shown: noisy latencies, gaps by chance."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from tiny_cards import a_study, card_of
from tiny_results import HandWritten, as_validation, one_student, two_students
from tiny_world import RunCommand

from kdzoo.choosing.pick import limits_of, pick
from kdzoo.cli import shown
from kdzoo.measure import NOISY
from kdzoo.report import Report, read_report, text_files, write
from kdzoo.report.formats.frame import tidy_frame
from kdzoo.report.page.notebook import Results
from kdzoo.results import Member, Store, Timing

STUDENT, TEACHER = "s" * 16, "t" * 16
STUDENT_MS, TEACHER_MS = 0.567, 8.76  # medians, so odd that no other figure is written like them


def timed(study: HandWritten, *, noise: float) -> Store:
    """Returns the study with a session in which the teacher varied by so much from round to round.

    Half of the interquartile range lies on each side of the median.
    """
    rounds = [TEACHER_MS * (1 + noise * each) for each in (-0.75, -0.5, 0, 0.5, 0.75)]
    teacher = tuple((each,) * 4 for each in rounds)
    study.session(
        Timing(key=TEACHER, runtime="torch", rounds_ms=teacher),
        Timing(key=STUDENT, runtime="torch", rounds_ms=((STUDENT_MS,) * 4,) * 5),
        name="later",
    )
    return study.finish()


def terminal(store: Store, report: Report) -> str:
    console = Console(width=200, _environ={})
    with pytest.MonkeyPatch.context() as patch, console.capture() as captured:
        patch.setattr(shown, "out_console", console)
        shown.show_table(report.table, store.root, [])
    return captured.get()


def page(_: Store, report: Report) -> str:
    """Returns what is read on the page, what a pointer over the picture shows included."""
    text = write.page(report).translate({0x2007: None, 0x2008: None})  # room for digits
    (rows,) = re.findall(r'<script id="rows".*?>(.*?)</script>', text, re.DOTALL)
    hovers = " ".join(re.findall(r'"hover": \[.*?\]', rows))
    return re.sub(r"<script.*?</script>|<[^>]*>", " ", text, flags=re.DOTALL) + hovers


def file(name: str) -> Callable[[Store, Report], str]:
    return lambda _, report: text_files(report.table)[name]


PLACES: dict[str, Callable[[Store, Report], str]] = {
    "terminal": terminal,
    "notebook": lambda store, _: re.sub(r"<[^>]*>", " ", Results(store.root)._repr_html_()),
    "page": page,
    "Markdown": file("table.md"),
    "LaTeX": file("table.tex"),
}
EVERYWHERE = pytest.mark.parametrize("place", PLACES)


def latencies(text: str) -> list[str]:
    """Returns what follows each of the two medians, where it is quoted with three digits."""
    return re.findall(rf"(?<![\d.])(?:{STUDENT_MS}|{TEACHER_MS})(?!\d)(.{{0,12}})", text)


@EVERYWHERE
class TestNoisyLatencies:
    @pytest.mark.parametrize("noise", [NOISY + 0.01, 1.0])
    def test_bear_the_word_wherever_they_are_quoted(
        self, tmp_path: Path, place: str, noise: float
    ) -> None:
        """Table and verdict alike; how much the machine varied is told once more, in a sentence."""
        store = timed(one_student(tmp_path), noise=noise)

        text = PLACES[place](store, read_report(store))

        found = latencies(text)
        assert found
        assert all(re.match(r"( ms,.*| ms)? NOISY", each) for each in found)
        if place != "LaTeX":  # where a sentence is the author's own
            assert f"NOISY: the reference varied by {noise * 100:.0f} %" in text

    def test_of_a_quiet_machine_bear_none(self, tmp_path: Path, place: str) -> None:
        store = timed(one_student(tmp_path), noise=NOISY - 0.01)

        text = PLACES[place](store, read_report(store))

        assert latencies(text)
        in_glossary = 1 if place == "page" else 0
        assert text.count("NOISY") == in_glossary


class TestNoisyMachines:
    def test_are_told_in_the_card(self, tmp_path: Path) -> None:
        card = card_of(timed(a_study(tmp_path), noise=0.27))

        assert card.forms()["the weights, in PyTorch"]["p50, ms"] == f"{STUDENT_MS} NOISY"
        assert "NOISY: the reference varied by 27 %" in card.words

    @pytest.mark.parametrize("limit", ["1", "0.1"])
    def test_are_told_where_a_row_is_picked(
        self, tmp_path: Path, kdzoo: RunCommand, limit: str
    ) -> None:
        """Whether one fits or the nearest is shown."""
        store = timed(one_student(tmp_path / "study"), noise=0.27)
        for key in (TEACHER, STUDENT, "c" * 16):
            as_validation(store, key)
            record = store.read(key)
            quality = {"validation": record.quality["test"]}
            store.write(store.finished(key), record.model_copy(update={"quality": quality}))

        outcome = kdzoo("pick", "study", "--max-latency-ms", limit)

        text = outcome.out + outcome.err
        assert latencies(text)
        assert all(re.match("( ms)? NOISY", each) for each in latencies(text))
        assert "NOISY: the reference varied by 27 %" in text

    def test_are_a_figure_of_the_frame(self, tmp_path: Path) -> None:
        frame = tidy_frame(timed(one_student(tmp_path), noise=0.27))

        assert frame.query("metric == 'noise'")["value"].tolist() == pytest.approx([0.27] * 2)

    @pytest.mark.parametrize(("steady", "said"), [(TEACHER, 0), (STUDENT, 2)])
    def test_are_noisy_for_all_rows_or_for_none_where_no_teacher_is_timed(
        self, tmp_path: Path, steady: str, said: int
    ) -> None:
        """The first that could be timed is the reference of all; none is its own."""
        study = HandWritten(Store(tmp_path))
        for letter, role in (("t", "baseline"), ("s", "student")):
            study.model(letter * 16, range(10), role=role, name=letter)
            study.row(letter, role, Member(seed=0, key=letter * 16))
        rounds = {True: ((1.0,) * 4,) * 5, False: tuple((each,) * 4 for each in (1, 2, 3, 4, 5))}
        study.session(
            Timing(key=TEACHER, runtime="onnx", failure="it died", rounds_ms=()),
            *(
                Timing(key=key, runtime="torch", rounds_ms=rounds[key == steady])
                for key in (TEACHER, STUDENT)
            ),
        )

        table = read_report(study.finish()).table

        noisy = [latency.is_noisy for latency in table.timed]
        assert len(noisy) == 2
        assert sum(noisy) == said

    def test_are_a_reason_not_to_believe_what_a_limit_is_missed_by(self, tmp_path: Path) -> None:
        table = read_report(timed(one_student(tmp_path), noise=0.27)).table

        (missed,) = pick(table, limits_of(latency_ms=0.1)).missed

        assert missed == f"{STUDENT_MS} ms NOISY (wanted at most 0.1)"


@EVERYWHERE
def test_a_gap_that_may_be_chance_is_quoted_nowhere(tmp_path: Path, place: str) -> None:
    """One student gains 86 % of the gap; the other's control is as good, and words say so."""
    store = two_students(tmp_path)

    text = PLACES[place](store, read_report(store))

    assert re.search(r"86 \\?%", text)
    assert not re.search(r"(?<!\d)0 \\?% *[(|&]|(?<!\d)0 \\?%$", text)
    assert "unclear" in text
