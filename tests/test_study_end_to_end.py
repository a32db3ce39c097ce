"""The main job on a tiny teacher: trained, measured, tabled, drawn, and not done twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tiny_world import RunCommand, WriteRecipe

from kdzoo.results import Store

pytestmark = pytest.mark.trains


class TestOneRun:
    @pytest.mark.pictures
    def test_leaves_table_picture_and_models(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        """One command trains teacher, baseline, student and control, and shows them in a table."""
        outcome = kdzoo("run", write_recipe())

        assert outcome.code == 0, outcome.err
        for name in ("table.md", "table.csv", "accuracy_vs_latency.png", "accuracy_vs_latency.svg"):
            assert (Path("runs/tiny") / name).stat().st_size > 0
        table = Path("runs/tiny/table.md").read_text(encoding="utf-8")
        for row in ("teacher", "tiny", "tf-idf + svm"):
            assert f"| {row} " in table
        assert "runs/tiny/table.md" in outcome.out

    def test_a_second_start_trains_nothing(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, finished_study: Path
    ) -> None:
        """What is in the store is not made again."""
        recipe = write_recipe()
        shutil.copytree(finished_study, "runs/tiny")
        before = {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*.safetensors")}
        outcome = kdzoo("run", recipe)

        assert outcome.code == 0
        assert before == {
            path: path.stat().st_mtime_ns for path in Path("runs").rglob("*.safetensors")
        }
        assert "fine-tun" not in outcome.err
        assert "seed 0" not in outcome.err

    def test_a_changed_option_trains_only_what_it_changes(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, finished_study: Path
    ) -> None:
        """Another temperature makes another student; teacher, baseline and control stay."""
        recipe = write_recipe()
        shutil.copytree(finished_study, "runs/tiny")
        first = Store(Path("runs/tiny")).manifest()
        outcome = kdzoo("run", recipe, "--set", "objective.temperature=5")
        second = Store(Path("runs/tiny")).manifest()

        rows = {row.role: (row, other) for row, other in zip(first.rows, second.rows, strict=True)}
        assert rows["teacher"][0] == rows["teacher"][1]
        assert rows["baseline"][0] == rows["baseline"][1]
        student, changed = (row.members[0] for row in rows["student"])
        assert student.key != changed.key
        assert student.control_key == changed.control_key
        assert "on hard labels" not in outcome.err

    @pytest.mark.study
    def test_says_how_many_texts_are_cut(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        """A maximum length that some texts exceed is told before anything is trained."""
        outcome = kdzoo("run", write_recipe(teacher={"max_length": 4}), "--no-test")

        before, _, _ = outcome.err.partition("fine-tuning the teacher")
        assert "training texts (92.5 %) are longer than 4 tokens and are cut" in before
        assert outcome.err.count("are longer than 4 tokens") == 1

    @pytest.mark.study
    def test_reads_quality_anew_on_another_test_split(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path, tmp_path: Path
    ) -> None:
        """Models do not depend on the test texts, their figures do: those are read again."""
        data = shutil.copytree(tiny_data, tmp_path / "data")
        recipe = write_recipe(data={"files": str(data)})
        kdzoo("run", recipe)
        lines = (data / "test.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        (data / "test.jsonl").write_text("".join(lines[::2]), encoding="utf-8")
        outcome = kdzoo("run", recipe)
        store = Store(Path("runs/tiny"))

        assert "seed 0" not in outcome.err
        for row in store.manifest().rows:
            key = row.members[0].key
            predictions = store.outcomes(key)
            assert (predictions["split"] == "test").sum() == len(lines[::2])
            assert store.read(key).data.test == len(lines[::2])
