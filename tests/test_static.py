"""The static student: a weighted mean of token vectors, whose weights are its own tokens'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import context_of, pruned_vocabulary, random_texts_as_ids, some_texts
from torch import Tensor

from kdzoo import registry
from kdzoo.data import Example
from kdzoo.model import build_student, narrow, predict_logits, widen
from kdzoo.objectives.total import gold_loss
from kdzoo.progress import Silent
from kdzoo.text import Vocabulary, encode
from kdzoo.training import TrainingPlan, TrainingSet, make_accelerator, train

SEEN = [Example("wake me please"), Example("play a song now"), Example("rain tomorrow")]
TOKENS, LABELS = 50, 5


def student_of(seed: int = 0, **options: Any) -> Any:
    """Returns the bare module with weights that differ from token to token."""
    torch.manual_seed(seed)
    student = registry.students.get("static").value(TOKENS, LABELS, dim=8, hidden=6, **options)
    torch.nn.init.normal_(student.score.weight)
    return student.eval()


def ids_of(*tokens: int) -> tuple[Tensor, Tensor]:
    """Returns one text's ids and mask [1, T]."""
    ids = torch.tensor([tokens])
    return ids, torch.ones_like(ids)


@pytest.fixture
def vocabulary(tiny_teacher: Path) -> Vocabulary:
    """The teacher's whole vocabulary, the pieces of SEEN first."""
    return pruned_vocabulary(tiny_teacher, SEEN, special_tokens=False, keep_unseen=True)


class TestMean:
    def test_is_plain_before_training(self, vocabulary: Vocabulary, tiny_teacher: Path) -> None:
        """All tokens weigh the same at first."""
        context = context_of(vocabulary, tiny_teacher)
        student = build_student("static", {}, context, None, seed=0).student.eval()
        ids, mask = ids_of(3, 9, 9, 4)

        plain = student.embedding(ids).mean(1)

        torch.testing.assert_close(student.encode(ids, mask), plain)

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.integers(0, TOKENS - 1), min_size=1, max_size=12), st.integers(0, 9))
    def test_weighs_each_token_by_its_own_score(self, tokens: list[int], seed: int) -> None:
        """It equals a loop over the tokens; padding, whatever it is, does not count."""
        student = student_of(seed)
        score = student.score.weight.detach().squeeze(1).double()
        table = student.embedding.weight.detach().double()
        weights = [float(score[token].exp()) for token in tokens]
        wanted = sum(w * table[t] for w, t in zip(weights, tokens, strict=True)) / sum(weights)
        ids, mask = ids_of(*tokens, 7, 8)
        mask[0, len(tokens) :] = 0

        assert student.hidden_size == 8
        with torch.no_grad():
            found = student.encode(ids, mask)[0].double()
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)

    @settings(deadline=None, max_examples=30)
    @given(st.lists(st.integers(0, TOKENS - 1), min_size=1, max_size=9), st.randoms())
    def test_does_not_know_the_order_of_words_nor_how_often_all_are_said(
        self, tokens: list[int], random: Any
    ) -> None:
        student = student_of()
        shuffled = random.sample(tokens, len(tokens))

        with torch.no_grad():
            once = student(*ids_of(*tokens))
            again = student(*ids_of(*shuffled))
            twice = student(*ids_of(*tokens, *tokens))

        torch.testing.assert_close(again, once)
        torch.testing.assert_close(twice, once)

    def test_of_no_token_at_all_is_a_number(self) -> None:
        """A row that is all padding, as exported models may be given, does not answer NaN."""
        ids, mask = ids_of(0, 0)

        with torch.no_grad():
            assert torch.isfinite(student_of()(ids, 0 * mask)).all()

    def test_learns_which_token_matters(self) -> None:
        """Tokens that stand in every text lose weight beside those that tell the texts apart."""
        torch.manual_seed(0)
        student = registry.students.get("static").value(TOKENS, 10, dim=8, hidden=8, dropout=0.0)
        optimizer = torch.optim.AdamW(student.parameters(), lr=1e-2)
        ids, gold = torch.tensor([[1, 2, 3, 10 + i] for i in range(10)]), torch.arange(10)
        for _ in range(40):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(student(ids, torch.ones_like(ids)), gold).backward()
            optimizer.step()

        score = student.score.weight.detach()
        assert score[10:20].mean() > score[1:4].mean() + 0.1


