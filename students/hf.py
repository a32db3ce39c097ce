"""Any pretrained encoder of the hub, with its own tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import torch

from kdzoo.model.auto import auto_class
from kdzoo.model.pretrained import load_pretrained
from kdzoo.registry import Pretrained, register_student

if TYPE_CHECKING:
    from kdzoo.model import BuildContext


@register_student("hf", road="change", special_tokens=True, tokenizer_of="model")
def hf(context: BuildContext, *, model: Annotated[str, Pretrained()]) -> Any:
    """A pretrained encoder by hub id or folder, which reads texts with its own tokenizer.

    Its approach is change, even where it is of the teacher's type: not one layer, word or weight of
    the teacher goes into it. Its head is new, also where the model is a finished classifier; a
    hard-label control starts from the same model. Saved as the model's own class.

    Args:
        context: labels, and the model's own vocabulary.
        model: hub id (owner/name or owner/name@revision) or folder of any encoder for
            ``AutoModelForSequenceClassification``.
    """
    source = load_pretrained(model, "model", context.task)
    source.config.update({"_name_or_path": "", "num_labels": len(context.labels)})
    student = auto_class(context.task).from_config(source.config, dtype=torch.float32)
    student.base_model.load_state_dict(source.base_model.state_dict())
    return student
