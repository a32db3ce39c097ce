"""A hub in memory for the tests: datasets by id, and the models that recipes name, made tiny."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict
from tiny_world import put_on_hub

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
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
