"""Operations per text: equal to what one counts by hand, attention and recurrence included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.backends import mha, mkldnn

from kdzoo import registry
from kdzoo.measure import flops_per_text
from kdzoo.model import KdzooConfig, KdzooForSequenceClassification, load_model
from kdzoo.registry import register_student

LABELS = 5


def student(kind: str, **options: Any) -> Any:
    """Returns a registered student over a vocabulary of fifty."""
    config = KdzooConfig(student=kind, options=options, vocab_size=50, num_labels=LABELS)
    return KdzooForSequenceClassification(config).eval()


@pytest.mark.parametrize("tokens", [1, 7, 12])
class TestByHand:
    """Two operations per weight that a number meets: one multiplication and one addition."""

    def test_a_bilstm(self, tokens: int) -> None:
        """Four gates, each over the input and the state, in both directions; then the head."""
        dim, hidden, head = 20, 16, 24
        model = student("bilstm", dim=dim, hidden=hidden, head=head)

        recurrent = 2 * 2 * tokens * 4 * hidden * (dim + hidden)
        assert flops_per_text(model, tokens) == recurrent + 2 * (2 * hidden * head + head * LABELS)

    def test_a_cnn(self, tokens: int) -> None:
        """Every map of every width at each word of the text; then the head."""
        dim, maps, widths = 20, 6, (2, 3, 4)
        model = student("cnn", dim=dim, maps=maps, widths=widths)

        convolutions = 2 * tokens * dim * maps * sum(widths)
        assert flops_per_text(model, tokens) == convolutions + 2 * maps * len(widths) * LABELS

    def test_a_bert(self, tokens: int, tiny_teacher: Path) -> None:
        """Per layer, four projections, scores and mixing, and the two of the feed-forward part."""
        model = load_model(tiny_teacher).model
        config = model.config
        width, inner = config.hidden_size, config.intermediate_size

        projections = 2 * tokens * 4 * width * width
        attention = 2 * 2 * tokens * tokens * width
        feed_forward = 2 * 2 * tokens * width * inner
        pooler_and_head = 2 * (width * width + width * config.num_labels)
        assert flops_per_text(model, tokens) == (
            config.num_hidden_layers * (projections + attention + feed_forward) + pooler_and_head
        )


@pytest.fixture
def encoder_student() -> Iterator[str]:
    """The name of a student of a user's: torch's own transformer layer, which takes a short cut."""

    @register_student("own-encoder", road="change")
    class OwnEncoder(nn.Module):
        def __init__(self, vocab_size: int, num_labels: int) -> None:
            super().__init__()
            self.embedding = nn.Embedding(vocab_size, 16)
            self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
            self.head = nn.Linear(16, num_labels)

        def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
            states = self.layer(self.embedding(input_ids))  # [B, T, D]
            logits: Tensor = self.head(states.mean(1))
            return logits

    yield "own-encoder"
    registry.students.forget(OwnEncoder.__module__)


def test_a_users_own_attention_is_counted(encoder_student: str) -> None:
    tokens = 9
    by_hand = 2 * tokens * (4 * 16 * 16 + 2 * 16 * 32) + 2 * 2 * tokens * tokens * 16

    assert flops_per_text(student(encoder_student), tokens) == by_hand + 2 * 16 * LABELS


def test_a_table_of_words_costs_nothing() -> None:
    """A look-up is no arithmetic, however wide the table is."""
    small = student("fasttext", dim=8)

    assert flops_per_text(small, 3) == flops_per_text(small, 30)


def test_counting_changes_nothing(tiny_teacher: Path) -> None:
    """The model answers as before, by the same kernels."""
    model = load_model(tiny_teacher).model
    ids = torch.tensor([[2, 7, 9, 3]])
    before = model(input_ids=ids).logits
    flags = (mha.get_fastpath_enabled(), mkldnn.enabled, model.config._attn_implementation)

    flops_per_text(model, 4)

    assert torch.equal(model(input_ids=ids).logits, before)
    after = (mha.get_fastpath_enabled(), mkldnn.enabled, model.config._attn_implementation)
    assert after == flags


def test_counting_changes_nothing_where_the_model_fails() -> None:
    model = student("bilstm", dim=4, hidden=4, head=4)
    flags = (mha.get_fastpath_enabled(), mkldnn.enabled)

    with pytest.raises(RuntimeError):
        flops_per_text(model, -1)

    assert (mha.get_fastpath_enabled(), mkldnn.enabled) == flags
