"""What the students learn from: gold, unlabelled and augmented texts, labelled by the teacher."""

from kdzoo.transfer.build import TransferSet, build_transfer_set

__all__ = ["TransferSet", "build_transfer_set"]
