"""What students are asked to match: held to loops written by hand, and to what is promised."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close

from kdzoo import registry
from kdzoo.data import NO_LABEL
from kdzoo.objectives import distillation_loss, kl, mse
from kdzoo.objectives.total import gold_loss

seeds = st.integers(0, 10_000)
sizes = st.tuples(st.integers(1, 6), st.integers(2, 7))  # [B, C]
temperatures = st.floats(0.5, 20)

Objective = Callable[[Tensor, Tensor], Tensor]
OBJECTIVES: dict[str, Objective] = {
    name: entry.value for name, entry in registry.objectives.entries().items()
}


def logits(size: tuple[int, int], seed: int, scale: float = 1.0) -> Tensor:
    """Returns random logits in double precision."""
    return scale * torch.randn(size, generator=torch.Generator().manual_seed(seed)).double()


def labels(size: tuple[int, int], seed: int, missing: float = 0.0) -> Tensor:
    """Returns random gold labels, this share of them missing."""
    generator = torch.Generator().manual_seed(seed)
    gold = torch.randint(0, size[1], (size[0],), generator=generator)
    return gold.masked_fill(torch.rand(size[0], generator=generator) < missing, NO_LABEL)


def gradient(loss: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Returns the gradient of the loss with respect to the student's logits."""
    student = at.clone().requires_grad_()
    (found,) = torch.autograd.grad(loss(student), student)
    return found


def softmax(row: list[float], temperature: float) -> list[float]:
    """Returns the distribution of one row, by the book."""
    powers = [math.exp(value / temperature) for value in row]
    return [power / sum(powers) for power in powers]


class TestKl:
    @given(size=sizes, seed=seeds, temperature=temperatures)
    @settings(deadline=None, max_examples=50)
    def test_equals_a_loop(self, size: tuple[int, int], seed: int, temperature: float) -> None:
        """Summed over classes, averaged over rows, times T squared."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        total = 0.0
        for own, other in zip(student.tolist(), teacher.tolist(), strict=True):
            pairs = zip(softmax(other, temperature), softmax(own, temperature), strict=True)
            total += sum(p * math.log(p / q) for p, q in pairs)

        found = kl(student, teacher, temperature=temperature)

        assert float(found) == pytest.approx(total / size[0] * temperature**2, abs=1e-9)

    @given(size=sizes, seed=seeds, temperature=temperatures)
    @settings(deadline=None, max_examples=30)
    def test_is_positive_where_the_two_differ(
        self, size: tuple[int, int], seed: int, temperature: float
    ) -> None:
        assert kl(logits(size, seed), logits(size, seed + 1), temperature=temperature) > 0

    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=30)
    def test_looks_at_distributions_alone(self, size: tuple[int, int], seed: int) -> None:
        """A constant added to a row of logits changes nothing."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        shift = logits((size[0], 1), seed + 2, scale=5)

        assert_close(kl(student + shift, teacher - shift), kl(student, teacher))

    @given(seed=seeds)
    @settings(deadline=None, max_examples=20)
    def test_keeps_the_size_of_its_gradient_when_the_temperature_grows(self, seed: int) -> None:
        """For small logits the norms at T of 1, 2, 4 and 8 lie within a factor of two."""
        student, teacher = logits((8, 5), seed, 0.5), logits((8, 5), seed + 1, 0.5)

        norms = [
            float(gradient(partial(kl, teacher_logits=teacher, temperature=t), student).norm())
            for t in (1.0, 2.0, 4.0, 8.0)
        ]

        assert max(norms) < 2 * min(norms)

    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=30)
    def test_becomes_the_squared_difference_of_centred_logits(
        self, size: tuple[int, int], seed: int
    ) -> None:
        """In the limit of high temperature (Hinton et al., 2015), half of its mean over classes."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        difference = student - teacher
        centred = difference - difference.mean(1, keepdim=True)

        found = kl(student, teacher, temperature=1e4)

        assert_close(found, centred.square().mean() / 2, rtol=1e-3, atol=1e-6)

    @pytest.mark.parametrize("temperature", [0.5, 1.0, 8.0])
    def test_stays_finite_for_extreme_logits(self, temperature: float) -> None:
        """A baseline that rules a class out gives it -1e4; single precision must bear it."""
        sure, other = torch.tensor([[1e4, -1e4, 0.0]]), torch.tensor([[-1e4, 1e4, 0.0]])
        loss = partial(kl, teacher_logits=other, temperature=temperature)

        assert torch.isfinite(loss(sure))
        assert torch.isfinite(gradient(loss, sure)).all()


class TestMse:
    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=50)
    def test_equals_a_loop(self, size: tuple[int, int], seed: int) -> None:
        """Averaged over classes and over rows."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        total = 0.0
        for own, other in zip(student.tolist(), teacher.tolist(), strict=True):
            total += sum((s - t) ** 2 for s, t in zip(own, other, strict=True)) / size[1]

        assert float(mse(student, teacher)) == pytest.approx(total / size[0])

    @given(size=sizes, seed=seeds, times=st.integers(2, 4))
    @settings(deadline=None, max_examples=30)
    def test_does_not_grow_with_the_number_of_classes(
        self, size: tuple[int, int], seed: int, times: int
    ) -> None:
        student, teacher = logits(size, seed), logits(size, seed + 1)

        repeated = mse(student.repeat(1, times), teacher.repeat(1, times))

        assert_close(repeated, mse(student, teacher))


