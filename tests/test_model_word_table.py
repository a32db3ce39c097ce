"""Word-table rows that training cannot reach: left out of its steps, deployed as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import context_of, pruned_vocabulary, some_texts
from torch import nn

from kdzoo import registry
from kdzoo.data import Example
from kdzoo.model import build_student, narrow, predict_logits, widen, widened
from kdzoo.objectives.total import gold_loss
from kdzoo.progress import Silent
from kdzoo.text import Vocabulary, encode
from kdzoo.training import TrainingPlan, TrainingSet, make_accelerator, train

SEEN = [Example("wake me please"), Example("play a song now"), Example("rain tomorrow")]
ANY = some_texts(30)


PRUNED = [k for k, e in registry.students.entries().items() if e.tokenizer_of is None]


@pytest.fixture(params=PRUNED)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def vocabulary(kind: str, tiny_teacher: Path) -> Vocabulary:
    """The teacher's whole vocabulary, the pieces of SEEN first."""
    special = registry.students.get(kind).special_tokens
    return pruned_vocabulary(tiny_teacher, SEEN, special_tokens=special, keep_unseen=True)


@pytest.fixture
def model(kind: str, vocabulary: Vocabulary, tiny_teacher: Path) -> Any:
    return build_student(kind, {}, context_of(vocabulary, tiny_teacher), None, 0)


def trained_rows(vocabulary: Vocabulary) -> int:
    return len(vocabulary) - vocabulary.unseen


def logits_of(model: Any, vocabulary: Vocabulary, examples: list[Example]) -> Any:
    return predict_logits(model, encode(vocabulary.tokenizer, examples, vocabulary.pad_id))


def fit(model: Any, vocabulary: Vocabulary, weight_decay: float) -> None:
    plan = TrainingPlan(
        steps=6, batch_size=2, learning_rate=1e-2, weight_decay=weight_decay, warmup=0.0,
        max_grad_norm=1.0, select_by="last", evaluations=1, checkpoint_every=100, seed=0,
    )  # fmt: skip
    encoded = encode(vocabulary.tokenizer, SEEN, vocabulary.pad_id)
    train(
        model,
        TrainingSet(encoded, np.array([0, 1, 2])),
        plan,
        lambda logits, gold, _: gold_loss(logits, gold),
        lambda _: {"accuracy": 0.0},
        accelerator=make_accelerator(),
        progress=Silent(),
        description="a few steps",
    )


class TestNarrow:
    def test_reads_what_training_reads_as_before(self, model: Any, vocabulary: Vocabulary) -> None:
        before = logits_of(model, vocabulary, SEEN)
        narrow(model, trained_rows(vocabulary))

        assert len(model.get_input_embeddings().weight) == trained_rows(vocabulary)
        assert np.array_equal(logits_of(model, vocabulary, SEEN), before)

    def test_is_undone_for_a_while_and_for_good(self, model: Any, vocabulary: Vocabulary) -> None:
        """Any text reads as before the cut, and the parameter that is trained stays the same."""
        before = logits_of(model, vocabulary, ANY)
        rest = narrow(model, trained_rows(vocabulary))
        parameter = model.get_input_embeddings().weight

        with widened(model, rest):
            assert np.array_equal(logits_of(model, vocabulary, ANY), before)
        assert model.get_input_embeddings().weight is parameter

        widen(model, rest)
        assert np.array_equal(logits_of(model, vocabulary, ANY), before)

    def test_trains_as_the_whole_table_would(
        self, kind: str, model: Any, vocabulary: Vocabulary, tiny_teacher: Path
    ) -> None:
        """Without weight decay, which alone reaches the rows of words that never occur."""
        whole = build_student(kind, {}, context_of(vocabulary, tiny_teacher), None, 0)
        fit(whole, vocabulary, weight_decay=0.0)

        rest = narrow(model, trained_rows(vocabulary))
        fit(model, vocabulary, weight_decay=0.0)
        widen(model, rest)

        for name, weights in whole.state_dict().items():
            torch.testing.assert_close(model.state_dict()[name], weights, msg=name)

    def test_leaves_unseen_rows_as_they_were(self, model: Any, vocabulary: Vocabulary) -> None:
        table = model.get_input_embeddings()
        first = table.weight.detach().clone()
        rows = trained_rows(vocabulary)

        rest = narrow(model, rows)
        fit(model, vocabulary, weight_decay=0.5)
        widen(model, rest)

        assert torch.equal(table.weight[rows:], first[rows:])
        assert not torch.equal(table.weight[:rows], first[:rows])

    @pytest.mark.parametrize(
        "table", [nn.Embedding(7, 4), nn.Linear(4, 4), None], ids=["hashed", "no table", "none"]
    )
    def test_leaves_alone_what_is_not_a_row_for_each_word(
        self, model: Any, vocabulary: Vocabulary, table: nn.Module | None
    ) -> None:
        """A student may look its words up in its own way; all of it is trained then."""
        model.get_input_embeddings = lambda: table
        before = [parameter.shape for parameter in model.parameters()]

        rest = narrow(model, 5)
        with widened(model, rest):
            widen(model, rest)

        assert rest is None
        assert [parameter.shape for parameter in model.parameters()] == before
