"""A mean of static token vectors with a non-linear head: a table look-up and two products."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kdzoo.registry import Dropout, Starter, Width, register_student


@register_student(
    "static",
    road="change",
    starter=Starter(batch_size=64, learning_rate=2e-3, embeddings="teacher"),
)
class Static(nn.Module):
    """Weighted mean of token vectors, then Linear-ReLU-Linear (after Model2Vec, 2024).

    Model2Vec (Tulkens and van Dongen, doi:10.5281/zenodo.17270888) weighs tokens by rank, as Zipf's
    law would have it, so that common ones count for little; here each token's weight is learnt,
    from equal ones on. The weights within a text are a softmax over its tokens' scores, so that
    they sum to 1 whatever its length.

    Args:
        vocab_size: V.
        num_labels: C.
        dim: width of the embeddings, D.
        hidden: width of the layer between mean and logits.
        dropout: on the mean and before the last layer.
    """

    def __init__(
        self,
        vocab_size: int,
        num_labels: int,
        *,
        dim: Width = 256,
        hidden: Width = 512,
        dropout: Dropout = 0.2,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        # a score of 0 stays where it is under weight decay: tokens that training never saw keep it
        zeros = torch.zeros(vocab_size, 1)
        self.score = nn.Embedding.from_pretrained(zeros, freeze=False)  # type: ignore[no-untyped-call]
        self.hidden_size = dim
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(dim, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_labels),
        )

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns the weighted means of the tokens' vectors [B, D]."""
        is_padding = (attention_mask == 0).unsqueeze(-1)  # [B, T, 1]
        scores = self.score(input_ids)  # [B, T, 1]
        scores = scores.masked_fill(is_padding, torch.finfo(scores.dtype).min)  # a softmax of 0
        return (self.embedding(input_ids) * scores.softmax(1)).sum(1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns logits [B, C] for ids [B, T] and mask [B, T]."""
        return self.head(self.encode(input_ids, attention_mask))