@pytest.mark.parametrize("name", OBJECTIVES)
class TestEveryObjective:
    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=30)
    def test_is_zero_and_flat_where_student_and_teacher_agree(
        self, name: str, size: tuple[int, int], seed: int
    ) -> None:
        same = logits(size, seed, scale=3)

        assert abs(float(OBJECTIVES[name](same, same))) < 1e-12
        slope = gradient(lambda at: OBJECTIVES[name](at, same), same)
        assert_close(slope, torch.zeros_like(same), rtol=0, atol=1e-9)

    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=30)
    def test_leads_down_to_the_teacher(self, name: str, size: tuple[int, int], seed: int) -> None:
        """A step halfway to the teacher's logits is better than none."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        loss = OBJECTIVES[name]

        assert loss((student + teacher) / 2, teacher) < loss(student, teacher)

    @given(size=sizes, seed=seeds, times=st.integers(2, 4))
    @settings(deadline=None, max_examples=30)
    def test_is_a_mean_over_rows(
        self, name: str, size: tuple[int, int], seed: int, times: int
    ) -> None:
        """The same rows several times weigh no more; their order does not matter."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        repeated = OBJECTIVES[name](
            student.repeat(times, 1).flip(0), teacher.repeat(times, 1).flip(0)
        )

        assert_close(repeated, OBJECTIVES[name](student, teacher))

    def test_changes_neither_of_its_arguments(self, name: str) -> None:
        student, teacher = logits((3, 4), 0), logits((3, 4), 1)
        before = student.clone(), teacher.clone()

        OBJECTIVES[name](student, teacher)

        assert torch.equal(student, before[0])
        assert torch.equal(teacher, before[1])

    def test_says_what_it_is(self, name: str) -> None:
        """Its first sentence stands in ``kdzoo list``."""
        assert registry.objectives.get(name).summary.endswith(".")


class TestGoldLoss:
    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=30)
    def test_is_cross_entropy_over_the_rows_that_have_a_label(
        self, size: tuple[int, int], seed: int
    ) -> None:
        student, gold = logits(size, seed), labels(size, seed, missing=0.5)
        rows = gold != NO_LABEL

        found = gold_loss(student, gold)

        if rows.any():
            assert_close(found, F.cross_entropy(student[rows], gold[rows]))
        else:
            assert float(found) == 0
        assert not gradient(lambda at: gold_loss(at, gold), student)[~rows].any()


class TestDistillationLoss:
    @pytest.mark.parametrize("name", OBJECTIVES)
    @given(size=sizes, seed=seeds, alpha=st.floats(0, 1), missing=st.sampled_from([0.0, 0.5, 1.0]))
    @settings(deadline=None, max_examples=30)
    def test_mixes_gold_and_teacher_by_alpha(
        self, name: str, size: tuple[int, int], seed: int, alpha: float, missing: float
    ) -> None:
        student, teacher = logits(size, seed), logits(size, seed + 1)
        gold = labels(size, seed, missing)
        mixed = alpha * gold_loss(student, gold) + (1 - alpha) * OBJECTIVES[name](student, teacher)

        found = distillation_loss(student, gold, teacher, soft=OBJECTIVES[name], alpha=alpha)

        assert found.shape == ()
        assert_close(found, mixed, check_dtype=False)

    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=30)
    def test_without_labels_equals_labels_of_no_weight(
        self, size: tuple[int, int], seed: int
    ) -> None:
        """With alpha 0 the gold labels might as well not be there, in loss and in gradient."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        with_labels, without = (
            partial(
                distillation_loss,
                gold=labels(size, seed, missing),
                teacher_logits=teacher,
                soft=kl,
                alpha=0.0,
            )
            for missing in (0.0, 1.0)
        )

        assert torch.equal(with_labels(student), without(student))
        assert torch.equal(gradient(with_labels, student), gradient(without, student))

    def test_gives_unlabelled_rows_the_teacher_alone(self) -> None:
        """Such a row's gradient is that of the soft loss, scaled by its weight."""
        student, teacher = logits((2, 3), 0), logits((2, 3), 1)
        gold = torch.tensor([1, NO_LABEL])
        mixed = partial(distillation_loss, gold=gold, teacher_logits=teacher, soft=kl, alpha=0.25)

        found = gradient(mixed, student)
        soft = gradient(lambda at: 0.75 * kl(at, teacher), student)

        assert_close(found[1], soft[1])
        assert not torch.allclose(found[0], soft[0])

    def test_on_hard_labels_needs_no_teacher(self) -> None:
        student, gold = logits((4, 3), 0), labels((4, 3), 0)

        found = distillation_loss(student, gold, None, soft=None, alpha=1.0)

        assert_close(found, F.cross_entropy(student, gold), check_dtype=False)

    @pytest.mark.parametrize("lacking", ["teacher", "objective"])
    def test_below_alpha_1_refuses_to_go_without_a_teacher(self, lacking: str) -> None:
        """Otherwise a student would silently learn from less than its recipe says."""
        student, gold = logits((4, 3), 0), labels((4, 3), 0)

        with pytest.raises(ValueError, match="needs an objective and teacher logits"):
            distillation_loss(
                student,
                gold,
                None if lacking == "teacher" else student,
                soft=None if lacking == "objective" else kl,
                alpha=0.5,
            )
