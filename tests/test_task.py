"""What a task gives: each is held to the same promises, and to sums written by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdzoo.data import Corpus, Example, Texts
from kdzoo.objectives import bind_gold_loss, bind_objective, class_weights
from kdzoo.registry import objectives
from kdzoo.task import (
    MULTI_LABEL,
    NO_LABEL,
    SINGLE_LABEL,
    TASKS,
    Label,
    Task,
    is_labelled,
    joined_rows,
    labels_of,
    rows_of,
    task_of_problem,
)
from kdzoo.task.thresholds import label_thresholds, macro_f1, shared_threshold

OF_TEXTS = {name: task for name, task in TASKS.items() if not task.by_word}  # words: test_tokens_*
each_task = pytest.mark.parametrize("task", OF_TEXTS.values(), ids=OF_TEXTS)
LABELS = 4
sets = st.frozensets(st.integers(0, LABELS - 1)).map(lambda ids: tuple(sorted(ids)))
OF_TASK: dict[str, st.SearchStrategy[Label]] = {
    SINGLE_LABEL.name: st.integers(0, LABELS - 1),
    MULTI_LABEL.name: sets,
}


def some_logits(texts: int, seed: int = 0, scale: float = 2.0) -> npt.NDArray[np.float32]:
    """Returns random logits [N, C]."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, scale, (texts, LABELS)).astype(np.float32)


def some_gold(task: Task, texts: int, seed: int = 1) -> list[Label]:
    """Returns random gold labels, none too where there may be."""
    rng = np.random.default_rng(seed)
    if task == SINGLE_LABEL:
        return rng.integers(0, LABELS, texts).tolist()
    return [tuple(np.flatnonzero(rng.random(LABELS) < 0.4).tolist()) for _ in range(texts)]


def every_answer(task: Task) -> npt.NDArray[np.generic]:
    """Returns all answers that there are."""
    if task == SINGLE_LABEL:
        return np.arange(LABELS)
    return np.array([*product([False, True], repeat=LABELS)])


class TestRows:
    @pytest.mark.parametrize("kind", OF_TASK)
    @given(data=st.data())
    @settings(max_examples=30, deadline=None)
    def test_bring_back_what_they_were_made_of(self, kind: str, data: st.DataObject) -> None:
        labels = data.draw(st.lists(st.none() | OF_TASK[kind], max_size=8))

        assert labels_of(rows_of(labels)) == labels
        assert is_labelled(rows_of(labels)).tolist() == [each is not None for each in labels]

    @pytest.mark.parametrize("kind", OF_TASK)
    @given(data=st.data())
    @settings(max_examples=30, deadline=None)
    def test_join_to_those_of_all(self, kind: str, data: st.DataObject) -> None:
        """A part may have no labels at all, or more in a text than another."""
        parts = data.draw(
            st.lists(st.lists(st.none() | OF_TASK[kind], max_size=4), min_size=1, max_size=4)
        )

        joined = joined_rows([rows_of(part) for part in parts])

        assert labels_of(joined) == [each for part in parts for each in part]

    def test_are_kept_by_texts_with_several_labels(self) -> None:
        """Columns give the examples back, in parts, joined and hashed."""
        examples = [Example("a", label=(0, 2)), Example("b"), Example("c", label=())]

        texts = Texts.of(examples)
        joined = Texts.joined([Texts.of(examples[1:2]), Texts.of([examples[0], examples[2]])])

        assert list(texts) == examples
        assert list(joined) == [examples[1], examples[0], examples[2]]
        assert texts[2].label == ()
        assert texts.fingerprint != Texts.of([*examples[:2], Example("c", label=(1,))]).fingerprint

    def test_of_one_label_are_the_ids_that_they_always_were(self) -> None:
        """Keys are made of their bytes."""
        rows = rows_of([3, None, 0])

        assert rows.dtype == np.int64
        assert rows.tolist() == [3, NO_LABEL, 0]


