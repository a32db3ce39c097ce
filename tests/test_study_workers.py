"""A study whose steps several processes make ends as that of one process, whatever is killed."""

from __future__ import annotations

import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import yaml
from tiny_machine import fill, mounted
from tiny_world import listens_to_ctrl_c, tiny_recipe_data

from kdzoo.engines import Processes
from kdzoo.engines.schedule import MOST_LOSSES
from kdzoo.progress import Silent
from kdzoo.results import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
LIMIT_S = 600
KILLS = 20
MOST_KILLS = MOST_LOSSES - 2  # in a step: what a process has told may be of the one before
KINDS = ("teacher", "labels", "student", "control", "quality", "export")
AWAY_S = 30
LASTING = ("study/models/*/record.json", "study/models/*/*/record.json", "cache/logits/*/*.npy",
           "study/models/*/checkpoint.safetensors", "study/models/*/predictions.parquet",
           "study/models/*/history.json")  # fmt: skip
SLOW = '''
import os, time
from torch import nn
from kdzoo.registry import register_student

class Slow(nn.Module):
    """Takes its time, so that it can be killed while it trains."""

    def __init__(self, vocab_size, num_labels, *, dim: int = 8, sleep_ms: int = 5):
        super().__init__()
        self.embedding, self.head = nn.Embedding(vocab_size, dim), nn.Linear(dim, num_labels)
        self.sleep_ms = sleep_ms

    def forward(self, input_ids, attention_mask):
        if self.training and self.sleep_ms == 13:
            raise ValueError("too warm")
        if self.training:
            time.sleep(self.sleep_ms / 1000)
        return self.head(self.embedding(input_ids).mean(1))

register_student("slow", road="change")(Slow)
'''
TRAINING = {"steps": 200, "evaluations": 2, "checkpoint_every": 20}


@pytest.fixture
def differences(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path], list[str]]:
    monkeypatch.syspath_prepend(BENCHMARKS)
    found: Callable[[Path, Path], list[str]] = importlib.import_module("differences").differences
    return found


# keeps so much memory, written to, and gives the process's number; a worker cannot import the tests
HOLD = "setattr(__import__('os'), 'held', b'x' * {count_bytes}) or __import__('os').getpid()"


def test_a_process_that_needs_memory_is_not_started_anew(tmp_path: Path) -> None:
    """A second passes between two looks of the pool at what its processes hold."""
    with Processes(1, Silent()) as processes:

        def hold(count_bytes: int) -> int:
            return int(
                processes.submit("hold", eval, HOLD.format(count_bytes=count_bytes)).result()
            )

        first, second = (hold(count_bytes) for count_bytes in (1, 400 << 20))
        time.sleep(1.5)
        third = hold(1)

    assert first == second == third


