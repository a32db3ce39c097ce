"""Several processes train one study together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_world import WriteRecipe

from kdzoo.results import Store

pytestmark = pytest.mark.slow


def in_two_processes(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Returns how a command ends that two processes are given together."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.run(
        [*launch, "-m", "kdzoo", *arguments],
        capture_output=True,
        text=True,
        timeout=250,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1",
             "ACCELERATE_USE_CPU": "true"},
    )  # fmt: skip


def test_two_processes_end_with_one_finished_study(
    tmp_path: Path, write_recipe: WriteRecipe
) -> None:
    """`torchrun -m kdzoo run` shares each batch and leaves a whole store, written once.

    One of them exports, and the other waits.
    """
    recipe = write_recipe(measure={"runtimes": ["torch", "onnx", "onnx-int8"]})

    finished = in_two_processes("run", str(recipe), "--out", str(tmp_path / "study"))

    assert finished.returncode == 0, finished.stderr
    store = Store(tmp_path / "study")
    students = [row for row in store.manifest().rows if row.role == "student"]
    assert set(students[0].runtimes) == {"torch", "onnx", "onnx-int8"}
    assert store.manifest().failures == ()
    assert {"validation", "test"} <= store.read(students[0].members[0].key).quality.keys()
    assert (store.root / "table.md").is_file()


def test_two_processes_know_of_each_other(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    """So what ends with one study was trained by both; workers of their own they refuse."""
    recipe = write_recipe()

    refused = in_two_processes("run", str(recipe), "--out", str(tmp_path), "--workers", "2")

    assert refused.returncode != 0
    assert "accelerate has started 2 processes" in refused.stderr