@each_task
class TestAnswers:
    def test_have_probabilities_that_sum_to_one(self, task: Task) -> None:
        answers = every_answer(task)

        for row in some_logits(5):
            repeated = np.tile(row, (len(answers), 1))
            assert np.exp(task.log_probability(repeated, answers)).sum() == pytest.approx(1)

    def test_are_the_most_probable_ones(self, task: Task) -> None:
        """Without thresholds that were fitted."""
        answers, logits = every_answer(task), some_logits(20)

        given = task.answers(logits)

        for row, own in zip(logits, given, strict=True):
            known = task.log_probability(np.tile(row, (len(answers), 1)), answers)
            best = answers[known.argmax()]
            assert np.array_equal(own, best)

    def test_are_right_where_they_are_the_gold_ones(self, task: Task) -> None:
        gold = task.gold(rows_of(some_gold(task, 30)), LABELS)
        moved = np.roll(gold, 1, axis=0)

        assert task.right(gold, gold).all()
        assert task.right(moved, gold).tolist() == [
            np.array_equal(a, b) for a, b in zip(moved, gold, strict=True)
        ]

    def test_have_a_divergence_that_is_the_sum_over_all_of_them(self, task: Task) -> None:
        own, other, answers = some_logits(6, 2), some_logits(6, 3), every_answer(task)

        found = task.divergence(own, other)

        for one, two, value in zip(own, other, found, strict=True):
            student, teacher = (
                task.log_probability(np.tile(row, (len(answers), 1)), answers) for row in (one, two)
            )
            assert value == pytest.approx((np.exp(teacher) * (teacher - student)).sum(), rel=1e-6)

    def test_have_no_divergence_from_themselves_even_where_they_are_certain(
        self, task: Task
    ) -> None:
        logits = some_logits(5, scale=300.0)

        assert task.divergence(logits, logits) == pytest.approx(0, abs=1e-9)
        assert np.isfinite(task.divergence(logits, -logits)).all()

    def test_have_a_brier_score_of_nothing_where_they_are_certain_and_right(
        self, task: Task
    ) -> None:
        gold = task.gold(rows_of(some_gold(task, 10)), LABELS)
        is_there = gold if task == MULTI_LABEL else np.eye(LABELS, dtype=bool)[gold]
        logits = np.where(is_there, 100.0, -100.0)

        assert task.brier(logits, gold) == pytest.approx(0, abs=1e-9)
        assert (task.brier(-logits, gold) > 0.9).all()

    def test_are_told_apart_by_their_numbers_alone(self, task: Task) -> None:
        """In whatever file they stand, and in whatever order."""
        answers = every_answer(task)
        stored = task.stored(answers)

        numbers = task.numbers(stored, LABELS)

        assert len({*numbers.tolist()}) == len(answers)
        assert (numbers >= 0).all()
        assert np.array_equal(task.numbers(stored[::-1], LABELS), numbers[::-1])
        assert task.are_known(stored)
        assert not task.are_known(task.nothing(3))


class TestSets:
    def test_stand_in_a_file_by_the_ids_of_their_labels(self) -> None:
        answers = np.array([[True, False, False, True], [False] * 4, [False, True, False, False]])

        stored = MULTI_LABEL.stored(answers)

        assert stored.tolist() == ["0 3", "", "1"]
        assert np.array_equal(MULTI_LABEL.sets(stored, LABELS), answers)

    @pytest.mark.parametrize(
        "cell", ["4", "1 0", "1 1", "a", "1,2", " 1", "1 ", "-1", "٣", "1.0", None, 1, "9" * 30]
    )
    def test_that_are_none_are_refused(self, cell: object) -> None:
        with pytest.raises(ValueError, match=r"set of|labels"):
            MULTI_LABEL.sets(np.array(["0 1", cell], dtype=object), LABELS)

    @pytest.mark.parametrize("thresholds", [(0.5, 0.5, 0.5, 0.5), (0.1, 0.9, 0.3, 1.0)])
    def test_hold_the_labels_that_reach_their_thresholds(
        self, thresholds: tuple[float, ...]
    ) -> None:
        logits = some_logits(40)

        answers = MULTI_LABEL.answers(logits, thresholds)

        for row, own in zip(logits, answers, strict=True):
            wanted = [
                1 / (1 + math.exp(-float(x))) >= t for x, t in zip(row, thresholds, strict=True)
            ]
            assert own.tolist() == wanted

    @pytest.mark.parametrize("problem", ["single_label_classification", None, "regression", ""])
    def test_are_given_by_models_that_say_so(self, problem: str | None) -> None:
        assert task_of_problem("multi_label_classification") == MULTI_LABEL
        assert task_of_problem(problem) == SINGLE_LABEL