class TestTable:
    def test_takes_the_teachers_vectors(self, vocabulary: Vocabulary, tiny_teacher: Path) -> None:
        """Wider ones come to the student's width; the weights stay equal."""
        vectors = torch.randn(len(vocabulary), 32, generator=torch.Generator().manual_seed(0))
        context = context_of(vocabulary, tiny_teacher)

        wide, narrower = (
            build_student("static", {"dim": dim}, context, vectors, seed=0).student
            for dim in (32, 16)
        )

        both = torch.stack([wide.embedding.weight[5].detach(), vectors[5]])  # [2, D]
        assert torch.corrcoef(both)[0, 1] > 0.98
        assert narrower.embedding.weight.shape == (len(vocabulary), 16)
        assert not narrower.score.weight.any()

    def test_of_unseen_words_keeps_its_weights_through_training(
        self, vocabulary: Vocabulary, tiny_teacher: Path
    ) -> None:
        """The word table is cut for training, the weights are not: decay must not reach them."""
        model = build_student("static", {}, context_of(vocabulary, tiny_teacher), None, seed=0)
        rows = len(vocabulary) - vocabulary.unseen
        assert vocabulary.unseen > 10
        rest = narrow(model, rows)
        plan = TrainingPlan(
            steps=8, batch_size=2, learning_rate=1e-2, weight_decay=0.5, warmup=0.0,
            max_grad_norm=1.0, select_by="last", evaluations=1, checkpoint_every=100, seed=0,
        )  # fmt: skip
        train(
            model,
            TrainingSet(encode(vocabulary.tokenizer, SEEN, vocabulary.pad_id), np.arange(3)),
            plan,
            lambda logits, gold, _: gold_loss(logits, gold),
            lambda _: {"accuracy": 0.0},
            accelerator=make_accelerator(),
            progress=Silent(),
            description="a few steps",
        )
        widen(model, rest)

        score = model.student.score.weight
        assert len(score) == len(model.student.embedding.weight) == len(vocabulary)
        assert not score[rows:].any()
        assert score[:rows].any()

    def test_stays_one_row_a_token_when_it_is_cut_and_put_back(
        self, vocabulary: Vocabulary, tiny_teacher: Path
    ) -> None:
        """With weights that all differ, texts of any words read as before."""
        model = build_student("static", {}, context_of(vocabulary, tiny_teacher), None, seed=0)
        torch.nn.init.normal_(model.student.score.weight)
        anything = random_texts_as_ids(vocabulary, count=40, longest=9, seed=0)
        seen = encode(vocabulary.tokenizer, SEEN, vocabulary.pad_id)
        before = predict_logits(model, anything), predict_logits(model, seen)

        rest = narrow(model, len(vocabulary) - vocabulary.unseen)
        during = predict_logits(model, seen)
        widen(model, rest)

        assert rest is not None
        assert np.array_equal(during, before[1])
        assert np.array_equal(predict_logits(model, anything), before[0])


def test_exports_for_any_batch_and_length(vocabulary: Vocabulary, tiny_teacher: Path) -> None:
    """One graph reads one text of one token and many of many, padded, as torch does."""
    onnxruntime = pytest.importorskip("onnxruntime")
    from kdzoo.runtime.graph import to_onnx

    model = build_student("static", {}, context_of(vocabulary, tiny_teacher), None, seed=0).eval()
    torch.nn.init.normal_(model.student.score.weight)
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    encoded = encode(vocabulary.tokenizer, some_texts(30), vocabulary.pad_id)

    for rows in (np.arange(30), np.arange(1), np.array([4, 2])):
        batch = {name: each.numpy() for name, each in encoded.batch(rows).items()}
        (logits,) = session.run(["logits"], batch)
        np.testing.assert_allclose(logits, predict_logits(model, encoded.take(rows)), atol=1e-5)
