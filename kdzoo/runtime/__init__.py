"""The forms of a trained model. One protocol: texts -> ids -> logits."""

from kdzoo.runtime.protocol import (
    Classifier,
    Input,
    Logits,
    lacking,
    load_classifier,
    require_runtimes,
    runtime_of,
)

__all__ = [
    "Classifier",
    "Input",
    "Logits",
    "lacking",
    "load_classifier",
    "require_runtimes",
    "runtime_of",
]
