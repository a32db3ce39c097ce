"""The smallest student, and the example in docs/how-to/add-your-own.md."""

from torch import Tensor, nn

from kdzoo.registry import register_student


@register_student("fasttext", road="change")
class FastText(nn.Module):
    """Mean of word vectors, then one linear layer (Joulin et al., 2017)."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 64) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.hidden_size = dim
        self.head = nn.Linear(dim, num_labels)

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns the mean of the words' vectors [B, D]: what sentence pairs are compared by."""
        mask = attention_mask.unsqueeze(-1)  # [B, T, 1]
        total = (self.embedding(input_ids) * mask).sum(1)  # [B, D]
        return total / mask.sum(1).clamp(min=1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns logits [B, C] for ids [B, T] and mask [B, T]."""
        return self.head(self.encode(input_ids, attention_mask))
