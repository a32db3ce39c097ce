"""A hub in memory for the tests: datasets by id, and the models that recipes name, made tiny."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from tiny_world import LABELS, put_on_hub

from kdzoo.data.files import read_files

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
CLINC, MASSIVE = "clinc/clinc_oos", "mteb/amazon_massive_intent"
QUERIES = ["turn the heating off", "who sings this tune", "is it windy", "book two seats for me"]
FEW_STEPS = (
    "--seeds", "0",
    "--set", "teacher.fine_tune.epochs=1",
    "--set", "training.steps=2",
    "--set", "training.batch_size=8",
    "--set", "training.evaluations=1",
    "--set", "measure.rounds=1",
    "--set", "measure.texts=2",
    "--set", "measure.isolated=false",
    "--set", "measure.runtimes=[torch]",
)  # fmt: skip
SMALL_HEAD = (
    "--set", "teacher.lower_layers=[0]",
    "--set", "student.dim=32",
    "--set", "measure.reject.max_false_rejections=0.1",
)  # fmt: skip
FEW_STEPS_OF_HEAD = (*FEW_STEPS[:2], *FEW_STEPS[4:], *SMALL_HEAD)  # a linear head has no epochs
Asked = list[tuple[str, str | None, str | None, str | None]]


def serve(
    monkeypatch: pytest.MonkeyPatch,
    cache: Path,
    encoder: Path,
    datasets: Mapping[str, DatasetDict],
) -> Asked:
    """Puts datasets and MiniLM's stand-in where they are looked for.

    Returns:
        What will have been asked for: (dataset, configuration, revision, split).
    """
    asked: Asked = []

    def load_dataset(
        name: str, config: str | None, *, revision: str | None, split: str | None
    ) -> DatasetDict | Dataset:
        asked.append((name, config, revision, split))
        return datasets[name] if split is None else datasets[name][split]

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    put_on_hub(cache, MINILM, encoder)
    return asked


def serve_clinc(monkeypatch: pytest.MonkeyPatch, cache: Path, encoder: Path, data: Path) -> Asked:
    """Serves the tiny data as CLINC150, and queries as MASSIVE; one stands in the data's test."""
    clinc = _clinc_like(data)
    queries = [*QUERIES, clinc["test"][0]["text"], clinc["train"][0]["text"]]
    massive = Dataset.from_dict({"text": queries, "label": ["whatever"] * len(queries)})
    served = {CLINC: clinc, MASSIVE: DatasetDict(train=massive, test=massive.select([0]))}
    return serve(monkeypatch, cache, encoder, served)


def _clinc_like(folder: Path) -> DatasetDict:
    """Returns the tiny data in the form in which the hub has CLINC150."""
    features = Features({"text": Value("string"), "intent": ClassLabel(names=list(LABELS))})
    splits = read_files(str(folder), "text", "label").splits
    return DatasetDict(
        {
            name: Dataset.from_dict(
                {
                    "text": [text for text, _ in rows],
                    "intent": [LABELS.index(label) for _, label in rows],
                },
                features=features,
            )
            for name, rows in splits.items()
        }
    )
