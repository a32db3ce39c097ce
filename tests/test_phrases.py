"""The student of words and short phrases, held to a convolution and a mean, text by text."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kdzoo.students.phrases import Phrases
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close

DIM, MAPS, VOCABULARY = 5, 4, 11


def by_hand(student: Phrases, ids: Tensor) -> Tensor:
    """Returns what one text [T] is encoded as [D + M], without padding, mask or windows."""
    vectors = student.embedding(ids)  # [T, D]
    weights = student.score(ids)[:, 0].softmax(0)  # [T]
    kernel = student.maps.weight.view(MAPS, student.width, DIM).transpose(1, 2)  # [M, D, W]
    before = (student.width - 1) // 2
    padded = F.pad(vectors.T, (before, student.width - 1 - before))  # [D, T + W - 1]
    maps = F.conv1d(padded[None], kernel, student.maps.bias)[0].relu()  # [M, T]
    return torch.cat([weights @ vectors, maps.amax(1)])


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    width=st.integers(1, 5),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=40)
def test_a_batch_is_encoded_as_each_text_by_hand(lengths: list[int], width: int, seed: int) -> None:
    """Windows of any width, wider than the text too; what padding holds is never read."""
    torch.manual_seed(seed)
    student = Phrases(VOCABULARY, 3, dim=DIM, maps=MAPS, width=width).double().eval()
    torch.nn.init.normal_(student.score.weight)
    ids = torch.randint(0, VOCABULARY, (len(lengths), max(lengths)))
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)).long()

    found = student.encode(ids, mask)

    for row, length in enumerate(lengths):
        assert_close(found[row], by_hand(student, ids[row, :length]))
