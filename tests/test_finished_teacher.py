"""A finished teacher is measured as it is deployed, whatever of a text its students learn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_world import RunCommand, WriteRecipe

from kdzoo import predict
from kdzoo.report import make_table
from kdzoo.results import Store


@pytest.mark.study
def test_a_finished_teacher_is_measured_as_it_is_deployed(
    kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_teacher: Path, tiny_data: Path
) -> None:
    """What it reads for students ends at ``teacher.max_length``; deployed, it reads on."""
    measure = {"rounds": 1, "texts": 1, "isolated": False, "runtimes": ["torch", "onnx"]}
    teacher = {"model": str(tiny_teacher), "fine_tune": None, "max_length": 4}
    controls = {"hard_labels": False, "baseline": False}
    recipe = write_recipe(
        teacher=teacher, training={"steps": 1}, measure=measure, controls=controls
    )
    ran = kdzoo("run", recipe)
    assert ran.code == 0, ran.err

    rows = list(map(json.loads, (tiny_data / "test.jsonl").read_text("utf-8").splitlines()))
    found = predict(tiny_teacher, [row["text"] for row in rows])
    right = [each.label == row["label"] for each, row in zip(found, rows, strict=True)]
    table = make_table(Store(Path("runs/tiny")))
    teachers = [row.quality for row in table.rows if row.name == "teacher"]
    assert [each.mean for each in teachers if each] == [sum(right) / len(right)] * 3
    assert "note: the teacher's own figures are of texts of up to" in ran.err
