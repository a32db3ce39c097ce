"""The deployed forms of a trained model. One protocol: examples -> logits."""

from kdzoo.runtime.protocol import Classifier, load_classifier

__all__ = ["Classifier", "load_classifier"]
