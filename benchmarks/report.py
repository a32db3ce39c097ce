"""The report of a study of two hundred runs, beside reading what it is made from."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import typer
from setting import Publish, show

from kdzoo.measure import Size, environment
from kdzoo.measure.outcomes import with_all_columns
from kdzoo.results import (
    DataSummary,
    Manifest,
    ManifestRow,
    Member,
    Record,
    Role,
    Session,
    Store,
    Timing,
)
from kdzoo.statistics import QUALITY_VERSION, figures

TEXTS, CLASSES = 5500, 151
LABELS = tuple(f"label {number}" for number in range(CLASSES))
ROWS, SEEDS = 200, 3  # the larger of the two studies: each with its control
DATA = DataSummary(
    origin="synthetic",
    labels=LABELS,
    oos=CLASSES - 1,
    train=15_000,
    unlabelled=0,
    validation=0,
    test=TEXTS,
    fingerprint="synthetic",
    test_fingerprint="synthetic",
    cut_share=0.0,
)


def main(publish: Publish = False) -> None:
    """Prints seconds and peak memory of the command."""
    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        for rows, seeds in ((ROWS, 1), (ROWS // SEEDS, SEEDS), (ROWS, SEEDS)):
            store = make_study(Path(temporary) / f"{rows}x{seeds}", rows, seeds)
            reading_s = read_all(store)
            seconds, peak_bytes = report_anew(store.root)
            lines.append(
                {
                    "rows": rows,
                    "seeds": seeds,
                    "models": len(list(store.root.glob("models/*"))),
                    "reading the outcomes alone, s": round(reading_s, 1),
                    "report, s": round(seconds, 1),
                    "peak memory, GB": round(peak_bytes / 1e9, 2),
                }
            )
    title = f"The whole report, from a fresh process; {TEXTS:,} texts, {CLASSES} classes"
    show("report", {title: lines}, publish=publish)


def report_anew(folder: Path) -> tuple[float, int]:
    """Returns seconds and peak bytes of ``kdzoo report``."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "kdzoo", "report", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def read_all(store: Store) -> float:
    """Returns the seconds that reading every outcome once takes."""
    start = time.perf_counter()
    for path in store.root.glob("models/*/predictions.parquet"):
        pd.read_parquet(path)
    return time.perf_counter() - start


def make_study(root: Path, rows: int, seeds: int) -> Store:
    """Writes a study of students with controls, a teacher and a latency session."""
    store, rng = Store(root), np.random.default_rng(0)
    gold = rng.integers(CLASSES, size=TEXTS)
    hardness = rng.normal(0, 2, TEXTS)
    teacher = _model(store, "teacher", 0, "teacher", 5.0, gold, hardness, rng)
    shown = [ManifestRow(name="teacher", role="teacher", kind="synthetic", road=None,
                 members=(Member(seed=0, key=teacher),))]  # fmt: skip
    for number in range(rows):
        skill = rng.uniform(3, 5)
        name = f"student {number}"
        members = tuple(
            Member(
                seed=seed,
                key=_model(store, name, seed, "student", skill, gold, hardness, rng),
                teacher_key=teacher,
                control_key=_model(store, name, seed, "control", skill - 0.3, gold, hardness, rng),
            )
            for seed in range(seeds)
        )
        shown.append(
            ManifestRow(name=name, role="student", kind="synthetic", road="change", members=members)
        )
    store.write_manifest(Manifest(study="synthetic", rows=tuple(shown)))
    store.write_session(_session(shown, rng))
    return store


def _model(
    store: Store,
    name: str,
    seed: int,
    role: Role,
    skill: float,
    gold: np.ndarray,
    hardness: np.ndarray,
    rng: np.random.Generator,
) -> str:
    """Writes a model that gets the harder texts wrong; returns its key."""
    key = f"{rng.integers(1 << 63):016x}"
    is_right = skill - hardness + rng.normal(0, 1, TEXTS) > 0
    wrong = rng.integers(CLASSES, size=TEXTS)
    frame = with_all_columns(
        pd.DataFrame(
            {
                "split": "test",
                "row": np.arange(TEXTS),
                "gold": gold,
                "prediction": np.where(is_right, gold, wrong),
                "confidence": rng.uniform(0.3, 1, TEXTS),
                "gold_log_probability": np.log(rng.uniform(0.1, 1, TEXTS)),
                "brier": rng.uniform(0, 1, TEXTS),
                "divergence": np.nan if role == "teacher" else rng.uniform(0, 1, TEXTS),
                "teacher_prediction": gold,
                "oos_score": rng.uniform(0, 1, TEXTS),
                "calibrated_confidence": rng.uniform(0.3, 1, TEXTS),
                "calibrated_gold_log_probability": np.log(rng.uniform(0.1, 1, TEXTS)),
                "words": gold % 20,
                "rarest_word": gold,
            }
        )
    )
    folder = store.folder(name, role, seed, key)
    folder.mkdir(parents=True)
    store.write_outcomes(folder, frame)
    record = Record(
        key=key,
        role=role,
        name=name,
        seed=seed,
        kind="synthetic",
        road="change",
        data=DATA,
        recipe={"name": name},
        size=Size(parameters=1, embedding_parameters=0, size_bytes=10_000_000),
        quality={"test": figures(frame, DATA.oos)},
        quality_version=QUALITY_VERSION,
        environment={"cpu": "none"},
        created="2026-01-01T00:00:00+00:00",
    )
    store.write(folder, record)
    return key


def _session(rows: list[ManifestRow], rng: np.random.Generator) -> Session:
    """Returns a session in which the first seed of every row was timed, 120 rounds of 16 calls."""
    timings = tuple(
        Timing(
            key=row.members[0].key,
            runtime="torch",
            rounds_ms=rng.lognormal(0, 0.1, (120, 16)).tolist(),
        )
        for row in rows
    )
    return Session(
        id="session",
        threads=1,
        timings=timings,
        environment=environment(),
        created="2026-01-01T00:00:00+00:00",
    )


if __name__ == "__main__":
    typer.run(main)
