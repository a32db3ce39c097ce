"""What the students learn from: gold, unlabelled and augmented texts, labelled by the teacher."""

from kdzoo.transfer.augment import try_augmenter
from kdzoo.transfer.build import TransferSet, build_transfer_set
from kdzoo.transfer.near_words import NearWords
from kdzoo.transfer.unlabelled import try_unlabelled

__all__ = ["NearWords", "TransferSet", "build_transfer_set", "try_augmenter", "try_unlabelled"]
