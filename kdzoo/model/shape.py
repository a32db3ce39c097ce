"""What a configuration builds: how many words and positions it knows, and what its head is."""

from __future__ import annotations

import inspect
import json
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import torch
from torch import nn

from kdzoo.errors import ModelError, first_line

OWN = "kdzoo"  # the model type of its students that are plain modules
SENTENCE = "kdzoo_sentence"  # that of a frozen encoder with a linear head
OWN_PADDING = ("mpnet",)  # builds whose padding id no configuration moves
UNSAID = 512  # tokens that are read where neither model, tokenizer nor wish names an end
_ENDLESS = 10**9  # from here on a tokenizer means that it knows no end


@dataclass(frozen=True)
class Shape:
    """What a classifier of a configuration is made of.

    Attributes:
        words: rows of the word table; None where it has none.
        positions: the most tokens that the tables of positions hold; None where it has none.
        head: names of the weights behind the encoder.
        reads_mask: whether it is told which tokens are padding.
    """

    words: int | None
    positions: int | None
    head: tuple[str, ...]
    reads_mask: bool

    @classmethod
    def of(cls, model: Any) -> Shape:
        """Returns that of a Hugging Face classifier."""
        base = f"{model.base_model_prefix}."
        return cls(
            words=_words(model),
            positions=positions_of(model),
            head=tuple(name for name in model.state_dict() if not name.startswith(base)),
            reads_mask="attention_mask" in inspect.signature(model.forward).parameters,
        )


def shape_of(config: Any) -> Shape:
    """Returns what the classifier of a Hugging Face configuration is made of, without its weights.

    Raises:
        ModelError: transformers has no classifier of that kind, or cannot build it.
    """
    return _shape_of(cast(Any, type(config)), config.to_json_string(use_diff=False))


@lru_cache(maxsize=64)
def _shape_of(kind: Any, content: str) -> Shape:
    from transformers import AutoModelForSequenceClassification

    try:
        with torch.device("meta"):  # sizes alone: no memory, no arithmetic
            model = AutoModelForSequenceClassification.from_config(
                kind.from_dict(json.loads(content))
            )
    except Exception as error:  # the library's own checks have no common base
        raise ModelError(
            f"a {kind.model_type} cannot be built as a classifier: {first_line(error)[:200]}; "
            "take a model that AutoModelForSequenceClassification knows"
        ) from error
    return Shape.of(model)


def positions_of(model: nn.Module) -> int | None:
    """Returns the most tokens that a model's tables of positions hold; None where it has none."""
    return min(map(_held, _position_tables(model)), default=None)


def _words(model: Any) -> int | None:
    try:
        table = model.get_input_embeddings()
    except NotImplementedError:
        return None
    return table.num_embeddings if isinstance(table, nn.Embedding) else None


def _position_tables(model: nn.Module) -> list[nn.Embedding]:
    """Returns the tables with a row per position, as the builds of transformers call them."""
    names = ("position_embeddings", "embed_positions", "wpe")
    return [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Embedding) and name.rpartition(".")[2] in names
    ]


def _held(table: nn.Embedding) -> int:
    """Returns how many tokens a table holds: a build with a padding row counts from there on."""
    return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)


def maximum_length(
    tokenizer: Any, config: Any, wanted: int | None = None, shape: Shape | None = None
) -> int:
    """Returns the most tokens that tokenizer, positions and wish allow together.

    Args:
        tokenizer: of Hugging Face.
        config: of the model.
        wanted: the user's wish.
        shape: of the model, where it is loaded already.
    """
    said = [tokenizer.model_max_length, getattr(config, "max_position_embeddings", None), wanted]
    if config.model_type != OWN:  # whose students count no positions
        said.append((shape or shape_of(config)).positions)
    limits = [limit for limit in said if isinstance(limit, int | float) and 0 < limit < _ENDLESS]
    return min((math.floor(limit) for limit in limits), default=UNSAID)
