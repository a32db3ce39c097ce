"""A study as deployed: every model in every runtime, exported once, marked where it is wrong."""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest
import yaml
from tiny_world import LABELS, RunCommand, WriteRecipe, tiny_recipe_data

from kdzoo.api import run
from kdzoo.data import load_corpus
from kdzoo.errors import ModelError
from kdzoo.recipe import load_study
from kdzoo.results import FormRecord, Store
from kdzoo.runtime import Logits, export
from kdzoo.runtime.folder import DEPLOYED
from kdzoo.runtime.onnx import OnnxClassifier
from kdzoo.runtime.parity import LARGEST_DIFFERENCE

RUNTIMES = ["torch", "onnx", "onnx-int8"]
MEASURE = {"runtimes": RUNTIMES, "rounds": 1, "texts": 2, "isolated": False}
STUDY = Path("runs/tiny")
Times = dict[Path, int]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_encoder: Path) -> Path:
    """The runs of a study in all runtimes, finished once; a test that changes it copies it."""
    folder = tmp_path_factory.mktemp("deployed")
    recipe = folder / "tiny.yaml"
    data = {**tiny_recipe_data(tiny_data, tiny_encoder), "measure": MEASURE}
    recipe.write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return run(str(recipe), out=folder / "runs" / "tiny").root.parent


@pytest.fixture
def copied(kdzoo: RunCommand, deployed: Path) -> RunCommand:
    """The command line beside a copy of the finished study."""
    shutil.copytree(deployed, "runs")
    return kdzoo


def forms(root: Path) -> dict[tuple[str, str], FormRecord]:
    """Returns the exported forms of a study, by row and runtime."""
    store = Store(root)
    found = {}
    for row in store.manifest().rows:
        for form in store.forms(row.members[0].key):
            found[row.name, form.runtime] = form
    return found


def table(root: Path = STUDY) -> dict[tuple[str, str], dict[str, str]]:
    """Returns the lines of a study's CSV, by row and runtime."""
    with (root / "table.csv").open(encoding="utf-8", newline="") as file:
        return {(line["model"], line["runtime"]): line for line in csv.DictReader(file)}


def changed_at(pattern: str) -> Times:
    """Returns when the files below ``runs`` that match were written."""
    return {path: path.stat().st_mtime_ns for path in Path("runs").rglob(pattern)}


def form_folder(name: str, runtime: str) -> Path:
    """Returns where the form of a row's model lies."""
    store = Store(STUDY)
    (key,) = [row.members[0].key for row in store.manifest().rows if row.name == name]
    return store.form(key, runtime)


class TestFinishedStudy:
    def test_shows_every_model_in_every_runtime(self, deployed: Path) -> None:
        """The teacher in a pipeline too, where people start from; the baseline as it is."""
        assert list(table(deployed / "tiny")) == [
            ("teacher", "pipeline"), ("teacher", "torch"), ("teacher", "onnx"),
            ("teacher", "onnx-int8"), ("tiny", "torch"), ("tiny", "onnx"), ("tiny", "onnx-int8"),
            ("tf-idf + svm", "sklearn"),
        ]  # fmt: skip

    def test_has_timed_each_in_one_session(self, deployed: Path) -> None:
        """Students are compared with the teacher in the same runtime, and in its fastest."""
        (session,) = Store(deployed / "tiny").sessions()
        lines = table(deployed / "tiny")

        assert len(session.timings) == len(lines)
        assert all(float(line["latency_p50_ms"]) > 0 for line in lines.values())
        assert not [line["notes"] for line in lines.values() if line["notes"]]
        compared = {row for row, line in lines.items() if line["times_faster"]}
        assert compared == {("tiny", runtime) for runtime in RUNTIMES}
        fastest = [row for row, line in lines.items()
                   if not line["times_faster_than_fastest_teacher"]]  # fmt: skip
        assert [name for name, _ in fastest] == ["teacher"]

    def test_gives_the_sizes_of_the_files(self, deployed: Path) -> None:
        """Of a form, what a process that answers has to read; int8 is smaller."""
        store, lines = Store(deployed / "tiny"), table(deployed / "tiny")
        size = {row: int(line["size_bytes"]) for row, line in lines.items()}

        for (name, runtime), form in forms(deployed / "tiny").items():
            folder = store.form(form.key, runtime)
            assert size[name, runtime] == sum((folder / each).stat().st_size for each in DEPLOYED)
        for name in ("teacher", "tiny"):
            assert size[name, "onnx-int8"] < size[name, "onnx"]
        assert size["teacher", "pipeline"] == size["teacher", "torch"]

    def test_reads_quality_from_the_forms_themselves(self, deployed: Path) -> None:
        """In float32 text by text the same answers as in PyTorch; the gate has seen it."""
        store = Store(deployed / "tiny")

        for (_, runtime), form in forms(deployed / "tiny").items():
            own, torchs = store.outcomes(form.key, runtime), store.outcomes(form.key)
            assert list(own["split"].unique()) == ["validation", "test"]
            assert (own["gold"] == torchs["gold"]).all()
            assert form.parity is not None
            assert form.parity.passed
            if runtime == "onnx":
                assert form.parity.logit_difference <= LARGEST_DIFFERENCE
                assert (own["prediction"] == torchs["prediction"]).all()
                assert np.allclose(own["confidence"], torchs["confidence"], atol=1e-4)
                quality = store.read(form.key).quality
                assert form.quality["test"]["accuracy"] == quality["test"]["accuracy"]
            hits = own[own["split"] == "test"]
            accuracy = (hits["prediction"] == hits["gold"]).mean()
            assert form.quality["test"]["accuracy"] == pytest.approx(accuracy)


