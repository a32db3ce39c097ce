"""Any registered student as a Hugging Face model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig

from kdzoo import registry
from kdzoo.entries import StudentEntry
from kdzoo.errors import ModelError, RegistryError
from kdzoo.model.code import tell_of_edited
from kdzoo.model.contract import (
    WithEncoder,
    WithTokenEncoder,
    has_embedding,
    has_encoder,
    has_token_encoder,
)
from kdzoo.model.siamese import Siamese
from kdzoo.model.whole import WholeModel
from kdzoo.recipe import read_options


class KdzooConfig(PreTrainedConfig):  # type: ignore[misc]
    """Which student it is, with which options it is built, and whether it reads pairs of texts.

    ``pair_head`` is the width of the head over both texts of a pair; 0 where it reads single ones.
    ``text_limit`` is the number of tokens at which texts are cut; 0 where the student does not ask.
    ``options`` are what JSON can hold (``written_options``).
    ``code`` are digests of what a user's student was when the model was built; None of kdzoo's own.
    """

    model_type = "kdzoo"

    student: str = ""
    options: dict | None = None  # type: ignore[type-arg]
    vocab_size: int = 0
    pad_token_id: int | None = 0
    pair_head: int = 0
    text_limit: int = 0
    code: list[str] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns what is saved: nothing that does not concern the student."""
        settings: dict[str, Any] = super().to_dict()
        for name in ("pair_head", "text_limit", "code"):
            if not getattr(self, name):
                settings.pop(name, None)
        return settings

    @property
    def type_vocab_size(self) -> int:
        """Token types that the model reads: of two, where they tell the texts of a pair apart."""
        return 2 if self.pair_head else 1


class _Wrapped(WholeModel):
    """A student that is a plain ``nn.Module``, built as its configuration says.

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
                "its file with --students FILE.py (kdzoo.load_extensions('FILE.py') in Python), or "
                "run the cell of a notebook that registers it\n"
                f"  {error}"
            ) from error
        tell_of_edited(entry, config.code, config.name_or_path or "this model")
        pad_id = config.pad_token_id or 0
        known = {"max_length": config.text_limit, "pad_id": pad_id}
        offered = {name: known[name] for name in entry.offered}
        options = offered | read_options(entry, config.options or {})
        student = entry.value(config.vocab_size, config.num_labels, **options)
        self.student = self._fitted(student, entry, options)
        self.post_init()

    def _fitted(self, student: Any, entry: StudentEntry, options: dict[str, Any]) -> Any:
        """Returns the student as it reads what this model is for."""
        raise NotImplementedError

    def get_input_embeddings(self) -> nn.Embedding | None:
        """Returns the student's table of words, ``embedding``, if it has one of that name."""
        return self.student.embedding if has_embedding(self.student) else None

    def _read(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Returns ids and mask [B, T] as the student reads them."""
        if self.training or torch.compiler.is_exporting():
            return input_ids, attention_mask
        return self._with_a_token(input_ids, attention_mask)  # where any text may come

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


class KdzooForSequenceClassification(_Wrapped):
    """A student that labels texts: saving, loading, ``pipeline``, the hub.

    Raises:
        ModelError: the student that the folder names is not registered here, or is to read pairs
            and cannot.
    """

    def _fitted(self, student: Any, entry: StudentEntry, options: dict[str, Any]) -> Any:
        config = self.config
        if not config.pair_head:
            return student
        dropout, pad_id = options.get("dropout", 0.0), config.pad_token_id or 0
        encoder = _encoder_of(student, entry)
        return Siamese(encoder, config.num_labels, pad_id, config.pair_head, dropout)

    def _logits_of(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        """Returns logits [B, C] for ids, mask and, of pairs, token types [B, T] each."""
        given: tuple[Tensor, ...] = self._read(input_ids, attention_mask)
        if self.config.pair_head:
            if token_type_ids is None:
                raise ValueError("token_type_ids are needed: this model reads pairs of texts")
            if token_type_ids.shape != given[0].shape:  # of texts without any token
                token_type_ids = torch.zeros_like(given[0])
            given = (*given, token_type_ids)
        logits: Tensor = self.student(*given)
        return logits


class KdzooForTokenClassification(_Wrapped):
    """A student that labels each piece of a text: saving, loading, ``pipeline``, the hub.

    Raises:
        ModelError: the student that the folder names is not registered here, or gives no states of
            its tokens.
    """

    def _fitted(self, student: Any, entry: StudentEntry, options: dict[str, Any]) -> Any:
        return _token_encoder_of(student, entry)

    def _logits_of(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        """Returns logits [B, T, C] for ids and mask [B, T]."""
        states = self.student.encode_tokens(*self._read(input_ids, attention_mask))  # [B, T, H]
        logits: Tensor = self.student.head(states)
        return logits


def _encoder_of(student: object, entry: StudentEntry) -> WithEncoder:
    """Returns the student, once it is seen that it can read pairs."""
    if not has_encoder(student):
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) reads single texts; to read pairs, give it a "
            "method encode(input_ids, attention_mask) that returns [B, H], and an attribute "
            "hidden_size, which is H"
        )
    return student


def _token_encoder_of(student: object, entry: StudentEntry) -> WithTokenEncoder:
    """Returns the student, once it is seen that it can label words."""
    if not has_token_encoder(student):
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) labels texts, not words; to label words, "
            "give it a method encode_tokens(input_ids, attention_mask) that returns states "
            "[B, T, H], "
            "and an attribute head, a module from [B, T, H] to logits [B, T, C]; or take "
            "student.kind: bilstm, cnn, distilbert, bert or hf"
        )
    return student
