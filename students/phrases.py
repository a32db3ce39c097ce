"""Words and short phrases: a weighted mean beside maxima over windows, one linear layer on both."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdzoo.registry import Dropout, Starter, Width, register_student


@register_student(
    "phrases",
    road="change",
    starter=Starter(batch_size=64, learning_rate=2e-3, embeddings="teacher", reads_order=True),
)
class Phrases(nn.Module):
    """Weighted mean of token vectors and maxima over windows of them, then one linear layer.

    The mean is that of ``static``: each token's weight is learnt, and the weights within a text sum
    to 1. The maxima are those of ``cnn`` (Kim, 2014, arXiv:1408.5882), computed as one product of
    matrices over the windows, which 8 bits make faster, as they do not a convolution. A window
    counts where its middle stands in the text; beyond the text's ends it reads zeros, in any batch.

    Args:
        vocab_size: V.
        num_labels: C.
        dim: width of the embeddings, D.
        maps: feature maps over the windows, M.
        width: tokens that a window spans, W.
        dropout: on the embeddings and before the linear layer.
    """

    def __init__(
        self,
        vocab_size: int,
        num_labels: int,
        *,
        dim: Width = 300,
        maps: Width = 400,
        width: Width = 3,
        dropout: Dropout = 0.3,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        # a score of 0 stays where it is under weight decay: tokens that training never saw keep it
        zeros = torch.zeros(vocab_size, 1)
        self.score = nn.Embedding.from_pretrained(zeros, freeze=False)  # type: ignore[no-untyped-call]
        self.width = width
        self.maps = nn.Linear(width * dim, maps)
        self.dropout = nn.Dropout(dropout)
        self.hidden_size = dim + maps
        self.head = nn.Linear(self.hidden_size, num_labels)

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns the tokens' weighted mean and the windows' maxima [B, D + M]."""
        mask = attention_mask.unsqueeze(-1)  # [B, T, 1]
        vectors = self.dropout(self.embedding(input_ids)) * mask  # [B, T, D]
        scores = self.score(input_ids)  # [B, T, 1]
        scores = scores.masked_fill(mask == 0, torch.finfo(scores.dtype).min)  # a softmax of 0
        mean = (vectors * scores.softmax(1)).sum(1)  # [B, D]
        maps = F.relu(self.maps(self._windows(vectors))) * mask  # [B, T, M]: 0 hides a window
        return torch.cat([mean, maps.amax(1)], dim=-1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns logits [B, C] for ids [B, T] and mask [B, T]."""
        return self.head(self.dropout(self.encode(input_ids, attention_mask)))

    def _windows(self, vectors: Tensor) -> Tensor:
        """Returns the vectors around each token side by side [B, T, W * D]."""
        tokens, before = vectors.shape[1], (self.width - 1) // 2
        padded = F.pad(vectors, (0, 0, before, self.width - 1 - before))  # [B, T + W - 1, D]
        shifted = [padded[:, start : start + tokens] for start in range(self.width)]
        return torch.cat(shifted, dim=-1)
