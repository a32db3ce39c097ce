"""Trains a tiny student, in each of several processes: `torchrun tests/tiny_ranks.py FOLDER`."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from kdzoo.data import NO_LABEL
from kdzoo.model.wrapper import KdzooConfig, KdzooForSequenceClassification
from kdzoo.objectives import bind_objective, distillation_loss, over_words
from kdzoo.progress import Silent
from kdzoo.text import Encoded
from kdzoo.training import TrainingPlan, TrainingSet, make_accelerator, train

TEXTS, WORDS, LABELS = 40, 30, 4
GOLD = [0, NO_LABEL, 1, NO_LABEL, 2, NO_LABEL, 0, 1]  # of a batch whose every second row has none
KILLED = 12  # steps; the last checkpoint before it is of step 10


class KilledError(Exception):
    """A training ends in the middle."""


def texts() -> TrainingSet:
    """Returns texts of one length, so that their order is chance; half of them have a label."""
    rng = np.random.default_rng(0)
    ids = rng.integers(3, WORDS, 5 * TEXTS).astype(np.int32)
    gold = np.where(rng.random(TEXTS) < 0.5, rng.integers(0, LABELS, TEXTS), NO_LABEL)
    logits = rng.normal(size=(TEXTS, LABELS)).astype(np.float16)
    return TrainingSet(Encoded(ids, 5 * np.arange(TEXTS + 1), 0), gold, logits)


def trained(
    *, dropout: float, checkpoint: Path | None = None, killed: int | None = None
) -> tuple[dict[str, torch.Tensor], int]:
    """Returns the weights of a trained student, and the step at which the training was resumed."""
    torch.manual_seed(1)
    options = {"dim": 8, "hidden": 8, "dropout": dropout}
    config = KdzooConfig(student="static", options=options, vocab_size=WORDS, num_labels=LABELS)
    model = KdzooForSequenceClassification(config)

    def evaluate(_: nn.Module) -> dict[str, float]:
        return {"accuracy": 0.0}

    def note(step: int, _: Any) -> None:
        if step == killed:
            raise KilledError

    result = train(
        model, texts(),
        TrainingPlan(
            steps=20, batch_size=8, learning_rate=1e-2, weight_decay=0.01, warmup=0.1,
            max_grad_norm=1.0, select_by="last", evaluations=20, checkpoint_every=5, seed=0,
        ),
        partial(distillation_loss, soft=bind_objective("kl", {}), alpha=0.7),
        evaluate, accelerator=make_accelerator(), progress=Silent(), description="tiny",
        checkpoint=checkpoint, note=note,
    )  # fmt: skip
    return model.state_dict(), result.resumed_at


def row_weights(rank: int, ranks: int) -> list[float]:
    """Returns what each row of a batch weighs in the loss on gold labels of all processes."""
    logits = torch.zeros(len(GOLD), 3, requires_grad=True)
    own = slice(rank, None, ranks)
    loss = distillation_loss(logits[own], torch.tensor(GOLD)[own], None, soft=None, alpha=1.0)
    torch.autograd.backward(loss / ranks)
    assert logits.grad is not None
    weights = logits.grad.abs().sum(1) / (4 / 3)
    if ranks > 1:
        torch.distributed.all_reduce(weights)
    return [round(weight, 6) for weight in weights.tolist()]


def loss_of_words(rank: int) -> float:
    """Returns a process's loss over a sentence; the last process's model has read none of it."""
    unread = rank == 1
    logits = torch.full((1, 2, 3), float("nan") if unread else 1.0, requires_grad=True)
    loss = over_words(partial(distillation_loss, soft=None, alpha=1.0))
    said = loss(logits, torch.tensor([[0, 1]]), None)
    torch.autograd.backward(said)
    return float(said.detach())


def main(folder: Path) -> None:
    """Writes what the processes found, by the first of them."""
    accelerator = make_accelerator()
    rank, ranks = accelerator.process_index, accelerator.num_processes
    whole, _ = trained(dropout=0.5, checkpoint=folder / "whole.safetensors")
    broken = folder / "broken.safetensors"
    try:
        trained(dropout=0.5, checkpoint=broken, killed=KILLED)
    except KilledError:
        torch.rand(7)  # the new process has drawn other numbers by now
    accelerator.wait_for_everyone()
    resumed, resumed_at = trained(dropout=0.5, checkpoint=broken)
    plain, _ = trained(dropout=0.0)
    found = {
        "processes": ranks,
        "resumed_at": resumed_at,
        "resumed_is_whole": all(torch.equal(whole[name], resumed[name]) for name in whole),
        "row_weights": row_weights(rank, ranks),
        "loss_of_words": loss_of_words(rank),
        "plain": {name: tensor.tolist() for name, tensor in plain.items()},
    }
    if accelerator.is_main_process:
        (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")
    accelerator.wait_for_everyone()
    accelerator.end_training()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