class TestSecondStart:
    def test_exports_and_times_nothing(self, copied: RunCommand, write_recipe: WriteRecipe) -> None:
        """Every form, its figures and the session are found as they lie."""
        before = changed_at("*.onnx") | changed_at("record.json") | changed_at("measurements/*")

        outcome = copied("run", write_recipe(measure=MEASURE))

        assert outcome.code == 0, outcome.err
        after = changed_at("*.onnx") | changed_at("record.json") | changed_at("measurements/*")
        assert after == before
        for words in ("exporting", "measuring", "fine-tun", "seed 0"):
            assert words not in outcome.err

    def test_times_all_again_where_that_is_asked_for(
        self, copied: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        """After a noisy session, or one in which a process died; nothing else is done."""
        before = changed_at("*.onnx") | changed_at("record.json")
        (session,) = changed_at("measurements/*").items()

        outcome = copied("run", write_recipe(measure=MEASURE), "--measure-again")

        assert outcome.code == 0, outcome.err
        assert changed_at("*.onnx") | changed_at("record.json") == before
        (again,) = changed_at("measurements/*").items()
        assert again[0] == session[0]
        assert again[1] > session[1]

    def test_makes_a_form_anew_that_lost_a_file(
        self, copied: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        """That form alone."""
        folder, before = form_folder("tiny", "onnx"), changed_at("*.onnx")
        (folder / "tokenizer.json").unlink()

        outcome = copied("run", write_recipe(measure=MEASURE))

        assert outcome.code == 0, outcome.err
        changed = {path for path, time in changed_at("*.onnx").items() if before[path] != time}
        assert changed == {folder / "model.onnx"}
        assert (folder / "tokenizer.json").is_file()
        assert outcome.err.count("exporting") == 1

    def test_of_a_sister_study_takes_the_forms_over(
        self, copied: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        """A model comes with all its forms, by link."""
        outcome = copied("run", write_recipe(measure=MEASURE), "--out", "runs/sister")

        assert outcome.code == 0, outcome.err
        assert "exporting" not in outcome.err
        assert f"taken over from {STUDY.resolve()}" in outcome.err.replace("\n", "")
        mine = form_folder("tiny", "onnx") / "model.onnx"
        assert (Path("runs/sister") / mine.relative_to(STUDY)).samefile(mine)


@pytest.mark.study
class TestOtherWayOfMeasuring:
    def test_in_more_runtimes_trains_nothing_and_adds_rows(
        self, kdzoo: RunCommand, finished_study: Path, write_recipe: WriteRecipe
    ) -> None:
        shutil.copytree(finished_study, STUDY)
        before, lines = changed_at("*.safetensors") | changed_at("*.skops"), table()
        assert [runtime for name, runtime in lines if name == "tiny"] == ["torch"]

        recipe = write_recipe(measure={"runtimes": ["torch", "onnx"]})
        outcome = kdzoo("run", recipe)

        assert outcome.code == 0, outcome.err
        assert changed_at("*.safetensors") | changed_at("*.skops") == before
        more = table()
        assert set(more) - set(lines) == {("teacher", "onnx"), ("tiny", "onnx")}
        quality = [column for column in lines["tiny", "torch"] if column.endswith("_mean")]
        for row, line in lines.items():
            assert [more[row][column] for column in quality] == [line[each] for each in quality]
        assert "tiny, seed 0, onnx" in outcome.err
        assert "| onnx " in (STUDY / "table.md").read_text(encoding="utf-8")
        assert " onnx " in outcome.out

    def test_with_static_int8_exports_int8_anew(
        self, copied: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        """And that alone: float32 forms and weights stay."""
        recipe = write_recipe(measure=MEASURE)
        weights, graphs = changed_at("*.safetensors"), changed_at("*.onnx")
        content = {path: path.read_bytes() for path in graphs}

        outcome = copied("run", recipe, "--set", "measure.int8=static")

        assert outcome.code == 0, outcome.err
        assert changed_at("*.safetensors") == weights
        changed = {path for path, time in changed_at("*.onnx").items() if graphs[path] != time}
        assert changed == {path for path in graphs if path.parent.name == "onnx-int8"}
        assert not [path for path in changed if path.read_bytes() == content[path]]
        assert len(Store(STUDY).sessions()) == 2


BRANCHES = '''\
from torch import Tensor, nn

from kdzoo import register_student


@register_student("branches", road="change")
class Branches(nn.Module):
    """Means of word vectors; of long texts, largest ones."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 8) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, num_labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        shown = attention_mask.unsqueeze(-1)
        if float(self.embedding(input_ids).detach().sum()) > 1e9:
            return self.head((self.embedding(input_ids) * shown).amax(1))
        return self.head((self.embedding(input_ids) * shown).sum(1) / shown.sum(1))
'''


def shifting(by: float) -> Callable[..., Logits]:
    """Returns a ``run`` that moves the first class's logits."""
    run_as_it_is = OnnxClassifier.run

    def shifted(self: OnnxClassifier, encoded: Any) -> Logits:
        logits = run_as_it_is(self, encoded).copy()
        logits[:, 0] += np.float32(by)
        return logits

    return shifted


def notes_below(root: Path = STUDY) -> list[str]:
    """Returns what the page says under its tables of rows that are wrong."""
    lines = (root / "table.md").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("(!)")]


@pytest.mark.study
class TestFormThatCannotBe:
    def test_leaves_a_row_that_says_why_and_the_others_finish(
        self, copied: RunCommand, write_recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        """A student of one's own whose forward branches on data: torch cannot export it."""
        (tmp_path / "mine.py").write_text(BRANCHES, encoding="utf-8")
        recipe = write_recipe("mine.yaml", measure={**MEASURE, "runtimes": ["torch", "onnx"]})
        data = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        data |= {
            "name": "mine",
            "student": {"kind": "branches"},
            "controls": {"hard_labels": False},
        }
        recipe.write_text(yaml.safe_dump(data), encoding="utf-8")

        outcome = copied("run", recipe, "--students", tmp_path / "mine.py")

        assert outcome.code == 0, outcome.err
        lines = table(Path("runs/mine"))
        assert {row for row, line in lines.items() if line["notes"]} == {("mine", "onnx")}
        failed = lines["mine", "onnx"]
        assert failed["accuracy_mean"] == failed["size_bytes"] == failed["latency_p50_ms"] == ""
        assert all(line["latency_p50_ms"] for line in lines.values() if line is not failed)
        (note,) = notes_below(Path("runs/mine"))
        assert note.startswith("(!) mine, onnx: ")
        assert "export" in note
        assert "| onnx (!) " in (Path("runs/mine") / "table.md").read_text(encoding="utf-8")
        again = copied("run", recipe, "--students", tmp_path / "mine.py")
        assert again.code == 0
        assert "exporting" not in again.err

        (file,) = Path("runs/mine/models").glob("mine--*/onnx/record.json")
        record = json.loads(file.read_text(encoding="utf-8"))
        record["environment"]["onnx"] = "0.1"
        file.write_text(json.dumps(record), encoding="utf-8")
        assert "exporting" in copied("run", recipe, "--students", tmp_path / "mine.py").err

    def test_because_it_cannot_be_run_does_so_too(
        self, copied: RunCommand, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A graph that was made and then fails on real texts is a failed export."""
        folder = form_folder("tiny", "onnx")
        shutil.rmtree(folder)

        def fails(*_: Any) -> Logits:
            raise ModelError("model.onnx cannot be run: its length is fixed")

        monkeypatch.setattr(export, "OnnxClassifier", MagicMock())  # its trial passes
        monkeypatch.setattr(OnnxClassifier, "logits", fails)

        outcome = copied("run", write_recipe(measure=MEASURE))

        assert outcome.code == 0, outcome.err
        assert "(!) tiny, onnx: model.onnx cannot be run: its length is fixed" in notes_below()
        assert table()["tiny", "torch"]["accuracy_mean"]


@pytest.mark.study
class TestFormThatAnswersOtherwise:
    def test_is_marked_and_says_by_how_much(
        self, copied: RunCommand, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is measured and shown all the same, never silently."""
        shutil.rmtree(form_folder("tiny", "onnx"))
        monkeypatch.setattr(OnnxClassifier, "run", shifting(0.5))

        outcome = copied("run", write_recipe(measure=MEASURE))

        assert outcome.code == 0, outcome.err
        form = forms(STUDY)["tiny", "onnx"]
        assert form.parity is not None
        assert not form.parity.passed
        assert form.parity.logit_difference == pytest.approx(0.5, abs=1e-3)
        (note,) = notes_below()
        assert note.startswith("(!) tiny, onnx: does not answer as in PyTorch")
        assert "up to 0.5," in note
        assert "does NOT answer as in PyTorch" in outcome.err
        assert table()["tiny", "onnx"]["accuracy_mean"]
        assert {row for row, line in table().items() if line["notes"]} == {("tiny", "onnx")}


class TestDamagedRecordOfAForm:
    @pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 3}'])
    def test_is_a_message_and_its_advice_works(
        self, copied: RunCommand, content: str, deployed: Path
    ) -> None:
        record = form_folder("tiny", "onnx") / "record.json"
        record.write_text(content, encoding="utf-8")

        outcome = copied("report", STUDY)

        assert outcome.code == 2
        assert "Traceback" not in outcome.err
        assert "onnx/record.json" in outcome.err.replace("\n", "")
        assert "remove it and run the recipe again" in " ".join(outcome.err.split())

        record.unlink()
        assert copied("report", STUDY).code == 0
        assert table()["tiny", "onnx"]["accuracy_mean"] == ""

    def test_of_a_newer_kdzoo_is_refused(self, copied: RunCommand) -> None:
        record = form_folder("tiny", "onnx") / "record.json"
        data = json.loads(record.read_text(encoding="utf-8"))
        record.write_text(json.dumps({**data, "schema_version": 2}), encoding="utf-8")

        outcome = copied("report", STUDY)

        assert outcome.code == 2
        assert "newer kdzoo" in outcome.err


class TestBadInput:
    @pytest.mark.parametrize("command", ["check", "run"])
    def test_of_an_unknown_runtime_names_the_nearest_and_the_line(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, command: str
    ) -> None:
        recipe = write_recipe(measure={"runtimes": ["torch", "onxn-int8"]})
        (number,) = [number for number, line in enumerate(recipe.read_text().splitlines(), 1)
                     if "onxn" in line]  # fmt: skip

        outcome = kdzoo(command, recipe)

        assert outcome.code == 2
        assert f"line {number}  measure.runtimes.1: cannot be 'onxn-int8'" in outcome.err
        assert "did you mean 'onnx-int8'?" in outcome.err
        assert not Path("runs").exists()

    @pytest.mark.parametrize("baseline", ["sklearn"])
    def test_of_the_baselines_runtime_says_that_models_have_none(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, baseline: str
    ) -> None:
        """It is shown in it anyway; no model can be."""
        outcome = kdzoo("check", write_recipe(measure={"runtimes": [baseline]}))

        assert outcome.code == 2
        assert "measure.runtimes.0" in outcome.err

    @pytest.mark.parametrize(
        ("override", "words"),
        [
            ("measure.threads=0", "measure.threads"),
            ("measure.rounds=0", "measure.rounds"),
            ("measure.texts=0", "measure.texts"),
            ("measure.runtimes=[]", "measure.runtimes"),
            ("measure.runtimes=[onnx, onnx]", "named twice"),
            ("measure.int8=sometimes", "measure.int8"),
        ],
    )
    def test_in_the_measure_section_is_told(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, override: str, words: str
    ) -> None:
        outcome = kdzoo("check", write_recipe(), "--set", override)

        assert outcome.code == 2
        assert words in outcome.err
        assert "Traceback" not in outcome.err

    @pytest.mark.parametrize("command", ["check", "run"])
    def test_of_a_runtime_that_is_not_installed_comes_before_any_training(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        monkeypatch: pytest.MonkeyPatch,
        command: str,
    ) -> None:
        """The message is what to type."""
        as_it_is = importlib.util.find_spec

        def find(name: str, package: str | None = None) -> Any:
            return None if name == "onnxruntime" else as_it_is(name, package)

        monkeypatch.setattr(importlib.util, "find_spec", find)

        outcome = kdzoo(command, write_recipe(measure={"runtimes": ["torch", "onnx"]}))

        assert outcome.code == 2
        assert 'pip install "kdzoo[onnx]"' in outcome.err
        assert "runtime 'onnx' needs onnxruntime" in outcome.err
        assert "fine-tun" not in outcome.err
        assert not Path("runs").exists()


class TestTeacherWithoutAFolder:
    def check(self, kdzoo: RunCommand, recipe: Path) -> None:
        """Asserts that the student has its forms, and the teacher none."""
        outcome = kdzoo("run", recipe)

        assert outcome.code == 0, outcome.err
        lines = table()
        assert list(lines) == [("teacher", "torch"), ("tiny", "torch"), ("tiny", "onnx")]
        assert lines["teacher", "torch"]["latency_p50_ms"] == ""
        assert lines["tiny", "onnx"]["latency_p50_ms"]
        assert lines["tiny", "onnx"]["times_faster"] == ""
        assert not Store(STUDY).forms(Store(STUDY).manifest().rows[0].members[0].key)

    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {
            "measure": {**MEASURE, "runtimes": ["torch", "onnx"]},
            "controls": {"hard_labels": False, "baseline": False},
            "training": {"steps": 10},
        }

    def test_as_an_ensemble_has_is_shown_once(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_teacher: Path,
        sections: dict[str, Any], tmp_path: Path,
    ) -> None:  # fmt: skip
        recipe = write_recipe(**sections)
        data = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        other = shutil.copytree(tiny_teacher, tmp_path / "other")
        data["teacher"] = {"models": [str(tiny_teacher), str(other)], "max_length": 32}
        recipe.write_text(yaml.safe_dump(data), encoding="utf-8")

        self.check(kdzoo, recipe)

    def test_as_a_file_is_shown_once(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_encoder: Path,
        sections: dict[str, Any], tmp_path: Path,
    ) -> None:  # fmt: skip
        recipe = write_recipe(**sections)
        corpus = load_corpus(load_study(str(recipe)).variants[0].recipe.data)
        examples = (*corpus.train, *corpus.validation, *corpus.test)
        logits = np.eye(len(LABELS))[[example.label for example in examples]] * 3
        frame = pd.DataFrame({"text": [each.text for each in examples], "logits": list(logits)})
        frame.to_json(tmp_path / "outputs.jsonl", orient="records", lines=True)
        data = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        data["teacher"] = {"outputs": str(tmp_path / "outputs.jsonl"), "labels": list(LABELS),
                           "encoder": str(tiny_encoder), "max_length": 32}  # fmt: skip
        recipe.write_text(yaml.safe_dump(data), encoding="utf-8")

        self.check(kdzoo, recipe)


ROUNDED = """
import numpy as np
from kdzoo.registry import register_runtime
from kdzoo.runtime.export import export_model
from kdzoo.runtime.onnx import OnnxClassifier

def write(folder, target, settings):
    export_model(folder, target, "onnx", settings)

class Rounded(OnnxClassifier):
    def run(self, encoded):
        return np.floor(super().run(encoded) / STEP).astype(np.float32)

@register_runtime("rounded", title="rounded logits", export=write, exact=False)
def rounded(folder, threads=None):
    return Rounded(folder, threads)
"""


@pytest.mark.usefixtures("own_registries")
def test_an_own_runtime_that_was_edited_makes_its_forms_anew(
    kdzoo: RunCommand, write_recipe: WriteRecipe
) -> None:
    recipe = write_recipe(
        measure={**MEASURE, "runtimes": ["torch", "rounded"]},
        controls={"hard_labels": False, "baseline": False},
    )

    def accuracy(step: str) -> float:
        Path("own.py").write_text(ROUNDED.replace("STEP", step), encoding="utf-8")
        outcome = kdzoo("run", recipe, "--students", "own.py")
        assert outcome.code == 0, outcome.err
        return forms(STUDY)["tiny", "rounded"].quality["test"]["accuracy"]

    fine, coarse = accuracy("0.001"), accuracy("100000")

    assert fine > coarse  # all logits are alike
    assert accuracy("0.001") == fine
