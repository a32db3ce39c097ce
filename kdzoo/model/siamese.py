"""Pairs of texts for a student that reads single ones: one encoder for both, one head over them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from kdzoo.model.contract import WithEncoder, has_embedding, has_head


class Siamese(nn.Module):
    """A student's encoder over both texts, then Linear-ReLU-Linear over [u; v; u * v; |u - v|].

    After Tang et al. (2019, arXiv:1903.12136). Both texts come as one row of ids, in which token
    types tell them apart, so that a pair goes wherever a text goes: into ``pipeline``, into a
    batch, into a graph. The student's own ``head``, which is one for single texts, is taken out.

    Args:
        student: it offers ``encode(input_ids, attention_mask) -> [B, H]`` and ``hidden_size``, H.
        num_labels: C.
        pad_id: the id of padding.
        head: width of the layer between both encodings and logits.
        dropout: on the encodings and before the last layer.
    """

    def __init__(
        self, student: WithEncoder, num_labels: int, pad_id: int, head: int, dropout: float
    ) -> None:
        super().__init__()
        self.encoder: Any = student
        if has_head(student):
            del student.head
        self.pad_id = pad_id
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(4 * student.hidden_size, head),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(head, num_labels),
        )

    @property
    def embedding(self) -> nn.Embedding | None:
        """The student's table of words."""
        return self.encoder.embedding if has_embedding(self.encoder) else None

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Returns logits [B, C] for pairs [B, T] whose second texts have the token type 1."""
        ids, mask = two_texts(input_ids, attention_mask, token_type_ids, self.pad_id)
        encoded, pairs = self.encoder.encode(ids, mask), input_ids.shape[0]  # [2B, H]
        first, second = encoded[:pairs], encoded[pairs:]  # [B, H] each
        both = torch.cat([first, second, first * second, (first - second).abs()], dim=-1)
        logits: Tensor = self.head(both)
        return logits


def two_texts(
    input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, pad_id: int
) -> tuple[Tensor, Tensor]:
    """Returns ids and mask [2B, T] of all first texts, then of all second ones.

    Each begins at the left, whatever stands beside it. A text in which the tokenizer found nothing
    is one piece of padding, as it is where it stands alone.
    """
    positions = torch.arange(input_ids.shape[1], device=input_ids.device)  # [T]
    starts = (attention_mask * (1 - token_type_ids)).sum(1, keepdim=True)  # [B, 1]
    lengths = torch.cat([starts, (attention_mask * token_type_ids).sum(1, keepdim=True)])  # [2B, 1]
    places = (positions + starts).clamp(max=input_ids.shape[1] - 1)  # [B, T]
    ids = torch.cat([input_ids, input_ids.gather(1, places)])
    ids = ids.masked_fill(positions >= lengths, pad_id)
    mask = (positions < lengths.clamp(min=1)).to(attention_mask.dtype)
    if torch.compiler.is_exporting():  # in a graph, lengths cannot decide shapes
        return ids, mask
    longest = max(1, int(lengths.max()))
    return ids[:, :longest], mask[:, :longest]
