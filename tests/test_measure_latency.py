"""A session: everyone in turn on the same texts, in rounds, in groups; one that fails alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tiny_runtimes import Note, children, installed, notes, obedient

from kdzoo import limits
from kdzoo.errors import MeasureError, RegistryError
from kdzoo.limits import MemoryLimit
from kdzoo.measure import (
    THROUGHPUT,
    Candidate,
    Measured,
    MeasureSettings,
    Speed,
    latency,
    measure_candidates,
    measurement,
    shared_rounds,
)
from kdzoo.progress import Bar, Silent

TEXTS = [f"text {number}" for number in range(40)]
ROUNDS, PER_VISIT = 3, 4


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with installed(tmp_path_factory.mktemp("installed")):
        yield


@dataclass(frozen=True)
class Visit:
    """Who was visited with which texts."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """A session's figures, and what its candidates noted of it."""

    measured: Measured
    notes: list[Note]

    @property
    def visits(self) -> list[Visit]:
        """The visits in their order; each encodes its texts once."""
        encoded = [note for note in self.notes if note.what == "encode"]
        starts = range(0, len(encoded), PER_VISIT)
        return [
            Visit(encoded[i].name, tuple(each.texts[0] for each in encoded[i : i + PER_VISIT]))
            for i in starts
        ]

    def speed(self, name: str) -> Speed:
        """Returns the figures of a candidate."""
        return next(each for known, each in self.measured.speeds.items() if known.name == name)


class Listens(Silent):
    """Hears what is said."""

    def __init__(self, said: list[str]) -> None:
        self.said = said

    def say(self, message: str) -> None:
        self.said.append(message)


def leaves(
    monkeypatch: pytest.MonkeyPatch, available_bytes: int, total_bytes: int = 1 << 41
) -> None:
    """Leaves so much memory to this process."""
    limit = MemoryLimit(total_bytes, available_bytes)
    monkeypatch.setattr(latency, "memory_limit", lambda: limit)


def session(
    folder: Path, names: str, references: str = "", seed: int = 0, **settings: Any
) -> Outcome:
    """Measures obedient candidates, one per letter, in that order."""
    candidates = {name: obedient(folder, name, sleep_ms=2) for name in names}
    return measured_by(folder, candidates, references, seed, **settings)


def measured_by(
    folder: Path,
    candidates: dict[str, Candidate],
    references: str,
    seed: int,
    said: list[str] | None = None,
    **settings: Any,
) -> Outcome:
    """Measures these candidates by short rules."""
    rules = {"rounds": ROUNDS, "texts": PER_VISIT, "cold_starts": 1, **settings}
    measured = measure_candidates(
        list(candidates.values()),
        TEXTS,
        references=[candidates[name] for name in references],
        settings=MeasureSettings(**rules),
        seed=seed,
        progress=Silent() if said is None else Listens(said),
    )
    return Outcome(measured, notes(folder))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A session of three candidates, the first of them the reference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measurement, "WHOLE_S", 10.0)  # tests of studies read fewer texts
        return session(tmp_path_factory.mktemp("one"), "abc", "a", cold_starts=2)


