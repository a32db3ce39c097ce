"""What a student may offer beside logits: seen by name and kind, as Protocols."""

from __future__ import annotations

from typing import Protocol, TypeGuard

from torch import Tensor, nn


class WithEmbedding(Protocol):
    """A student whose word table takes pretrained vectors.

    Attributes:
        embedding: the table, [V, D].
    """

    embedding: nn.Embedding


class WithHead(Protocol):
    """A student that calls what stands behind its encoding ``head``; pairs get another one.

    Attributes:
        head: from encodings [B, H] to logits [B, C].
    """

    head: nn.Module


class WithEncoder(Protocol):
    """A student that can read pairs of texts: what it makes of a text stands apart from its head.

    Attributes:
        hidden_size: H.
    """

    hidden_size: int

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns encodings [B, H] of ids and mask [B, T]."""


class WithTokenEncoder(WithHead, Protocol):
    """A student that can label words: states of its tokens, and a head that reads each."""

    def encode_tokens(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Returns the state of each token, [B, T, H], of ids and mask [B, T]."""


# A class with such attributes would do for isinstance, were they no submodules: those are found by
# getattr alone.


def has_embedding(student: object) -> TypeGuard[WithEmbedding]:
    """Whether a student shows its word table."""
    return isinstance(getattr(student, "embedding", None), nn.Embedding)


def has_head(student: object) -> TypeGuard[WithHead]:
    """Whether a student has a head that can be taken out."""
    return isinstance(getattr(student, "head", None), nn.Module)


def has_encoder(student: object) -> TypeGuard[WithEncoder]:
    """Whether a student can read pairs."""
    return callable(getattr(student, "encode", None)) and hasattr(student, "hidden_size")


def has_token_encoder(student: object) -> TypeGuard[WithTokenEncoder]:
    """Whether a student can label words."""
    return callable(getattr(student, "encode_tokens", None)) and has_head(student)
