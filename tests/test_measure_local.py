"""Timing in this very process: the same figures where they can be had, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from threadpoolctl import threadpool_info
from tiny_runtimes import children, installed, notes, obedient

from kdzoo.errors import MeasureError
from kdzoo.measure import THROUGHPUT, Candidate, MeasureSettings, Speed, measure_candidates
from kdzoo.measure.local import LocalWorker, thread_budget
from kdzoo.progress import Silent

TEXTS = [f"text {number}" for number in range(40)]


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with installed(tmp_path_factory.mktemp("installed")):
        yield


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def speeds(*candidates: Candidate, is_isolated: bool = False) -> dict[Candidate, Speed]:
    """Measures candidates by short rules."""
    settings = MeasureSettings(1, rounds=2, texts=3, cold_starts=2, is_isolated=is_isolated)
    return measure_candidates(
        candidates, TEXTS, settings=settings, seed=0, progress=Silent()
    ).speeds


class TestASessionInThisProcess:
    def test_has_the_figures_of_an_isolated_one_but_those_of_processes(
        self, tmp_path: Path
    ) -> None:
        candidate = obedient(tmp_path, "a", sleep_ms=1)

        here, isolated = (speeds(candidate, is_isolated=each)[candidate] for each in (False, True))

        for speed in (here, isolated):
            assert [len(each) for each in speed.rounds_ms] == [3, 3]
            assert [len(each) for each in speed.model_rounds_ms] == [3, 3]
            assert tuple(speed.throughput) == THROUGHPUT
        assert isolated.memory is not None
        assert len(isolated.cold_start_ms) == 2
        assert here.memory is None
        assert here.cold_start_ms == ()

    def test_reads_the_texts_of_an_isolated_one(self, tmp_path: Path) -> None:
        """What is drawn is the seed's, not the way's."""
        read = []
        for is_isolated in (False, True):
            folder = tmp_path / str(is_isolated)
            folder.mkdir()
            speeds(obedient(folder, "a", sleep_ms=1), is_isolated=is_isolated)
            read.append([note.texts for note in notes(folder) if note.what == "encode"])

        assert read[0] == read[1]

    def test_starts_no_process(self, tmp_path: Path) -> None:
        candidate = obedient(tmp_path, "a", sleep_ms=1)
        worker = LocalWorker(candidate, 1)
        worker.load("text", 1.0)

        assert children() == []
        assert notes(tmp_path)[0].texts == ["text"]

    @pytest.mark.parametrize("calls", [0, 5], ids=["does not load", "fails later"])
    def test_goes_on_where_a_row_fails(self, tmp_path: Path, calls: int) -> None:
        whole = obedient(tmp_path, "a", sleep_ms=1)
        fails = obedient(tmp_path, "b", calls=calls, then="raises")

        found = speeds(whole, fails)

        assert found[fails] == Speed(failure="ValueError: no such luck")
        assert found[whole].failure is None
        assert len(found[whole].rounds_ms) == 2

    def test_leaves_the_threads_as_they_were(self, tmp_path: Path, tiny_teacher: Path) -> None:
        """A training that follows has all of its own again."""
        candidate = Candidate("teacher", tiny_teacher, "torch")

        assert speeds(candidate)[candidate].failure is None
        assert torch.get_num_threads() == 2


class TestWhereThereAreNoWorkers:
    """As on Windows: no process groups, no pipes that can be waited for, no module resource."""

    @pytest.fixture(autouse=True)
    def _no_workers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kdzoo.measure.candidate.HAS_WORKERS", False)
        monkeypatch.setattr("platform.system", lambda: "Windows")

    def test_a_session_in_this_process_has_its_figures(self, tmp_path: Path) -> None:
        candidate = obedient(tmp_path, "a", sleep_ms=1)

        assert speeds(candidate)[candidate].failure is None

    def test_a_process_per_row_is_refused_with_what_to_write_instead(self, tmp_path: Path) -> None:
        with pytest.raises(MeasureError, match=r"this is Windows\n.*measure\.isolated=false"):
            speeds(obedient(tmp_path, "a"), is_isolated=True)


def threads_of_libraries() -> dict[str, int]:
    return {library["filepath"]: library["num_threads"] for library in threadpool_info()}


class TestThreadBudget:
    @pytest.mark.parametrize("threads", [1, 2, 3])
    def test_holds_within_and_is_given_back_after(self, threads: int) -> None:
        before = threads_of_libraries()

        with thread_budget(threads):
            inside = torch.get_num_threads()

        assert inside == threads
        assert torch.get_num_threads() == 2
        assert threads_of_libraries() == before

    def test_is_given_back_after_an_error_too(self) -> None:
        with pytest.raises(KeyboardInterrupt), thread_budget(1):
            raise KeyboardInterrupt

        assert torch.get_num_threads() == 2
