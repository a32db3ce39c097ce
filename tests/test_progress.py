"""What those who wait are told: how far it is, and how fast."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from kdzoo import console
from kdzoo.console import ConsoleProgress
from kdzoo.progress import Silent, with_speed


class Bar:
    """Keeps what it was moved by, and the notes."""

    def __init__(self) -> None:
        self.moves: list[tuple[int, str]] = []

    def advance(self, steps: int = 1, note: str = "") -> None:
        self.moves.append((steps, note))


def clock(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
    """Lets the clock show these times, one after the other."""
    times: Iterator[float] = iter(seconds)
    monkeypatch.setattr("kdzoo.progress.time.perf_counter", lambda: next(times))


class TestSpeed:
    def test_is_all_that_is_done_by_all_the_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock(monkeypatch, 100.0, 100.5, 102.0)
        bar = Bar()
        advance = with_speed(bar)
        advance(1000)
        advance(500)

        assert bar.moves == [(1000, "2,000 texts/s"), (500, "750 texts/s")]

    def test_is_a_number_even_if_no_time_has_passed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock(monkeypatch, 5.0, 5.0)
        bar = Bar()
        with_speed(bar)(0)

        assert bar.moves == [(0, "0 texts/s")]

    def test_of_two_bars_is_each_ones_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock(monkeypatch, 0.0, 0.0, 1.0, 2.0)
        one, other = Bar(), Bar()
        first, second = with_speed(one), with_speed(other)
        first(10)
        second(10)

        assert (one.moves, other.moves) == ([(10, "10 texts/s")], [(10, "5 texts/s")])


class TestALog:
    """Where there is no terminal: whole lines that say what is counted, and few of them."""

    @pytest.mark.parametrize(
        ("total", "done", "unit", "line"),
        [
            (0, 0, "starts", ""),
            (1, 0, "steps", "at work\n"),
            (2862, 0, "steps", "at work: 2,862 steps\n"),
            (48, 0, "texts", "at work: 48 texts\n"),
            (500, 200, "steps", "at work: 500 steps, 200 of them done before\n"),
        ],
    )
    def test_begins_with_what_is_counted_where_there_is_something(
        self, total: int, done: int, unit: str, line: str
    ) -> None:
        log = io.StringIO()
        progress = ConsoleProgress(Console(file=log))

        with progress.task("at work", total, done, unit) as task:
            for _ in range(total - done):
                task.advance()

        assert log.getvalue() == line

    @pytest.mark.parametrize("note", ["", "loss 0.5"])
    def test_goes_on_with_how_far_it_is(self, monkeypatch: pytest.MonkeyPatch, note: str) -> None:
        monkeypatch.setattr(console, "LOG_EVERY_S", 0.0)
        log = io.StringIO()

        with ConsoleProgress(Console(file=log)).task("at work", 3, unit="texts") as task:
            task.advance(note=note)

        _, line = log.getvalue().splitlines()
        assert line.startswith(", ".join(filter(None, ["at work: 1 of 3 texts", note])))
        assert line.endswith(" min left")


def test_silence_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    silent = Silent()
    silent.say("something")
    with silent.task("labelling", 3) as task:
        with_speed(task)(3)

    assert capsys.readouterr() == ("", "")


def test_colours_that_are_forced_make_no_terminal_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notebooks force them: bars that move would be thousands of lines in the saved file."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    log = io.StringIO()
    with ConsoleProgress(Console(file=log)).task("reading", 3, unit="texts") as bar:
        bar.advance(2)

    assert log.getvalue() == "reading: 3 texts\n"
