"""Texts that hold the token which ends a text: an answer is that of transformers, text by text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from tiny_exports import export_to
from tiny_teachers import save_teacher
from tiny_world import RunCommand
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from kdzoo.runtime import load_classifier

TEXTS = [
    "play jazz </s> loud band", "rain", "sunny wind tomorrow", "</s></s> joke", "what </s>",
    "please ring the alarm </s> early </s> seven", "me",
]  # fmt: skip


@pytest.fixture(scope="module", params=["bart", "t5"])
def teacher(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_teacher(request.param, tmp_path_factory.mktemp(request.param) / "teacher")


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_teacher("bart", tmp_path_factory.mktemp("exported") / "teacher")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "texts.txt"
    file.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    return file


def alone(folder: Path) -> npt.NDArray[np.float32]:
    """Returns the logits that transformers gives each text by itself, [N, C]."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        rows = [model(**tokenizer(text, return_tensors="pt")).logits for text in TEXTS]
    found: npt.NDArray[np.float32] = torch.cat(rows).numpy()
    return found


@pytest.mark.parametrize("runtime", ["torch", "pipeline"])
def test_an_answer_is_that_of_the_text_by_itself(teacher: Path, runtime: str) -> None:
    found = load_classifier(teacher, runtime).logits(TEXTS)

    np.testing.assert_allclose(found, alone(teacher), atol=2e-4)


def test_a_graph_answers_a_batch_as_each_of_its_texts(bart: Path, tmp_path: Path) -> None:
    exported = load_classifier(export_to(bart, tmp_path / "exported"), "onnx")

    found = exported.run(exported.encode(TEXTS))

    np.testing.assert_allclose(found, alone(bart), atol=2e-4)


def test_the_command_that_labels_writes_these_answers(
    kdzoo: RunCommand, teacher: Path, texts: Path
) -> None:
    outcome = kdzoo("label", teacher, texts, "-o", "outputs.parquet")

    assert outcome.code == 0, outcome.err
    logits = np.stack(pd.read_parquet("outputs.parquet")["logits"].tolist())
    np.testing.assert_allclose(logits, alone(teacher), atol=5e-3)  # kept in 16 bits


def test_an_export_is_compared_on_such_texts(
    kdzoo: RunCommand, bart: Path, texts: Path, tmp_path: Path
) -> None:
    outcome = kdzoo("export", bart, "--out", tmp_path / "exported", "--texts", texts)

    assert outcome.code == 0, outcome.err


def test_a_bench_reads_such_texts(kdzoo: RunCommand, teacher: Path, texts: Path) -> None:
    outcome = kdzoo(
        "bench", teacher, "--texts", texts, "--runtimes", "torch", "--rounds", "1",
        "--out", "bench", "--no-isolation",
    )  # fmt: skip

    assert outcome.code == 0, outcome.err
