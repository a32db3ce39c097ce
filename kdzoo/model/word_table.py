"""Training only those rows of the word table that training can reach; the others are put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def narrow(model: Any, rows: int) -> Tensor | None:
    """Cuts the model's word table to its first ``rows``, in place, and returns the rest [R, D].

    A row whose word never occurs gets no gradient, and yet AdamW would go over it at every step:
    with the whole of BERT's vocabulary that doubles the time of a small student's step.

    Returns None, and changes nothing, where no row is left over or the model does not show a table
    with a row for each word (``get_input_embeddings``).
    """
    table = word_table(model)
    if table is None or rows >= len(table.weight):
        return None
    rest = table.weight.detach()[rows:].clone()
    table.weight = nn.Parameter(table.weight.detach()[:rows].clone())
    return rest


def widen(model: Any, rest: Tensor | None) -> None:
    """Puts the rows that ``narrow`` returned behind those that were trained, in place."""
    table = word_table(model)
    if rest is not None and table is not None:
        weight = table.weight.detach()
        table.weight = nn.Parameter(torch.cat([weight, rest.to(weight.device)]))


@contextmanager
def widened(model: Any, rest: Tensor | None) -> Iterator[None]:
    """Lets a narrowed model read every word for a while; its own parameter comes back after."""
    table = word_table(model)
    trained = None if table is None else table.weight
    widen(model, rest)
    try:
        yield
    finally:
        if table is not None and trained is not None:
            table.weight = trained


def word_table(model: Any) -> nn.Embedding | None:
    """Returns the model's table with a row for each word, if it shows one."""
    try:
        table = model.get_input_embeddings()
    except (AttributeError, NotImplementedError):  # a model of the user's that does not say
        return None
    if isinstance(table, nn.Embedding) and table.num_embeddings == model.config.vocab_size:
        return table
    return None
