"""The model card of a student: what it is, how good, how to use it, and where it ends."""

from kdzoo.card.text import CARD, model_card, write_cards

__all__ = ["CARD", "model_card", "write_cards"]
