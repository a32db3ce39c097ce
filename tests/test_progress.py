"""What those who wait are told: how far it is, and how fast."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
        advance = with_speed(bar, "texts")
        advance(1000)
        advance(500)

        assert bar.moves == [(1000, "2,000 texts/s"), (500, "750 texts/s")]

    def test_is_a_number_even_if_no_time_has_passed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock(monkeypatch, 5.0, 5.0)
        bar = Bar()
        with_speed(bar, "texts")(0)

        assert bar.moves == [(0, "0 texts/s")]

    def test_of_two_bars_is_each_ones_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock(monkeypatch, 0.0, 0.0, 1.0, 2.0)
        one, other = Bar(), Bar()
        first, second = with_speed(one, "texts"), with_speed(other, "rows")
        first(10)
        second(10)

        assert (one.moves, other.moves) == ([(10, "10 texts/s")], [(10, "5 rows/s")])


def test_silence_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    silent = Silent()
    silent.say("something")
    with silent.task("labelling", 3) as task:
        with_speed(task, "texts")(3)

    assert capsys.readouterr() == ("", "")
