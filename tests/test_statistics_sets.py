"""F1 of sets of labels: with its interval, linear in texts, and compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import f1_score

from kdzoo.statistics import (
    Interval,
    label_losses,
    over_examples,
    paired,
    resampling,
    type_losses,
)
from kdzoo.statistics.sets import (
    AVERAGES,
    ENTITY_AVERAGES,
    Marks,
    compare_marks,
    f1_by_seed,
    f1_over_texts,
    f1_values,
    macro,
)

Sets = npt.NDArray[np.bool_]


def world(
    texts: int, *noises: float, seed: int = 0, seeds: int = 2, labels: int = 5
) -> tuple[Sets, list[Sets]]:
    """Returns gold sets [N, C] and the answers [S, N, C] of models that flip so many cells."""
    rng = np.random.default_rng(seed)
    gold = rng.random((texts, labels)) < np.linspace(0.1, 0.6, labels)
    flips = [rng.random((seeds, texts, labels)) < noise for noise in noises]
    return gold, [gold ^ each for each in flips]


@pytest.mark.parametrize("name", AVERAGES)
def test_f1_is_scikit_learns(name: str) -> None:
    gold, (answers,) = world(80, 0.2)

    found = f1_by_seed(Marks.of_sets(answers, gold), AVERAGES[name])

    kind = name.removesuffix("_f1")
    assert found == pytest.approx([f1_score(gold, each, average=kind) for each in answers])


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.4])
def test_the_values_of_texts_have_macro_f1_for_their_mean(noise: float) -> None:
    gold, (answers,) = world(150, noise)

    assert f1_values(Marks.of_sets(answers, gold)).mean(1) == pytest.approx(
        f1_by_seed(Marks.of_sets(answers, gold), macro)
    )


def test_the_values_vary_as_resampled_f1_does() -> None:
    gold, (answers,) = world(2000, 0.15, seeds=1)

    found = f1_over_texts(Marks.of_sets(answers, gold), macro)
    error = f1_values(Marks.of_sets(answers, gold))[0].std() / np.sqrt(len(gold))

    assert found.low is not None
    assert found.high is not None
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(error, rel=0.15)


@pytest.mark.parametrize("name", AVERAGES)
@pytest.mark.parametrize("is_right", [True, False])
def test_where_all_is_right_or_all_is_wrong_few_texts_leave_doubt(
    name: str, is_right: bool
) -> None:
    """As much as of accuracy, where labels are equally frequent."""
    gold = np.arange(24)[:, np.newaxis] % 3 == np.arange(3)
    answers = np.tile(gold if is_right else np.roll(gold, 1, axis=1), (2, 1, 1))

    found = f1_over_texts(Marks.of_sets(answers, gold), AVERAGES[name])

    assert found == over_examples(np.full((2, 24), is_right))


def test_rare_labels_leave_more_doubt_and_texts_without_any_say_nothing() -> None:
    gold = np.zeros((2000, 2), dtype=bool)
    gold[:90, 0], gold[90:100, 1] = True, True
    marks = Marks.of_sets(gold[np.newaxis], gold)

    of_all, of_each = (f1_over_texts(marks, average) for average in AVERAGES.values())

    assert of_each == over_examples(np.full((1, 100), True))
    assert of_all == over_examples(np.full((1, 36), True))  # twice the harmonic mean of 90 and 10


def test_where_all_is_right_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Good models of uneven labels, of which many samples show no error."""
    rng, held = np.random.default_rng(0), []
    for share in (0.002, 0.005, 0.01, 0.02):
        for _ in range(60):
            label = rng.choice(4, size=120, p=[0.6, 0.25, 0.1, 0.05])
            gold = label[:, np.newaxis] == np.arange(4)
            answers = gold & (rng.random((120, 1)) >= share)  # labels are missed alike often
            found = f1_over_texts(Marks.of_sets(answers[np.newaxis], gold), macro)
            truth = 2 * (1 - share) / (2 - share)
            if found.value == 1:
                assert found.low is not None
                held.append(found.low <= truth)

    assert len(held) > 50
    assert np.mean(held) == 1


