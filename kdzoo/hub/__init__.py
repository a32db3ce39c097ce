"""A student put on the Hugging Face hub, with its card and its exported forms."""

from kdzoo.hub.push import Pushed, push_student

__all__ = ["Pushed", "push_student"]
