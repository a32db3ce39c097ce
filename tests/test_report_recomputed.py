"""The published tables, recomputed from the per-example outcomes by nothing of kdzoo's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

STUDIES = ["clinc150", "clinc150-few", "quickstart", "sick"]
RESULTS = Path(__file__).resolve().parent.parent / "results"


def figures(folder: Path, keys: list[str], runtime: str, oos: int | None) -> dict[str, float]:
    """Returns the means over models of all quality figures, from their parquet files alone."""
    read: list[dict[str, float]] = []
    for key in keys:
        (model,) = (folder / "models").glob(f"*--{key}")
        own = model / runtime if (model / runtime).is_dir() else model
        frame = pd.read_parquet(own / "predictions.parquet")
        test = frame[frame["split"] == "test"]
        gold, said = test["gold"].to_numpy(), test["prediction"].to_numpy()
        values = {"accuracy": (gold == said).mean()}
        classes = np.unique(gold)
        values["macro_f1"] = f1_score(gold, said, labels=classes, average="macro", zero_division=0)
        inside = gold != oos
        values["in_scope_accuracy"] = (gold == said)[inside].mean()
        if oos is not None:
            values["oos_recall"] = (said == oos)[~inside].mean()
        if (test["teacher_prediction"] >= 0).all():
            values["agreement"] = (said == test["teacher_prediction"].to_numpy()).mean()
            values["divergence"] = test["divergence"].mean()
        read.append({name: float(value) for name, value in values.items()})
    return {name: float(np.mean([each[name] for each in read])) for name in read[0]}


@pytest.mark.parametrize("study", STUDIES)
def test_every_quality_figure_of_the_csv_can_be_recomputed(study: str) -> None:
    folder = RESULTS / study
    table = pd.read_csv(folder / "table.csv")
    rows: list[dict[str, Any]] = json.loads((folder / "study.json").read_text())["rows"]
    record = next((folder / "models").glob("*/record.json"))
    oos = json.loads(record.read_text())["data"]["oos"]
    compared = 0
    for row in rows:
        keys = [member["key"] for member in row["members"]]
        for runtime in row.get("runtimes", ["torch"]):
            line = table[(table["model"] == row["name"]) & (table["runtime"] == runtime)].iloc[0]
            for name, value in figures(folder, keys, runtime, oos).items():
                assert line[f"{name}_mean"] == pytest.approx(value, rel=2e-4), (row["name"], name)
                compared += 1
        controls = [m["control_key"] for m in row["members"] if m.get("control_key")]
        if controls:
            first = table[table["model"] == row["name"]].iloc[0]
            hard, own = (figures(folder, each, "torch", oos) for each in (controls, keys))
            teachers = [m["teacher_key"] for m in row["members"]]
            ideal = figures(folder, teachers, "torch", oos)
            assert first["hard_labels_accuracy_mean"] == pytest.approx(hard["accuracy"], rel=1e-5)
            if not np.isnan(first["gap_closed"]):
                gap = own["accuracy"] - hard["accuracy"]
                gap /= ideal["accuracy"] - hard["accuracy"]
                assert first["gap_closed"] == pytest.approx(gap, rel=1e-4)
    assert compared >= 4 * len(table)
