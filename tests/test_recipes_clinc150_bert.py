"""The recipes around BERT-base, run as they stand without a hub: on random models of its kind."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_world import FILLERS, LABELS, WORDS, RunCommand, put_on_hub, to_old_tokenizer
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForPreTraining,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForMaskedLM,
)

from kdzoo.results import Store

HUB_IDS = {  # as the recipes have them
    "teacher": ("transformersbook/bert-base-uncased-finetuned-clinc", "refs/pr/1"),
    "encoder": ("google-bert/bert-base-uncased", "main"),
    "init": ("distilbert/distilbert-base-uncased", "main"),
}
QUICKLY = (
    "--seeds", "0",
    "--set", "data.label=label",
    "--set", "training.steps=3",
    "--set", "training.batch_size=8",
    "--set", "measure.rounds=1",
    "--set", "measure.texts=2",
    "--set", "measure.isolated=false",
)  # fmt: skip


def save_stand_ins(
    root: Path, tokenizer_of: Path, labels: Sequence[str], *, width: int, heads: int, layers: int
) -> dict[str, Path]:
    """Writes three random models of one vocabulary, in the form in which the hub has them.

    A finished classifier with the tokenizer of its time, a BERT that can only fill gaps, and a
    DistilBERT of six layers that can only fill gaps.
    """
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_of)
    torch.manual_seed(0)
    config: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "initializer_range": 2 / width**0.5,  # so that texts are told apart
    }
    small = DistilBertConfig(
        vocab_size=len(tokenizer), dim=width, hidden_dim=4 * width, n_heads=heads, n_layers=6
    )
    names = dict(enumerate(labels))
    models = {
        "teacher": BertForSequenceClassification(BertConfig(**config, id2label=names)),
        "encoder": BertForPreTraining(BertConfig(**config)),
        "init": DistilBertForMaskedLM(small),
    }
    for role, model in models.items():
        model.save_pretrained(root / role)
        tokenizer.save_pretrained(root / role)
    to_old_tokenizer(root / "teacher")
    return {role: root / role for role in models}


def write_splits(folder: Path, rows: dict[str, list[tuple[str, str]]]) -> Path:
    """Writes (text, label) rows as a .jsonl file per split."""
    folder.mkdir()
    for split, pairs in rows.items():
        lines = [json.dumps({"text": text, "label": label}) for text, label in pairs]
        (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def accuracy_alone(folder: Path, data: Path, split: str) -> tuple[float, float]:
    """Returns what ``transformers`` makes of a classifier: its accuracy by name and by number.

    By number means that outputs are taken to be in the order of the data's labels.
    """
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    lines = (data / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    with torch.no_grad():
        found = [
            int(model(**tokenizer(row["text"], return_tensors="pt")).logits.argmax())
            for row in rows
        ]
    labels = sorted(model.config.id2label.values())
    by_name = [model.config.id2label[i] == row["label"] for i, row in zip(found, rows, strict=True)]
    by_number = [labels[i] == row["label"] for i, row in zip(found, rows, strict=True)]
    return float(np.mean(by_name)), float(np.mean(by_number))


def in_cache(models: dict[str, Path], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the models where the recipes' hub ids are looked for when no hub is in reach."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(root))
    for role, (hub_id, revision) in HUB_IDS.items():
        put_on_hub(root, hub_id, models[role], revision)


def rows_of(study: str) -> dict[str, list[str]]:
    """Returns the cells of the table of quality by the name of the row."""
    table = (Path("runs") / study / "table.md").read_text(encoding="utf-8")
    lines = [line for line in table.split("\n## ")[0].splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: rest for name, *rest in cells}


def teachers_record(study: str) -> Any:
    store = Store(Path("runs") / study)
    (row,) = [row for row in store.manifest().rows if row.role == "teacher"]
    return store.read(row.members[0].key)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    """Tiny ones; the teacher's labels are in another order than the data's."""
    root = tmp_path_factory.mktemp("stand_ins")
    order = [LABELS[i] for i in (2, 0, 3, 1)]
    return save_stand_ins(root, tiny_encoder, order, width=16, heads=2, layers=2)


@pytest.mark.study
class TestEachRecipe:
    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("distilbert", ("--set", "student.init={init}")),
            pytest.param("bilstm", ("--set", "student.dim=16"), marks=pytest.mark.slow),
            pytest.param("cnn", ("--set", "student.dim=16"), marks=pytest.mark.slow),
        ],
    )
    def test_ends_in_a_table_from_folders(
        self,
        kdzoo: RunCommand,
        models: dict[str, Path],
        tiny_data: Path,
        name: str,
        options: tuple[str, ...],
    ) -> None:
        """With the teacher's own accuracy in it, its labels aligned by name."""
        outcome = kdzoo(
            "run", f"clinc150-bert/{name}",
            "--data", tiny_data,
            "--set", f"teacher.model={models['teacher']}",
            "--set", f"teacher.encoder={models['encoder']}",
            *(each.format(**models) for each in options),
            *QUICKLY,
            "--set", "variants=null",
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        study = f"clinc150-bert-{name}"

        rows = rows_of(study)
        assert rows.keys() == {"teacher", name, "tf-idf + svm"}
        for split in ("validation", "test"):
            by_name, by_number = accuracy_alone(models["teacher"], tiny_data, split)
            assert teachers_record(study).quality[split]["accuracy"] == pytest.approx(by_name)
            assert by_name != by_number
        assert rows["teacher"][1] == f"{100 * by_name:.1f}"
        deployed = {row.name: row.runtimes for row in Store(Path("runs") / study).manifest().rows}
        assert deployed == {
            "teacher": ("pipeline", "torch", "onnx", "onnx-int8"),
            name: ("torch", "onnx", "onnx-int8"),
            "tf-idf + svm": ("sklearn",),
        }


@pytest.mark.study
class TestDistilbert:
    def test_starts_student_and_control_from_the_model_that_it_names(
        self,
        kdzoo: RunCommand,
        models: dict[str, Path],
        tiny_data: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """All six layers of it, found by hub id in the cache; and so does what the search chose."""
        in_cache(models, tmp_path / "hub", monkeypatch)
        outcome = kdzoo(
            "run", "clinc150-bert/distilbert",
            "--data", tiny_data,
            *QUICKLY,
            "--set", "measure.runtimes=[torch]",
            "--set", "training.learning_rate=1e-30",
            "--set", "variants.searched.training.steps=6",
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        store = Store(Path("runs/clinc150-bert-distilbert"))
        rows = {row.name: row.members[0] for row in store.manifest().rows}

        assert rows.keys() == {"teacher", "distilbert", "distilbert/searched", "tf-idf + svm"}
        start = load_file(models["init"] / "model.safetensors")
        layers = {name for name in start if name.startswith("distilbert.transformer.layer.")}
        assert {name.split(".")[3] for name in layers} == set("012345")
        for name in ("distilbert", "distilbert/searched"):
            for key in (rows[name].key, rows[name].control_key):
                assert key is not None
                weights = load_file(store.finished(key) / "model.safetensors")
                assert layers == {each for each in weights if ".layer." in each}
                for each in layers:
                    torch.testing.assert_close(weights[each], start[each], rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_all_at_full_size_end_in_one_table(
    kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve layers of 768 over 151 classes teach six of them, a BiLSTM and a CNN."""
    labels = [f"intent_{number:03}" for number in range(150)] + ["oos"]
    rng = random.Random(0)
    data = write_splits(tmp_path / "data", clinc_like(labels, rng))
    shuffled = rng.sample(labels, len(labels))
    models = save_stand_ins(
        tmp_path / "models", tiny_encoder, shuffled, width=768, heads=12, layers=12
    )
    in_cache(models, tmp_path / "hub", monkeypatch)
    outcome = kdzoo(
        "run", "clinc150-bert", "--data", data, *QUICKLY, "--set", "variants=null"
    )  # fmt: skip
    assert outcome.code == 0, outcome.err

    rows = rows_of("clinc150-bert")
    assert rows.keys() == {"teacher", "bilstm", "cnn", "distilbert", "tf-idf + svm"}
    accuracy = teachers_record("clinc150-bert").quality["test"]["accuracy"]
    by_name, _ = accuracy_alone(models["teacher"], data, "test")
    assert accuracy == pytest.approx(by_name, abs=2 / len(labels))  # logits are kept in 16 bits


def clinc_like(labels: Sequence[str], rng: random.Random) -> dict[str, list[tuple[str, str]]]:
    """Returns two training texts a label, one to validate and one to test; all are different."""
    words = [word for group in WORDS.values() for word in group] + FILLERS
    texts: dict[str, None] = {}
    while len(texts) < 4 * len(labels):
        texts[" ".join(rng.choices(words, k=rng.randint(4, 12)))] = None
    pairs = list(zip(texts, [*labels] * 4, strict=True))
    share = len(labels)
    return {
        "train": pairs[: 2 * share],
        "validation": pairs[2 * share : 3 * share],
        "test": pairs[3 * share :],
    }
