"""A study that was killed goes on where it was, and ends with the figures of one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from tiny_world import RunCommand, WriteRecipe

from kdzoo.results import Record, Store

DEADLINE_S = 120


@pytest.fixture
def recipe(write_recipe: WriteRecipe) -> Path:
    """A student that trains for some seconds and can be resumed at many points."""
    return write_recipe(
        training={"steps": 2000, "checkpoint_every": 50, "evaluations": 10, "batch_size": 8},
        controls={"hard_labels": False, "baseline": False},
    )


def wait_for_a_checkpoint(process: subprocess.Popen[str], folder: Path) -> Path:
    """Returns the checkpoint of a student's training as soon as one is there."""
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        assert process.poll() is None, f"it ended too soon: {process.communicate()[1]}"
        for path in folder.glob("models/tiny--*/checkpoint.safetensors"):
            return path
        time.sleep(0.01)
    raise AssertionError("no checkpoint appeared")


def records(folder: Path) -> dict[str, Record]:
    store = Store(folder)
    keys = {
        key
        for row in store.manifest().rows
        for member in row.members
        for key in (member.key, member.control_key)
        if key is not None
    }
    return {key: store.read(key) for key in sorted(keys)}


@pytest.mark.study
@pytest.mark.trains
class TestKilledStudy:
    def test_ends_as_if_it_had_not_been(
        self,
        kdzoo: RunCommand,
        recipe: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """SIGKILL in the middle of a student, then the same command: every figure, every weight."""
        killed, whole = tmp_path / "killed" / "tiny", tmp_path / "whole" / "tiny"
        command = [sys.executable, "-m", "kdzoo", "run", str(recipe), "--out", str(killed)]
        caches = {
            folder: str(tmp_path / f"cache-{folder.parent.name}") for folder in (killed, whole)
        }
        with subprocess.Popen(
            command,
            env={**os.environ, "KDZOO_CACHE": caches[killed]},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        ) as process:
            checkpoint = wait_for_a_checkpoint(process, killed)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert not (checkpoint.parent / "record.json").exists()
        with safe_open(checkpoint, framework="pt") as file:  # whole, although the process is dead
            assert file.metadata()

        monkeypatch.setenv("KDZOO_CACHE", caches[killed])
        outcome = kdzoo("run", recipe, "--out", killed)
        assert outcome.code == 0, outcome.err
        assert "resumed at step" in outcome.err
        monkeypatch.setenv("KDZOO_CACHE", caches[whole])
        outcome = kdzoo("run", recipe, "--out", whole)
        assert outcome.code == 0, outcome.err
        assert "resumed at step" not in outcome.err

        ended, unbroken = records(killed), records(whole)
        assert ended.keys() == unbroken.keys()
        for key, record in ended.items():
            assert record.quality == unbroken[key].quality
            if (Store(whole).finished(key) / "model.safetensors").is_file():
                weights, wanted = (
                    load_file(Store(folder).finished(key) / "model.safetensors")
                    for folder in (killed, whole)
                )
                assert all((weights[name] == wanted[name]).all() for name in wanted)
        assert not list(killed.rglob("checkpoint.safetensors"))
        assert not list(killed.rglob("*.partial"))


@pytest.mark.parametrize("kept", ["write_outcomes", "write_decision"])
def test_quality_by_a_new_rule_that_was_broken_off_is_read_anew(
    kdzoo: RunCommand, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    """Between the files of what a model answers, some are of the new rule and some of the old."""
    recipe, key = write_recipe(training={"steps": 20}), "measure.reject.max_false_rejections"
    write = getattr(Store, kept)

    def killed(store: Store, *given: object) -> None:
        write(store, *given)
        raise MemoryError("killed")

    command = ("run", recipe, "--out", "study", "--set")
    assert kdzoo(*command, f"{key}=0.1").code == 0
    with monkeypatch.context() as patch:
        patch.setattr(Store, kept, killed)
        assert kdzoo(*command, f"{key}=0.5").code != 0
    outcome = kdzoo(*command, f"{key}=0.5")
    assert outcome.code == 0, outcome.err
    whole = kdzoo("run", recipe, "--out", "elsewhere/whole", "--set", f"{key}=0.5")

    assert whole.code == 0, whole.err
    found = {each: record.quality for each, record in records(Path("study")).items()}
    assert found == {
        each: record.quality for each, record in records(Path("elsewhere/whole")).items()
    }


def test_a_checkpoint_is_whole_at_any_moment(tmp_path: Path) -> None:
    """Whoever looks while it is being replaced sees the old one or the new one, never a part."""
    import threading

    import torch

    from kdzoo.training.average import WeightAverage
    from kdzoo.training.checkpoint import Checkpoint
    from kdzoo.training.plan import TrainingPlan

    model = torch.nn.Linear(200, 200)
    optimizer = torch.optim.AdamW(model.parameters())
    plan = TrainingPlan(
        steps=1, batch_size=1, learning_rate=1.0, weight_decay=0.0, warmup=0.0, max_grad_norm=1.0,
        select_by="last", evaluations=1, checkpoint_every=1, seed=0,
    )  # fmt: skip
    average = WeightAverage(model, plan)
    path, point, stop = tmp_path / "checkpoint.safetensors", Checkpoint(), threading.Event()
    point.save(path, model, optimizer, average, {})
    broken: list[str] = []
    looks = 0

    def look() -> None:
        nonlocal looks
        while not stop.is_set():
            looks += 1
            try:
                with safe_open(path, framework="pt") as file:
                    file.get_tensor("model/weight")
            except (OSError, SafetensorError) as error:
                broken.append(str(error))

    watcher = threading.Thread(target=look)
    watcher.start()
    for step in range(60):
        point.step = step
        point.save(path, model, optimizer, average, {})
    stop.set()
    watcher.join()

    assert looks > 0
    assert broken == []