def test_f1_of_nothing_has_no_interval() -> None:
    gold = np.zeros((20, 3), dtype=bool)

    assert f1_over_texts(Marks.of_sets(gold[np.newaxis], gold), macro) == Interval(0.0)


class TestVeryManyTexts:
    """Texts are drawn in groups; the intervals and p-values are those of texts drawn one by one."""

    @pytest.fixture
    def marks(self) -> tuple[Marks, Marks]:
        """Two models of like quality and 20,000 texts, whose labels are uneven."""
        rng = np.random.default_rng(0)
        gold = rng.random((20_000, 4)) < [0.3, 0.1, 0.02, 0.001]
        one, two = (gold ^ (rng.random((1, *gold.shape)) < noise) for noise in (0.02, 0.0205))
        return Marks.of_sets(one, gold), Marks.of_sets(two, gold)

    @pytest.fixture
    def in_groups(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        """A call from which on 20,000 texts are very many."""

        def begin() -> None:
            for module in (resampling, paired):
                monkeypatch.setattr(module, "MOST_TEXTS", 10_000)

        return begin

    @pytest.mark.parametrize("name", AVERAGES)
    def test_have_the_same_interval(
        self, marks: tuple[Marks, Marks], name: str, in_groups: Callable[[], None]
    ) -> None:
        single = f1_over_texts(marks[0], AVERAGES[name])
        in_groups()

        alike(f1_over_texts(marks[0], AVERAGES[name]), single)

    def test_are_compared_alike(
        self, marks: tuple[Marks, Marks], in_groups: Callable[[], None]
    ) -> None:
        single = compare_marks(*marks)
        in_groups()
        grouped = compare_marks(*marks)

        alike(grouped.difference, single.difference)
        assert grouped.by_seed == single.by_seed

    @pytest.mark.parametrize("shift", [0.0, 0.05, 0.12])
    def test_are_told_apart_alike(self, shift: float, in_groups: Callable[[], None]) -> None:
        """Some texts, of rare labels, weigh thirty times as much as others."""
        rng = np.random.default_rng(1)
        first = rng.normal(shift, 1, (1, 20_000))
        first[0, :100] *= 30
        second = np.zeros_like(first)

        single = paired.permutation_p(first, second)
        in_groups()

        assert paired.permutation_p(first, second) == pytest.approx(single, abs=0.015)


def alike(found: Interval, wanted: Interval) -> None:
    """Asserts that two intervals are as like as those of other resamples, and not the same."""
    assert found != wanted
    assert found.value == wanted.value
    assert None not in (found.low, found.high, wanted.low, wanted.high)
    width = (wanted.high or 0) - (wanted.low or 0)
    assert found.low == pytest.approx(wanted.low, abs=0.08 * width)
    assert found.high == pytest.approx(wanted.high, abs=0.08 * width)


def test_a_label_that_no_text_has_is_left_out() -> None:
    gold, (answers,) = world(60, 0.2)
    gold[:, 2] = False

    others = np.delete(gold, 2, axis=1), np.delete(answers, 2, axis=2)

    wanted = f1_by_seed(Marks.of_sets(others[1], others[0]), macro)
    assert f1_by_seed(Marks.of_sets(answers, gold), macro) == pytest.approx(wanted)
    assert f1_values(Marks.of_sets(answers, gold)).mean(1) == pytest.approx(wanted)


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_better_model_is_told_from_a_worse_one(seeds: int) -> None:
    gold, (good, bad) = world(600, 0.05, 0.25, seeds=seeds)

    found = compare_marks(Marks.of_sets(good, gold), Marks.of_sets(bad, gold))

    assert found.difference.value > 0.2
    assert found.difference.excludes_zero()
    assert found.p_value < 0.01
    assert all(each > 0 for each in found.by_seed)


def test_a_model_beside_itself_differs_by_nothing() -> None:
    gold, (own,) = world(100, 0.2)

    found = compare_marks(Marks.of_sets(own, gold), Marks.of_sets(own.copy(), gold))

    assert found.difference.value == 0
    assert found.difference.high == -(found.difference.low or 0) < 0.02  # a hundred texts
    assert found.p_value == pytest.approx(1)


@pytest.mark.parametrize("seeds", [1, 2])
def test_where_no_text_has_a_label_models_do_not_differ(seeds: int) -> None:
    """A test split may have such texts alone: F1 is 0 for all, and a number."""
    gold, (one, two) = world(40, 0.2, 0.4, seeds=seeds)
    gold[:] = False

    found = compare_marks(Marks.of_sets(one, gold), Marks.of_sets(two, gold))

    assert f1_by_seed(Marks.of_sets(one, gold), macro).tolist() == [0] * seeds
    assert not f1_values(Marks.of_sets(one, gold)).any()
    assert found.difference.value == 0
    assert found.p_value == pytest.approx(1)


def test_equally_good_models_are_seldom_told_apart() -> None:
    told = 0
    for seed in range(40):
        gold, (one, two) = world(150, 0.2, 0.2, seed=seed, seeds=1)
        told += compare_marks(Marks.of_sets(one, gold), Marks.of_sets(two, gold)).p_value < 0.05

    assert told <= 6


def test_a_single_teacher_stands_beside_all_seeds() -> None:
    gold, (students, teacher) = world(100, 0.2, 0.1, seeds=3)

    found = compare_marks(Marks.of_sets(students, gold), Marks.of_sets(teacher[:1], gold))

    assert found.seeds == 3


def test_what_was_lost_is_told_of_each_label() -> None:
    gold = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], dtype=bool)
    teacher = gold[np.newaxis]
    student = teacher.copy()
    student[0, 1, 0] = False

    worst, other = label_losses(student, teacher, gold)

    assert (worst.label, worst.texts, worst.teacher, worst.student) == (0, 2, 1.0, 0.5)
    assert worst.lost == (1,)
    assert other.loss == 0


