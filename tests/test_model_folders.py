"""Folders that hold no model as kdzoo reads one: told alike by all commands, with what to do."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tiny_cures import edited
from tiny_world import RunCommand, put_on_hub
from transformers import AutoModelForSequenceClassification

import kdzoo as package
from kdzoo.architecture import layer_table
from kdzoo.errors import KdzooError, ModelError
from kdzoo.model import load_model
from kdzoo.model_folders import instead_of, one_file
from kdzoo.teacher import find_model

HEADS = {  # as peft names the head that an adapter brings, by the build of its base
    "bert": {"base_model.model.classifier.weight": (4, 32)},
    "roberta": {
        "base_model.model.classifier.dense.weight": (32, 32),
        "base_model.model.classifier.out_proj.weight": (4, 32),
    },
    "gpt2": {"base_model.model.score.weight": (4, 32)},
}
LAYER = {"base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight": (2, 32)}


def adapter(
    folder: Path, shapes: dict[str, tuple[int, int]] | None = None, **settings: Any
) -> Path:
    """Writes an adapter as peft saves it, without its base model."""
    folder.mkdir()
    said = {"peft_type": "LORA", "task_type": "SEQ_CLS", "base_model_name_or_path": "some/base"}
    (folder / "adapter_config.json").write_text(json.dumps({**said, **settings}), "utf-8")
    weights = {name: torch.zeros(shape) for name, shape in {**LAYER, **(shapes or {})}.items()}
    save_file(weights, folder / "adapter_model.safetensors")
    return folder


def told(folder: Path) -> str:
    """Returns what is said of it as a teacher; of a model to predict with it is the same."""
    found = []
    for look in (lambda: find_model(str(folder)), lambda: package.load(folder)):
        with pytest.raises(ModelError) as caught:
            look()
        found.append(str(caught.value))
    assert found[0] == found[1]
    return found[0]


class TestAnAdapter:
    @pytest.mark.parametrize("head", HEADS)
    def test_is_merged_with_as_many_classes_as_its_head_has(
        self, tmp_path: Path, head: str
    ) -> None:
        """Its base model's configuration knows of none, or of others."""
        folder = adapter(tmp_path / "adapter", HEADS[head])

        assert (
            f"peft.AutoPeftModelForSequenceClassification.from_pretrained({str(folder)!r}, "
            "num_labels=4).merge_and_unload().save_pretrained('merged'); "
        ) in told(folder)
        assert "--teacher-labels" in told(folder)  # merging leaves LABEL_0, LABEL_1, ...

    @pytest.mark.parametrize(
        ("task", "kind", "labels"),
        [
            ("SEQ_CLS", "ForSequenceClassification", True),
            ("TOKEN_CLS", "ForTokenClassification", True),
            ("FEATURE_EXTRACTION", "ForFeatureExtraction", False),
            (None, "ForSequenceClassification", True),
        ],
    )
    def test_is_merged_as_what_it_was_trained_for(
        self, tmp_path: Path, task: str | None, kind: str, labels: bool
    ) -> None:
        folder = adapter(tmp_path / "adapter", task_type=task)

        count = ", num_labels=NUMBER_OF_CLASSES" * labels
        assert f"AutoPeftModel{kind}.from_pretrained({str(folder)!r}{count})" in told(folder)

    @pytest.mark.parametrize("brought", [True, False])
    def test_keeps_the_tokenizer_that_it_brings_else_that_of_its_base(
        self, tmp_path: Path, brought: bool
    ) -> None:
        folder = adapter(tmp_path / "adapter")
        if brought:
            (folder / "tokenizer_config.json").write_text("{}", encoding="utf-8")

        (saved,) = re.findall(r"AutoTokenizer.from_pretrained\('(.*?)'\)", told(folder))
        assert saved == (str(folder) if brought else "some/base")

    def test_that_cannot_be_merged_is_told_of_as_such(self, tmp_path: Path) -> None:
        folder = adapter(tmp_path / "adapter", peft_type="PREFIX_TUNING")

        assert "PREFIX_TUNING, which cannot be merged" in told(folder)
        assert "merge_and_unload" not in told(folder)

    def test_whose_settings_are_damaged_is_one_all_the_same(self, tmp_path: Path) -> None:
        folder = adapter(tmp_path / "adapter")
        (folder / "adapter_config.json").write_text("[", encoding="utf-8")

        assert "merge_and_unload" in told(folder)

    @pytest.mark.parametrize(
        "command",
        ["predict {} play", "bench {} --texts rows.csv", "export {} --out out",
         "label {} rows.csv -o rows.parquet"],
    )  # fmt: skip
    def test_is_told_of_by_every_command(
        self, kdzoo: RunCommand, tmp_path: Path, command: str
    ) -> None:
        folder = adapter(tmp_path / "adapter")
        Path("rows.csv").write_text("text\nplay\n", encoding="utf-8")

        outcome = kdzoo(*command.format(folder).split())

        assert outcome.code == 2
        assert "is an adapter (it holds adapter_config.json)" in outcome.err


