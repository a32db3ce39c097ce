"""Models with several ways of attention get the one that answers each text by itself."""

from __future__ import annotations

from typing import Any


def attend_to_all(model: Any) -> Any:
    """Returns a model of transformers that attends to whole texts, whatever it has read before.

    BigBird's sparse attention gives way to that at the first short text, and for good: its answers
    to long texts would depend on their order. Other models are returned as they are.
    """
    for module in [*model.modules()]:
        if hasattr(module, "set_attention_type"):
            module.set_attention_type("original_full")
    return model
