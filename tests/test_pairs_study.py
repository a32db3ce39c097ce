"""Sentence pairs from recipe to pipeline: a whole study, its commands, and what users get wrong."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tiny_pairs import PAIR_LABELS, pair_sections, some_pairs, write_pair_data, write_pairs
from tiny_world import CommandResult, RunCommand, WriteRecipe, tiny_recipe_data
from transformers import pipeline

import kdzoo as library
from kdzoo.results import Store

Finished = tuple[Path, Path]  # data, study


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Finished:
    """A finished study of pairs with two test sets: data and its folder."""
    folder = tmp_path_factory.mktemp("pair_study")
    data = write_pair_data(folder / "data")
    recipe = tiny_recipe_data(data, tiny_encoder)
    recipe |= pair_sections(data, other_tests={"far": "elsewhere"})
    recipe["training"]["steps"] = 200
    recipe["teacher"]["fine_tune"]["epochs"] = 16
    recipe["transfer"] = {"augment": {"kind": "mask", "copies": 2}}
    recipe["measure"]["runtimes"] = ["torch", "onnx"]
    file = folder / "pairs.yaml"
    recipe["student"] = {"kind": "fasttext", "dim": 16, "pair_head": 32}
    file.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        library.run(str(file), out=folder / "runs")
    return data, folder / "runs"


@pytest.fixture
def model_of(study: Finished) -> Callable[[str], Path]:
    """The folder of the first model of a row."""
    store = Store(study[1])
    rows = {row.name: row.members[0].key for row in store.manifest().rows}
    return lambda name: store.finished(rows[name])


@pytest.mark.study
class TestStudy:
    def test_ends_in_a_table_with_both_test_sets(self, study: Finished) -> None:
        table = (study[1] / "table.md").read_text(encoding="utf-8")
        (header,) = [line for line in table.splitlines() if "agreement" in line]

        assert [title in header for title in ("accuracy", "far", "F1", "macro-F1")] == [True] * 4
        assert "40 pairs" in table
        assert "On far: accuracy on that test set." in table

    def test_the_teachers_figures_are_those_of_its_own_pipeline(
        self, study: Finished, model_of: Callable[[str], Path]
    ) -> None:
        """Token types reach it on the way through the cache: label by label, on every split."""
        data, folder = study
        store = Store(folder)
        (row,) = [row for row in store.manifest().rows if row.role == "teacher"]
        answer = pipeline("text-classification", str(model_of("teacher")), device="cpu")

        for split, file in (("validation", "validation"), ("test", "test"), ("far", "elsewhere")):
            lines = (data / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()
            rows = [json.loads(line) for line in lines]
            asked = [{"text": row["text_a"], "text_pair": row["text_b"]} for row in rows]
            found = [each["label"] for each in answer(asked)]
            right = [a == row["label"] for a, row in zip(found, rows, strict=True)]
            assert set(found) == set(PAIR_LABELS)

            quality = store.read(row.members[0].key).quality[split]
            assert quality["accuracy"] == pytest.approx(np.mean(right))

    def test_every_row_has_its_f1_and_its_outcomes(self, study: Finished) -> None:
        store = Store(study[1])
        for row in store.manifest().rows:
            record = store.read(row.members[0].key)
            frame = store.outcomes(row.members[0].key)

            assert record.quality["test"].keys() >= {"accuracy", "f1", "macro_f1"}
            assert frame.groupby("split").size().to_dict() == {
                "validation": 30, "test": 40, "far": 20,
            }  # fmt: skip

    def test_gives_cards_that_read_pairs(self, model_of: Callable[[str], Path]) -> None:
        card = (model_of("tiny") / "README.md").read_text(encoding="utf-8")

        assert 'classify({"text": "a text", "text_pair": "another"})' in card
        assert "120 labelled training pairs of texts" in card

    def test_learns_from_augmented_pairs(self, study: Finished) -> None:
        store = Store(study[1])
        (row,) = [row for row in store.manifest().rows if row.role == "student"]
        training = store.read(row.members[0].key).training

        assert training is not None
        assert training.augmented > 120

    def test_run_again_trains_nothing(self, study: Finished) -> None:
        records = {path: path.stat().st_mtime_ns for path in study[1].rglob("record.json")}

        library.run(str(study[1].parent / "pairs.yaml"), out=study[1])

        assert {path: path.stat().st_mtime_ns for path in records} == records


@pytest.mark.study
class TestPredict:
    def test_reads_a_pair(self, kdzoo: RunCommand, model_of: Callable[[str], Path]) -> None:
        outcome = kdzoo("predict", str(model_of("tiny")), "play jazz", "--pair", "a loud song")

        assert outcome.code == 0, outcome.err
        assert {line.split()[1] for line in outcome.out.splitlines()} == set(PAIR_LABELS)

    def test_reads_files_and_standard_input_alike(
        self,
        kdzoo: RunCommand,
        model_of: Callable[[str], Path],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A tab between the two in a .txt and on standard input; columns elsewhere."""
        rows = some_pairs(12, seed=4)
        lines = "".join(f"{a}\t{b}\n" for a, b, _ in rows)
        (tmp_path / "pairs.txt").write_text(lines, encoding="utf-8")
        write_pairs(tmp_path / "pairs.jsonl", rows)
        model = str(model_of("tiny"))
        columns = ("--text", "text_a", "--text-pair", "text_b")

        from_text = kdzoo("predict", model, "pairs.txt")
        from_json = kdzoo("predict", model, "pairs.jsonl", *columns)
        with (tmp_path / "pairs.txt").open(encoding="utf-8") as stream:
            monkeypatch.setattr("sys.stdin", stream)
            from_stream = kdzoo("predict", model, "-")
        written = kdzoo("predict", model, "pairs.jsonl", *columns, "-o", "out.csv")

        assert from_text.code == 0, from_text.err
        assert len(from_text.out.splitlines()) == 12
        assert from_text.out == from_json.out == from_stream.out
        assert written.code == 0, written.err
        table = pd.read_csv("out.csv")
        assert list(table.columns) == ["text", "text_pair", "label", "probability"]
        assert table["text_pair"].tolist() == [b for _, b, _ in rows]

    def test_lines_of_two_texts_are_read_by_all_that_ask_a_model(
        self, kdzoo: RunCommand, model_of: Callable[[str], Path], tmp_path: Path
    ) -> None:
        """Nobody has to name a column of a file that has none."""
        lines = "".join(f"{a}\t{b}\n" for a, b, _ in some_pairs(12, seed=4))
        (tmp_path / "pairs.txt").write_text(lines, encoding="utf-8")
        model, teacher = str(model_of("tiny")), str(model_of("teacher"))
        ways = [
            ("predict", model, "pairs.txt", "-o", "out.csv"),
            ("label", teacher, "pairs.txt", "-o", "out.parquet"),
            ("export", model, "--out", "out", "--runtime", "onnx", "--texts", "pairs.txt"),
            ("bench", model, "--texts", "pairs.txt", "--runtimes", "torch", "--rounds", "1",
             "--no-isolation"),
        ]  # fmt: skip
        for way in ways:
            outcome = kdzoo(*way)
            assert outcome.code == 0, outcome.err
        assert len(pd.read_csv("out.csv")) == len(pd.read_parquet("out.parquet")) == 12
        assert pd.read_parquet("out.parquet")["text_pair"].notna().all()

    def test_of_an_exported_folder_is_the_same(
        self, kdzoo: RunCommand, model_of: Callable[[str], Path], tmp_path: Path
    ) -> None:
        write_pairs(tmp_path / "pairs.jsonl", some_pairs(12, seed=4))
        columns = ("--text", "text_a", "--text-pair", "text_b")
        made = kdzoo(
            "export", str(model_of("tiny")), "--out", "out", "--runtime", "onnx",
            "--texts", "pairs.jsonl", *columns,
        )  # fmt: skip
        assert made.code == 0, made.err
        assert "12 of 12 texts get the label that PyTorch gives" in made.out
        (advised,) = re.findall(r"use it: kdzoo (.+)", made.out)
        assert kdzoo(*shlex.split(advised)).code == 0

        trained = kdzoo("predict", str(model_of("tiny")), "pairs.jsonl", *columns)
        exported = kdzoo("predict", "out", "pairs.jsonl", *columns)

        assert exported.out == trained.out


