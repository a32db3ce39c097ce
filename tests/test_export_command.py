"""`kdzoo export` and `kdzoo.export`: from a model or a study to a folder that deploys."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_exports import TEXTS, save_student
from tiny_results import one_student, parity_of
from tiny_world import RunCommand

import kdzoo as package
from kdzoo.errors import KdzooError, ModelError
from kdzoo.results import Store
from kdzoo.runtime import load_classifier, runtime_of
from kdzoo.runtime.folder import check_exported_form, deployed_bytes


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A student's folder."""
    return save_student("fasttext", tmp_path_factory.mktemp("export") / "trained", tiny_encoder)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "texts.csv"
    file.write_text("review\n" + "".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    return file


class TestTheCommand:
    def test_says_what_lies_where_and_what_comes_next(
        self, kdzoo: RunCommand, trained: Path
    ) -> None:
        """And that nothing was compared, where no study did and it was given no texts."""
        outcome = kdzoo("export", trained, "--out", "deployed")

        assert outcome.code == 0, outcome.err
        assert runtime_of(Path("deployed")) == "onnx-int8"
        assert "not compared with PyTorch yet; --texts FILE" in outcome.out
        assert "deployed/model.onnx" in outcome.out
        assert f"{deployed_bytes(Path('deployed')) / 1e6:.2f} MB to deploy" in outcome.out
        assert 'kdzoo predict deployed "a text"' in outcome.out
        assert kdzoo("predict", "deployed", "wake me").code == 0

    @pytest.mark.parametrize("more", [["--runtime", "onnx"], [], ["--int8", "static"]])
    def test_compares_with_pytorch_on_the_users_texts(
        self, kdzoo: RunCommand, trained: Path, texts: Path, more: list[str]
    ) -> None:
        """What it says is what the two forms answer, text by text."""
        outcome = kdzoo(
            "export", trained, "--out", "deployed", "--texts", texts, "--text", "review", *more
        )

        assert outcome.code == 0, outcome.err
        wanted = load_classifier(trained, "torch").logits(TEXTS)
        classifier = load_classifier(Path("deployed"), runtime_of(Path("deployed")))
        found = np.concatenate([classifier.logits([text]) for text in TEXTS])
        same = int((wanted.argmax(1) == found.argmax(1)).sum())
        assert f"{same} of {len(TEXTS)} texts get the label that PyTorch gives" in outcome.out
        assert f"logits differ by {np.abs(wanted - found).max():.1e} at most" in outcome.out

    def test_replaces_an_exported_folder_and_no_other(
        self, kdzoo: RunCommand, trained: Path
    ) -> None:
        first = kdzoo("export", trained, "--out", "deployed", "--runtime", "onnx")
        again = kdzoo("export", trained, "--out", "deployed")

        assert (first.code, again.code) == (0, 0)
        said = "in place of the model in deployed"
        assert (said in first.err, said in again.err) == (False, True)
        assert check_exported_form(Path("deployed")).runtime == "onnx-int8"
        Path("deployed/notes.txt").write_text("precious", encoding="utf-8")
        for target in ("deployed", str(trained)):
            before = sorted(Path(target).iterdir())
            refused = kdzoo("export", trained, "--out", target)
            assert refused.code == 2
            assert "would be lost" in refused.err
            assert sorted(Path(target).iterdir()) == before

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--runtime", "torch"], ["nothing to export", "onnx, onnx-int8"]),
            (["--texts", "nothing.txt"], ["nothing.txt holds no texts"]),
            (["--runtime", "onx"], ["unknown runtime 'onx'", "did you mean 'onnx'?"]),
            (["--runtime", "int8"], ["'int8'; did you mean 'onnx-int8'? Known: onnx, onnx-int8."]),
            (
                ["--runtime", "int8", "--escalate-to", "teacher", "--max-loss", "0.1"],
                ["'int8'; did you mean 'onnx-int8'? Known: onnx, onnx-int8."],
            ),
            (["--int8", "statc"], ["--int8 statc: write dynamic or static"]),
            (["--int8", "static"], ["needs real texts", "--texts FILE"]),
            (["--int8", "static", "--runtime", "onnx"], ["is for onnx-int8"]),
            (["--texts", "nowhere.csv"], ["no such data file: nowhere.csv"]),
            (["--texts", "empty.csv"], ["text 2 is empty"]),
            (["--texts", "empty.csv", "--text", "review"], ["no column 'review'"]),
            (["--model", "bilstm"], ["is no study"]),
            (["--out", "empty.csv"], ["is a file; give --out a folder"]),
        ],
    )
    def test_refuses_what_does_not_fit(
        self, kdzoo: RunCommand, trained: Path, arguments: list[str], words: list[str]
    ) -> None:
        """Before anything is exported: no folder is left."""
        Path("empty.csv").write_text('text\nplay\n""\n', encoding="utf-8")
        Path("nothing.txt").touch()
        outcome = kdzoo("export", trained, "--out", "deployed", *arguments)

        assert outcome.code == 2
        assert all(word in outcome.err for word in words), outcome.err
        assert "Traceback" not in outcome.err
        assert sorted(path.name for path in Path().iterdir()) == ["empty.csv", "nothing.txt"]

    @pytest.mark.parametrize(
        ("run", "words"),
        [
            ("./nowhere", ["no such model folder: ./nowhere"]),
            ("folder", ["not a model folder", "config.json"]),
            ("exported", ["exported already"]),
            ("baseline", ["classical baseline"]),
        ],
    )
    def test_refuses_what_is_no_trained_model(
        self, kdzoo: RunCommand, run: str, words: list[str]
    ) -> None:
        for name, file in (("folder", "x"), ("exported", "export.json"),
                           ("baseline", "baseline.skops")):  # fmt: skip
            Path(name).mkdir()
            Path(name, file).write_text("{}", encoding="utf-8")
        outcome = kdzoo("export", run, "--out", "deployed")

        assert outcome.code == 2
        assert all(word in outcome.err for word in words), outcome.err
        assert not Path("deployed").exists()

    @pytest.mark.parametrize("command", ["export", "predict"])
    def test_says_what_to_install(
        self, kdzoo: RunCommand, trained: Path, monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        """A form that is not installed here is one line with its cure."""
        package.export(trained, "there", runtime="onnx")
        found = importlib.util.find_spec

        def without_onnx(name: str, *rest: Any) -> Any:
            return None if name == "onnxruntime" else found(name, *rest)

        monkeypatch.setattr(importlib.util, "find_spec", without_onnx)
        arguments = [trained, "--out", "new"] if command == "export" else ["there", "a text"]
        outcome = kdzoo(command, *map(str, arguments))

        assert outcome.code == 2
        assert 'pip install "kdzoo[onnx]"' in outcome.err
        assert not Path("new").exists()


class TestAStudy:
    @pytest.fixture
    def study(self, trained: Path, tmp_path: Path) -> Path:
        """A study whose student has weights, and whose teacher lies elsewhere."""
        store = one_student(tmp_path / "runs" / "tiny").finish()
        folder = store.finished("s" * 16)
        (folder / "model.safetensors").unlink()
        (store.finished("t" * 16) / "model.safetensors").unlink()
        shutil.copytree(trained, folder, dirs_exist_ok=True)
        return store.root

    def test_lists_its_models_where_none_is_chosen(self, kdzoo: RunCommand, study: Path) -> None:
        outcome = kdzoo("export", study, "--out", "deployed")

        assert outcome.code == 2
        assert "choose one with --model NAME: teacher, tiny" in outcome.err

    def test_exports_a_row_of_its_table(self, study: Path, tmp_path: Path) -> None:
        exported = package.export(
            study, tmp_path / "deployed", runtime="onnx", model="tiny", seed=0
        )

        assert exported.folder == tmp_path / "deployed"
        assert exported.agreement is None
        wanted = load_classifier(Store(study).finished("s" * 16), "torch").logits(TEXTS)
        found = load_classifier(exported.folder, "onnx").logits(TEXTS)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)

    def test_knows_how_this_form_compared_when_it_was_made(
        self, kdzoo: RunCommand, trained: Path, tmp_path: Path
    ) -> None:
        written = one_student(tmp_path / "runs" / "tiny")
        written.form("s" * 16, "onnx", parity=parity_of(texts=50, other_labels=3))
        store = written.finish()
        folder = store.finished("s" * 16)
        shutil.copytree(trained, folder, dirs_exist_ok=True)
        package.export(trained, tmp_path / "graph", runtime="onnx")
        shutil.copytree(tmp_path / "graph", store.form("s" * 16, "onnx"), dirs_exist_ok=True)

        of_study = kdzoo("export", store.root, "--model", "tiny", "--runtime", "onnx", "--out", "a")
        another = kdzoo("export", store.root, "--model", "tiny", "--out", "b")
        shutil.copytree(folder, "elsewhere")
        copy = kdzoo("export", "elsewhere", "--runtime", "onnx", "--out", "c")

        assert copy.code == 0, copy.err
        assert "47 of 50 labels on validation were those of PyTorch" in copy.out
        assert "47 of 50 labels on validation were those of PyTorch" in of_study.out
        assert "not compared with PyTorch yet" in another.out

    def test_is_what_was_measured_where_its_activations_are_calibrated(
        self, kdzoo: RunCommand, trained: Path, texts: Path, tmp_path: Path
    ) -> None:
        """As ``kdzoo pick`` prints the command: without texts, which only the study has."""
        written = one_student(tmp_path / "runs" / "tiny")
        written.form("s" * 16, "onnx-int8", parity=parity_of(texts=50, other_labels=3))
        store = written.finish()
        shutil.copytree(trained, store.finished("s" * 16), dirs_exist_ok=True)
        form = store.form("s" * 16, "onnx-int8")
        package.export(
            trained, tmp_path / "graph", runtime="onnx-int8", int8="static", texts=texts,
            text="review",
        )  # fmt: skip
        shutil.copytree(tmp_path / "graph", form, dirs_exist_ok=True)
        measured = (form / "model.onnx").read_bytes()
        command = ("export", store.root, "--model", "tiny", "--runtime", "onnx-int8", "--out")

        outcome = kdzoo(*command, "static")
        other = kdzoo(*command, "dynamic", "--int8", "dynamic")

        assert outcome.code == other.code == 0, outcome.err + other.err
        assert Path("static/model.onnx").read_bytes() == measured
        assert Path("dynamic/model.onnx").read_bytes() != measured
        assert "47 of 50 labels on validation were those of PyTorch" in outcome.out
        names = {path.name for path in Path("static").iterdir()}
        assert names == {path.name for path in (tmp_path / "graph").iterdir()}
        (form / "model.onnx").write_bytes(measured[:-1])
        damaged = kdzoo(*command, "third")
        assert damaged.code == 2
        assert "is damaged" in damaged.err
        assert not Path("third").exists()

    def test_gives_bench_the_form_that_deploys(
        self, trained: Path, texts: Path, tmp_path: Path
    ) -> None:
        """Made again it could be another one, as of another torch or without layers in float."""
        written = one_student(tmp_path / "runs" / "tiny")
        written.form("s" * 16, "onnx-int8")
        store = written.finish()
        folder = store.finished("s" * 16)
        shutil.copytree(trained, folder, dirs_exist_ok=True)
        package.export(
            trained, tmp_path / "graph", runtime="onnx-int8", int8="static", texts=texts,
            text="review",
        )  # fmt: skip
        form = store.form("s" * 16, "onnx-int8")
        shutil.copytree(tmp_path / "graph", form, dirs_exist_ok=True)

        benched = package.benchmark(
            [str(folder)], texts, text="review", runtimes=["onnx-int8"], rounds=1, cold_starts=1,
            isolation=False, out=tmp_path / "bench",
        )  # fmt: skip

        (row,) = benched.bench.forms
        assert row.size is not None
        assert row.size.size_bytes == deployed_bytes(form)

    @pytest.mark.parametrize(
        ("choice", "words"),
        [
            ({"model": "tinny"}, "did you mean 'tiny'"),
            ({"model": "tiny", "seed": 7}, "not trained with seed 7; its seeds: 0"),
            ({"model": "teacher"}, "holds no weights of 'teacher'"),
        ],
    )
    def test_refuses_what_it_does_not_hold(
        self, study: Path, tmp_path: Path, choice: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(ModelError, match=words):
            package.export(study, tmp_path / "deployed", **choice)


class TestFromPython:
    def test_is_silent_and_counts(
        self, trained: Path, texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        exported = package.export(
            trained, tmp_path / "a" / "deployed", runtime="onnx", texts=texts, text="review"
        )

        assert capsys.readouterr().out == ""
        assert exported.runtime == "onnx"
        assert exported.size_bytes == deployed_bytes(exported.folder)
        assert exported.agreement is not None
        assert exported.agreement.texts == exported.agreement.same_labels == len(TEXTS)
        assert exported.agreement.logit_difference < 1e-4

    def test_writes_into_an_empty_folder_and_over_no_file(
        self, trained: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "file").write_text("precious", encoding="utf-8")

        assert package.export(trained, tmp_path / "empty").size_bytes > 0
        with pytest.raises(KdzooError, match="is a file"):
            package.export(trained, tmp_path / "file")
