"""Building a student: vectors into its table, and its contract checked before training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import context_of, pruned_vocabulary, some_texts
from tiny_world import LABELS
from torch import Tensor, nn

from kdzoo import registry
from kdzoo.errors import ModelError
from kdzoo.model import (
    BuildContext,
    build_student,
    load_model,
    save_model,
    scaled,
    to_width,
    try_student,
)
from kdzoo.recipe import option_fields


@pytest.fixture
def context(tiny_teacher: Path) -> BuildContext:
    vocabulary = pruned_vocabulary(tiny_teacher, some_texts(80), special_tokens=False)
    return context_of(vocabulary, tiny_teacher)


@pytest.fixture(autouse=True)
def _own_students(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(registry.students, "_entries", registry.students.entries())


class Plain(nn.Module):
    """A student that keeps its contract; the others break one thing each."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 8) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, num_labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.head(self.table(input_ids).mean(1))


class Normed(Plain):
    """Keeps running means over all words of a batch, of which one text has several."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 8) -> None:
        super().__init__(vocab_size, num_labels, dim=dim)
        self.norm = nn.BatchNorm1d(dim)
        self.dropout = nn.Dropout(0.5)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        words = self.norm(self.table(input_ids).transpose(1, 2))  # [B, D, T]
        return self.head(self.dropout(words.mean(2)))


class Moving(Plain):
    """Keeps a running mean that it puts into a new tensor."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 8) -> None:
        super().__init__(vocab_size, num_labels, dim=dim)
        self.register_buffer("mean", torch.zeros(dim))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        words = self.table(input_ids).mean(1)  # [B, D]
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * words.mean(0)
        return self.head(words - self.mean)


