"""A student's embedding table that begins with pretrained vectors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from kdzoo.entries import StudentEntry
from kdzoo.errors import ModelError
from kdzoo.model.contract import has_embedding

EMBEDDING_SCALE = 0.3  # standard deviation of pretrained vectors after centring


def put_vectors(student: nn.Module, vectors: Tensor, entry: StudentEntry, pad_id: int) -> None:
    """Fills the student's table with vectors [V, D]; that of padding is zero.

    Raises:
        ModelError: the student shows no table, or the vectors are too narrow for it.
    """
    table = refuse_tableless(student, entry)
    with torch.no_grad():
        table.weight.copy_(scaled(to_width(vectors, table.embedding_dim)))
        table.weight[pad_id].zero_()


def refuse_tableless(
    student: nn.Module,
    entry: StudentEntry,
    wanted: str = "for pretrained vectors",
    instead: str = "set student.embeddings to random",
) -> nn.Embedding:
    """Returns the student's embedding table.

    Args:
        student: as its class builds it.
        entry: where it is written.
        wanted: what the table is for.
        instead: what a recipe says that does without.

    Raises:
        ModelError: the student shows no table.
    """
    if not has_embedding(student):
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) has no attribute `embedding` "
            f"(an nn.Embedding) {wanted}; add one, or {instead}"
        )
    return student.embedding


def to_width(vectors: Tensor, width: int) -> Tensor:
    """Returns vectors [V, D] as [V, width], by principal components where they are wider.

    Raises:
        ModelError: the vectors are narrower, so that there is nothing to fill the table with.
    """
    if vectors.shape[1] == width:
        return vectors
    refuse_narrow(vectors.shape[1], width, count=vectors.shape[0])
    from sklearn.decomposition import PCA

    reduced = PCA(width, svd_solver="full").fit_transform(vectors.double().numpy())
    return torch.from_numpy(reduced.astype(np.float32))


def refuse_narrow(vectors: int, width: int, count: int | None = None) -> None:
    """Refuses vectors that cannot fill a table.

    Args:
        vectors: their width.
        width: of the table.
        count: how many vectors there are, where that is known; components are not more than that.

    Raises:
        ModelError: the vectors are too narrow, or too few.
    """
    most = vectors if count is None or vectors == width else min(vectors, count)
    if most < width:
        counted = "" if count is None else f" ({count} of them)"
        raise ModelError(
            f"the vectors are {vectors} wide{counted}, the student's embedding table {width}; set "
            f"its width to {most} or less, as in student.dim: {most}"
        )


def scaled(vectors: Tensor) -> Tensor:
    """Returns the vectors centred, with one standard deviation for all of them."""
    centred = vectors - vectors.mean(0, keepdim=True)
    return centred / centred.std().clamp(min=1e-8) * EMBEDDING_SCALE
