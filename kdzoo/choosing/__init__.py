"""Which model is meant, and which one to deploy."""

from kdzoo.choosing.choice import Choice, choose

__all__ = ["Choice", "choose"]
