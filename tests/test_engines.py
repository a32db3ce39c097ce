"""Which step is made when, by how many processes, and what becomes of the others if one fails."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from loky.process_executor import BrokenProcessPool
from tiny_world import RunCommand, WriteRecipe, tiny_recipe_data

from kdzoo import registry
from kdzoo.engines import (
    Assignment,
    LostError,
    Processes,
    Schedule,
    Workers,
    choice,
    processes,
    schedule,
    wanted_workers,
    workers_for,
)
from kdzoo.engines.choice import threads_for, transformers_of
from kdzoo.engines.pace import Pace
from kdzoo.engines.processes import gpu_of
from kdzoo.engines.relay import FileProgress, Relay, ToldOnce
from kdzoo.engines.worker import Workplace
from kdzoo.errors import EngineError, FileError, StoreError
from kdzoo.limits import MemoryLimit
from kdzoo.plan import (
    Claimed,
    Failed,
    Made,
    Plan,
    Result,
    RowSteps,
    Step,
    Threads,
    Unreached,
    plan_of,
)
from kdzoo.plan.perform import computing_with
from kdzoo.recipe import Study, load_study, recipe_model


def step(name: str, *waits_for: str, is_wide: bool = False) -> Step:
    kind: Any = name.partition("/")[0]
    return Step(name=name, kind=kind, variant="r", seed=0, waits_for=waits_for, is_wide=is_wide)


TEACHER = step("teacher/r", is_wide=True)
STEPS = (
    TEACHER,
    step("baseline/r"),
    step("labels/r", "teacher/r", is_wide=True),
    step("student/r", "teacher/r", "labels/r"),
    step("control/r", "teacher/r"),
    step("student/q", "teacher/r", "labels/r"),
)
ROWS = (
    RowSteps("r", 0, "teacher/r", "student/r", "labels/r", "baseline/r", "control/r"),
    RowSteps("q", 0, "teacher/r", "student/q", "labels/r", "baseline/r", None),
)
PLAN = Plan(STEPS, ROWS)
THREADS = Threads(narrow=1, wide=2, student=1)
NO_PACE = Pace(Study("none", ()))


@dataclass
class Said:
    lines: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        self.lines.append(message)

    def task(
        self, description: str, total: int, done: int = 0, unit: str = "steps", **more: bool
    ) -> Any:
        raise NotImplementedError


@dataclass
class Pretended:
    """An engine of two places that makes nothing.

    Attributes:
        outcomes: of a step's attempts, where it is not made at the first.
    """

    outcomes: dict[str, list[Result | Exception]] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    together: list[set[str]] = field(default_factory=list)

    def has_room(self, step: Step, running: Collection[Step]) -> bool:
        is_wide = step.is_wide or any(each.is_wide for each in running)
        return not running if is_wide else len(running) < 2

    def start(self, step: Step, keys: Mapping[str, str]) -> Future[Result]:
        self.started.append(step.name)
        future: Future[Result] = Future()
        planned = self.outcomes.get(step.name, [])
        outcome = planned.pop(0) if planned else Made(step.name)
        if isinstance(outcome, Exception):
            threading.Timer(0.01, future.set_exception, [outcome]).start()
        else:
            threading.Timer(0.01, future.set_result, [outcome]).start()
        return future

    def look(self, running: Collection[Step], waiting: Collection[Step], ended: int) -> None:
        self.together.append({each.name for each in running})
        assert ended + len(running) + len(waiting) == len(STEPS)


def performed(engine: Pretended, said: Said | None = None) -> dict[str, Result]:
    ended: list[str] = []
    say = ToldOnce(said or Said()).say
    made = Schedule(PLAN, engine, lambda each, _: ended.append(each.name), say=say)
    made.perform(STEPS)
    assert sorted(ended) == sorted(made.results) == sorted(each.name for each in STEPS)
    return made.results


class TestTheSchedule:
    def test_makes_all_and_side_by_side_what_can_be(self) -> None:
        """A step that takes all cores is alone, and is not put off for ever."""
        engine = Pretended()

        results = performed(engine)

        assert all(isinstance(result, Made) for result in results.values())
        assert engine.started.index("labels/r") < engine.started.index("student/r")
        assert any(len(each) == 2 for each in engine.together)
        assert {"labels/r"} in engine.together
        assert not any(len(each) > 1 and "labels/r" in each for each in engine.together)

    @pytest.mark.parametrize(
        ("failing", "lost"),
        [
            ("student/r", {"student/r", "control/r"}),
            ("student/q", {"student/q"}),
            ("control/r", {"control/r"}),
            ("baseline/r", {"baseline/r"}),
            ("labels/r", {"labels/r", "student/r", "student/q", "control/r"}),
            ("teacher/r", {each.name for each in STEPS}),
        ],
    )
    def test_goes_on_without_what_fails(self, failing: str, lost: set[str]) -> None:
        """What waits for it fails for the same reason; what is shown beside it alone, too."""
        results = performed(Pretended({failing: [Failed("too warm")]}))

        failed = {name for name, each in results.items() if isinstance(each, Failed)}
        assert failed >= lost - {"control/r"}
        assert failed <= lost
        assert results[failing] == Failed("too warm")
        assert {results[name] for name in failed - {failing}} <= {Failed("too warm", of=failing)}

    def test_comes_back_to_what_another_run_makes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It makes what that one does not, and asks again."""
        monkeypatch.setattr(schedule, "AGAIN_S", 0.3)
        monkeypatch.setattr(schedule, "LOOK_S", 0.02)
        engine = Pretended({"student/r": [Claimed(), Claimed()]})

        results = performed(engine)

        assert results["student/r"] == Made("student/r")
        assert engine.started.count("student/r") == 3
        assert engine.started[-1] == "student/r"

    def test_makes_again_what_a_killed_process_made_but_not_for_ever(self) -> None:
        often = [LostError("killed") for _ in range(schedule.MOST_LOSSES)]
        engine = Pretended({"student/r": [*often[1:]], "student/q": [*often]})

        results = performed(engine)

        assert results["student/r"] == Made("student/r")
        given_up = results["student/q"]
        assert isinstance(given_up, Failed)
        assert "student/q: given up, 5 times: killed" in given_up.reason

    @pytest.mark.parametrize("away", [1, 3])
    @pytest.mark.parametrize("name", ["teacher/r", "labels/r", "student/q", "control/r"])
    def test_waits_for_a_store_that_is_away(
        self, monkeypatch: pytest.MonkeyPatch, name: str, away: int
    ) -> None:
        """It tells it once, and asks for the step again; that is no loss of a process."""
        monkeypatch.setattr(schedule, "AGAIN_S", 0.02)
        monkeypatch.setattr(schedule, "LOOK_S", 0.01)
        engine, said = Pretended({name: [Unreached()] * away}), Said()

        results = performed(engine, said)

        assert set(map(type, results.values())) == {Made}
        assert engine.started.count(name) == away + 1
        assert said.lines == [
            "the study's folder is out of reach just now: waiting until it is back"
        ]

    def test_gives_up_a_store_that_stays_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(schedule, "AGAIN_S", 0.01)
        monkeypatch.setattr(schedule, "LOOK_S", 0.01)
        monkeypatch.setattr(schedule, "AWAY_S", 0.05)

        with pytest.raises(StoreError, match="bring it back and give the same command again"):
            performed(Pretended({"teacher/r": [Unreached()] * 1000}))

    @pytest.mark.parametrize("error", [FileError("the disk is full"), OSError(5, "no disk")])
    def test_ends_where_all_steps_need_what_is_lacking(self, error: Exception) -> None:
        with pytest.raises(type(error)):
            performed(Pretended({"control/r": [error]}))


