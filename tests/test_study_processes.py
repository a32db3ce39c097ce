"""Several processes train one study together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_world import WriteRecipe

from kdzoo.results import Store


@pytest.mark.slow
def test_two_processes_end_with_one_finished_study(
    tmp_path: Path, write_recipe: WriteRecipe
) -> None:
    """`accelerate launch -m kdzoo run` shares each batch and leaves a whole store, written once.

    One of them exports, and the other waits.
    """
    recipe = write_recipe(measure={"runtimes": ["torch", "onnx", "onnx-int8"]})
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    finished = subprocess.run(
        [*launch, "-m", "kdzoo", "run", str(recipe), "--out", str(tmp_path / "study")],
        capture_output=True,
        text=True,
        timeout=250,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"},
    )

    assert finished.returncode == 0, finished.stderr
    store = Store(tmp_path / "study")
    students = [row for row in store.manifest().rows if row.role == "student"]
    assert set(students[0].runtimes) == {"torch", "onnx", "onnx-int8"}
    assert store.manifest().failures == ()
    assert {"validation", "test"} <= store.read(students[0].members[0].key).quality.keys()
    assert (store.root / "table.md").is_file()