@pytest.fixture(scope="module")
def zoo(tiny_data: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two students of two seeds, with controls, labelled and augmented texts and exported forms."""
    folder = tmp_path_factory.mktemp("workers") / "zoo"
    folder.mkdir()
    (folder.parent / "slow.py").write_text(SLOW, encoding="utf-8")
    for name, dim in (("narrow", 8), ("wide", 12)):
        recipe = {
            **tiny_recipe_data(tiny_data, tiny_encoder),
            "name": name,
            "seeds": [0, 1],
            "student": {"kind": "slow", "dim": dim},
            "transfer": {"augment": {"kind": "mask", "copies": 1}},
        }
        recipe["training"] = {**recipe["training"], **TRAINING}
        recipe["measure"] = {**recipe["measure"], "runtimes": ["torch", "onnx"]}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return folder


class Running:
    """A run of the zoo in a process group of its own, into a folder with a cache of its own."""

    def __init__(self, zoo: Path, folder: Path, *options: str) -> None:
        self.folder, folder_cache = folder, folder / "cache"
        self.temporary = folder.with_name(f"{folder.name}-temporary")
        for made in (folder_cache, self.temporary):
            made.mkdir(parents=True, exist_ok=True)
        with (folder / f"err-{time.monotonic_ns()}").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "kdzoo", "run", str(zoo), "--out",
                 str(folder / "study"), "--students", str(zoo.parent / "slow.py"), *options],
                env={**os.environ, "KDZOO_CACHE": str(folder_cache), "TMPDIR": str(self.temporary)},
                stderr=errors,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=listens_to_ctrl_c,
            )  # fmt: skip

    def workers(self) -> list[psutil.Process]:
        """The processes that make steps, without those that watch over them."""
        try:
            children = psutil.Process(self.process.pid).children()
            return [each for each in children if "popen_loky_posix" in " ".join(each.cmdline())]
        except psutil.NoSuchProcess:
            return []

    def steps(self) -> dict[psutil.Process, str]:
        """The step that each process makes, by what it told last; none of one that starts."""
        found = {}
        for worker in self.workers():
            for file in self.temporary.glob(f"kdzoo-*/*-{worker.pid}.jsonl"):
                lines = file.read_text("utf-8").split("\n")[:-1]
                if lines:
                    found[worker] = json.loads(lines[-1])["step"]
        return found

    def making(self, kind: str) -> psutil.Process | None:
        """The process that makes a step of that kind."""
        at_work = self.steps().items()
        return next((worker for worker, step in at_work if step.startswith(f"{kind}/")), None)

    def lasting(self) -> set[Path]:
        """What it has made so far, or is at."""
        return {path for pattern in LASTING for path in self.folder.glob(pattern)}

    def wait_for(self, pattern: str, count: int = 1) -> None:
        until = time.monotonic() + LIMIT_S
        while len(list(self.folder.glob(pattern))) < count:
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.02)

    def said(self) -> str:
        return "\n".join(file.read_text("utf-8") for file in sorted(self.folder.glob("err-*")))

    def finish(self) -> int:
        code = self.process.wait(LIMIT_S)
        for file in self.folder.glob("err-*"):
            self.last = file.read_text("utf-8")
            file.unlink()
        return code


@pytest.fixture(scope="module")
def whole(zoo: Path) -> Path:
    """What one process makes of the zoo."""
    run = Running(zoo, zoo.parent / "whole", "--workers", "1")
    assert run.finish() == 0, run.last
    return run.folder


@pytest.fixture
def started(zoo: Path, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    runs: list[Running] = []

    def start(*options: str, folder: str = "killed", zoo: Path = zoo) -> Running:
        runs.append(Running(zoo, tmp_path / folder, *options))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
            run.process.wait()


def still_alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Returns those of the processes that have not ended within a minute."""
    until = time.monotonic() + 60
    while alive := [each for each in processes if each.is_running() and not has_ended(each)]:
        if time.monotonic() > until:
            return alive
        time.sleep(0.1)
    return []


def has_ended(process: psutil.Process) -> bool:
    """Whether a process has ended, be it that nobody has asked how."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_kills_of_workers_change_nothing(
    started: Callable[..., Running], whole: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    """One at random whenever the study has got on: in fitting, labelling, training, export.

    None as often in one step that this is given up.
    """
    rng, kills = random.Random(3), Counter[str]()
    seen: set[Path] = set()
    run = started("--workers", "2")
    while run.process.poll() is None and kills.total() < KILLS:
        time.sleep(rng.uniform(0.05, 0.5))
        there = run.lasting()
        at_work = [each for each in run.steps().items() if kills[each[1]] < MOST_KILLS]
        if there - seen and at_work:
            worker, step = rng.choice(at_work)
            worker.kill()
            kills[step] += 1
            seen |= there

    assert run.finish() == 0, run.last
    print(kills)  # noqa: T201 - for pytest -s
    assert kills.total() == KILLS
    assert differences(whole, run.folder) == []


def test_a_kill_in_each_kind_of_step_changes_nothing(
    started: Callable[..., Running], whole: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    run, left = started("--workers", "2"), [*KINDS]
    while run.process.poll() is None and left:
        for kind in left:
            worker = run.making(kind)
            if worker is not None:
                worker.kill()
                left.remove(kind)
                break
        time.sleep(0.005)

    assert run.finish() == 0, run.last
    assert left == []
    assert differences(whole, run.folder) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_folder_that_is_away_for_a_while_is_waited_for(
    started: Callable[..., Running],
    whole: Path,
    differences: Callable[[Path, Path], list[str]],
    workers: str,
) -> None:
    """The study is not begun anew in its place meanwhile, and goes on when it is back."""
    run = started("--workers", workers)
    run.wait_for("study/models/*/checkpoint.safetensors", 1)
    (run.folder / "study").rename(run.folder / "away")
    until = time.monotonic() + AWAY_S
    while time.monotonic() < until:
        assert run.process.poll() is None, run.said()
        assert not (run.folder / "study").exists()
        time.sleep(0.2)
    (run.folder / "away").rename(run.folder / "study")

    assert run.finish() == 0, run.last
    assert run.last.count("is out of reach just now: waiting until it is back") == 1
    assert differences(whole, run.folder) == []


def test_a_full_disk_is_told_once_and_loses_nothing(
    started: Callable[..., Running], whole: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    """The study's folder is on it; with room again the same command goes on."""
    with mounted("size=8m") as disk:
        (disk / "killed").mkdir()
        folder = disk / "killed"
        fill(disk, free_bytes=1 << 18)

        full = started("--workers", "2", folder=str(folder))
        assert full.finish() == 2, full.last
        assert "the disk is full; make room on it" in full.last
        assert "Traceback" not in full.last
        assert not [*folder.glob("study/models/*/*.partial")]

        (disk / "other").unlink()
        again = started("--workers", "2", folder=str(folder))
        assert again.finish() == 0, again.last
        shutil.rmtree(again.temporary)
        assert differences(whole, folder) == []


def test_a_killed_run_leaves_no_worker_and_is_gone_on_with(
    started: Callable[..., Running], whole: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    """The first process dies by kill -9: its workers end too, and their claims with them."""
    run = started("--workers", "2")
    run.wait_for("study/models/*/checkpoint.safetensors")
    workers = run.workers()
    run.process.kill()
    run.finish()
    assert workers
    assert still_alive(workers) == []

    again = started("--workers", "2")

    assert again.finish() == 0, again.last
    assert "resumed at step" in again.last
    assert differences(whole, again.folder) == []


def test_two_runs_at_once_share_the_work(
    started: Callable[..., Running], whole: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    """Of one study: no model is trained twice, and both end with the whole report."""
    runs = [started("--workers", workers, folder="shared") for workers in ("1", "2")]

    codes = [run.process.wait(LIMIT_S) for run in runs]
    said = runs[0].said()

    assert codes == [0, 0], said
    for file in runs[0].folder.glob("err-*"):
        file.unlink()
    trained = [
        line for line in said.splitlines() if "validation accuracy" in line and " s)" in line
    ]
    assert len(trained) == len({line.partition(":")[0] for line in trained}) == 9, said
    assert differences(whole, runs[0].folder) == []


def test_two_studies_that_share_a_teacher_fit_it_once(
    zoo: Path, started: Callable[..., Running], tmp_path: Path
) -> None:
    shared = tmp_path / "two"
    runs = [
        started("--set", "transfer={}", "--seeds", "0", "--out", str(shared / name), folder="two")
        for name in ("a", "b")
    ]

    codes = [run.process.wait(LIMIT_S) for run in runs]
    said = runs[0].said()

    assert codes == [0, 0], said
    assert said.count("teacher fine-tuned") == 1, said
    teachers = [next(Store(shared / name).root.glob("models/teacher--*")) for name in ("a", "b")]
    weights = [(teacher / "model.safetensors").read_bytes() for teacher in teachers]
    assert weights[0] == weights[1]


def test_jobs_of_a_queue_share_the_steps_that_all_are_given(
    started: Callable[..., Running], whole: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    """As an array of Slurm's starts them: what all wait for, then two jobs, then the report."""
    first = started("--workers", "1", "--only", "teacher baseline labels")
    assert first.finish() == 0, first.last
    jobs = [started("--workers", "1", "--only", "student control quality export") for _ in range(2)]
    assert [job.process.wait(LIMIT_S) for job in jobs] == [0, 0], jobs[0].said()
    trained = [line for line in jobs[0].said().splitlines() if ": validation accuracy" in line]
    assert len(trained) == 8

    last = started("--workers", "1")

    assert last.finish() == 0, last.last
    assert differences(whole, last.folder) == []


@pytest.mark.parametrize(("number", "to"), [(signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill)])
def test_who_stops_a_run_is_told_how_to_go_on(
    started: Callable[..., Running], number: int, to: Callable[[int, int], None]
) -> None:
    """Ctrl-C reaches all processes, a system that ends one the first alone; both leave nothing."""
    run = started("--workers", "2")
    run.wait_for("study/models/*/checkpoint.safetensors")
    workers = run.workers()

    to(run.process.pid, number)

    assert run.finish() == 130
    assert run.last.rstrip().endswith("stopped; the same command again goes on from here")
    assert "Traceback" not in run.last
    assert still_alive(workers) == []
    assert [*run.temporary.iterdir()] == []


def test_a_users_student_that_fails_is_told_and_the_others_go_on(
    started: Callable[..., Running], zoo: Path, tmp_path: Path
) -> None:
    failing = tmp_path / "zoo"
    shutil.copytree(zoo, failing)
    shutil.copy(zoo.parent / "slow.py", tmp_path)
    text = (failing / "wide.yaml").read_text("utf-8")
    (failing / "wide.yaml").write_text(text.replace("dim: 12", "dim: 12\n  sleep_ms: 13"), "utf-8")

    run = started("--workers", "2", "--seeds", "0", zoo=failing)

    assert run.finish() == 1
    assert "wide, seed 0, failed: ValueError: too warm (slow.py, line 16)" in run.last
    assert "Traceback" not in run.last
    manifest = Store(run.folder / "study").manifest()
    assert [row.name for row in manifest.rows if row.role == "student"] == ["narrow"]
    assert [each.row for each in manifest.failures] == ["wide"]