@pytest.mark.study
class TestMisfits:
    """A text where a pair is wanted and the other way round: one message, exit code 2."""

    @staticmethod
    def refused(outcome: CommandResult, said: str) -> None:
        assert outcome.code == 2
        assert said in " ".join(outcome.err.split())
        assert "Traceback" not in outcome.err

    def test_a_model_of_pairs_asked_for_a_text(
        self, kdzoo: RunCommand, model_of: Callable[[str], Path]
    ) -> None:
        for name in ("tiny", "teacher", "tf-idf + svm"):
            outcome = kdzoo("predict", str(model_of(name)), "play jazz")
            self.refused(outcome, "text 1 stands alone, and the model was trained on pairs")

    def test_a_model_of_texts_asked_for_a_pair(
        self, kdzoo: RunCommand, finished_study: Path
    ) -> None:
        store = Store(finished_study)
        for row in store.manifest().rows:
            folder = store.finished(row.members[0].key)
            outcome = kdzoo("predict", str(folder), "play jazz", "--pair", "a song")
            self.refused(outcome, "text 1 is a pair, and the model was trained on single texts")

    def test_a_file_without_the_second_column(
        self, kdzoo: RunCommand, model_of: Callable[[str], Path], tiny_data: Path
    ) -> None:
        outcome = kdzoo("predict", str(model_of("tiny")), str(tiny_data / "test.jsonl"))
        self.refused(outcome, "no column 'text_pair'")

    def test_an_empty_side(self, kdzoo: RunCommand, model_of: Callable[[str], Path]) -> None:
        outcome = kdzoo("predict", str(model_of("tiny")), "play jazz", "--pair", " ")
        self.refused(outcome, "a text of pair 1 is empty")

    def test_a_recipe_of_pairs_on_single_texts(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path
    ) -> None:
        recipe = write_recipe(data={"text_pair": "second"})
        outcome = kdzoo("run", str(recipe))
        self.refused(outcome, "no column 'second'")

    def test_a_recipe_of_single_texts_on_pairs(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, study: Finished
    ) -> None:
        recipe = write_recipe(data={"files": str(study[0]), "oos_label": None})
        outcome = kdzoo("run", str(recipe))
        self.refused(
            outcome,
            "these are pairs: --text text_a --text-pair text_b, in a recipe text: text_a and ",
        )

    def test_a_student_that_reads_single_texts_alone(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, study: Finished, tmp_path: Path
    ) -> None:
        """Said before a teacher is trained."""
        own = tmp_path / "own.py"
        own.write_text(
            "from torch import nn\n"
            "from kdzoo import register_student\n\n\n"
            '@register_student("plain", road="change")\n'
            "class Plain(nn.Module):\n"
            '    """Reads single texts."""\n\n'
            "    def __init__(self, vocab_size: int, num_labels: int) -> None:\n"
            "        super().__init__()\n"
            "        self.embedding = nn.Embedding(vocab_size, num_labels)\n\n"
            "    def forward(self, input_ids, attention_mask):\n"
            "        return self.embedding(input_ids).mean(1)\n",
            encoding="utf-8",
        )
        recipe = write_recipe(**pair_sections(study[0]))
        data = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        data["student"] = {"kind": "plain"}
        recipe.write_text(yaml.safe_dump(data), encoding="utf-8")

        outcome = kdzoo("run", str(recipe), "--students", str(own))

        self.refused(outcome, "give it a method encode(input_ids, attention_mask)")
        assert not Path("runs").exists()

    def test_bench_of_models_of_another_kind(
        self, kdzoo: RunCommand, model_of: Callable[[str], Path], tiny_data: Path
    ) -> None:
        texts = str(tiny_data / "test.jsonl")
        outcome = kdzoo("bench", str(model_of("tiny")), "--texts", texts)
        self.refused(outcome, "no column 'text_pair'")

    def test_bench_of_models_of_two_kinds(
        self,
        kdzoo: RunCommand,
        model_of: Callable[[str], Path],
        finished_study: Path,
        tiny_data: Path,
    ) -> None:
        store = Store(finished_study)
        single = store.finished(store.manifest().rows[0].members[0].key)
        texts = str(tiny_data / "test.jsonl")
        outcome = kdzoo("bench", str(model_of("tiny")), str(single), "--texts", texts)
        self.refused(outcome, "on single texts; measure them apart, each kind with a command of")


