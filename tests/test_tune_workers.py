"""Trials of a search that several processes make are those of one search, whatever is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from tiny_world import RunCommand, listens_to_ctrl_c, tiny_recipe_data

from kdzoo.api import tune
from kdzoo.engines import LostError
from kdzoo.engines.relay import Relay
from kdzoo.errors import KdzooError, TrainingError
from kdzoo.model_files import CHECKPOINT
from kdzoo.results import Store
from kdzoo.tuning import side_by_side, trying

SPACE: dict[str, Any] = {
    "objective.temperature": {"low": 1, "high": 20, "log": True},
    "student.dim": {"low": 4, "high": 12},
}
QUICK = {"steps": 4, "batch_size": 8, "evaluations": 2, "learning_rate": 0.01,
         "checkpoint_every": 2}  # fmt: skip


class Here:
    """Stands in for processes: makes each trial at once, in this one.

    Attributes:
        lost: how many of the first trials end as where a process is killed, before they are told.
        given: how many trials were given to processes.
    """

    lost = 0
    given = 0

    def __init__(self, count: int, progress: Any) -> None:
        self.relay = Relay(Path(f"told-{id(self)}").absolute(), progress)

    def __enter__(self) -> Here:
        self.relay.folder.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends nothing."""

    def submit(self, name: str, call: Callable[..., None], *args: Any) -> Future[None]:
        """Makes a trial, or begins one that is killed."""
        made: Future[None] = Future()
        Here.given += 1
        if Here.lost:
            Here.lost -= 1
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(trying, "train_trial", killed)
                with pytest.raises(KeyboardInterrupt):
                    call(*args)
            made.set_exception(LostError("killed"))
        else:
            made.set_result(call(*args))
        return made


def killed(*_: Any) -> Any:
    """Trains as far as a kill."""
    raise KeyboardInterrupt


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Here]:
    """Makes trials in this process, in the place of others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(side_by_side, "Processes", Here)
    monkeypatch.setattr("kdzoo.engines.choice.WORKER_BYTES", 1)
    Here.lost = Here.given = 0
    return Here


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_encoder: Path) -> Path:
    """A recipe that trains in a moment, with a space."""
    data = {**tiny_recipe_data(tiny_data, tiny_encoder), "training": QUICK, "search": SPACE}
    path = tmp_path_factory.mktemp("tuned") / "tiny.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


class TestSideBySide:
    @pytest.mark.parametrize(("workers", "trials"), [(2, 3), (3, 2)])
    def test_makes_so_many_trials_and_no_more(
        self, here: type[Here], recipe: Path, workers: int, trials: int
    ) -> None:
        """Each an ordinary model of the store, with values of its own."""
        found = tune(str(recipe), trials=trials, out="search", workers=workers)

        assert len(found.trials) == trials
        assert here.given == trials
        assert len({repr(trial.values) for trial in found.trials}) == trials
        for trial in found.trials:
            if trial.figures:
                (key,) = trial.keys
                record = Store(found.folder).read(key)
                assert record.quality["validation"]["accuracy"] == trial.figures[0]

    def test_goes_on_with_what_one_process_began(self, here: type[Here], recipe: Path) -> None:
        """And the other way round: it is one search."""
        first = tune(str(recipe), trials=1, out="search").trials
        second = tune(str(recipe), trials=2, out="search", workers=2).trials
        third = tune(str(recipe), trials=3, out="search").trials

        assert second[:1] == first
        assert third[:2] == second
        assert len(third) == 3

    @pytest.mark.parametrize("lost", [1, 2])
    def test_has_the_values_of_a_killed_process_tried_again(
        self, here: type[Here], recipe: Path, lost: int
    ) -> None:
        here.lost = lost
        found = tune(str(recipe), trials=2, out="search", workers=2)

        begun = [trial.number for trial in found.trials]
        assert len(begun) == 2
        assert min(begun) >= lost  # those that were killed count as none

    @pytest.mark.parametrize("begins", [True, False], ids=["trial", "process"])
    def test_gives_up_what_is_killed_again_and_again(
        self, here: type[Here], recipe: Path, begins: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A trial, whose values it names, or a process that does not begin one."""
        here.lost = 100
        if not begins:
            monkeypatch.setattr(side_by_side, "try_next", killed)
        with pytest.raises(TrainingError, match="fewer --workers") as given_up:
            tune(str(recipe), trials=1, out="search", workers=2)

        assert here.lost > 90
        values = "search: objective.temperature=<number>, student.dim=<number>"
        told = re.sub(r"=[0-9.]+", "=<number>", str(given_up.value))
        assert told.endswith(values if begins else "search with fewer --workers")


class TestOptions:
    @pytest.mark.parametrize(
        ("workers", "said"),
        [("0", "write 1 or more"), ("-2", "write 1 or more"), ("100000", "of memory are free")],
    )
    def test_that_cannot_be_are_refused(
        self, kdzoo: RunCommand, recipe: Path, workers: str, said: str
    ) -> None:
        outcome = kdzoo("tune", recipe, "--trials", 1, f"--workers={workers}", "--out", "search")

        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.err
        assert not Path("search").exists()

    def test_a_student_that_other_processes_do_not_know_is_refused(
        self, recipe: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("kdzoo.extensions.is_here_alone", lambda entry: entry.name == "torch")
        with pytest.raises(KdzooError, match="'torch' was registered in this process"):
            tune(str(recipe), trials=1, out=tmp_path / "search", workers=2)


def running(pid: int) -> list[psutil.Process]:
    """Returns the processes that make trials."""
    return [
        child
        for child in psutil.Process(pid).children(recursive=True)
        if "loky" in " ".join(child.cmdline())
    ]


def wait_for(folder: Path, process: subprocess.Popen[str]) -> None:
    """Waits until a trial beside the recipe as it stands is under way."""
    for _ in range(6000):
        if len(list((folder / "models").glob(f"tiny--*/{CHECKPOINT}"))) and running(process.pid):
            return
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.1)
    raise AssertionError("no trial began")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_whatever_is_killed_the_same_command_goes_on(
    recipe: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A process, all of them, or the first one, by Ctrl-C too: nothing finished is lost."""
    steps = ["--set", "training.steps=150"]
    line = [sys.executable, "-I", "-m", "kdzoo", "tune", str(recipe), "--trials", "6",
            "--workers", "2", "--out", "search", *steps]  # fmt: skip

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            line, cwd=tmp_path, stdout=subprocess.PIPE, text=True, stderr=subprocess.PIPE,
            preexec_fn=listens_to_ctrl_c,
        )  # fmt: skip
        request.addfinalizer(process.kill)  # with it go those that it started
        return process

    for how in (signal.SIGKILL, signal.SIGINT):
        process = start()
        wait_for(tmp_path / "search", process)
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
        assert process.returncode == (-9 if how == signal.SIGKILL else 130), err
        time.sleep(2)  # processes see that the first one has gone
    process = start()
    wait_for(tmp_path / "search", process)
    os.kill(running(process.pid)[0].pid, signal.SIGKILL)
    out, err = process.communicate(timeout=900)

    assert process.returncode == 0, err
    assert "6 trials ended" in out
    again = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "6 trials ended" in again.stdout
    assert not list((tmp_path / "search" / "models").glob(f"*/{CHECKPOINT}"))
