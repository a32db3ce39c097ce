"""Fine-tuning the upper layers alone, and with softened labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import tiny_corpus
from tiny_teachers import save_teacher
from tiny_world import RunCommand, WriteRecipe
from torch import nn
from torch.nn import functional
from transformers import AutoModel

from kdzoo.errors import ModelError
from kdzoo.model import freeze_lower, load_model
from kdzoo.objectives.total import gold_loss
from kdzoo.progress import Silent
from kdzoo.recipe.teacher import FineTune
from kdzoo.teacher import fine_tune
from kdzoo.training import make_accelerator

KINDS = ("bert", "roberta", "mpnet", "distilbert", "electra", "modernbert", "gpt2", "deberta")


def trained_parameters(model: Any) -> set[str]:
    return {name for name, each in model.base_model.named_parameters() if each.requires_grad}


@pytest.mark.parametrize("kind", KINDS)
def test_embeddings_and_lower_layers_stay(kind: str, tmp_path: Path) -> None:
    """Of two layers: with 0 both are trained, with 1 the upper one, with 2 neither."""
    folder = save_teacher(kind, tmp_path)
    free = {}
    for count in range(3):
        model = load_model(folder).model
        freeze_lower(model, count)
        free[count] = trained_parameters(model)
        heads = ("classifier", "score", "head")
        head = [each for name, each in model.named_parameters() if name.startswith(heads)]
        assert head and all(each.requires_grad for each in head)
        tables = [each for each in model.base_model.modules() if isinstance(each, nn.Embedding)]
        assert tables and not any(each.weight.requires_grad for each in tables)

    for lower, upper in ((0, 1), (1, 2)):
        layer = free[lower] - free[upper]
        assert layer and all(f".{lower}." in f".{name}" for name in layer)


@pytest.mark.parametrize("kind", ["albert", "t5", "xlm", "xlnet"])
def test_what_is_built_otherwise_is_told_or_followed(kind: str, tmp_path: Path) -> None:
    """A model whose layers are one, or in two parts, is refused; nothing else freezes silently."""
    model = load_model(save_teacher(kind, tmp_path)).model
    whole = trained_parameters(model)
    try:
        freeze_lower(model, 1)
    except ModelError as error:
        assert "remove freeze" in str(error)
        assert trained_parameters(model) == whole
    else:
        assert trained_parameters(model) < whole


def test_training_leaves_them_as_they_are(tiny_encoder: Path, tmp_path: Path) -> None:
    options = FineTune(epochs=1, batch_size=8, freeze=1, label_smoothing=0.1)
    fine_tune(
        tiny_encoder, tmp_path / "teacher", tiny_corpus(), options, 32, 0,
        accelerator=make_accelerator(), progress=Silent(),
    )  # fmt: skip

    before = AutoModel.from_pretrained(tiny_encoder).state_dict()
    after = load_model(tmp_path / "teacher").model.base_model.state_dict()
    changed = {name for name, each in before.items() if not torch.equal(each, after[name])}
    assert changed
    assert all(name.startswith(("encoder.layer.1.", "pooler.")) for name in changed)


@pytest.mark.parametrize("command", ["check", "run"])
def test_more_layers_than_there_are_is_told_before_training(
    write_recipe: WriteRecipe, kdzoo: RunCommand, command: str
) -> None:
    recipe = str(write_recipe())

    outcome = kdzoo(command, recipe, "--set", "teacher.fine_tune.freeze=3")

    assert outcome.code == 2
    assert "the model has 2" in outcome.err
    assert kdzoo("check", recipe, "--set", "teacher.fine_tune.freeze=2").code == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_smoothing_gives_each_label_its_share(smoothing: float) -> None:
    drawn = torch.Generator().manual_seed(0)
    logits, gold = torch.randn(6, 4, generator=drawn), torch.tensor([0, 3, -100, 1, 2, 2])
    rows = gold >= 0
    target = (1 - smoothing) * functional.one_hot(gold[rows], 4) + smoothing / 4
    wanted = -(target * logits[rows].log_softmax(1)).sum(1).mean()

    torch.testing.assert_close(gold_loss(logits, gold, smoothing), wanted)


def test_keys_of_earlier_teachers_stay() -> None:
    """An option that is younger than a stored key stands in it only where it changes the model."""
    earlier = {
        "epochs": 5, "learning_rate": 3e-4, "batch_size": 32, "weight_decay": 0.01, "warmup": 0.1,
        "select_by": "accuracy", "seed": 0,
    }  # fmt: skip

    assert FineTune().model_dump() == earlier
    assert FineTune(freeze=0).model_dump() == {**earlier, "freeze": 0}
    assert FineTune(label_smoothing=0.1).model_dump() == {**earlier, "label_smoothing": 0.1}
