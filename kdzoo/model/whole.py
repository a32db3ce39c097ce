"""What kdzoo's own Hugging Face models have in common: they are whole, or refused."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedModel

from kdzoo.errors import ModelError
from kdzoo.task import MULTI_LABEL


class WholeModel(PreTrainedModel):  # type: ignore[misc]
    """A model whose parts draw their own weights; it never loads with some of them missing."""

    def _init_weights(self, module: Any) -> None:
        """Leaves the weights as its parts drew them; the library would draw them anew."""

    @classmethod
    def from_pretrained(cls, *args: Any, **options: Any) -> Any:
        """Loads the model; refuses a folder that lacks weights, which would stay random memory."""
        wanted = options.pop("output_loading_info", False)
        model, info = super().from_pretrained(*args, output_loading_info=True, **options)
        if info["missing_keys"]:
            missing = ", ".join(sorted(info["missing_keys"])[:5])
            raise ModelError(f"the weights of {args[0]} lack {missing}; the folder is not whole")
        return (model, info) if wanted else model


def loss_of(config: Any, logits: Tensor, labels: Tensor) -> Tensor:
    """Returns the loss that transformers has for what a configuration says is asked, a scalar.

    Args:
        config: of the model.
        logits: [B, C].
        labels: ids [B]; where a text may have several, which it has, [B, C].
    """
    if config.problem_type == MULTI_LABEL.problem_type:
        return F.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
    return F.cross_entropy(logits, labels)
