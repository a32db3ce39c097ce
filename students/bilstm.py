"""A single-layer BiLSTM with a non-linear head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from kdzoo.registry import Dropout, Starter, Width, register_student


@register_student(
    "bilstm",
    road="change",
    starter=Starter(batch_size=64, learning_rate=2e-3, embeddings="teacher", reads_order=True),
)
class BiLSTM(nn.Module):
    """Last states of a BiLSTM, then Linear-ReLU-Linear (Tang et al., 2019, arXiv:1903.12136).

    Args:
        vocab_size: V.
        num_labels: C.
        dim: width of the embeddings, D.
        hidden: width of the state in each direction, H.
        head: width of the layer between state and logits.
        dropout: on the embeddings and before each linear layer.
    """

    def __init__(
        self,
        vocab_size: int,
        num_labels: int,
        *,
        dim: Width = 300,
        hidden: Width = 150,
        head: Width = 400,
        dropout: Dropout = 0.2,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.hidden_size = 2 * hidden
        self.head = nn.Sequential(
            nn.Linear(self.hidden_size, head),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(head, num_labels),
        )

    def encode_tokens(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns both directions' states at each token, [B, T, 2H]."""
        vectors = self.dropout(self.embedding(input_ids))  # [B, T, D]
        if torch.compiler.is_exporting():  # as in encode
            return self.lstm(vectors)[0]
        lengths = attention_mask.sum(1).clamp(min=1).cpu()  # [B]
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        states, _ = self.lstm(packed)
        tokens = input_ids.shape[1]
        padded, _ = pad_packed_sequence(states, batch_first=True, total_length=tokens)
        return self.dropout(padded)

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns both directions' last states [B, 2H]; padding is packed away, never read."""
        vectors = self.dropout(self.embedding(input_ids))  # [B, T, D]
        if torch.compiler.is_exporting():  # packing cannot be exported: kdzoo.runtime tells the
            _, (state, _) = self.lstm(vectors)  # exported LSTM how long each text is
            return torch.cat([state[0], state[1]], dim=-1)
        lengths = attention_mask.sum(1).clamp(min=1).cpu()  # [B]
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(packed)  # [2, B, H]
        return torch.cat([state[0], state[1]], dim=-1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns logits [B, C] for ids [B, T] and mask [B, T]."""
        return self.head(self.dropout(self.encode(input_ids, attention_mask)))
