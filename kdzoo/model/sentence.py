"""A frozen encoder, its sentence vectors, and a linear head: a teacher fitted in seconds."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedConfig

from kdzoo.model.pooling import Pooling, pool
from kdzoo.model.shape import SENTENCE
from kdzoo.model.siamese import two_texts
from kdzoo.model.whole import WholeModel


class KdzooSentenceConfig(PreTrainedConfig):  # type: ignore[misc]
    """Which encoder it is, how its outputs become a sentence vector, and whether it reads pairs.

    ``encoder`` is the encoder's own configuration, ``pooling`` what ``Pooling`` says.
    """

    model_type = SENTENCE

    encoder: dict | None = None  # type: ignore[type-arg]
    pooling: dict | None = None  # type: ignore[type-arg]
    vocab_size: int = 0
    pad_token_id: int | None = 0
    reads_pairs: bool = False

    @property
    def type_vocab_size(self) -> int:
        """Token types that the model reads: of two, where they tell the texts of a pair apart."""
        return 2 if self.reads_pairs else 1


class KdzooSentenceForSequenceClassification(WholeModel):
    """Sentence vectors of any encoder, and a linear layer over them.

    Of a pair, both texts are encoded apart, as token types tell them, and the layer reads
    [u; v; |u - v|; u * v] of their vectors. A pair comes as one row of ids in which each text has
    special tokens of its own (``separate_pairs`` makes such a tokenizer).
    """

    config_class = KdzooSentenceConfig
    base_model_prefix = "encoder"
    main_input_name = "input_ids"

    def __init__(self, config: KdzooSentenceConfig) -> None:
        super().__init__(config)
        pooling = Pooling.model_validate(config.pooling or {})
        own = AutoConfig.for_model(**(config.encoder or {}))
        self.encoder = AutoModel.from_config(own, trust_remote_code=False)
        if getattr(self.encoder, "pooler", None) is not None:
            self.encoder.pooler = None  # another pooling than ours, which nothing would read
        if max(pooling.lower, default=0) > getattr(own, "num_hidden_layers", 0):
            raise ValueError(f"pooling.lower names layers that a {own.model_type} does not have")
        self.kind = pooling.kind
        self.lower = pooling.lower
        self.steps = pooling.module()
        parts = 4 if config.reads_pairs else 1
        width = pooling.width(own.hidden_size)
        self.classifier = nn.Linear(parts * width, config.num_labels)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Returns the encoder's table of words."""
        table: nn.Module = self.encoder.get_input_embeddings()
        return table

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns the sentence vectors [B, D] of single texts [B, T]."""
        output = self.encoder(
            input_ids=input_ids,
            attention_mask=attention_mask,
            output_hidden_states=bool(self.lower),
        )
        vectors: Tensor = self.steps(pool(output.last_hidden_state, attention_mask, self.kind))
        if not self.lower:
            return vectors
        states = [output.hidden_states[number] for number in self.lower]  # [B, T, D] each
        pooled = [pool(each, attention_mask, self.kind) for each in states]
        return torch.cat([functional.normalize(v, dim=-1) for v in (vectors, *pooled)], dim=-1)

    def vectors(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Returns the sentence vectors of texts, [B, D], or of pairs, both end to end, [B, 2D].

        Args:
            input_ids: [B, T].
            attention_mask: [B, T], 0 at padding.
            token_type_ids: [B, T], 1 at the second text of a pair.
        """
        if not self.config.reads_pairs:
            return self.encode(input_ids, attention_mask)
        if token_type_ids is None:
            raise ValueError("token_type_ids are needed: this model reads pairs of texts")
        pad_id = self.config.pad_token_id or 0
        both = self.encode(*two_texts(input_ids, attention_mask, token_type_ids, pad_id))  # [2B, D]
        return torch.cat([both[: len(input_ids)], both[len(input_ids) :]], dim=-1)

    def features(self, vectors: Tensor) -> Tensor:
        """Returns what the linear layer reads of sentence vectors: [B, D], or of pairs [B, 4D]."""
        if not self.config.reads_pairs:
            return vectors
        return pair_features(vectors)

    def _logits_of(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        """Returns logits [B, C] for ids, mask and, of pairs, token types [B, T] each."""
        vectors = self.vectors(input_ids, attention_mask, token_type_ids)
        logits: Tensor = self.classifier(self.features(vectors))
        return logits


def pair_features(vectors: Tensor) -> Tensor:
    """Returns [u; v; |u - v|; u * v], [B, 4D], of the vectors u and v of pairs, [B, 2D]."""
    first, second = vectors.chunk(2, dim=-1)  # [B, D] each
    return torch.cat([first, second, (first - second).abs(), first * second], dim=-1)