class TestFoldersAroundAModel:
    def test_of_a_training_name_the_last_checkpoint(
        self, tiny_teacher: Path, tmp_path: Path
    ) -> None:
        """Steps are numbers: 1000 comes after 500."""
        for step in (500, 1000, 90):
            shutil.copytree(tiny_teacher, tmp_path / f"checkpoint-{step}")

        assert tells(tmp_path, f"the last is {tmp_path}/checkpoint-1000")
        load_model(tmp_path / "checkpoint-1000")

    def test_of_the_hubs_cache_name_the_snapshot_that_is_its_main_one(
        self, tiny_teacher: Path, tmp_path: Path
    ) -> None:
        main = put_on_hub(tmp_path, "acme/bert", tiny_teacher)
        for other in ("0" * 40, "f" * 40):
            shutil.copytree(tiny_teacher, main.parent / other)

        assert tells(tmp_path / "models--acme--bert", f"give its snapshot, {main}")

    @pytest.mark.parametrize("is_there", [True, False])
    def test_of_sentence_transformers_in_its_old_layout_name_where_the_encoder_lies(
        self, tiny_encoder: Path, tmp_path: Path, is_there: bool
    ) -> None:
        """Of a hub, that folder is not fetched."""
        modules = [
            {"idx": 0, "path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ]
        (tmp_path / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
        if is_there:
            shutil.copytree(tiny_encoder, tmp_path / "0_Transformer")

        assert tells(tmp_path, "its encoder lies in 0_Transformer, as sentence-transformers wrote")
        assert tells(tmp_path, f"SentenceTransformer({str(tmp_path)!r}).save_pretrained('whole')")
        assert "SentenceTransformer('a/b', revision='v1')." in instead_of(tmp_path, "a/b@v1")

    @pytest.mark.parametrize("said", ["[", "{}", "[1]", '[{"type": "a.Transformer"}]', '"text"'])
    def test_with_modules_that_are_none_say_nothing_of_them(
        self, tmp_path: Path, said: str
    ) -> None:
        (tmp_path / "modules.json").write_text(said, encoding="utf-8")

        assert instead_of(tmp_path) == ""

    def test_that_hold_no_model_say_nothing_of_one(self, tmp_path: Path) -> None:
        (tmp_path / "checkpoint-5").mkdir()

        assert tells(tmp_path, "config.json")
        assert instead_of(tmp_path) == ""


def tells(folder: Path, part: str) -> bool:
    """Whether all who look at it tell of that."""
    looks: list[Callable[[], object]] = [
        lambda: find_model(str(folder)), lambda: package.load(folder), lambda: load_model(folder),
        lambda: layer_table(folder),
    ]  # fmt: skip
    found = []
    for look in looks:
        with pytest.raises(KdzooError) as caught:
            look()
        found.append(part in str(caught.value))
    return all(found)


def as_shards(folder: Path, model: Any) -> None:
    """Writes the weights as those of large models are published."""
    model.save_pretrained(folder, max_shard_size="20KB")


def as_pickle(folder: Path, model: Any) -> None:
    """Writes the weights as they were published before there was safetensors."""
    torch.save(model.state_dict(), folder / "pytorch_model.bin")


def as_whole_pickle(folder: Path, model: Any) -> None:
    """Pickles a model, code and all, which no library loads unasked."""
    torch.save(model, folder / "pytorch_model.bin")


def as_variant(folder: Path, model: Any) -> None:
    """Writes the weights beside others of more bits, which are not there."""
    model.half().save_pretrained(folder, variant="fp16")


class TestOtherFilesOfWeights:
    @pytest.mark.parametrize("is_named", [True, False])
    @pytest.mark.parametrize("write", [as_shards, as_pickle, as_variant])
    def test_come_into_one_by_the_python_that_all_say(
        self,
        tiny_teacher: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        write: Callable[[Path, Any], None],
        is_named: bool,
    ) -> None:
        """The tokenizer and the head come along, whether the configuration names a class or not."""
        monkeypatch.chdir(tmp_path)
        folder = Path(shutil.copytree(tiny_teacher, tmp_path / "model"))
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        (folder / "model.safetensors").unlink()
        write(folder, model)
        if not is_named:
            edited(folder / "config.json", architectures=None)
        found = []
        for look in (lambda: find_model(str(folder)), lambda: package.load(folder)):
            with pytest.raises(KdzooError, match=r"model\.safetensors") as caught:
                look()
            found.append(re.findall(r"in Python: (.*)", str(caught.value)))
        ((code,), other) = found
        assert other == [code]

        exec(code, {})  # noqa: S102 - what the message says

        assert package.load("whole").labels == load_model(tiny_teacher).labels
        assert find_model("whole").name == "whole"

    @pytest.mark.parametrize(
        ("write", "lost", "told"),
        [
            (as_shards, "model-00002-of-*", "names model-00002-of-"),
            (as_shards, "*.index.json", "their index model.safetensors.index.json is not there"),
            (as_whole_pickle, None, "a model that was pickled whole (transformers."),
        ],
    )
    def test_that_nothing_loads_are_told_as_such(
        self,
        tiny_teacher: Path,
        tmp_path: Path,
        write: Callable[[Path, Any], None],
        lost: str | None,
        told: str,
    ) -> None:
        """Without a line of Python that would fail."""
        folder = copied_without_weights(tiny_teacher, tmp_path)
        write(folder, AutoModelForSequenceClassification.from_pretrained(tiny_teacher))
        for file in folder.glob(lost) if lost else ():
            file.unlink()
        said = one_file(folder, str(folder))

        assert told in said
        assert "in Python" not in said

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02ctorch\nTensor\n"])
    def test_that_are_no_archive_are_left_to_transformers(
        self, tiny_teacher: Path, tmp_path: Path, content: bytes
    ) -> None:
        folder = copied_without_weights(tiny_teacher, tmp_path)
        (folder / "pytorch_model.bin").write_bytes(content)

        assert "in Python: import transformers" in one_file(folder, str(folder))

    @pytest.mark.parametrize(
        ("source", "called"),
        [("acme/bert", "'acme/bert')"), ("acme/bert@v2", "'acme/bert', revision='v2')")],
    )
    def test_on_a_hub_are_fetched_from_there(
        self, tiny_teacher: Path, tmp_path: Path, source: str, called: str
    ) -> None:
        """No pickle is downloaded, so that the folder in the cache has no weights at all."""
        folder = copied_without_weights(tiny_teacher, tmp_path)

        assert one_file(folder, source).count(f"from_pretrained({called}.") == 2

    def test_of_sentence_transformers_keep_what_stands_behind_the_layers(
        self, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        folder = copied_without_weights(tiny_encoder, tmp_path)
        (folder / "modules.json").write_text("[]", encoding="utf-8")
        (folder / "pytorch_model.bin").touch()

        assert f"SentenceTransformer({str(folder)!r}).save" in one_file(folder, str(folder))

    @pytest.mark.parametrize(
        ("architecture", "kind"),
        [
            ("BertForSequenceClassification", "AutoModelForSequenceClassification"),
            ("BertForTokenClassification", "AutoModelForTokenClassification"),
            ("BertModel", "AutoModel"),
            (None, "AutoModel"),
        ],
    )
    def test_are_read_as_what_they_are_of(
        self, tiny_teacher: Path, tmp_path: Path, architecture: str | None, kind: str
    ) -> None:
        folder = copied_without_weights(tiny_teacher, tmp_path)
        (folder / "pytorch_model.bin").touch()
        edited(folder / "config.json", architectures=architecture and [architecture])

        assert f"transformers.{kind}.from_pretrained(" in one_file(folder, str(folder))

    def test_that_transformers_does_not_read_are_not_sent_to_it(
        self, tiny_teacher: Path, tmp_path: Path
    ) -> None:
        folder = copied_without_weights(tiny_teacher, tmp_path)
        (folder / "tf_model.h5").touch()

        assert tells_of_weights(folder) == "download the whole model, its weights too"


def copied_without_weights(model: Path, to: Path) -> Path:
    """Copies a model's other files."""
    folder = Path(shutil.copytree(model, to / "model"))
    (folder / "model.safetensors").unlink()
    return folder


def tells_of_weights(folder: Path) -> str:
    """Returns the cure that is told of a folder without weights."""
    with pytest.raises(KdzooError) as caught:
        find_model(str(folder))
    return str(caught.value).partition("in one file of that kind: ")[2]


class TestAFile:
    @pytest.mark.parametrize(
        "command",
        [
            ["init", "--data", "{data}", "-o", "mine", "--teacher"],
            ["label", "texts.txt", "-o", "o.parquet"],
            ["predict", "texts.txt"],
            ["export", "--out", "exported"],
            ["bench", "--texts", "texts.txt"],
        ],
        ids=lambda command: command[0],
    )
    @pytest.mark.parametrize(
        ("file", "said"),
        [
            ("weights.pt", "model.save_pretrained(FOLDER)"),
            ("model/model.safetensors", "give model, which it lies in"),
            ("outputs.parquet", "teacher: {outputs: outputs.parquet}"),
        ],
    )
    def test_is_told_as_one_with_what_is_wanted(
        self, kdzoo: RunCommand, tiny_data: Path, command: list[str], file: str, said: str
    ) -> None:
        Path("texts.txt").write_text("play\n", encoding="utf-8")
        Path("model").mkdir()
        Path("model/config.json").write_text("{}", encoding="utf-8")
        Path(file).write_bytes(b"0")
        place = len(command) if command[0] == "init" else 1

        outcome = kdzoo(
            *(str(tiny_data) if part == "{data}" else part for part in command[:place]),
            file,
            *command[place:],
        )

        assert outcome.code == 2, outcome.out
        assert f"{file} is a file, and a model is a folder" in outcome.err
        assert said in outcome.err