class TestASession:
    def test_visits_each_candidate_once_a_round(self, one: Outcome) -> None:
        """A machine that slows down for a while slows all of them, whoever stands first."""
        names = [visit.name for visit in one.visits]

        rounds = [tuple(names[i : i + 3]) for i in range(0, len(names), 3)]
        assert len(rounds) == ROUNDS
        assert all(sorted(each) == list("abc") for each in rounds)
        assert len(set(rounds)) > 1

    def test_gives_all_of_them_the_same_texts_in_a_round(self, one: Outcome) -> None:
        """Real ones, none twice while there are enough, drawn anew for every round."""
        rounds = [{visit.texts for visit in one.visits[i : i + 3]} for i in range(0, 9, 3)]

        assert all(len(each) == 1 for each in rounds)
        drawn = [texts for (texts,) in rounds]
        assert len(set(drawn)) == ROUNDS
        assert all(set(texts) <= set(TEXTS) and len(set(texts)) == PER_VISIT for texts in drawn)

    def test_never_has_two_at_work_at_once(self, one: Outcome) -> None:
        """From the first model that is loaded to the last text, calls follow each other."""
        ordered = sorted(one.notes, key=lambda note: note.start)

        assert {note.name for note in ordered} == set("abc")
        assert all(earlier.end <= later.start for earlier, later in pairwise(ordered))

    @pytest.mark.parametrize("name", list("abc"))
    def test_has_every_figure_of_each(self, one: Outcome, name: str) -> None:
        speed = one.speed(name)

        assert speed.failure is None
        for rounds_ms in (speed.rounds_ms, speed.model_rounds_ms):
            assert [len(each) for each in rounds_ms] == [PER_VISIT] * ROUNDS
            assert all(call >= 2 for each in rounds_ms for call in each)  # it sleeps for that long
        assert tuple(speed.throughput) == THROUGHPUT
        assert all(0 < rate < 1e6 for rate in speed.throughput.values())
        assert len(speed.cold_start_ms) == 2
        assert all(call > 2 for call in speed.cold_start_ms)
        memory = speed.memory
        assert memory is not None
        assert 0 < memory.imported_bytes <= memory.loaded_bytes <= memory.peak_bytes

    def test_survives_being_written_down(self, one: Outcome) -> None:
        speed = one.speed("a")

        assert Speed.model_validate_json(speed.model_dump_json()) == speed

    def test_tells_what_the_machine_was_like(self, one: Outcome) -> None:
        """Before and after, and which cores were used."""
        conditions = one.measured.conditions

        assert {"load_average_before", "load_average_after", "cores"} <= set(conditions)
        assert json.loads(json.dumps(conditions)) == conditions

    def test_reads_the_whole_split_for_its_throughput(self, one: Outcome) -> None:
        runs = [note.texts for note in one.notes if note.what == "run"]

        at_once = [texts for texts in runs if sorted(texts) == sorted(TEXTS)]
        assert len(at_once) == 3  # each of the three once,
        assert at_once[0] == at_once[1] == at_once[2] != TEXTS  # in an order drawn for all of them

    def test_depends_on_its_seed_alone(self, tmp_path: Path, one: Outcome) -> None:
        """Order and texts are those of the seed, in whatever order the candidates are given."""
        for name in ("again", "other"):
            (tmp_path / name).mkdir()

        again = session(tmp_path / "again", "cab", "a", is_isolated=False)
        other = session(tmp_path / "other", "abc", "a", seed=1, is_isolated=False)

        assert again.visits == one.visits
        assert other.visits != one.visits

    def test_draws_texts_again_where_there_are_too_few(self, tmp_path: Path) -> None:
        candidate = obedient(tmp_path, "a")

        measured = measure_candidates(
            [candidate], ["only", "two"], settings=MeasureSettings(1, 1, 5, 1), seed=0,
            progress=Silent(),
        )  # fmt: skip

        assert [len(each) for each in measured.speeds[candidate].rounds_ms] == [5]

    def test_measures_references_that_are_no_candidates(self, tmp_path: Path) -> None:
        """Alone, too."""
        reference = obedient(tmp_path, "a")

        measured = measure_candidates(
            [], TEXTS, references=[reference], settings=MeasureSettings(1, 2, 3, 1), seed=0,
            progress=Silent(),
        )  # fmt: skip

        assert [len(each) for each in measured.speeds[reference].rounds_ms] == [3, 3]


