"""A student's encoding held against its teacher's: the loss of ``objective.hidden``."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def hidden_loss(encodings: Tensor, vectors: Tensor) -> Tensor:
    """Returns one minus the cosine of each encoding and its vector, averaged; a scalar, 0 to 2.

    XtremeDistil (Mukherjee and Awadallah, 2020, arXiv:2004.05686) projects a BiLSTM's states to the
    width of the teacher's too. The cosine, as in DistilBERT's loss (Sanh et al., 2019,
    arXiv:1910.01108), asks for the direction alone: it needs no scale between the two.

    Args:
        encodings: the student's, mapped to the width of the teacher's, [B, D].
        vectors: the teacher's sentence vectors, [B, D].
    """
    return (1 - F.cosine_similarity(encodings, vectors, dim=-1)).mean()
