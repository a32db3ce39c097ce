"""What a task has to give, so that the rest of kdzoo need not know which it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kdzoo.entries import TaskName
from kdzoo.task.gold import Ids

Input = str | tuple[str, str]  # a text, or the two of a pair
Logits = npt.NDArray[np.float32]  # [N, C]; where each word gets a label, [N, W, C]
AnyLogits = npt.NDArray[np.floating[Any]]  # the same, of any precision
Values = npt.NDArray[np.float64]
Thresholds = Sequence[float] | None  # probabilities, [C], from which on a label is given
Stored = npt.ArrayLike  # answers as a file has them, a cell each, [N]
Numbers = npt.NDArray[np.integer[Any]]  # [N]
# what texts get: ids of labels [N], which of them [N, C], or ids of the words' tags [N, W]
Answers = npt.NDArray[Any]


class Task(Protocol):
    """What is asked of a text, and how logits [N, C] are an answer to it.

    A model gives a distribution over answers: of these is said what kdzoo says of labels. A gold
    answer has a probability, two models' distributions a divergence, and a text is right where its
    answer is the gold one.

    Attributes:
        name: what recipes and records call it.
        problem_type: what the configuration of a Hugging Face classifier calls it.
        leading: the quality figure by which models are chosen and shown.
        leading_title: what people call it.
        by_word: whether each word gets a label: logits are then [N, W, C], answers [N, W].
    """

    @property
    def name(self) -> TaskName:
        """What recipes and records call it."""

    @property
    def problem_type(self) -> str | None:
        """What the configuration of a Hugging Face classifier calls it; None: it has no name."""

    @property
    def leading(self) -> str:
        """The quality figure by which models are chosen and shown."""

    @property
    def leading_title(self) -> str:
        """What people call it."""

    @property
    def by_word(self) -> bool:
        """Whether each word gets a label: logits are then [N, W, C], answers [N, W]."""

    def gold(self, rows: Ids, labels: int) -> Answers:
        """Returns gold labels as answers.

        Args:
            rows: of labelled texts, as ``rows_of`` makes them.
            labels: how many the data has, C.
        """

    def answers(self, logits: AnyLogits, thresholds: Thresholds = None) -> Answers:
        """Returns what each text gets.

        Args:
            logits: [N, C].
            thresholds: that were fitted on validation, where the task has some.
        """

    def right(self, answers: Answers, gold: Answers) -> npt.NDArray[np.bool_]:
        """Returns which texts have the gold answer, the whole of it, [N]."""

    def probabilities(self, logits: AnyLogits) -> Values:
        """Returns the probability of each label, [N, C]."""

    def log_probability(self, logits: AnyLogits, answers: Answers) -> Values:
        """Returns how probable each text's answer is, in nats, [N]."""

    def brier(self, logits: AnyLogits, gold: Answers) -> Values:
        """Returns Σ (p - y)² over the labels, [N]."""

    def divergence(self, logits: AnyLogits, teacher_logits: AnyLogits) -> Values:
        """Returns the KL divergence from the teacher's distribution, in nats, [N]."""

    def nothing(self, texts: int) -> npt.NDArray[Any]:
        """Returns what stands in a file in place of answers that are not known, [N]."""

    def stored(self, answers: Answers) -> npt.NDArray[Any]:
        """Returns answers as they stand in a file, one cell each, [N]."""

    def are_known(self, stored: Stored) -> bool:
        """Returns whether these are answers, all of them, rather than ``nothing``."""

    def numbers(self, stored: Stored, labels: int) -> Numbers:
        """Returns a number for each stored answer, [N], the same in any file; none is negative.

        Args:
            stored: as ``stored`` gives them, or read from a file.
            labels: how many the data has, C.

        Raises:
            ValueError: one is no answer of so many labels.
        """