class TestGroups:
    def test_hold_no_more_than_may_live_and_every_reference(self, tmp_path: Path) -> None:
        """Ratios to a reference stay within a round; it has rounds with every group."""
        found = session(tmp_path, "abcd", "a", live_at_most=2, is_isolated=False)

        names = [visit.name for visit in found.visits]
        rounds = [set(names[i : i + 2]) for i in range(0, len(names), 2)]
        assert rounds == [set("ab")] * ROUNDS + [set("ac")] * ROUNDS + [set("ad")] * ROUNDS
        assert len(found.speed("a").rounds_ms) == 3 * ROUNDS
        for place, name in enumerate("bcd"):
            own = found.speed(name)
            assert own.first_round == place * ROUNDS
            mine, reference = shared_rounds(own, found.speed("a"))
            assert mine == own.rounds_ms
            first = place * ROUNDS
            assert reference == found.speed("a").rounds_ms[first : first + ROUNDS]

    @pytest.mark.parametrize(("available_bytes", "groups"), [(0, 3), (1 << 40, 1)])
    def test_are_smaller_where_memory_is_short(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        available_bytes: int,
        groups: int,
    ) -> None:
        """One candidate at a time is always measured."""
        leaves(monkeypatch, available_bytes)

        found = session(tmp_path, "abc", rounds=1, is_isolated=False)

        assert len({found.speed(name).first_round for name in "abc"}) == groups

    def test_hold_one_reference_where_there_is_room_for_no_more(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other is measured all the same, and has no rounds but its own; the user is told."""
        leaves(monkeypatch, 0)
        said: list[str] = []

        found = session(tmp_path, "abcd", "ab", rounds=1, is_isolated=False, said=said)

        names = [visit.name for visit in found.visits]
        assert [set(names[i : i + 2]) for i in range(0, len(names), 2)] == [
            set("ba"),
            set("bc"),
            set("bd"),
        ]
        assert shared_rounds(found.speed("c"), found.speed("a")) == ((), ())
        assert len(shared_rounds(found.speed("c"), found.speed("b"))[0]) == 1
        assert "memory is short: only 1 of 2 references" in said[0]

    def test_do_not_hold_a_reference_that_leaves_no_room_for_another_like_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It ends, and is measured when its turn comes; nothing is killed for want of memory."""
        available = iter([1 << 40])  # before it starts
        limit = lambda: MemoryLimit(1 << 41, next(available, 1 << 20))  # noqa: E731 - a stand-in
        monkeypatch.setattr(latency, "memory_limit", limit)
        said: list[str] = []

        found = session(tmp_path, "abc", "ab", rounds=1, said=said)

        assert [found.speed(name).failure for name in "abc"] == [None] * 3
        assert [found.speed(name).first_round for name in "bac"] == [0, 0, 1]
        assert "only 1 of 2 references" in said[0]
        assert children() == []

    def test_keep_a_share_of_a_small_machine_free(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A gigabyte of a container of one would leave no room for any two."""
        leaves(monkeypatch, 600 << 20, total_bytes=1200 << 20)

        found = session(tmp_path, "abc", rounds=1, is_isolated=False)

        assert len({found.speed(name).first_round for name in "abc"}) == 1


class TestThreads:
    @pytest.mark.parametrize(
        ("cores", "wanted", "had"), [(2, 8, 2), (2, 2, 2), (4, 1, 1), (0.2, 3, 1), (1.5, 8, 2)]
    )
    def test_are_no_more_than_there_are_cores(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        cores: float,
        wanted: int,
        had: int,
    ) -> None:
        """What is reported is what each candidate had, and the user is told where it is less."""
        for module in (limits, latency):
            monkeypatch.setattr(module, "usable_cores", lambda _=None: cores)
        said: list[str] = []

        found = session(tmp_path, "a", rounds=1, is_isolated=False, threads=wanted, said=said)

        seen = json.loads((tmp_path / "a" / "seen.json").read_text(encoding="utf-8"))
        assert seen["threads"] == found.measured.threads == had
        assert said == (
            []
            if wanted == had
            else [f"measured with {had} of {wanted} threads: this process may use {cores:g} cores"]
        )


class TestAFailure:
    @pytest.mark.parametrize(
        ("orders", "references", "message"),
        [
            ({"calls": 0, "then": "raises"}, "a", "ValueError: no such luck"),
            ({"calls": 30, "then": "exits"}, "", "its process ended with exit code 3: out of luck"),
            (
                {"calls": 30, "then": "exits"},
                "b",
                "its process ended with exit code 3: out of luck",
            ),
            pytest.param(
                {"calls": 30, "then": "hangs"}, "a", "no answer within 5 s", marks=pytest.mark.study
            ),
        ],
        ids=["does not load", "dies", "dies as the reference", "hangs"],
    )
    def test_is_that_rows_alone(
        self, tmp_path: Path, orders: dict[str, Any], references: str, message: str
    ) -> None:
        """It has no figures and says why; the others have all of theirs, in the same order."""
        candidates = {
            "a": obedient(tmp_path, "a", sleep_ms=1),
            "b": obedient(tmp_path, "b", **orders),
            "c": obedient(tmp_path, "c", sleep_ms=1),
        }

        found = measured_by(tmp_path, candidates, references, 0, rounds=2, time_limit_s=5)

        assert found.speed("b") == Speed(failure=message)
        for name in "ac":
            assert found.speed(name).failure is None
            assert len(found.speed(name).rounds_ms) == 2
            assert tuple(found.speed(name).throughput) == THROUGHPUT
        assert children() == []

    def test_is_told(self, tmp_path: Path) -> None:
        said: list[str] = []
        candidate = obedient(tmp_path, "a", calls=0, then="raises")
        measure_candidates(
            [candidate], TEXTS, settings=MeasureSettings(1, 1, 1, 1), seed=0, progress=Listens(said)
        )

        assert said == ["a, obedient: not measured: ValueError: no such luck"]

    def test_of_a_cold_start_is_one_too(self, tmp_path: Path) -> None:
        """Figures of a model that does not always start are not shown."""
        candidate = obedient(tmp_path, "a")

        class Breaks(Silent):
            @contextmanager
            def task(
                self, description: str, total: int, done: int = 0, unit: str = "steps"
            ) -> Iterator[Bar]:
                if description == "measuring cold starts":
                    (candidate.folder / "orders.json").unlink()
                with super().task(description, total, done, unit) as task:
                    yield task

        measured = measure_candidates(
            [candidate], TEXTS, settings=MeasureSettings(1, 1, 1, 3), seed=0, progress=Breaks()
        )

        speed = measured.speeds[candidate]
        assert speed.failure is not None
        assert speed.failure.startswith("FileNotFoundError")
        assert speed.rounds_ms == ()

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
    def test_of_the_session_leaves_no_process(
        self, tmp_path: Path, error: type[BaseException]
    ) -> None:
        """Ctrl-C during a round ends every worker."""

        class Interrupts(Silent):
            @contextmanager
            def task(
                self, description: str, total: int, done: int = 0, unit: str = "steps"
            ) -> Iterator[Bar]:
                if description == "measuring latency":
                    assert len(children()) == 2
                    raise error
                with super().task(description, total, done, unit) as task:
                    yield task

        candidates = [obedient(tmp_path, name) for name in "ab"]
        with pytest.raises(error):
            measure_candidates(
                candidates, TEXTS, settings=MeasureSettings(), seed=0, progress=Interrupts()
            )

        assert children() == []


class Counts(Silent):
    """Notes what is counted, and how far."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, int]] = []

    @contextmanager
    def task(
        self, description: str, total: int, done: int = 0, unit: str = "steps"
    ) -> Iterator[Bar]:
        self.counted.append((description, total))
        with super().task(description, total, done, unit) as task:
            yield task


class TestProgress:
    def test_counts_every_row_that_is_started(self, tmp_path: Path) -> None:
        """References are started first, and by themselves."""
        first, second, third = (obedient(tmp_path, name) for name in "abc")
        progress = Counts()
        measure_candidates(
            [first, second, third],
            TEXTS,
            references=[first],
            settings=MeasureSettings(1, 1, 1, 1),
            seed=0,
            progress=progress,
        )

        assert [total for name, total in progress.counted if name.startswith("starting")] == [1, 2]

    @pytest.mark.parametrize(
        ("cold_starts", "is_isolated", "speaks"),
        [(2, True, True), (1, True, False), (2, False, False)],
    )
    def test_speaks_of_cold_starts_where_there_are_more(
        self, tmp_path: Path, cold_starts: int, is_isolated: bool, speaks: bool
    ) -> None:
        """The first is that of the process which stays for the rounds."""
        progress = Counts()
        measure_candidates(
            [obedient(tmp_path, "a")],
            TEXTS,
            settings=MeasureSettings(1, 1, 1, cold_starts, is_isolated=is_isolated),
            seed=0,
            progress=progress,
        )

        assert any("cold" in name for name, _ in progress.counted) == speaks


class TestBadInput:
    @pytest.mark.parametrize("value", [0, -1])
    @pytest.mark.parametrize("name", sorted(vars(MeasureSettings()).keys() - {"is_isolated"}))
    def test_a_setting_below_one_is_refused_by_name(self, name: str, value: int) -> None:
        """Before any process is started."""
        wrong: dict[str, Any] = {name: value}
        with pytest.raises(MeasureError, match=f"{name}: is {value}\n *give a number above 0"):
            measure_candidates(
                [], TEXTS, settings=MeasureSettings(**wrong), seed=0, progress=Silent()
            )

    def test_all_settings_that_are_wrong_are_told_at_once(self) -> None:
        with pytest.raises(MeasureError) as caught:
            MeasureSettings(threads=0, rounds=0).check()

        assert [problem.where for problem in caught.value.problems] == ["threads", "rounds"]

    def test_no_texts_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(MeasureError, match="no texts"):
            measure_candidates(
                [obedient(tmp_path, "a")], [], settings=MeasureSettings(), seed=0, progress=Silent()
            )

    def test_an_unknown_runtime_is_refused(self, tmp_path: Path) -> None:
        """It is a mistake in what was asked for, not of one row."""
        with pytest.raises(RegistryError, match="unknown runtime 'onx'; did you mean 'onnx'"):
            measure_candidates(
                [Candidate("a", tmp_path, "onx")], TEXTS, settings=MeasureSettings(), seed=0,
                progress=Silent(),
            )  # fmt: skip
        assert children() == []
