"""Any registered student as a Hugging Face model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig

from kdzoo import registry
from kdzoo.entries import StudentEntry
from kdzoo.errors import ModelError, RegistryError
from kdzoo.model.contract import WithEncoder, has_embedding, has_encoder
from kdzoo.model.siamese import Siamese
from kdzoo.model.whole import WholeModel


class KdzooConfig(PreTrainedConfig):  # type: ignore[misc]
    """Which student it is, with which options it is built, and whether it reads pairs of texts.

    ``pair_head`` is the width of the head over both texts of a pair; 0 where it reads single ones.
    ``text_limit`` is the number of tokens at which texts are cut; 0 where the student does not ask.
    """

    model_type = "kdzoo"

    student: str = ""
    options: dict | None = None  # type: ignore[type-arg]
    vocab_size: int = 0
    pad_token_id: int | None = 0
    pair_head: int = 0
    text_limit: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Returns what is saved: nothing that does not concern the student."""
        settings: dict[str, Any] = super().to_dict()
        for name in ("pair_head", "text_limit"):
            if not getattr(self, name):
                settings.pop(name, None)
        return settings

    @property
    def type_vocab_size(self) -> int:
        """Token types that the model reads: of two, where they tell the texts of a pair apart."""
        return 2 if self.pair_head else 1


class KdzooForSequenceClassification(WholeModel):
    """Wraps a student that is a plain ``nn.Module``: saving, loading, ``pipeline``, the hub.

    Raises:
        ModelError: the student that the folder names is not registered here.
    """

    config_class = KdzooConfig
    base_model_prefix = "student"
    main_input_name = "input_ids"

    def __init__(self, config: KdzooConfig) -> None:
        super().__init__(config)
        try:
            entry = registry.students.get(config.student)
        except RegistryError as error:
            raise ModelError(
                f"this model is a '{config.student}', a student that is not installed here; bring "
                "its file with --students FILE.py (kdzoo.load_extensions('FILE.py') in Python)\n"
                f"  {error}"
            ) from error
        pad_id = config.pad_token_id or 0
        known = {"max_length": config.text_limit, "pad_id": pad_id}
        options = {name: known[name] for name in entry.offered} | (config.options or {})
        student = entry.value(config.vocab_size, config.num_labels, **options)
        if config.pair_head:
            student = _encoder_of(student, entry)
            dropout = options.get("dropout", 0.0)
            student = Siamese(student, config.num_labels, pad_id, config.pair_head, dropout)
        self.student = student
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding | None:
        """Returns the student's table of words, ``embedding``, if it has one of that name."""
        return self.student.embedding if has_embedding(self.student) else None

    def _logits_of(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        """Returns logits [B, C] for ids, mask and, of pairs, token types [B, T] each."""
        if not self.training and not torch.compiler.is_exporting():  # where any text may come
            input_ids, attention_mask = self._with_a_token(input_ids, attention_mask)
        given: tuple[Tensor, ...] = (input_ids, attention_mask)
        if self.config.pair_head:
            if token_type_ids is None:
                raise ValueError("token_type_ids are needed: this model reads pairs of texts")
            if token_type_ids.shape != input_ids.shape:  # of texts without any token
                token_type_ids = torch.zeros_like(input_ids)
            given = (*given, token_type_ids)
        logits: Tensor = self.student(*given)
        return logits

    def _with_a_token(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Gives texts in which the tokenizer found nothing a piece of padding to read.

        ``kdzoo.text.encode`` does so for kdzoo; a transformers pipeline brings them as they are:
        without a column where they stand alone (and then of floats), else behind the mask.
        """
        if input_ids.shape[1] == 0:
            shape, pad_id = (len(input_ids), 1), self.config.pad_token_id or 0
            ids = input_ids.new_full(shape, pad_id, dtype=torch.long)
            return ids, torch.ones_like(ids)
        if attention_mask[:, 0].all():  # padding is on the right: none begins with it
            return input_ids, attention_mask
        is_empty = attention_mask.sum(1, keepdim=True) == 0  # [B, 1]
        first = attention_mask[:, :1].masked_fill(is_empty, 1)
        return input_ids, torch.cat([first, attention_mask[:, 1:]], dim=1)


def _encoder_of(student: object, entry: StudentEntry) -> WithEncoder:
    """Returns the student, once it is seen that it can read pairs."""
    if not has_encoder(student):
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) reads single texts; to read pairs, give it a "
            "method encode(input_ids, attention_mask) that returns [B, H], and an attribute "
            "hidden_size, which is H"
        )
    return student
