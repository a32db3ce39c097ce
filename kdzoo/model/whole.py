"""What kdzoo's own Hugging Face models have in common: they are whole, or refused."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

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

    def _logits_of(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        """Returns logits [B, C] for ids, mask and, of pairs, token types [B, T] each.

        Where each piece gets a label, they are [B, T, C].
        """
        raise NotImplementedError

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """Returns logits [B, C] for ids and mask [B, T], and the loss if labels are given.

        Pairs come with token types [B, T]; where single texts are read, they say nothing.

        Args:
            input_ids: [B, T].
            attention_mask: [B, T], 0 at padding; all ones by default.
            labels: ids [B]; where a text may have several, which it has, [B, C]; where each piece
                has one, [B, T], -100 where none is wanted.
            token_type_ids: [B, T], 1 at the second text of a pair.
        """
        if input_ids is None:
            raise ValueError("input_ids are needed")
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        logits = self._logits_of(input_ids, attention_mask, token_type_ids)
        loss = None if labels is None else _loss_of(self.config, logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def _loss_of(config: Any, logits: Tensor, labels: Tensor) -> Tensor:
    """Returns the loss that transformers has for what a configuration says is asked, a scalar.

    Args:
        config: of the model.
        logits: [B, C]; where each piece has a label, [B, T, C].
        labels: ids [B]; where a text may have several, which it has, [B, C]; where each piece has
            one, [B, T].
    """
    if logits.ndim == 3:
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())
    if config.problem_type == MULTI_LABEL.problem_type:
        return F.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
    return F.cross_entropy(logits, labels)
