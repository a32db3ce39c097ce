"""A recipe's models are the same ones alone and beside other recipes of its study."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_outputs import write_rows
from tiny_teachers import save_teacher
from tiny_world import RunCommand, WriteRecipe, save_tiny_bert

from kdzoo.results import Store

SHORT = {"steps": 4, "batch_size": 8, "evaluations": 1}
ONCE = {"rounds": 1, "texts": 2, "isolated": False}
Sections = dict[str, Any]

pytestmark = pytest.mark.study


def two_words_of(folder: Path, data: Path) -> tuple[Sections, Sections]:
    """Teachers that read alike, and whose words lie otherwise: near words are other ones."""
    augment = {"kind": "near_words", "p_near": 1.0, "copies": 2}
    teachers = [save_tiny_bert(folder / name, None) for name in ("one", "two")]
    wiggle(teachers[1])
    one, two = (
        {"teacher": {"model": str(each), "fine_tune": None, "head": "linear"}} for each in teachers
    )
    shared = {"transfer": {"augment": augment}}
    return {**shared, **one}, {**shared, **two}


def two_encoders_of(folder: Path, data: Path) -> tuple[Sections, Sections]:
    """One file of outputs, and encoders that lend its students other tokenizers."""
    rows = [
        json.loads(line)
        for split in ("train", "validation", "test")
        for line in (data / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    file = write_rows(folder / "o.jsonl", rows)
    encoders = (save_tiny_bert(folder / "bert", None), save_teacher("mpnet", folder / "mpnet"))
    one, two = (
        {"teacher": {"model": None, "outputs": str(file), "encoder": str(each), "fine_tune": None}}
        for each in encoders
    )
    return one, two


def wiggle(folder: Path) -> None:
    """Shuffles a model's word table: each word has another's vector."""
    import torch
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    weights = load_file(file)
    (name,) = (name for name in weights if name.endswith("word_embeddings.weight"))
    order = torch.randperm(len(weights[name]), generator=torch.Generator().manual_seed(0))
    save_file({**weights, name: weights[name][order]}, file, metadata={"format": "pt"})


@pytest.mark.parametrize("two_of", [two_words_of, two_encoders_of])
def test_the_second_recipe_makes_what_it_makes_alone(
    kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path, tmp_path: Path, two_of: Any
) -> None:
    both = two_of(tmp_path / "models", tiny_data)
    for name, sections in zip(("one", "two"), both, strict=True):
        write_recipe(f"recipes/{name}.yaml", name=name, training=SHORT, measure=ONCE, **sections)
    keys = {}
    for out, target in (("together", "recipes"), ("alone", "recipes/two.yaml")):
        outcome = kdzoo("run", target, "--out", out, "--no-test", "--workers", "1")
        assert outcome.code == 0, outcome.err
        rows = {row.name: row for row in Store(Path(out)).manifest().rows}
        keys[out] = rows["two"].members
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)

    assert keys["together"] == keys["alone"]


def test_a_teacher_that_stays_is_read_anew_on_validation_that_grew(
    kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path, tmp_path: Path
) -> None:
    """A linear head is of train alone: it is not fitted again, and its figures are of all texts."""
    data = Path(shutil.copytree(tiny_data, tmp_path / "grows"))
    recipe = write_recipe(
        teacher={"fine_tune": None, "head": "linear"},
        data={"files": str(data)},
        training=SHORT,
        measure={**ONCE, "runtimes": ["torch", "onnx"]},
    )
    found = {}
    for when in ("before", "after"):
        outcome = kdzoo("run", recipe, "--out", "runs/grows")
        assert outcome.code == 0, outcome.err
        store = Store(Path("runs/grows"))
        (row,) = (row for row in store.manifest().rows if row.role == "teacher")
        key = row.members[0].key
        read = [store.outcomes(key, runtime) for runtime in (None, "onnx")]
        found[when] = key, [int((frame["split"] == "validation").sum()) for frame in read]
        lines = (data / "validation.jsonl").read_text(encoding="utf-8").splitlines()
        grown = [*lines, json.dumps({"text": "wake me up with the news", "label": "alarm"})]
        (data / "validation.jsonl").write_text("\n".join(grown) + "\n", encoding="utf-8")

    (first, before), (second, after) = found["before"], found["after"]
    assert first == second
    assert after == [count + 1 for count in before]