class NormedHead(Plain):
    """Needs several texts, in a head that a student of pairs does without."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 8) -> None:
        super().__init__(vocab_size, num_labels, dim=dim)
        self.head, self.hidden_size = nn.Sequential(nn.BatchNorm1d(dim), self.head), dim

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.table(input_ids).mean(1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.head(self.encode(input_ids, attention_mask))


class WithoutLastClass(Plain):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return super().forward(input_ids, attention_mask)[:, :-1]


class PerToken(Plain):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.head(self.table(input_ids))


class Transposed(Plain):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return super().forward(input_ids, attention_mask).T


class OtherwiseForOneToken(Plain):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits = super().forward(input_ids, attention_mask)
        return logits if input_ids.shape[1] > 1 else logits.unsqueeze(1)


class GivesATuple(Plain):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        return (super().forward(input_ids, attention_mask), None)


class GivesNothing(Plain):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        return None


class NotFinite(Plain):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return super().forward(input_ids, attention_mask) / 0.0


class Raises(Plain):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        raise KeyError("the third layer")


class WithoutMask(Plain):
    def forward(self, input_ids: Tensor) -> Tensor:  # type: ignore[override]
        return self.head(self.table(input_ids).mean(1))


class FailsToBegin(Plain):
    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 8) -> None:
        raise ValueError("dim must be even")


def function_that_fails(context: BuildContext) -> Any:
    raise ValueError("no such shape")


def function_without_a_model(context: BuildContext) -> Any:
    return None


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (WithoutLastClass, r"forward gave \[2, 3\] for 2 texts and 4 labels, wanted \[2, 4\]"),
        (PerToken, r"forward gave \[2, \d+, 4\]"),
        (Transposed, r"forward gave \[4, 2\]"),
        (OtherwiseForOneToken, r"forward gave \[2, 1, 4\] for 2 texts"),
        (GivesATuple, r"forward gave tuple"),
        (GivesNothing, r"forward gave NoneType"),
        (NotFinite, r"not finite"),
        (Raises, r"fails on two texts, of 12 tokens and of 1: KeyError: 'the third layer'"),
        (WithoutMask, r"fails on two texts, of 12 tokens and of 1: TypeError"),
        (FailsToBegin, r"cannot be built: ValueError: dim must be even"),
        (function_that_fails, r"cannot be built: ValueError: no such shape"),
        (function_without_a_model, r"returned NoneType"),
    ],
)
class TestBreachOfContract:
    def test_is_told_before_any_training(
        self, context: BuildContext, student: Callable[..., Any], message: str
    ) -> None:
        """The message says what is wrong, and in which line of which file the student is."""
        registry.register_student("own", road="change")(student)

        with pytest.raises(ModelError, match=message) as caught:
            build_student("own", {}, context, None, seed=0)

        assert "student 'own'" in str(caught.value)
        assert f"{Path(__file__).name}:" in str(caught.value)


class TestKeptContract:
    def test_lets_a_student_through(self, context: BuildContext) -> None:
        registry.register_student("own", road="change")(Plain)

        model = build_student("own", {"dim": 6}, context, None, seed=0)

        assert model.config.id2label == dict(enumerate(LABELS))
        assert model.config.label2id == {name: number for number, name in enumerate(LABELS)}
        assert model.student.table.embedding_dim == 6

    def test_is_that_of_a_student_of_pairs_where_it_reads_pairs(self) -> None:
        """Which encodes two texts for each pair, and has a head of its own."""
        registry.register_student("own", road="change")(NormedHead)

        try_student("own", {}, pair_head=8)

        with pytest.raises(ModelError, match="put LayerNorm in their place"):
            try_student("own", {})

    @pytest.mark.parametrize("student", [Plain, Normed, Moving])
    def test_is_checked_without_a_trace(
        self, context: BuildContext, student: type[nn.Module]
    ) -> None:
        """Neither what is drawn later (order of batches, dropout) nor running means change."""
        registry.register_student("own", road="change")(student)
        model = build_student("own", {}, context, None, seed=5)
        after = torch.rand(1)

        torch.manual_seed(5)
        alone = student(len(context.vocabulary), len(LABELS))
        assert torch.equal(torch.rand(1), after)
        assert not model.training
        for name, value in alone.state_dict().items():
            assert torch.equal(model.student.state_dict()[name], value), name


class TestPretrainedVectors:
    def test_fill_the_table_and_leave_padding_empty(self, context: BuildContext) -> None:
        vectors = torch.randn(len(context.vocabulary), 6)

        model = build_student("fasttext", {"dim": 6}, context, vectors, seed=0)

        table = model.student.embedding.weight
        rest = torch.arange(len(table)) != context.vocabulary.pad_id
        assert torch.equal(table[rest], scaled(vectors)[rest])
        assert not table[context.vocabulary.pad_id].any()

    def test_leave_the_other_weights_as_the_seed_drew_them(self, context: BuildContext) -> None:
        """Two starts of the table differ in the table alone, so that comparing them is fair."""
        vectors = torch.randn(len(context.vocabulary), 6)

        with_vectors = build_student("bilstm", {"dim": 6}, context, vectors, seed=0).state_dict()
        random = build_student("bilstm", {"dim": 6}, context, None, seed=0).state_dict()

        different = [name for name in random if not torch.equal(random[name], with_vectors[name])]
        assert different == ["student.embedding.weight"]

    def test_need_an_attribute_embedding(self, context: BuildContext) -> None:
        """A student that has none is named with both ways out."""
        registry.register_student("own", road="change")(Plain)
        vectors = torch.randn(len(context.vocabulary), 8)

        with pytest.raises(ModelError, match=r"'own'.*no attribute `embedding`.*random"):
            build_student("own", {}, context, vectors, seed=0)

    def test_for_a_student_that_is_cut_from_the_teacher_are_refused(
        self, context: BuildContext, tiny_teacher: Path
    ) -> None:
        """Its table comes with the layers; the record would tell of vectors that nobody read."""
        vocabulary = pruned_vocabulary(tiny_teacher, some_texts(80), special_tokens=True)
        vectors = torch.randn(len(vocabulary), 8)

        with pytest.raises(ModelError, match=r"distilbert.*embeddings"):
            build_student("distilbert", {}, context_of(vocabulary, tiny_teacher), vectors, seed=0)


class TestWidth:
    @settings(deadline=None, max_examples=30)
    @given(
        rank=st.integers(1, 6),
        extra=st.integers(0, 6),
        rows=st.integers(30, 60),
        seed=st.integers(0, 99),
    )
    def test_keeps_all_distances_when_no_direction_is_lost(
        self, rank: int, extra: int, rows: int, seed: int
    ) -> None:
        """Vectors that span ``rank`` directions lose nothing at that width: PCA only turns them."""
        generator = torch.Generator().manual_seed(seed)
        spanned = torch.randn(rows, rank, generator=generator)
        vectors = spanned @ torch.randn(rank, rank + extra, generator=generator)

        narrow = to_width(vectors, rank)

        assert narrow.shape == (rows, rank)
        assert narrow.dtype == torch.float32
        torch.testing.assert_close(
            torch.cdist(narrow, narrow), torch.cdist(vectors, vectors), rtol=1e-3, atol=2e-2
        )

    def test_keeps_what_varies_most(self) -> None:
        """The components come in the order of their variance, and none of them is the mean."""
        vectors = torch.randn(200, 10, generator=torch.Generator().manual_seed(0))
        vectors = vectors * torch.tensor([9.0, 5.0, 3.0] + [0.1] * 7) + 100

        variance = to_width(vectors, 3).var(0)

        assert variance.tolist() == sorted(variance.tolist(), reverse=True)
        assert variance.sum() > 0.99 * vectors.var(0).sum()

    def test_of_the_same_number_leaves_vectors_alone(self) -> None:
        vectors = torch.randn(5, 4)

        assert torch.equal(to_width(vectors, 4), vectors)

    @pytest.mark.parametrize(("rows", "has", "wanted"), [(50, 4, 5), (3, 10, 5)])
    def test_that_cannot_be_filled_is_refused_with_the_widest_that_can(
        self, rows: int, has: int, wanted: int
    ) -> None:
        with pytest.raises(ModelError, match=f"set its width to {min(rows, has)} or less"):
            to_width(torch.randn(rows, has), wanted)

    def test_is_the_same_each_time(self) -> None:
        vectors = torch.randn(60, 12)

        assert torch.equal(to_width(vectors, 5), to_width(vectors, 5))


class TestScale:
    @settings(deadline=None, max_examples=30)
    @given(factor=st.floats(1e-3, 1e3), shift=st.floats(-10, 10), seed=st.integers(0, 99))
    def test_is_the_same_whatever_the_vectors_had(
        self, factor: float, shift: float, seed: int
    ) -> None:
        """Where vectors come from decides neither their size nor their centre."""
        vectors = torch.randn(40, 6, generator=torch.Generator().manual_seed(seed)).double()

        plain, moved = scaled(vectors), scaled(vectors * factor + shift)

        torch.testing.assert_close(moved, plain, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(moved.mean(0), 0, atol=1e-9)
        assert float(moved.std()) == pytest.approx(0.3)

    def test_of_equal_vectors_is_finite(self) -> None:
        assert torch.isfinite(scaled(torch.ones(5, 3))).all()


class Positions(Plain):
    """Knows places up to a number of its own."""

    places = 16

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 8) -> None:
        super().__init__(vocab_size, num_labels, dim=dim)
        self.positions = nn.Embedding(self.places, dim)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        places = self.positions(torch.arange(input_ids.shape[1]))  # [T, D]
        return self.head((self.table(input_ids) + places).mean(1))


class LongEnough(Positions):
    places = 32


class Asks(Positions):
    """Is told how long texts are, and which id is padding."""

    def __init__(
        self, vocab_size: int, num_labels: int, *, max_length: int, pad_id: int, dim: int = 8
    ) -> None:
        self.places = max_length
        super().__init__(vocab_size, num_labels, dim=dim)
        self.pad_id = pad_id


class AsksByPlace(Asks):
    def __init__(
        self, vocab_size: int, num_labels: int, pad_id: int, max_length: int, *, dim: int = 8
    ) -> None:
        super().__init__(vocab_size, num_labels, max_length=max_length, pad_id=pad_id, dim=dim)


class TestLongTexts:
    """Texts are cut at 32 tokens here."""

    @pytest.mark.parametrize("places", [4, 11, 12, 13, 31])
    def test_that_a_student_has_no_places_for_fail_before_training(
        self, context: BuildContext, places: int
    ) -> None:
        short = type("Short", (Positions,), {"places": places, "__module__": __name__})
        registry.register_student("own", road="change")(short)
        tokens = 12 if places < 12 else 32

        with pytest.raises(ModelError, match=rf"student 'own' .*of {tokens} tokens.*IndexError"):
            build_student("own", {}, context, None, seed=0)
        with pytest.raises(ModelError, match="IndexError"):
            try_student("own", {}, max_length=32)

    @pytest.mark.parametrize("student", [LongEnough, Asks, AsksByPlace])
    def test_that_have_places_are_read(
        self, context: BuildContext, student: type[Positions]
    ) -> None:
        registry.register_student("own", road="change")(student)

        try_student("own", {}, max_length=100 if student is not LongEnough else 32)
        model = build_student("own", {"dim": 6}, context, None, seed=0)

        assert model.student.positions.num_embeddings == 32

    @pytest.mark.parametrize("longest", [1, 4, 11, 12, 13, 40])
    def test_are_never_longer_than_texts_are_cut(self, longest: int) -> None:
        """A student with just as many places is right, however few these are."""
        registry.register_student("own", road="change")(Asks)

        try_student("own", {}, max_length=longest)


class TestWhatAConstructorAsksFor:
    @pytest.mark.parametrize("student", [Asks, AsksByPlace])
    def test_is_no_option_and_comes_back_with_the_model(
        self, context: BuildContext, student: type[Asks], tmp_path: Path
    ) -> None:
        """The folder has it: nobody has to say it again."""
        registry.register_student("own", road="change")(student)
        assert option_fields(registry.students.get("own")).keys() == {"dim"}

        save_model(tmp_path, build_student("own", {}, context, None, seed=0), context.vocabulary)
        loaded = load_model(tmp_path).model

        assert loaded.student.positions.num_embeddings == context.vocabulary.max_length
        assert loaded.student.pad_id == context.vocabulary.pad_id

    def test_stands_in_no_folder_of_others(self, context: BuildContext, tmp_path: Path) -> None:
        """What kdzoo wrote before, it writes still."""
        model = build_student("fasttext", {}, context, None, seed=0)
        save_model(tmp_path, model, context.vocabulary)

        assert "text_limit" not in (tmp_path / "config.json").read_text(encoding="utf-8")
