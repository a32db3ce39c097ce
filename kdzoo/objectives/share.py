"""What the gold labels of one process weigh, where several processes share each batch."""

from __future__ import annotations

import torch
from torch import Tensor

from kdzoo.data import NO_LABEL


def are_several() -> bool:
    """Returns whether several processes train one model together."""
    shared = torch.distributed
    return shared.is_available() and shared.is_initialized() and shared.get_world_size() > 1


def labelled_share(gold: Tensor) -> Tensor | float:
    """Returns what the mean over this process's labelled rows weighs.

    The mean over processes is then that over the labelled rows of all. It is 1 where there is one
    process; several have to ask together, each once a step.

    Args:
        gold: of this process, [B] or [B, K]; ``NO_LABEL`` where a row has none.
    """
    if not are_several():
        return 1.0
    own = ((gold[:, 0] if gold.ndim > 1 else gold) != NO_LABEL).sum().float()
    of_all = own.clone()
    torch.distributed.all_reduce(of_all)
    return own * torch.distributed.get_world_size() / of_all.clamp(min=1)
