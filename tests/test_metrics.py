"""Quality figures: those of scikit-learn, or counted by hand; in ``evaluate`` without a network."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import evaluate
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, recall_score

from kdzoo.metrics import quality
from kdzoo.metrics.modules import (
    Accuracy,
    InScopeAccuracy,
    MacroF1,
    OutOfScopeRecall,
    PositiveF1,
)

Ids = npt.NDArray[np.int64]

OOS = 2
GOLD = np.array([0, 0, 1, 1, OOS, OOS, OOS])
PREDICTED = np.array([0, 1, 1, OOS, OOS, OOS, 0])

answers = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40).map(
    lambda pairs: tuple(np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
)


class TestQuality:
    def test_of_an_example_is_what_one_counts(self) -> None:
        """Four of seven right; of four in scope two; of three out of scope two."""
        f1 = [2 * 1 / (2 + 2), 2 * 1 / (2 + 2), 2 * 2 / (3 + 3)]  # 2 hits / (gold + predicted)

        assert quality(PREDICTED, GOLD, OOS) == pytest.approx(
            {
                "accuracy": 4 / 7,
                "macro_f1": sum(f1) / 3,
                "in_scope_accuracy": 2 / 4,
                "oos_recall": 2 / 3,
            }
        )

    @given(pair=answers)
    @settings(deadline=None, max_examples=50)
    def test_is_scikit_learns_accuracy_and_macro_f1(self, pair: tuple[Ids, Ids]) -> None:
        """F1 over the classes that the gold labels hold: a class without texts has none."""
        predicted, gold = pair

        found = quality(predicted, gold, None)

        assert found["accuracy"] == accuracy_score(gold, predicted)
        scores = f1_score(gold, predicted, labels=sorted(set(gold)), average=None, zero_division=0)
        assert found["macro_f1"] == pytest.approx(np.mean(scores))

    @given(pair=answers, positive=st.integers(0, 4))
    @settings(deadline=None, max_examples=50)
    def test_is_scikit_learns_f1_of_the_label_to_find(
        self, pair: tuple[Ids, Ids], positive: int
    ) -> None:
        predicted, gold = pair

        found = quality(predicted, gold, None, positive)

        wanted = f1_score(gold, predicted, labels=[positive], average=None, zero_division=0)
        assert found["f1"] == pytest.approx(wanted[0])

    @given(pair=answers, oos=st.integers(0, 4))
    @settings(deadline=None, max_examples=50)
    def test_parts_at_the_out_of_scope_label(self, pair: tuple[Ids, Ids], oos: int) -> None:
        predicted, gold = pair
        right = [p == g for p, g in zip(predicted, gold, strict=True) if g != oos]

        found = quality(predicted, gold, oos)

        if right:
            assert found["in_scope_accuracy"] == pytest.approx(sum(right) / len(right))
        else:
            assert math.isnan(found["in_scope_accuracy"])
        if oos in gold:
            recall = recall_score(gold == oos, predicted == oos)
            assert found["oos_recall"] == pytest.approx(recall)
        else:
            assert math.isnan(found["oos_recall"])

    @given(pair=answers)
    @settings(deadline=None, max_examples=30)
    def test_without_out_of_scope_label_all_is_in_scope(self, pair: tuple[Ids, Ids]) -> None:
        """So ``select_by: in_scope_accuracy`` works on any data."""
        found = quality(*pair, None)

        assert found.keys() == {"accuracy", "macro_f1", "in_scope_accuracy"}
        assert found["in_scope_accuracy"] == found["accuracy"]

    @given(pair=answers, seed=st.integers(0, 99))
    @settings(deadline=None, max_examples=30)
    def test_does_not_depend_on_the_order_of_texts(self, pair: tuple[Ids, Ids], seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(pair[0]))

        mixed = quality(pair[0][order], pair[1][order], 0)

        assert mixed == pytest.approx(quality(*pair, 0), nan_ok=True)

    @given(gold=st.lists(st.integers(0, 4), min_size=1, max_size=20))
    @settings(deadline=None, max_examples=20)
    def test_of_right_answers_is_one(self, gold: list[int]) -> None:
        ids = np.array(gold)

        found = quality(ids, ids, None)

        assert set(found.values()) == {1.0}

    def test_figures_are_plain_numbers_in_their_order(self) -> None:
        """They go into JSON."""
        found = quality(PREDICTED, GOLD, OOS, positive=1)

        assert {type(value) for value in found.values()} == {float}
        assert list(found) == ["accuracy", "macro_f1", "f1", "in_scope_accuracy", "oos_recall"]

    def test_needs_no_library_of_metrics(self, tmp_path: Path) -> None:
        """``evaluate`` and ``datasets`` are for those who ask for the modules."""
        script = (
            "import sys, numpy; from kdzoo.metrics import quality;"
            "quality(numpy.array([0, 1]), numpy.array([0, 1]), 1, 0);"
            "print(*[name for name in ('evaluate', 'datasets') if name in sys.modules])"
        )

        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
        )

        assert done.stdout.split() == []


class TestEvaluateModules:
    """``evaluate.load`` would ask the network; these are imported, and no hub is in reach here."""

    @pytest.mark.parametrize(
        ("module", "options", "key"),
        [
            (Accuracy, {}, "accuracy"),
            (MacroF1, {}, "macro_f1"),
            (InScopeAccuracy, {"oos": OOS}, "in_scope_accuracy"),
            (OutOfScopeRecall, {"oos": OOS}, "oos_recall"),
            (PositiveF1, {"positive": 1}, "f1"),
        ],
    )
    def test_compute_what_quality_says(
        self, tmp_path: Path, module: Any, options: dict[str, int], key: str
    ) -> None:
        metric = module(cache_dir=str(tmp_path))

        found = metric.compute(predictions=PREDICTED, references=GOLD, **options)

        assert found == {key: quality(PREDICTED, GOLD, OOS, positive=1)[key]}

    def test_take_answers_batch_by_batch(self, tmp_path: Path) -> None:
        metric = Accuracy(cache_dir=str(tmp_path))
        for rows in (slice(0, 3), slice(3, None)):
            metric.add_batch(predictions=PREDICTED[rows], references=GOLD[rows])

        assert metric.compute() == {"accuracy": quality(PREDICTED, GOLD, None)["accuracy"]}

    def test_combine_with_each_other(self, tmp_path: Path) -> None:
        both = evaluate.combine(
            [Accuracy(cache_dir=str(tmp_path)), MacroF1(cache_dir=str(tmp_path))]
        )

        found = both.compute(predictions=PREDICTED, references=GOLD)

        expected = quality(PREDICTED, GOLD, None)
        assert found == {key: expected[key] for key in ("accuracy", "macro_f1")}

    def test_say_what_they_are(self, tmp_path: Path) -> None:
        for module in (Accuracy, MacroF1, PositiveF1, InScopeAccuracy, OutOfScopeRecall):
            metric = module(cache_dir=str(tmp_path))
            assert metric.description == module.__doc__
            assert set(metric.features) == {"predictions", "references"}
