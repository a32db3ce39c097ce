"""A small convolutional network over words."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdzoo.registry import Dropout, Starter, Width, register_student


@register_student(
    "cnn",
    road="change",
    starter=Starter(batch_size=64, learning_rate=2e-3, embeddings="teacher", reads_order=True),
)
class CNN(nn.Module):
    """Convolutions of several widths, max over time, one linear layer (Kim, 2014, arXiv:1408.5882).

    A window counts only where it begins in the text; windows that reach past its end read zeros, in
    any batch. So padding changes nothing, and a text of one word has a window too.

    Args:
        vocab_size: V.
        num_labels: C.
        dim: width of the embeddings, D.
        maps: feature maps per width, M.
        widths: words that a window spans, W of them.
        dropout: on the embeddings and before the linear layer.
    """

    def __init__(
        self,
        vocab_size: int,
        num_labels: int,
        *,
        dim: Width = 300,
        maps: Width = 200,
        widths: tuple[Width, ...] = (2, 3, 4),
        dropout: Dropout = 0.3,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.widths = widths
        self.convolutions = nn.ModuleList(nn.Conv1d(dim, maps, width) for width in widths)
        self.dropout = nn.Dropout(dropout)
        self.hidden_size = maps * len(widths)
        self.head = nn.Linear(self.hidden_size, num_labels)

    def encode_tokens(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns all maps at each token [B, T, W * M], of windows with the token in the middle."""
        mask = attention_mask.unsqueeze(1)  # [B, 1, T]
        vectors = self.dropout(self.embedding(input_ids)).transpose(1, 2) * mask  # [B, D, T]
        states = [
            F.relu(convolution(F.pad(vectors, ((width - 1) // 2, width // 2))))  # [B, M, T]
            for width, convolution in zip(self.widths, self.convolutions, strict=True)
        ]
        return self.dropout(torch.cat(states, dim=1).transpose(1, 2))

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns the maxima over time of all maps [B, W * M]."""
        mask = attention_mask.unsqueeze(1)  # [B, 1, T]
        vectors = self.dropout(self.embedding(input_ids)).transpose(1, 2) * mask  # [B, D, T]
        features = []
        for width, convolution in zip(self.widths, self.convolutions, strict=True):
            padded = F.pad(vectors, (0, width - 1))  # [B, D, T + width - 1]
            maps = F.relu(convolution(padded)) * mask  # [B, M, T]: at least 0, so 0 hides a window
            features.append(maps.amax(-1))  # [B, M]
        return torch.cat(features, dim=-1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns logits [B, C] for ids [B, T] and mask [B, T]."""
        return self.head(self.dropout(self.encode(input_ids, attention_mask)))
