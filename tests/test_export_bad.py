"""Exported folders that are damaged, edited, mixed up or a stranger's: one message each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tiny_exports import TEXTS, export_to, save_student
from tiny_models import save_tiny_classifier
from tiny_world import LABELS, RunCommand

import kdzoo as package
from kdzoo.digest import file_sha256
from kdzoo.errors import KdzooError, ModelError
from kdzoo.runtime import load_classifier
from kdzoo.runtime.folder import check_exported_form, read_exported_form


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    return save_student("fasttext", tmp_path_factory.mktemp("bad") / "trained", tiny_encoder)


@pytest.fixture(scope="module")
def exported(trained: Path) -> Path:
    return export_to(trained, trained.with_name("exported"))


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """An exported folder that a test may damage."""
    return Path(shutil.copytree(exported, tmp_path / "deployed"))


def rewrite(folder: Path, **changes: Any) -> None:
    """Changes entries of export.json."""
    path = folder / "export.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**said, **changes}), encoding="utf-8")


def sign(folder: Path) -> Path:
    """Makes the digests those of what lies there, as somebody would who means harm."""
    names = ("model.onnx", "tokenizer.json", "labels.json")
    rewrite(folder, sha256={name: file_sha256(folder / name) for name in names})
    return folder


class TestFiles:
    @pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "labels.json"])
    @pytest.mark.parametrize("signed", [False, True])
    @pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
    def test_that_are_truncated(
        self, kdzoo: RunCommand, folder: Path, file: str, signed: bool, share: float
    ) -> None:
        """Noticed by the digest, and by whatever reads them where that was made to fit."""
        content = (folder / file).read_bytes()
        (folder / file).write_bytes(content[: int(len(content) * share)])
        if signed:
            sign(folder)
        outcome = kdzoo("predict", folder, "a text")

        assert outcome.code == 2
        assert file in outcome.err
        assert "export" in outcome.err
        assert "Traceback" not in outcome.err

    @pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "labels.json"])
    def test_that_were_edited(self, kdzoo: RunCommand, folder: Path, file: str) -> None:
        """A byte is enough, though the file could still be read."""
        content = bytearray((folder / file).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / file).write_bytes(content)
        outcome = kdzoo("predict", folder, "a text")

        assert outcome.code == 2
        assert f"{file} is not the file that was exported" in outcome.err

    @pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "labels.json"])
    def test_that_are_missing(self, kdzoo: RunCommand, folder: Path, file: str) -> None:
        (folder / file).unlink()
        outcome = kdzoo("predict", folder, "a text")

        assert outcome.code == 2
        assert f"it lacks {file}; export the model again" in outcome.err

    def test_of_another_model(
        self, kdzoo: RunCommand, folder: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        """A tokenizer with more pieces than the model, even where its digest was made to fit."""
        other = save_tiny_classifier("roberta", tmp_path / "other", tiny_encoder, layers=1)
        shutil.copyfile(other / "tokenizer.json", folder / "tokenizer.json")
        plain = kdzoo("predict", folder, "a text")
        signed = kdzoo("predict", sign(folder), "a text")

        assert (plain.code, signed.code) == (2, 2)
        assert "belongs to another model" in plain.err
        assert "is not the tokenizer of model.onnx" in signed.err

    def test_of_labels_that_are_not_the_graphs(self, folder: Path) -> None:
        (folder / "labels.json").write_text(json.dumps(LABELS[:2]), encoding="utf-8")

        with pytest.raises(ModelError, match="does not fit together"):
            package.load(sign(folder))

    @pytest.mark.parametrize("labels", ['{"a": 1}', "[1, 2, 3, 4]", '"text"', "[" * 100_000])
    def test_of_labels_that_are_no_names(self, folder: Path, labels: str) -> None:
        (folder / "labels.json").write_text(labels, encoding="utf-8")

        with pytest.raises(ModelError, match=r"labels\.json"):
            package.load(sign(folder))


class TestExportJson:
    @pytest.mark.parametrize(
        "content",
        ["", "{", "[]", "3", "null", '"text"', "{}", '{"runtime": "onnx"}', "[" * 100_000, "\x00"],
    )
    def test_that_is_not_what_kdzoo_writes(
        self, kdzoo: RunCommand, folder: Path, content: str
    ) -> None:
        (folder / "export.json").write_text(content, encoding="utf-8")
        outcome = kdzoo("predict", folder, "a text")

        assert outcome.code == 2
        assert "export.json" in outcome.err
        assert "Traceback" not in outcome.err

    @pytest.mark.parametrize(
        "changes",
        [
            {"sha256": {"../export.json": "0"}},
            {"sha256": {}},
            {"sha256": ["model.onnx", "tokenizer.json", "labels.json"]},
            {"vocabulary": "many"},
            {"vocabulary": True},
            {"pad_id": -1},
            {"pad_id": 10**9},
            {"max_length": 1.5},
            {"runtime": None},
            {"more": 1},
        ],
    )
    def test_whose_entries_are_wrong(self, folder: Path, changes: dict[str, Any]) -> None:
        """Among them a name that points out of the folder."""
        rewrite(folder, **changes)

        with pytest.raises(ModelError, match=r"export\.json is not what kdzoo writes: .*again"):
            check_exported_form(folder)

    def test_that_is_huge(self, folder: Path) -> None:
        """It is not even read."""
        with (folder / "export.json").open("r+b") as file:
            file.truncate(1 << 30)

        with pytest.raises(ModelError, match=r"export\.json cannot be read: it has more than"):
            read_exported_form(folder)

    def test_of_a_newer_kdzoo(self, kdzoo: RunCommand, folder: Path) -> None:
        rewrite(folder, schema_version=99, unheard_of="yes")
        outcome = kdzoo("predict", folder, "a text")

        assert outcome.code == 2
        assert "newer kdzoo" in outcome.err
        assert "pip install --upgrade kdzoo" in outcome.err

    @pytest.mark.parametrize("runtime", ["torch", "sklearn", "onx"])
    def test_with_a_runtime_that_cannot_read_it(self, folder: Path, runtime: str) -> None:
        rewrite(folder, runtime=runtime)

        with pytest.raises(KdzooError):
            package.load(folder)


def graph_with(location: str) -> onnx.ModelProto:
    """Returns a graph whose only weight lies in a file of its own."""
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, len(LABELS)])
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        weight.external_data.add(key=key, value=value)
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(LABELS)])
    nodes = [
        helper.make_node("ReduceSum", ["input_ids"], ["total"], keepdims=1),
        helper.make_node("Cast", ["total"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["number", "w"], ["logits"]),
    ]
    graph = helper.make_graph(nodes, "stranger", [ids], [logits], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


class TestAStrangersGraph:
    @pytest.mark.parametrize("where", ["../secret", "absolute", "link"])
    def test_reads_no_file_outside_its_folder(
        self, folder: Path, tmp_path: Path, where: str
    ) -> None:
        """Weights in a file of their own have to lie beside the graph."""
        secret = tmp_path / "secret"
        secret.write_bytes(np.arange(4, dtype=np.float32).tobytes())
        (folder / "link").symlink_to(secret)
        location = str(secret) if where == "absolute" else where
        (folder / "model.onnx").write_bytes(graph_with(location).SerializeToString())

        with pytest.raises(ModelError, match=r"cannot be loaded by ONNX Runtime: .*xternal data"):
            package.load(sign(folder))

    @pytest.mark.parametrize("name", ["input_ids", "logits"])
    def test_has_to_read_and_give_what_kdzoo_knows(self, folder: Path, name: str) -> None:
        model = onnx.load(folder / "model.onnx")
        for each in (*model.graph.input, *model.graph.output):
            each.name = "other" if each.name == name else each.name
        for node in model.graph.node:
            for names in (node.input, node.output):
                names[:] = ["other" if each == name else each for each in names]
        onnx.save(model, folder / "model.onnx")

        with pytest.raises(ModelError, match=r"does not fit together: .*other"):
            package.load(sign(folder))

    def test_that_fails_on_a_text_is_told(self, folder: Path) -> None:
        """Ids beyond its table are an error of its own, not a crash."""
        rewrite(folder, vocabulary=10**6, pad_id=10**5)

        with pytest.raises(ModelError, match=r"model\.onnx cannot be run"):
            list(package.load(folder).predict(["\x01\x02"]))


class TestTexts:
    def test_longer_than_the_maximum_are_cut_where_pytorch_cuts_them(
        self, trained: Path, exported: Path
    ) -> None:
        """What stands behind the cut changes nothing, what stands before it does."""
        torch, onnx_form = load_classifier(trained, "torch"), load_classifier(exported, "onnx")
        words = " ".join(TEXTS).split()
        long = [" ".join(words[start : start + 200]) for start in range(20)]
        limit = read_exported_form(exported).max_length

        found = onnx_form.logits(long)

        np.testing.assert_allclose(found, torch.logits(long), rtol=0, atol=1e-4)
        assert onnx_form.encode(long)["input_ids"].shape == (20, limit)
        longer = [f"{text} play a song" for text in long]
        np.testing.assert_array_equal(onnx_form.logits(longer), found)
        other = [f"play a song {text}" for text in long]
        assert np.abs(onnx_form.logits(other) - found).max() > 1e-3

    @pytest.mark.parametrize("text", ["", "  ", "\n"])
    def test_that_are_empty(self, kdzoo: RunCommand, exported: Path, text: str) -> None:
        outcome = kdzoo("predict", exported, text)

        assert outcome.code == 2
        assert "text 1 is empty; every text needs a word" in outcome.err

    def test_in_which_the_tokenizer_finds_nothing(self, trained: Path, exported: Path) -> None:
        """One piece of padding, as in PyTorch, alone or beside others."""
        texts = ["\x01", "play a song", "\x02\x03"]
        torch, onnx_form = load_classifier(trained, "torch"), load_classifier(exported, "onnx")

        for some in (texts, texts[:1], texts[::2]):
            np.testing.assert_allclose(
                onnx_form.logits(some), torch.logits(some), rtol=0, atol=1e-5
            )

    def test_none_are_no_logits(self, exported: Path) -> None:
        assert load_classifier(exported, "onnx").logits([]).shape == (0, len(LABELS))


class TestTrainedFolders:
    @pytest.mark.parametrize(
        "damage",
        [
            lambda folder: (folder / "model.safetensors").write_bytes(b"no weights"),
            lambda folder: (folder / "tokenizer.json").write_text("{", encoding="utf-8"),
            lambda folder: (folder / "config.json").write_text("[]", encoding="utf-8"),
            lambda folder: (folder / "tokenizer.json").unlink(),
            lambda folder: (folder / "model.safetensors").unlink(),
        ],
        ids=["weights", "tokenizer", "configuration", "no tokenizer", "no weights"],
    )
    def test_that_are_damaged_are_not_exported(
        self, kdzoo: RunCommand, trained: Path, damage: Callable[[Path], None]
    ) -> None:
        shutil.copytree(trained, "broken")
        damage(Path("broken"))
        outcome = kdzoo("export", "./broken", "--out", "deployed")

        assert outcome.code == 2
        assert "broken" in outcome.err
        assert "Traceback" not in outcome.err
        assert [path.name for path in Path().iterdir()] == ["broken"]

    def test_that_hold_no_model(self, kdzoo: RunCommand) -> None:
        Path("folder").mkdir()

        for arguments in (["predict", "folder", "a text"], ["export", "folder", "--out", "out"]):
            outcome = kdzoo(*arguments)
            assert outcome.code == 2
            assert "config.json" in outcome.err
