"""Studies whose teacher is only a file: the same students, and a table that says what it can."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file
from tiny_outputs import write_rows
from tiny_world import LABELS, RunCommand, WriteRecipe, tiny_recipe_data

from kdzoo.results import Record, Store

Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def bare(tmp_path: Path, tiny_data: Path, tiny_encoder: Path) -> Path:
    """A recipe whose teacher is o.jsonl beside it, without any model: words, random vectors."""
    data = tiny_recipe_data(tiny_data, tiny_encoder)
    data["teacher"] = {"outputs": "o.jsonl", "max_length": 32}
    data["student"] |= {"text": "words"}
    data["training"]["steps"] = 10
    path = tmp_path / "bare.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def gold_rows(folder: Path, *splits: str) -> Rows:
    """Returns the data's own texts and labels: what people would say who never err."""
    return [
        json.loads(line)
        for split in splits
        for line in (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def record_of(store: Store, role: str) -> Record:
    """Returns the record of the row of that role."""
    (row,) = (row for row in store.manifest().rows if row.role == role)
    return store.read(row.members[0].key)


@pytest.mark.trains
class TestTheSameStudent:
    @pytest.mark.study
    @pytest.mark.parametrize(
        "student",
        [
            {"kind": "bilstm", "dim": 16, "hidden": 12, "head": 16, "embeddings": "teacher"},
            {"kind": "cnn", "dim": 16, "maps": 8},
        ],
        ids=lambda student: student["kind"],
    )
    def test_from_the_file_as_from_the_model(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        tiny_encoder: Path,
        student: dict[str, Any],
    ) -> None:
        """The teacher fine-tuned here, then what `kdzoo label` wrote with it: the same weights.

        Their keys differ in the teacher's part alone, and so may the paths in their records.
        """
        kind = student["kind"]
        extra = {"transfer": {"augment": {"kind": "mask", "p_mask": 0.2}}, "seeds": [3]}
        live = write_recipe("live.yaml", student=student, **extra)
        data = yaml.safe_load(live.read_text(encoding="utf-8"))
        data["student"] = student
        live.write_text(yaml.safe_dump(data), encoding="utf-8")
        assert (ran := kdzoo("run", live)).code == 0, ran.err
        (teacher,) = Path("runs/live/models").glob("teacher--*")
        kdzoo("texts", live, "-o", "t.jsonl", "--evaluation")
        labelled = kdzoo("label", teacher, "t.jsonl", "-o", "o.parquet", "--max-length", "32")
        assert labelled.code == 0, labelled.err
        data["teacher"] = {"outputs": "o.parquet", "encoder": str(tiny_encoder), "max_length": 32}
        filed = Path("file.yaml")
        filed.write_text(yaml.safe_dump(data), encoding="utf-8")
        assert (ran := kdzoo("run", filed)).code == 0, ran.err

        stores = [Store(Path("runs") / name) for name in ("live", "file")]
        students = [record_of(store, "student") for store in stores]
        weights = [
            load_file(store.finished(record.key) / "model.safetensors")
            for store, record in zip(stores, students, strict=True)
        ]
        assert students[0].key != students[1].key
        assert weights[0].keys() == weights[1].keys()
        for name in weights[0]:
            assert torch.equal(weights[0][name], weights[1][name]), f"{kind}: {name}"
        assert students[0].quality == students[1].quality
        assert record_of(stores[0], "teacher").quality == record_of(stores[1], "teacher").quality
        controls = [store.manifest().rows[1].members[0].control_key for store in stores]
        assert controls[0] == controls[1]


class TestTheEncoderOfAFile:
    """Where it is a package that is not installed, the fallback is it, whoever asks for it."""

    @pytest.fixture
    def recipe(self, bare: Path, tmp_path: Path, tiny_data: Path, tiny_encoder: Path) -> Any:
        write_rows(tmp_path / "o.jsonl", gold_rows(tiny_data, "train", "validation", "test"))
        data = yaml.safe_load(bare.read_text(encoding="utf-8"))
        missing = {"encoder": "package:no_such_package/model", "fallback": str(tiny_encoder)}
        data["teacher"] |= missing
        data["student"] = {"kind": "bilstm", "dim": 16, "hidden": 12, "head": 16}
        return data

    def test_gives_vectors_to_students(
        self, kdzoo: RunCommand, bare: Path, recipe: dict[str, Any]
    ) -> None:
        recipe["objective"]["hidden"] = 1.0
        bare.write_text(yaml.safe_dump(recipe), encoding="utf-8")

        outcome = kdzoo("run", bare)

        assert outcome.code == 0, outcome.err

    @pytest.mark.parametrize(
        "transfer",
        [
            {"augment": {"kind": "mask", "p_mask": 0.2}},
            {"unlabelled": {"files": "more.txt", "choose": "nearest", "max_texts": 2}},
        ],
        ids=["augment", "choose"],
    )
    def test_lends_what_transfer_texts_are_made_by(
        self, kdzoo: RunCommand, bare: Path, recipe: dict[str, Any], transfer: dict[str, Any]
    ) -> None:
        Path("more.txt").write_text("play a song\nring me early\nrain\n", encoding="utf-8")
        bare.write_text(yaml.safe_dump({**recipe, "transfer": transfer}), encoding="utf-8")

        outcome = kdzoo("texts", bare, "-o", "t.jsonl")

        assert outcome.code == 0, outcome.err

    def test_has_the_weights_that_the_recipe_names(
        self, kdzoo: RunCommand, bare: Path, recipe: dict[str, Any]
    ) -> None:
        recipe["teacher"]["sha256"] = "0" * 64
        bare.write_text(yaml.safe_dump(recipe), encoding="utf-8")

        outcome = kdzoo("check", bare)

        assert outcome.code == 2
        assert "the weights are not the ones that the recipe names" in outcome.err


class TestTheTable:
    def test_of_a_file_that_covers_everything(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, tiny_data: Path
    ) -> None:
        """Figures of the teacher, no size and no latency; students are held against it."""
        write_rows(tmp_path / "o.jsonl", gold_rows(tiny_data, "train", "validation", "test"))
        outcome = kdzoo("run", bare)
        table = Path("runs/bare/table.md").read_text(encoding="utf-8")
        line, deployed = (each for each in table.splitlines() if each.startswith("| teacher "))
        rows = csv.DictReader(Path("runs/bare/table.csv").read_text(encoding="utf-8").splitlines())
        (row,) = (row for row in rows if row["role"] == "teacher")
        store = Store(Path("runs/bare"))

        assert outcome.code == 0, outcome.err
        assert "100.0" in line
        assert "100.0" in deployed
        assert [cell.strip() for cell in line.split("|")[-6:-1]] == ["–"] * 5
        assert [cell.strip() for cell in deployed.split("|")[4:-1]] == ["–"] * 11
        assert row["parameters"] == row["size_bytes"] == row["latency_p50_ms"] == ""
        assert row["accuracy_mean"] == "1"
        assert "agreement" in record_of(store, "student").quality["test"]
        assert "faster: than the teacher" not in table
        for name in ("accuracy_vs_latency.png", "accuracy_vs_latency.svg"):
            assert (Path("runs/bare") / name).is_file()

    def test_of_a_file_of_the_transfer_set_alone(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, tiny_data: Path
    ) -> None:
        """No figures of the teacher; the students' own, of test, without agreement."""
        write_rows(tmp_path / "o.jsonl", gold_rows(tiny_data, "train"))
        outcome = kdzoo("run", bare)
        store = Store(Path("runs/bare"))
        student = record_of(store, "student")
        table = Path("runs/bare/table.md").read_text(encoding="utf-8")

        assert outcome.code == 0, outcome.err
        assert record_of(store, "teacher").quality == {}
        assert set(student.quality) == {"validation", "test"}
        assert "agreement" not in student.quality["test"]
        assert "divergence" not in student.quality["test"]
        assert "Test figures" in table
        assert "A teacher without figures is a file that does not cover these texts." in table

    def test_of_a_file_that_covers_one_split(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, tiny_data: Path
    ) -> None:
        write_rows(tmp_path / "o.jsonl", gold_rows(tiny_data, "train", "validation"))
        kdzoo("run", bare)
        store = Store(Path("runs/bare"))
        student = record_of(store, "student")

        assert set(record_of(store, "teacher").quality) == {"validation"}
        assert "agreement" in student.quality["validation"]
        assert "agreement" not in student.quality["test"]

    def test_is_made_again_without_training(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, tiny_data: Path
    ) -> None:
        write_rows(tmp_path / "o.jsonl", gold_rows(tiny_data, "train"))
        kdzoo("run", bare)
        before = Path("runs/bare/table.md").read_bytes()
        records = {path: path.stat().st_mtime_ns for path in Path("runs").rglob("record.json")}
        outcome = kdzoo("run", bare)

        assert "seed 0" not in outcome.err
        assert "reading o.jsonl" not in outcome.err
        assert Path("runs/bare/table.md").read_bytes() == before
        assert records == {
            path: path.stat().st_mtime_ns for path in Path("runs").rglob("record.json")
        }

    def test_is_published_without_paths(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, tiny_data: Path
    ) -> None:
        write_rows(tmp_path / "sub" / "o.jsonl", gold_rows(tiny_data, "train"))
        kdzoo("run", bare, "--set", "teacher.outputs=sub/o.jsonl")
        outcome = kdzoo("report", "runs/bare", "--publish", "public")
        (teacher,) = Path("public/models").glob("teacher--*")

        assert outcome.code == 0, outcome.err
        for path in Path("public").rglob("*.json"):
            content = path.read_text(encoding="utf-8")
            assert "sub/" not in content
            assert str(tmp_path) not in content
        assert json.loads((teacher / "record.json").read_text())["notes"] == ["o.jsonl"]
        assert pd.read_parquet(teacher / "predictions.parquet").empty
        shutil.rmtree("runs")
        assert kdzoo("report", "public").code == 0


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("rows", "holds"),
        [
            ([{"text": "one", "label": "oos"}], "labels"),
            ([{"text": "one", "probabilities": {"oos": 1.0}}], "probabilities"),
        ],
    )
    def test_an_objective_that_needs_logits(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, rows: Rows, holds: str
    ) -> None:
        """Before anything is trained, also where a variant of the recipe asks for it."""
        write_rows(tmp_path / "o.jsonl", rows)
        data = yaml.safe_load(bare.read_text(encoding="utf-8"))
        data["variants"] = {"mse": {"objective": {"kind": "mse"}}}
        bare.write_text(yaml.safe_dump(data), encoding="utf-8")
        outcome = kdzoo("run", bare)

        assert outcome.code == 2
        assert f"objective 'mse' needs logits, and o.jsonl holds {holds}; use kl" in outcome.err
        assert not Path("runs/bare/models").exists()

    def test_unless_the_student_learns_from_labels_alone(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, tiny_data: Path
    ) -> None:
        write_rows(tmp_path / "o.jsonl", gold_rows(tiny_data, "train"))
        outcome = kdzoo("run", bare, "--set", "objective.kind=mse", "--set", "objective.alpha=1")

        assert outcome.code == 0, outcome.err

    def test_logits_serve_every_objective(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, tiny_data: Path
    ) -> None:
        rows = [
            {"text": row["text"], "logits": [4.0 * (name == row["label"]) for name in LABELS]}
            for row in gold_rows(tiny_data, "train")
        ]
        write_rows(tmp_path / "o.jsonl", rows)
        labels = f"teacher.labels=[{', '.join(LABELS)}]"
        outcome = kdzoo("run", bare, "--set", "objective.kind=mse", "--set", labels)

        assert outcome.code == 0, outcome.err

    @pytest.mark.parametrize(
        ("option", "words"),
        [
            (
                "student.text=teacher",
                "student.text: teacher needs a model that lends its tokenizer",
            ),
            ("student.embeddings=teacher", "student.embeddings: random"),
        ],
    )
    def test_students_that_need_a_model(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, option: str, words: str
    ) -> None:
        write_rows(tmp_path / "o.jsonl", [{"text": "one", "label": "oos"}])
        outcome = kdzoo("run", bare, "--set", option)

        assert outcome.code == 2
        assert words in outcome.err
        assert "name teacher.encoder" in outcome.err
        assert not Path("runs/bare/models").exists()

    def test_a_missing_file_before_anything_is_trained(self, kdzoo: RunCommand, bare: Path) -> None:
        outcome = kdzoo("run", bare)

        assert outcome.code == 2
        assert "no such file of outputs: o.jsonl" in outcome.err
        assert not Path("runs/bare/models").exists()

    @pytest.mark.parametrize(
        ("spoil", "words"),
        [
            pytest.param(
                lambda rows: rows[:-12],
                "o.jsonl does not cover 12 of 160 texts (for example '",
                id="texts without an answer",
            ),
            pytest.param(
                lambda rows: [*rows, {**rows[0], "label": "no such"}],
                "unknown label 'no such'",
                id="a label that the data lack",
            ),
            pytest.param(
                lambda rows: [*rows, {**rows[0], "label": "oos"}],
                "says two different things of 1 texts",
                id="two answers for a text",
            ),
        ],
    )
    def test_answers_that_no_student_can_learn_from(
        self, kdzoo: RunCommand, bare: Path, tmp_path: Path, tiny_data: Path, spoil: Any, words: str
    ) -> None:
        """Found by a check, and by a run before anything is made, in the same words."""
        rows = gold_rows(tiny_data, "train")
        assert rows[0]["label"] != "oos"
        write_rows(tmp_path / "o.jsonl", spoil(rows))
        checked, ran = kdzoo("check", bare), kdzoo("run", bare)

        assert (checked.code, ran.code) == (2, 2)
        assert words in checked.err
        assert ran.err.endswith(checked.err)
        assert not Path("runs/bare/models").exists()

    def test_a_file_to_be_fine_tuned(self, kdzoo: RunCommand, bare: Path) -> None:
        outcome = kdzoo("run", bare, "--set", "teacher.fine_tune.epochs=1")

        assert outcome.code == 2
        assert "a file of outputs cannot be fine-tuned; remove fine_tune" in outcome.err
