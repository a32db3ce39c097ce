"""A study on the machines of a Ray cluster ends as that of one process: ``tox -e ray``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_world import tiny_recipe_data

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
MEMORY = {"object_store_memory": 80 << 20}
QUICK_TO_SEE = {  # that a machine went away
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 3,
    "health_check_initial_delay_ms": 0,
}
LIMIT_S = 900


@pytest.fixture(scope="module")
def zoo(tiny_data: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two students of two seeds, one of an architecture that only the user's file has."""
    folder = tmp_path_factory.mktemp("ray") / "zoo"
    folder.mkdir()
    sections = {"transfer": {"augment": {"kind": "mask", "copies": 1}}, "seeds": [0, 1]}
    for name, student in (("own", {"kind": "own"}), ("cnn", {"kind": "cnn"})):
        recipe = {**tiny_recipe_data(tiny_data, tiny_encoder), **sections}
        recipe |= {"name": name, "student": student}
        recipe["training"] = {**recipe["training"], "steps": 400}
        recipe["measure"] = {**recipe["measure"], "runtimes": ["torch", "onnx"]}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    (folder.parent / "own.py").write_text(
        "from kdzoo.registry import register_student\n"
        "from kdzoo.students.fasttext import FastText\n"
        "@register_student('own', road='change')\n"
        "class Own(FastText):\n    pass\n",
        encoding="utf-8",
    )
    return folder


def start(zoo: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "kdzoo", "run", str(zoo), "--out", str(folder / "study"),
         "--students", str(zoo.parent / "own.py"), *options],
        env={**os.environ, "KDZOO_CACHE": str(folder / "cache")},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip


def finished(run: subprocess.Popen[str]) -> str:
    _, said = run.communicate(timeout=LIMIT_S)
    assert run.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def whole(zoo: Path) -> Path:
    """What one process makes of the zoo."""
    finished(start(zoo, zoo.parent / "whole", "--workers", "1"))
    return zoo.parent / "whole"


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two machines of a core each, and a third that only leads."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": QUICK_TO_SEE, **MEMORY}
    made = Cluster(initialize_head=True, head_node_args=head)
    made.workers = [made.add_node(num_cpus=1, **MEMORY) for _ in range(2)]
    yield made
    made.shutdown()


@pytest.fixture
def differences(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path], list[str]]:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    from differences import differences  # type: ignore[import-not-found]

    found: Callable[[Path, Path], list[str]] = differences
    return found


def test_a_machine_that_goes_away_changes_nothing(
    zoo: Path,
    whole: Path,
    cluster: Any,
    tmp_path: Path,
    differences: Callable[[Path, Path], list[str]],
) -> None:
    """One of two is removed in the middle of its work, and another added."""
    run = start(zoo, tmp_path, "--engine", f"ray:{cluster.address}")
    until = time.monotonic() + LIMIT_S
    while not list(tmp_path.glob("study/models/*/checkpoint.safetensors")):
        assert run.poll() is None, run.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.05)
    cluster.remove_node(cluster.workers[0], allow_graceful=False)
    cluster.add_node(num_cpus=1, **MEMORY)

    finished(run)

    assert differences(whole, tmp_path) == []


def test_this_machine_alone_is_a_cluster_too(
    zoo: Path, whole: Path, tmp_path: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    """It is started for the study, and ends with it; no machine has the user's file."""
    said = finished(start(zoo, tmp_path, "--engine", "ray"))

    assert "Traceback" not in said
    assert differences(whole, tmp_path) == []
