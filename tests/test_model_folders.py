"""Folders that hold no model as kdzoo reads one: told alike by all commands, with what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tiny_world import RunCommand

import kdzoo as package
from kdzoo.errors import ModelError
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
