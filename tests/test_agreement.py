"""How an exported form is told to differ from PyTorch: what is no number is no agreement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from kdzoo.runtime.agreement import Agreement, agreement
from kdzoo.runtime.parity import BothThresholds, parity_of
from kdzoo.runtime.protocol import Classifier, Input
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TOKEN_CLASSIFICATION, Task

NOTHING = float("nan")
LOGITS = np.array([[2.0, 0.0], [0.0, 1.0], [0.5, 0.0]], dtype=np.float32)  # [N, C]
WORDS = np.array(  # [N, W, C]; the second sentence has one word
    [[[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0.0, 3.0, 0.0], [NOTHING] * 3]], dtype=np.float32
)


class Fixed:
    """A model that says of each text what stands in a table."""

    reads_pairs = False
    is_swayed = False
    labels = ("a", "b", "c")

    def __init__(self, logits: npt.NDArray[np.float32]) -> None:
        self.table = logits

    def encode(self, texts: Sequence[Input]) -> list[int]:
        return [int(str(text)) for text in texts]

    def run(self, encoded: list[int]) -> npt.NDArray[np.float32]:
        return self.table[encoded]

    def logits(self, texts: Sequence[Input]) -> npt.NDArray[np.float32]:
        return self.run(self.encode(texts))


def found(wanted: npt.NDArray[np.float32], given: npt.NDArray[np.float32], task: Task) -> Agreement:
    sides = (cast(Classifier, Fixed(table)) for table in (wanted, given))
    texts = [str(number) for number in range(len(wanted))]
    return agreement(*sides, texts, lambda _: None, task)


@pytest.mark.parametrize(
    ("wanted", "task"), [(LOGITS, SINGLE_LABEL), (WORDS, TOKEN_CLASSIFICATION)]
)
class TestAgreement:
    def test_of_a_form_with_itself_is_whole(self, wanted: Any, task: Task) -> None:
        assert found(wanted, wanted, task) == Agreement(len(wanted), len(wanted), 0.0)

    @pytest.mark.parametrize("which", [0, 1])
    def test_counts_a_text_whose_answer_is_no_number_as_another_label(
        self, wanted: Any, task: Task, which: int
    ) -> None:
        """Wherever among the texts it stands, and though the highest of nothing is a label too."""
        given = wanted.copy()
        given[which].flat[:3] = NOTHING
        agreed = found(wanted, given, task)

        assert agreed.same_labels == len(wanted) - 1
        assert np.isnan(agreed.logit_difference)

    def test_tells_the_largest_difference_of_a_logit(self, wanted: Any, task: Task) -> None:
        given = wanted.copy()
        given[0].flat[0] += 0.25
        agreed = found(wanted, given, task)

        assert agreed == Agreement(len(wanted), len(wanted), 0.25)


@pytest.mark.parametrize(
    ("thresholds", "same"),
    [((None, None), 3), (((0.1, 0.1), (0.1, 0.1)), 1), ((None, (0.1, 0.1)), 0)],
)
def test_sets_of_labels_are_those_that_each_side_gives(
    thresholds: BothThresholds, same: int
) -> None:
    """Where no label reaches one half, all sets are empty, and nothing would tell them apart."""
    wanted = np.array([[-2.0, -4.0], [-4.0, -2.0], [-2.0, -2.0]], dtype=np.float32)
    given = np.array([[-2.0, -4.0], [-2.0, -4.0], [-4.0, -2.0]], dtype=np.float32)
    sides = (cast(Classifier, Fixed(table)) for table in (wanted, given))

    agreed = agreement(*sides, ["0", "1", "2"], lambda _: None, MULTI_LABEL, thresholds)

    assert agreed.same_labels == same
    parity = parity_of(wanted, given, MULTI_LABEL.answers(wanted, thresholds[0]), exact=False,
                       ragged=given[:0], task=MULTI_LABEL, thresholds=thresholds)  # fmt: skip
    assert parity.other_labels == 3 - same
    assert parity.accuracy_change == pytest.approx((same - 3) / 3)