def entities(texts: int, *noises: int, seeds: int = 2, seed: int = 0) -> list[Marks]:
    """Returns counts of entities of three types, of models that miss and invent some."""
    rng = np.random.default_rng(seed)
    wanted = rng.poisson([0.3, 0.6, 0.1], size=(texts, 3))
    found = []
    for noise in noises:
        right = rng.binomial(wanted, 1 - noise / 10, size=(seeds, texts, 3))
        given = right + rng.poisson(noise / 20, size=right.shape)
        found.append(Marks(right, given, wanted, ENTITY_AVERAGES))
    return found


def test_entity_f1_is_that_of_all_entities_together() -> None:
    (marks,) = entities(200, 3)

    found = f1_by_seed(marks, marks.leading)

    right, given = marks.right.sum((1, 2)), marks.given.sum((1, 2))
    assert found == pytest.approx(2 * right / (given + marks.wanted.sum()))
    assert f1_values(marks).mean(1) == pytest.approx(found)


def test_models_that_find_more_entities_are_told_apart() -> None:
    good, bad = entities(600, 1, 5)

    found = compare_marks(good, bad)

    assert found.difference.excludes_zero()
    assert found.p_value < 0.01
    over_texts = f1_over_texts(good, good.leading)
    assert over_texts.low is not None
    assert over_texts.low < over_texts.value


def test_what_was_lost_is_told_of_each_type() -> None:
    wanted = np.array([[2, 0], [1, 1], [0, 0]])
    teacher = Marks(wanted[np.newaxis], wanted[np.newaxis], wanted, ENTITY_AVERAGES)
    right = wanted[np.newaxis].copy()
    right[0, 0, 0] = 1
    student = Marks(right, right, wanted, ENTITY_AVERAGES)

    worst, other = type_losses(student, teacher)

    assert (worst.label, worst.texts, worst.teacher) == (1, 3, 1.0)
    assert worst.student == pytest.approx(2 / 3)
    assert worst.lost == (0,)
    assert (other.label, other.loss) == (3, 0)