class TestThresholds:
    @pytest.mark.parametrize("seed", range(6))
    def test_of_a_label_give_the_best_f1_that_there_is(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        gold = rng.random((400, LABELS)) < (0.5, 0.2, 0.05, 0.9)
        probabilities = np.round(np.clip(0.4 * gold + rng.random((400, LABELS)) * 0.6, 0, 1), 2)

        found = label_thresholds(probabilities, gold)

        for label, threshold in enumerate(found):
            own, right = probabilities[:, label], gold[:, label]
            best = max(f1(own >= each, right) for each in [*np.unique(own), 2.0])
            assert f1(own >= threshold, right) == pytest.approx(best)
            assert 0 <= threshold <= 1

    def test_of_a_label_that_no_text_has_is_one_half(self) -> None:
        gold = np.zeros((5, 2), dtype=bool)

        assert label_thresholds(np.full((5, 2), 0.9), gold) == (0.5, 0.5)

    @pytest.mark.parametrize("texts", [0, 1, 9, 10])
    def test_of_a_label_that_few_texts_have_are_the_one_for_all(self, texts: int) -> None:
        """The lowest of one text or two would decide alone, and most others get the label too."""
        gold = np.zeros((100, 9), dtype=bool)
        gold[:40, :8] = gold[100 - texts :, 8] = True
        probabilities = np.where(gold, 0.8, 0.3)
        probabilities[:, 8] = 0.2 + 0.05 * gold[:, 8]

        *common, rare = label_thresholds(probabilities, gold)

        assert common == [pytest.approx(0.55)] * 8
        assert rare == (
            pytest.approx(0.225) if texts == 10 else shared_threshold(probabilities, gold)
        )
        assert (rare > 0.3) == (texts < 10)

    @pytest.mark.parametrize("seed", range(6))
    def test_of_all_together_are_those_that_trying_each_finds(self, seed: int) -> None:
        """The best macro-F1, of several the one nearest one half."""
        rng = np.random.default_rng(seed)
        gold = rng.random((80, LABELS)) < (0.3, 0.1, 0.0, 0.6)
        probabilities = np.round(np.clip(0.4 * gold + rng.random((80, LABELS)) * 0.6, 0, 1), seed)
        spread = np.quantile(probabilities, np.linspace(0, 1, 199))
        tried = {0.5, *((spread[1:] + spread[:-1]) / 2).tolist()}
        best = max(macro_f1(probabilities >= each, gold) for each in tried)

        found = shared_threshold(probabilities, gold)

        assert macro_f1(probabilities >= found, gold) == pytest.approx(best)
        assert abs(found - 0.5) == min(
            abs(each - 0.5)
            for each in tried
            if macro_f1(probabilities >= each, gold) == pytest.approx(best)
        )

    @pytest.mark.parametrize("seed", range(4))
    def test_of_all_together_are_no_worse_than_one_half(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        gold = rng.random((60, LABELS)) < 0.15
        probabilities = np.clip(0.2 * gold + rng.random((60, LABELS)) * 0.3, 0, 1)

        threshold = shared_threshold(probabilities, gold)

        assert macro_f1(probabilities >= threshold, gold) >= macro_f1(probabilities >= 0.5, gold)
        assert macro_f1(probabilities >= threshold, gold) > 0


def f1(given: npt.NDArray[np.bool_], gold: npt.NDArray[np.bool_]) -> float:
    """Returns F1 by the book, 0 where there is nothing."""
    right = int((given & gold).sum())
    total = int(given.sum() + gold.sum())
    return 2 * right / total if total else 0.0


class TestLosses:
    @each_task
    def test_on_gold_labels_are_the_answers_negative_log_probability(self, task: Task) -> None:
        """Averaged over the texts that have some."""
        logits, labels = some_logits(12), some_gold(task, 12)
        rows = torch.from_numpy(rows_of([*labels, None]))
        padded = torch.from_numpy(np.concatenate([logits, logits[:1]]))

        loss = bind_gold_loss(task)(padded, rows)

        wanted = -task.log_probability(logits, task.gold(rows_of(labels), LABELS)).mean()
        assert float(loss) == pytest.approx(wanted, rel=1e-5)

    @each_task
    def test_are_nothing_where_no_text_has_labels(self, task: Task) -> None:
        rows = rows_of([some_gold(task, 1)[0], None, None])[1:]

        loss = bind_gold_loss(task)(torch.from_numpy(some_logits(2)), torch.from_numpy(rows))

        assert float(loss) == 0

    @pytest.mark.parametrize("temperature", [1.0, 2.0, 7.0])
    def test_of_kl_are_the_divergence_between_answers(self, temperature: float) -> None:
        for task in OF_TEXTS.values():
            own, other = some_logits(9, 4), some_logits(9, 5)
            soft = bind_objective("kl", {"temperature": temperature}, task)

            loss = soft(torch.from_numpy(own), torch.from_numpy(other), torch.zeros(9, 2).long())

            wanted = task.divergence(own / temperature, other / temperature).mean() * temperature**2
            assert float(loss) == pytest.approx(wanted, rel=1e-4)

    @each_task
    @pytest.mark.parametrize("name", [*objectives.entries()])
    def test_of_an_objective_end_where_the_student_is_the_teacher(
        self, name: str, task: Task
    ) -> None:
        """Every registered one, over every task that it claims."""
        if objectives.get(name).view(task.name) is None:
            with pytest.raises(Exception, match=f"not for {task.name} data; write kl or mse"):
                bind_objective(name, {}, task)
            return
        teacher = torch.from_numpy(some_logits(8))
        student = teacher.clone().requires_grad_()
        gold = torch.from_numpy(rows_of(some_gold(task, 8)))

        bind_objective(name, {}, task)(student, teacher, gold).backward()

        assert student.grad is not None
        if name in ("kl", "mse"):
            assert student.grad.abs().max() < 1e-6


class TestWeights:
    @each_task
    def test_give_rare_labels_as_much_as_frequent_ones(self, task: Task) -> None:
        labels: list[Label] = [0] * 12 + [1] * 3 + [2] * 1
        if task == MULTI_LABEL:
            labels = [(each,) if isinstance(each, int) else each for each in labels]
        train = tuple(Example(f"text {n}", label=label) for n, label in enumerate(labels))
        corpus = Corpus(("a", "b", "c"), train, (), (), task=task)

        weights = class_weights(corpus).numpy()

        counts = np.array([12, 3, 1])
        if task == SINGLE_LABEL:
            assert weights * counts == pytest.approx(len(train) / 3)
        else:
            assert weights[0] * counts == pytest.approx(len(train) / 2)
            assert weights[1] * (len(train) - counts) == pytest.approx(len(train) / 2)

    def test_of_a_label_that_no_text_has_or_each_are_one(self) -> None:
        """There is nothing to balance; the label beside them weighs what it does by itself."""
        labels: list[Label] = [(0, 2)] * 3 + [(2,)]
        train = tuple(Example(f"text {n}", label=label) for n, label in enumerate(labels))
        corpus = Corpus(("a", "nobody's", "all's"), train, (), (), task=MULTI_LABEL)

        weights = class_weights(corpus).tolist()

        assert weights == [[pytest.approx(4 / 6), 1, 1], [2, 1, 1]]

    @each_task
    def test_that_are_all_one_change_nothing(self, task: Task) -> None:
        logits = torch.from_numpy(some_logits(10))
        gold = torch.from_numpy(rows_of(some_gold(task, 10)))
        ones = torch.ones(LABELS) if task == SINGLE_LABEL else torch.ones(2, LABELS)

        weighted = bind_gold_loss(task, weights=ones)(logits, gold)

        assert float(weighted) == pytest.approx(float(bind_gold_loss(task)(logits, gold)), rel=1e-5)