class TestHowManyProcesses:
    @pytest.mark.parametrize(
        ("cores", "free_gb", "narrow", "gpus", "expected"),
        [(2, 16, 9, 0, 2), (64, 16, 9, 0, 9), (64, 4, 90, 0, 3), (0.3, 16, 9, 0, 1),
         (8, 16, 0, 0, 1), (8, 0.1, 9, 0, 1), (64, 64, 90, 4, 4)],
    )  # fmt: skip
    def test_fit_cores_memory_and_steps(
        self,
        monkeypatch: pytest.MonkeyPatch,
        cores: float,
        free_gb: float,
        narrow: int,
        gpus: int,
        expected: int,
    ) -> None:
        free = int(free_gb * 1e9)
        monkeypatch.setattr(choice, "usable_cores", lambda: cores)
        monkeypatch.setattr(choice, "memory_limit", lambda: MemoryLimit(free, free))
        steps = [TEACHER, *(step(f"student/{number}") for number in range(narrow))]

        assert workers_for(None, steps, THREADS, 1, gpus) == expected
        assert workers_for(5, steps, THREADS, 1, gpus) == 5

    def test_counts_what_is_wide_where_it_computes_with_no_more_threads(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With ``--threads 1`` the parts of a labelling are made side by side."""
        monkeypatch.setattr(choice, "usable_cores", lambda: 8)
        wide = [step(f"labels/{number}", is_wide=True) for number in range(3)]

        assert workers_for(None, wide, THREADS, 1, 0) == 1
        assert workers_for(None, wide, Threads(1, 1, 1), 1, 0) == 3

    def test_counts_transformers_that_are_trained_side_by_side(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(choice, "usable_cores", lambda: 8)
        trained = [step(f"student/{number}", is_wide=True) for number in range(3)]

        assert workers_for(None, [TEACHER, *trained], Threads(1, 8, 2), 1, 0) == 3
        assert workers_for(None, [TEACHER, *trained], Threads(1, 8, 8), 1, 0) == 1

    def test_is_one_where_accelerate_starts_several(self) -> None:
        assert workers_for(None, STEPS, THREADS, 2, 0) == 1
        with pytest.raises(EngineError, match=r"accelerate has started 2 .* --workers 1"):
            workers_for(2, STEPS, THREADS, 2, 0)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--workers", "0"], "--workers 0: write 1 or more"),
            (["--workers", "-3"], "--workers -3: write 1 or more"),
            (["--workers", "100000"], "of memory are free; write --workers "),
            (["--threads", "0"], "--threads 0: write 1 or more"),
            (["--label-parts", "0"], "--label-parts 0: write 1 to 10000"),
            (["--label-parts", "999999999"], "--label-parts 999999999: write 1 to 10000"),
            (["--engine", "rey"], "did you mean 'ray'? Known: local, ray"),
        ],
    )
    def test_that_cannot_be_is_told_with_a_cure(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, options: list[str], words: str
    ) -> None:
        outcome = kdzoo("run", write_recipe(), *options)

        assert outcome.code == 2
        assert words in outcome.err
        assert "Traceback" not in outcome.err
        assert not Path("runs").exists()

    def test_is_one_for_a_student_that_only_this_process_knows(self, own_registries: None) -> None:
        from kdzoo import register_student

        register_student("lonely", road="change")(type("Lonely", (torch.nn.Module,), {}))

        by_name = recipe_model().model_validate
        lonely, other = (
            by_name({**tiny_recipe_data(Path("data"), Path("model")), "student": {"kind": kind}})
            for kind in ("lonely", "cnn")
        )
        assert wanted_workers(None, [other, lonely]) == 1
        assert wanted_workers(1, [lonely]) == 1
        assert wanted_workers(None, [other]) is None
        assert wanted_workers(2, [other]) == 2  # another cell's student is not in its way
        with pytest.raises(EngineError, match="'lonely' was registered in this process"):
            wanted_workers(2, [other, lonely])


class TestHowManyThreads:
    @pytest.mark.parametrize(
        ("transformers", "cores", "widest", "share"),
        [(0, 2, 2, 2), (1, 2, 2, 2), (2, 2, 2, 1), (6, 2, 2, 1), (6, 16, 16, 2), (3, 96, 8, 8)],
    )
    def test_of_transformers_are_an_even_share_of_the_cores(
        self, transformers: int, cores: int, widest: int, share: int
    ) -> None:
        assert threads_for(None, transformers, cores, widest) == Threads(1, widest, share)

    def test_are_those_that_the_user_says(self) -> None:
        assert threads_for(3, 6, 16, 16) == Threads(3, 3, 3)

    @pytest.mark.parametrize(("memory_gb", "expected"), [(64, 4), (2.5, 2), (0.1, 1)])
    def test_of_a_study_count_the_transformers_that_memory_holds(
        self,
        write_recipe: WriteRecipe,
        monkeypatch: pytest.MonkeyPatch,
        memory_gb: float,
        expected: int,
    ) -> None:
        """Student and control of two seeds; the tiny teacher weighs next to nothing."""
        limit = MemoryLimit(int(memory_gb * 1e9), 0)
        monkeypatch.setattr(choice, "memory_limit", lambda: limit)
        changed = ["student={kind: distilbert}"]
        study = load_study(str(write_recipe()), overrides=changed, seeds=[0, 1])

        assert transformers_of(study, plan_of(study)) == expected

    @pytest.mark.parametrize("kind", sorted(registry.students.entries()))
    def test_of_every_student_are_those_of_what_is_built(
        self, kind: str, tiny_encoder: Path, write_recipe: WriteRecipe
    ) -> None:
        """A pretrained encoder is a transformer, whatever the approach it counts as."""
        option = f", model: {tiny_encoder}" if kind == "hf" else ""
        study = load_study(str(write_recipe()), overrides=[f"student={{kind: {kind}{option}}}"])

        trained = [each for each in plan_of(study).steps if each.kind in ("student", "control")]

        assert [each.is_wide for each in trained] == [kind in ("bert", "distilbert", "hf")] * 2

    def test_of_a_study_count_the_model_that_a_student_starts_from(
        self,
        tmp_path: Path,
        tiny_encoder: Path,
        write_recipe: WriteRecipe,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """It may be larger than the teacher, and is trained whole."""
        own = shutil.copytree(tiny_encoder, tmp_path / "larger")
        monkeypatch.setattr(choice, "memory_limit", lambda: MemoryLimit(int(16e9), 0))
        monkeypatch.setattr(choice, "size_bytes", lambda folder: int(2e9) * (folder == own))

        def fitting(student: str) -> int:
            study = load_study(str(write_recipe()), overrides=[f"student={student}"], seeds=[0, 1])
            return transformers_of(study, plan_of(study))

        assert fitting(f"{{kind: hf, model: {tiny_encoder}}}") == 4
        assert fitting(f"{{kind: hf, model: {own}}}") == 1

    def test_of_a_study_without_transformers_leave_its_steps_as_they_are(
        self, write_recipe: WriteRecipe
    ) -> None:
        study = load_study(str(write_recipe()))

        assert transformers_of(study, plan_of(study)) == 1


class TestTeacher:
    @pytest.mark.parametrize("threads", [None, 1])
    def test_is_looked_up_before_its_step_only_where_kdzoo_chooses_the_threads(
        self,
        write_recipe: WriteRecipe,
        kdzoo: RunCommand,
        monkeypatch: pytest.MonkeyPatch,
        threads: int | None,
    ) -> None:
        """Looking it up may fetch it, and who names the threads need not wait for that."""
        looked_up: list[str] = []

        def find(name: str, _: object) -> Path:
            looked_up.append(name)
            return Path(name)

        monkeypatch.setattr(choice, "find_model", find)
        said = () if threads is None else ("--threads", str(threads))
        options = ["--workers", "1", "--only", "baseline", *said]
        outcome = kdzoo("run", write_recipe(), "--set", "student={kind: distilbert}", *options)

        assert outcome.code == 0, outcome

        assert bool(looked_up) == (threads is None)


class Pool:
    """A process that was killed while it had nothing to do, or one that works."""

    def __init__(self, *, is_broken: bool) -> None:
        self.is_broken = is_broken

    def submit(self, *task: Any) -> Future[Result]:
        if self.is_broken:
            raise BrokenProcessPool
        done: Future[Result] = Future()
        done.set_result(Made("key"))
        return done


class TestWorkers:
    @pytest.mark.parametrize("wide", [1, 2])
    def test_have_room_for_a_wide_step_beside_others_where_it_takes_no_more(
        self, wide: int
    ) -> None:
        engine = Workers(assignment(Threads(1, wide, 1)), 2, Said(), NO_PACE)

        assert engine.has_room(TEACHER, [])
        assert engine.has_room(TEACHER, [STEPS[1]]) == (wide == 1)
        assert engine.has_room(STEPS[1], [TEACHER]) == (wide == 1)
        assert not engine.has_room(STEPS[1], [STEPS[3], STEPS[4]])

    def test_have_room_for_transformers_side_by_side_as_far_as_there_are_cores(self) -> None:
        first, second, third = (step(f"student/{number}", is_wide=True) for number in range(3))
        engine = Workers(assignment(Threads(1, 8, 4)), 8, Said(), NO_PACE)

        assert engine.has_room(second, [first])
        assert not engine.has_room(third, [first, second])
        assert not engine.has_room(TEACHER, [first])

    def test_replace_one_that_was_killed_while_it_had_nothing_to_do(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That is no loss of the step, which has not begun."""
        made: list[Pool] = []

        def pool(*_: Any, **__: Any) -> Pool:
            made.append(Pool(is_broken=not made))
            return made[-1]

        monkeypatch.setattr(processes, "ProcessPoolExecutor", pool)

        assert Processes(2, Said()).submit("a step", Made, "key").result(5) == Made("key")
        assert len(made) == 2


def assignment(threads: Threads) -> Assignment:
    return Assignment("", Workplace("", "", (), ""), True, (), threads, 1)


class TestThreads:
    @pytest.mark.parametrize("threads", [1, 2, 3])
    def test_hold_for_a_step(self, threads: int) -> None:
        before = torch.get_num_threads()

        with computing_with(threads):
            assert torch.get_num_threads() == threads

        assert torch.get_num_threads() == before


class TestTheRelay:
    def test_tells_what_processes_wrote_once(self, tmp_path: Path) -> None:
        """A line that is not whole yet, or of a process that was killed, harms nothing."""
        said = Said()
        relay = Relay(tmp_path, ToldOnce(said))
        for name in ("0", "1"):
            worker = FileProgress(tmp_path / f"{name}.jsonl", f"student/{name}")
            worker.say("data: 3 texts")
            with worker.task("training", 10, 4) as task:
                task.advance(1)
        with (tmp_path / "1.jsonl").open("a", encoding="utf-8") as file:
            file.write('{"say": "ha')
        relay.look()
        with (tmp_path / "1.jsonl").open("a", encoding="utf-8") as file:
            file.write('lf"}\n{"say": "kil\n' + json.dumps({"say": "last"}) + "\n")
        relay.look()

        assert said.lines == ["data: 3 texts", "half", "last"]
        assert relay.now_of(["student/0", "student/2"]) == "training: 4 of 10 steps | student/2"


class TestAProcess:
    @pytest.mark.parametrize(
        ("named", "there", "seen"),
        [
            (None, 0, [{}, {}]),
            (None, 1, [{}, {}]),
            (None, 2, [{"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "1"}]),
            ("3", 1, [{}, {}]),
            ("3,5", 2, [{"CUDA_VISIBLE_DEVICES": "3"}, {"CUDA_VISIBLE_DEVICES": "5"}]),
        ],
    )
    def test_has_a_gpu_of_its_own_where_there_are_several(
        self,
        monkeypatch: pytest.MonkeyPatch,
        named: str | None,
        there: int,
        seen: list[dict[str, str]],
    ) -> None:
        """Those that CUDA_VISIBLE_DEVICES names; all of the machine where it names none."""
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if named is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
        monkeypatch.setattr("torch.cuda.device_count", lambda: there)

        assert [gpu_of(place) for place in range(2)] == seen
