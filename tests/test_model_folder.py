"""A model's folder: whole or refused, and counted by what would be deployed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import context_of, pruned_vocabulary, save_tiny_classifier, some_texts
from tiny_world import LABELS, RunCommand, save_tiny_bert, to_old_tokenizer
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from kdzoo import registry
from kdzoo.errors import ModelError
from kdzoo.measure import model_size
from kdzoo.model import build_student, load_model, maximum_length, save_model, size_bytes
from kdzoo.runtime import load_classifier

FILES = ("model.safetensors", "config.json", "tokenizer.json")


@pytest.fixture
def folder(tmp_path: Path, tiny_teacher: Path) -> Path:
    """A saved fasttext student."""
    vocabulary = pruned_vocabulary(tiny_teacher, some_texts(50), special_tokens=False)
    model = build_student("fasttext", {"dim": 8}, context_of(vocabulary, tiny_teacher), None, 0)
    save_model(tmp_path / "model", model, vocabulary)
    return tmp_path / "model"


class TestLoading:
    def test_a_whole_folder_gives_a_model_that_answers(self, folder: Path) -> None:
        loaded = load_model(folder)

        assert loaded.labels == LABELS
        assert not loaded.model.training
        assert loaded.model.dtype == torch.float32

    @pytest.mark.parametrize("name", FILES)
    def test_names_the_file_that_is_missing(self, folder: Path, name: str) -> None:
        (folder / name).unlink()

        with pytest.raises(ModelError, match=f"not a model folder: it lacks {name}"):
            load_model(folder)

    def test_says_how_a_tokenizer_comes_into_a_folder(self, folder: Path) -> None:
        (folder / "tokenizer.json").unlink()

        with pytest.raises(ModelError, match="save it beside the weights: AutoTokenizer") as told:
            load_model(folder)
        assert str(told.value).endswith(f"from_pretrained(MODEL).save_pretrained('{folder}')")

    def test_names_all_files_that_are_missing(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()

        with pytest.raises(ModelError, match=", ".join(FILES)):
            load_model(tmp_path / "empty")

    def test_of_a_folder_that_is_not_there_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"no such model folder: .*nowhere"):
            load_model(tmp_path / "nowhere")

    def test_reads_the_tokenizer_of_an_old_bert(self, tmp_path: Path, tiny_teacher: Path) -> None:
        """vocab.txt stands for tokenizer.json, in what is read and in what is counted."""
        old = to_old_tokenizer(Path(shutil.copytree(tiny_teacher, tmp_path / "old")))
        texts = [each.text for each in some_texts(20)]

        for answers in (load_classifier(old, "torch"), load_classifier(tiny_teacher, "torch")):
            assert answers.labels == tuple(reversed(LABELS))
        np.testing.assert_array_equal(
            load_classifier(old, "torch").logits(texts),
            load_classifier(tiny_teacher, "torch").logits(texts),
        )
        assert size_bytes(old) == sum(file.stat().st_size for file in old.iterdir())

    @pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
    def test_refuses_truncated_weights(self, folder: Path, share: float) -> None:
        """A file that ended early is an error with the folder's name, whatever is left of it."""
        weights = folder / "model.safetensors"
        content = weights.read_bytes()
        weights.write_bytes(content[: int(len(content) * share)])

        with pytest.raises(ModelError, match=r"model cannot be loaded"):
            load_model(folder)

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"model_type": "no-such-type"}'])
    def test_refuses_a_configuration_that_is_none(self, folder: Path, content: str) -> None:
        (folder / "config.json").write_text(content, encoding="utf-8")

        with pytest.raises(ModelError, match="cannot be loaded"):
            load_model(folder)

    @pytest.mark.parametrize("content", ["", "{", '{"version": "1.0"}'])
    def test_refuses_a_tokenizer_that_is_none(self, folder: Path, content: str) -> None:
        (folder / "tokenizer.json").write_text(content, encoding="utf-8")

        with pytest.raises(ModelError, match="cannot be loaded"):
            load_model(folder)

    @pytest.mark.parametrize("key", ["student.head.weight", "student.embedding.weight"])
    def test_refuses_weights_without_one_of_its_tensors(self, folder: Path, key: str) -> None:
        """What is missing would otherwise be random, and answer nonsense without a word."""
        tensors = load_file(folder / "model.safetensors")
        del tensors[key]
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

        with pytest.raises(ModelError, match=key.replace(".", r"\.")):
            load_model(folder)
        with pytest.raises(ModelError, match=key.replace(".", r"\.")):
            AutoModelForSequenceClassification.from_pretrained(folder)

    def test_refuses_weights_of_another_shape(self, folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        tensors["student.head.weight"] = tensors["student.head.weight"][:, :5].contiguous()
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

        with pytest.raises(ModelError, match=r"head\.weight is 4 x 5 in its weights, and 4 x"):
            load_model(folder)

    def test_refuses_an_encoder_without_a_head(self, tiny_encoder: Path) -> None:
        with pytest.raises(ModelError, match=r"not a finished classifier.*classifier"):
            load_model(tiny_encoder)

    def test_refuses_options_that_the_student_does_not_have(self, folder: Path) -> None:
        """A model of another version of the student is named, not half built."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config["options"] = {"dim": 8, "depth": 3}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")

        with pytest.raises(ModelError, match="depth"):
            load_model(folder)

    def test_runs_no_code_from_the_folder(self, folder: Path) -> None:
        """A configuration that brings its own code is not obeyed."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config["auto_map"] = {"AutoModelForSequenceClassification": "evil.Model"}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (folder / "evil.py").write_text("raise SystemExit('code of the folder ran')\n")

        assert load_model(folder).labels == LABELS


class TestUnknownStudent:
    @pytest.fixture
    def unknown(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A fasttext's folder where no fasttext is installed."""
        entries = registry.students.entries()
        del entries["fasttext"]
        monkeypatch.setattr(registry.students, "_entries", entries)
        return folder

    def test_is_named_with_the_option_that_brings_it(self, unknown: Path) -> None:
        with pytest.raises(ModelError) as caught:
            load_model(unknown)

        message = str(caught.value)
        assert "'fasttext'" in message
        assert "--students" in message
        assert "kdzoo.load_extensions" in message

    def test_is_one_message_on_the_command_line(self, unknown: Path, kdzoo: RunCommand) -> None:
        outcome = kdzoo("predict", unknown, "play a song")

        assert outcome.code == 2
        assert "'fasttext'" in outcome.err
        assert "--students" in outcome.err
        assert "Traceback" not in outcome.err


class TestSize:
    def test_is_of_the_deployed_files_alone(self, folder: Path) -> None:
        """History, records and checkpoints beside a model are not shipped with it."""
        deployed = ("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json")
        wanted = sum((folder / name).stat().st_size for name in deployed)
        before = size_bytes(folder)
        for name in (
            "history.json",
            "record.json",
            "checkpoint.safetensors",
            "predictions.parquet",
        ):
            (folder / name).write_bytes(b"x" * 10_000)
        (folder / "onnx").mkdir()
        (folder / "onnx" / "model.safetensors").write_bytes(b"x" * 10_000)

        assert before == size_bytes(folder) == wanted

    def test_counts_each_parameter_and_the_tables_apart(self, folder: Path) -> None:
        model = load_model(folder).model

        size = model_size(model, folder)

        table = model.student.embedding.weight.numel()
        assert size.embedding_parameters == table
        assert size.parameters == table + 8 * len(LABELS) + len(LABELS)
        assert size.size_bytes >= 4 * size.parameters


class TestMaximumLength:
    @pytest.mark.parametrize(
        ("architecture", "longest"), [("bert", 64), ("roberta", 64), ("distilbert", 64)]
    )
    def test_is_what_the_positions_allow(
        self, tmp_path: Path, tiny_encoder: Path, architecture: str, longest: int
    ) -> None:
        """RoBERTa's 66 positions hold 64 tokens; a tokenizer that knows no end does not matter."""
        folder = save_tiny_classifier(architecture, tmp_path, tiny_encoder, layers=1)
        config, tokenizer = (
            AutoConfig.from_pretrained(folder),
            AutoTokenizer.from_pretrained(folder),
        )
        tokenizer.model_max_length = 10**30

        assert maximum_length(tokenizer, config) == longest
        assert maximum_length(tokenizer, config, 16) == 16
        assert maximum_length(tokenizer, config, 9999) == longest

    @pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert"])
    def test_lets_a_classifier_read_a_text_that_is_far_longer(
        self, tmp_path: Path, tiny_encoder: Path, architecture: str
    ) -> None:
        folder = save_tiny_classifier(architecture, tmp_path, tiny_encoder, layers=1)

        logits = load_classifier(folder, "torch").logits(["rain " * 500, "rain"])

        assert logits.shape == (2, len(LABELS))


def test_a_model_may_be_moved(folder: Path, tmp_path: Path) -> None:
    """Nothing in the folder names the place where it was written."""
    moved = folder.rename(tmp_path / "elsewhere")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        assert str(tmp_path) not in (moved / name).read_text(encoding="utf-8")

    assert load_model(moved).labels == LABELS


def test_saving_twice_writes_the_same_bytes(tmp_path: Path, tiny_teacher: Path) -> None:
    """A model's files depend on the model alone, so that hashes of them mean something."""
    vocabulary = pruned_vocabulary(tiny_teacher, some_texts(50), special_tokens=False)
    for name in ("a", "b"):
        model = build_student("cnn", {}, context_of(vocabulary, tiny_teacher), None, seed=0)
        save_model(tmp_path / name, model, vocabulary)

    first = {file.name: file.read_bytes() for file in (tmp_path / "a").iterdir()}
    again = {file.name: file.read_bytes() for file in (tmp_path / "b").iterdir()}
    assert first == again


def test_an_encoder_saved_by_transformers_loads_once_it_is_a_classifier(tmp_path: Path) -> None:
    """Any classifier that ``save_pretrained`` wrote is a model for kdzoo."""
    folder = save_tiny_bert(tmp_path, LABELS)

    assert load_model(folder).labels == LABELS
