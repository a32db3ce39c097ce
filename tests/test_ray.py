"""A study on the machines of a Ray cluster ends as that of one process: ``tox -e ray``."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from tiny_world import tiny_recipe_data

from kdzoo.results import Store

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
         "--students", str(zoo.parent / "own.py"), "--threads", "1", *options],
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
    """One of two is removed in the middle of its work, and another added, which is then measured.

    Labelling is divided: the cache holds the same shards.
    """
    parts = ("--label-parts", "3")
    run = start(zoo, tmp_path, "--engine", f"ray:{cluster.address}", *parts)
    wait_for("study/models/*/checkpoint.safetensors", tmp_path, run)
    cluster.remove_node(cluster.workers[0], allow_graceful=False)
    cluster.add_node(num_cpus=1, resources={"kdzoo_latency": 1}, **MEMORY)

    said = finished(run)

    assert "latency is measured on" in said
    assert len(Store(tmp_path / "study").sessions()) == 1
    assert differences(whole, tmp_path) == []


def test_this_machine_alone_is_a_cluster_too(
    zoo: Path, whole: Path, tmp_path: Path, differences: Callable[[Path, Path], list[str]]
) -> None:
    """It is started for the study, and ends with it; no machine has the user's file."""
    said = finished(start(zoo, tmp_path, "--engine", "ray"))

    assert "Traceback" not in said
    assert differences(whole, tmp_path) == []


OUTSIDER = """
import sys
from ray._raylet import GcsClient
client = GcsClient(address=sys.argv[1])
print("let in", client.internal_kv_keys(b"", b"", timeout=5))
"""


def wait_for(pattern: str, folder: Path, run: subprocess.Popen[str]) -> None:
    until = time.monotonic() + LIMIT_S
    while not list(folder.glob(pattern)):
        assert run.poll() is None, run.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_cluster_of_this_machine_lets_nobody_else_in(zoo: Path, tmp_path: Path) -> None:
    """Without a token, or with another one than that of this run, Ray does not answer."""
    tokens = ({"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "f" * 64})
    with start(zoo, tmp_path, "--engine", "ray") as run:
        try:
            wait_for("study/models/*/checkpoint.safetensors", tmp_path, run)
            processes = psutil.Process(run.pid).children(recursive=True)
            leader = next(process for process in processes if process.name() == "gcs_server")
            heard = [each for each in leader.net_connections("tcp") if each.status == "LISTEN"]
            outsiders = [
                subprocess.run(
                    [sys.executable, "-c", OUTSIDER, f"127.0.0.1:{each.laddr.port}"],
                    env={**os.environ, **token},
                    capture_output=True,
                    text=True,
                    timeout=120,
                )
                for each in heard
                for token in tokens
            ]
        finally:
            run.terminate()
            run.wait(60)

    assert len(outsiders) >= len(tokens)
    for outsider in outsiders:
        assert outsider.returncode != 0, outsider.stdout
        assert "let in" not in outsider.stdout
        assert "token" in outsider.stderr


def given(zoo: Path, out: str, engine: str, folder: Path, *options: str) -> tuple[int, str]:
    """Runs a study that is to be refused, or to make a step; returns exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "kdzoo", "run", str(zoo), "--out", out,
         "--students", str(zoo.parent / "own.py"), "--engine", engine, *options],
        env={**os.environ, "KDZOO_CACHE": str(folder / "cache")},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@contextmanager
def blind_node(cluster: Any, folder: Path) -> Iterator[None]:
    """Adds a machine that sees another folder in the place of that one, as one that shares none."""
    command = (
        f"mount -t tmpfs tmpfs {shlex.quote(str(folder))} && "
        f"exec {sys.executable} -m ray.scripts.scripts start --address {cluster.address} "
        "--num-cpus 1 --object-store-memory 83886080 --block"
    )
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("only root can give a process other disks")
    nodes = alive(cluster)
    process = subprocess.Popen(["unshare", "--mount", "sh", "-c", command], start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        until = time.monotonic() + 120
        while alive(cluster) == nodes:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def alive(cluster: Any) -> int:
    """Returns how many machines of a cluster are there."""
    return sum(each["Alive"] for each in cluster.global_state.node_table())


def test_a_machine_that_sees_another_folder_is_named_before_any_work(
    zoo: Path, cluster: Any, tmp_path: Path
) -> None:
    """A relative path is named in full; with a shared folder the same command makes its step."""
    private, engine = tmp_path / "private", f"ray:{cluster.address}"
    private.mkdir()
    with blind_node(cluster, private):
        code, said = given(zoo, "private/study", engine, tmp_path, "--only", "baseline")
        assert code == 2
        assert f"does not see {private / 'study'}" in said
        assert "a folder that all machines share under one path" in said
        assert not [*private.glob("study/models/*")]

        code, said = given(zoo, str(tmp_path / "study"), engine, tmp_path, "--only", "baseline")
        assert code == 0, said


def test_more_threads_than_any_machine_has_are_told(
    zoo: Path, cluster: Any, tmp_path: Path
) -> None:
    """Nothing would ever be made; what the message says to write is made."""
    step = ("--only", "baseline")
    engine = f"ray:{cluster.address}"
    code, said = given(zoo, "study", engine, tmp_path, *step, "--threads", "3")
    assert code == 2
    assert "no machine of the cluster has so many cores" in said
    written = re.findall(r"write (--threads) (\d+)", said)

    code, said = given(zoo, "study", engine, tmp_path, *step, *written[0])

    assert code == 0, said


def test_an_address_where_nothing_answers_is_told_in_seconds(zoo: Path, tmp_path: Path) -> None:
    start_s = time.monotonic()
    code, said = given(zoo, "study", "ray:127.0.0.1:1", tmp_path, "--only", "baseline")
    assert code == 2
    assert time.monotonic() - start_s < 60
    assert "nothing answers there" in said
    engine = re.findall(r"write --engine (\w+)", said)[0]

    code, said = given(zoo, "study", engine, tmp_path, "--only", "baseline")

    assert code == 0, said