@pytest.mark.study
class TestLabelling:
    def test_of_the_other_kind_is_refused(
        self,
        kdzoo: RunCommand,
        study: Finished,
        finished_study: Path,
        model_of: Callable[[str], Path],
        tiny_data: Path,
    ) -> None:
        (row,) = [r for r in Store(finished_study).manifest().rows if r.role == "teacher"]
        single = Store(finished_study).finished(row.members[0].key)
        texts, pairs = str(tiny_data / "test.jsonl"), str(study[0] / "test.jsonl")
        columns = ("--text", "text_a", "--text-pair", "text_b")

        lone = kdzoo("label", str(model_of("teacher")), texts, "-o", "out.parquet")
        double = kdzoo("label", str(single), pairs, *columns, "-o", "out.parquet")

        assert (lone.code, double.code) == (2, 2)
        assert "no column 'text_pair'" in lone.err
        assert "was trained on single texts: remove --text-pair" in double.err

    def test_a_finished_teacher_of_single_texts_is_refused(
        self,
        kdzoo: RunCommand,
        study: Finished,
        finished_study: Path,
        write_recipe: WriteRecipe,
    ) -> None:
        (row,) = [r for r in Store(finished_study).manifest().rows if r.role == "teacher"]
        single = Store(finished_study).finished(row.members[0].key)
        recipe = write_recipe(**pair_sections(study[0]))
        described = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        described["teacher"] = {"model": str(single), "max_length": 32}
        recipe.write_text(yaml.safe_dump(described), encoding="utf-8")

        outcome = kdzoo("run", str(recipe))

        assert outcome.code == 2
        assert "was trained on single texts, and the data are pairs" in outcome.err

    def test_a_file_of_outputs_knows_pairs(
        self,
        kdzoo: RunCommand,
        study: Finished,
        model_of: Callable[[str], Path],
        write_recipe: WriteRecipe,
        tiny_encoder: Path,
    ) -> None:
        """texts, label, run: the student learns from the file as from the teacher itself."""
        data = pair_sections(study[0])
        recipe = write_recipe(**data)
        listed = kdzoo("texts", str(recipe), "-o", "texts.jsonl", "--evaluation")
        assert listed.code == 0, listed.err
        first = json.loads(Path("texts.jsonl").read_text(encoding="utf-8").splitlines()[0])
        assert first.keys() == {"text", "text_pair"}
        labelled = kdzoo(
            "label", str(model_of("teacher")), "texts.jsonl", "--text-pair", "text_pair",
            "-o", "outputs.parquet", "--max-length", "32",
        )  # fmt: skip
        assert labelled.code == 0, labelled.err

        outputs = {"outputs": "outputs.parquet", "encoder": str(tiny_encoder), "max_length": 32}
        described = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        recipe.write_text(yaml.safe_dump({**described, "teacher": outputs}), encoding="utf-8")
        outcome = kdzoo("run", str(recipe))

        assert outcome.code == 0, outcome.err
        rows = {row.role: row.members[0].key for row in Store(Path("runs/tiny")).manifest().rows}
        own = Store(Path("runs/tiny")).read(rows["teacher"]).quality["test"]["accuracy"]
        (teacher,) = [r for r in Store(study[1]).manifest().rows if r.role == "teacher"]
        known = Store(study[1]).read(teacher.members[0].key).quality["test"]["accuracy"]
        assert own == pytest.approx(known)


class TestBench:
    def test_measures_models_of_pairs(
        self, kdzoo: RunCommand, model_of: Callable[[str], Path], tmp_path: Path
    ) -> None:
        write_pairs(tmp_path / "pairs.jsonl", some_pairs(20, seed=5))
        outcome = kdzoo(
            "bench", str(model_of("teacher")), str(model_of("tiny")), str(model_of("tf-idf + svm")),
            "--texts", "pairs.jsonl", "--text", "text_a", "--text-pair", "text_b",
            "--labels", "label", "--runtimes", "torch", "--rounds", "1", "--no-isolation",
        )  # fmt: skip

        assert outcome.code == 0, outcome.err
        assert (tmp_path / "bench" / "table.md").is_file()


def test_single_texts_keep_their_keys(finished_study: Path) -> None:
    """What pairs brought to a recipe's sections is no part of a single text's model."""
    store = Store(finished_study)
    (row,) = [row for row in store.manifest().rows if row.role == "student"]
    folder = store.finished(row.members[0].key)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))

    assert not {"pair_head", "reads_pairs", "type_vocab_size"} & config.keys()
    assert settings["model_input_names"] == ["input_ids", "attention_mask"]
