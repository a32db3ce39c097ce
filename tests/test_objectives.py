"""What students are asked to match: held to loops written by hand, and to what is promised."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close

from kdzoo import registry
from kdzoo.data import NO_LABEL
from kdzoo.objectives import GoldFor, bind_objective, dist, distillation_loss, dkd, kl, mse
from kdzoo.objectives.total import gold_loss

seeds = st.integers(0, 10_000)
sizes = st.tuples(st.integers(1, 6), st.integers(2, 7))  # [B, C]
temperatures = st.floats(0.5, 20)

Objective = Callable[[Tensor, Tensor, Tensor], Tensor]
OBJECTIVES: dict[str, Objective] = {
    name: bind_objective(name, {}) for name in registry.objectives.entries()
}
KL = OBJECTIVES["kl"]
# a correlation is blind to scale: halfway to the teacher's logits, it may be further from it
STRAIGHT = [name for name in OBJECTIVES if name != "dist"]


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


class TestDkd:
    @given(
        size=sizes,
        seed=seeds,
        temperature=temperatures,
        weights=st.tuples(st.floats(0, 10), st.floats(0, 10)),
        missing=st.sampled_from([0.0, 0.5, 1.0]),
    )
    @settings(deadline=None, max_examples=50)
    def test_equals_a_loop(
        self,
        size: tuple[int, int],
        seed: int,
        temperature: float,
        weights: tuple[float, float],
        missing: float,
    ) -> None:
        """Zhao et al.: alpha TCKD + beta NCKD; the target is gold, or the teacher's first class."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        gold = labels(size, seed, missing)
        total = 0.0
        for own, other, label in zip(
            student.tolist(), teacher.tolist(), gold.tolist(), strict=True
        ):
            target = int(np.argmax(other)) if label == NO_LABEL else label
            q, p = softmax(own, temperature), softmax(other, temperature)
            q_rest = [x / (1 - q[target]) for i, x in enumerate(q) if i != target]
            p_rest = [x / (1 - p[target]) for i, x in enumerate(p) if i != target]
            tckd = p[target] * math.log(p[target] / q[target])
            tckd += (1 - p[target]) * math.log((1 - p[target]) / (1 - q[target]))
            nckd = sum(x * math.log(x / y) for x, y in zip(p_rest, q_rest, strict=True))
            total += weights[0] * tckd + weights[1] * nckd

        found = dkd(
            student, teacher, gold,
            temperature=temperature, target_weight=weights[0], others_weight=weights[1],
        )  # fmt: skip

        assert float(found) == pytest.approx(total / size[0] * temperature**2, abs=1e-7)

    @given(seed=seeds, classes=st.integers(2, 7), temperature=temperatures)
    @settings(deadline=None, max_examples=30)
    def test_is_kl_where_the_others_weigh_what_the_teacher_leaves_them(
        self, seed: int, classes: int, temperature: float
    ) -> None:
        """The paper's decomposition: KL = TCKD + (1 - p of the target) NCKD, row by row."""
        student, teacher = logits((1, classes), seed), logits((1, classes), seed + 1)
        gold = labels((1, classes), seed)
        left = 1 - F.softmax(teacher / temperature, dim=-1)[0, int(gold[0])]

        found = dkd(student, teacher, gold, temperature=temperature, others_weight=float(left))

        assert_close(found, kl(student, teacher, temperature=temperature))

    @given(rows=st.integers(1, 6), seed=seeds)
    @settings(deadline=None, max_examples=20)
    def test_is_kl_with_two_classes(self, rows: int, seed: int) -> None:
        """There is one other class, and nothing to tell about it."""
        student, teacher = logits((rows, 2), seed), logits((rows, 2), seed + 1)

        found = dkd(student, teacher, labels((rows, 2), seed), temperature=3.0, others_weight=9.0)

        assert_close(found, kl(student, teacher, temperature=3.0))

    @pytest.mark.parametrize("temperature", [0.5, 1.0, 8.0])
    @pytest.mark.parametrize("gold", [0, 1, 2, NO_LABEL])
    def test_stays_finite_for_extreme_logits(self, temperature: float, gold: int) -> None:
        sure, other = torch.tensor([[1e4, -1e4, 0.0]]), torch.tensor([[-1e4, 1e4, 0.0]])
        loss = partial(
            dkd, teacher_logits=other, gold=torch.tensor([gold]), temperature=temperature
        )

        assert torch.isfinite(loss(sure))
        assert torch.isfinite(gradient(loss, sure)).all()


class TestDist:
    @given(
        size=st.tuples(st.integers(2, 6), st.integers(2, 7)),
        seed=seeds,
        temperature=temperatures,
        weights=st.tuples(st.floats(0, 10), st.floats(0, 10)),
    )
    @settings(deadline=None, max_examples=50)
    def test_equals_numpys_correlations(
        self, size: tuple[int, int], seed: int, temperature: float, weights: tuple[float, float]
    ) -> None:
        """Huang et al.: one minus Pearson's r, over rows and over classes, each averaged."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        q, p = (
            np.array([softmax(row, temperature) for row in each.tolist()])
            for each in (student, teacher)
        )
        inter = np.mean([1 - np.corrcoef(a, b)[0, 1] for a, b in zip(q, p, strict=True)])
        intra = np.mean([1 - np.corrcoef(a, b)[0, 1] for a, b in zip(q.T, p.T, strict=True)])

        found = dist(
            student, teacher,
            temperature=temperature, inter_weight=weights[0], intra_weight=weights[1],
        )  # fmt: skip

        total = weights[0] * inter + weights[1] * intra
        assert float(found) == pytest.approx(total * temperature**2, rel=1e-6, abs=1e-6)

    @given(classes=st.integers(3, 7), seed=seeds)
    @settings(deadline=None, max_examples=20)
    def test_of_one_text_is_its_own_relation_alone(self, classes: int, seed: int) -> None:
        student, teacher = logits((1, classes), seed), logits((1, classes), seed + 1)

        assert_close(dist(student, teacher), dist(student, teacher, intra_weight=0.0))

    @given(rows=st.integers(1, 6), seed=seeds)
    @settings(deadline=None, max_examples=20)
    def test_with_two_classes_learns_from_the_relation_between_texts(
        self, rows: int, seed: int
    ) -> None:
        """Within a row two probabilities are correlated by 1 or -1: that is no slope."""
        student, teacher = logits((rows, 2), seed), logits((rows, 2), seed + 1)
        slope = partial(dist, teacher_logits=teacher)

        assert_close(
            gradient(slope, student),
            gradient(partial(slope, inter_weight=0.0), student),
            rtol=0,
            atol=1e-9,
        )

    def test_ranks_and_leaves_the_scale(self) -> None:
        """What the student lacks in sureness costs nothing where its probabilities go along."""
        teacher = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.1, 0.7]]).double()
        flatter = 0.5 * teacher + 0.5 / 3

        assert float(dist(flatter.log(), teacher.log())) == pytest.approx(0, abs=1e-12)
        assert float(kl(flatter.log(), teacher.log(), temperature=1.0)) > 0.01

    def test_stays_finite_for_extreme_logits(self) -> None:
        sure = torch.tensor([[1e4, -1e4, 0.0], [1e4, 0.0, 0.0]])
        loss = partial(dist, teacher_logits=sure.roll(1, dims=1))

        assert torch.isfinite(loss(sure))
        assert torch.isfinite(gradient(loss, sure)).all()


@pytest.mark.parametrize("name", STRAIGHT)
@given(size=sizes, seed=seeds)
@settings(deadline=None, max_examples=30)
def test_an_objective_leads_down_to_the_teacher(
    name: str, size: tuple[int, int], seed: int
) -> None:
    """A step halfway to the teacher's logits is better than none."""
    student, teacher = logits(size, seed), logits(size, seed + 1)
    loss = partial(OBJECTIVES[name], teacher_logits=teacher, gold=labels(size, seed, 0.5))

    assert loss((student + teacher) / 2) < loss(student)


@pytest.mark.parametrize(
    "name",
    [name for name in OBJECTIVES if not registry.objectives.get(name).needs_logits],
)
@given(size=sizes, seed=seeds)
@settings(deadline=None, max_examples=30)
def test_an_objective_that_needs_no_logits_looks_at_distributions_alone(
    name: str, size: tuple[int, int], seed: int
) -> None:
    """A constant added to a row changes nothing: the logarithms of probabilities serve as well."""
    student, teacher = logits(size, seed), logits(size, seed + 1)
    gold, shift = labels(size, seed, 0.5), logits((size[0], 1), seed + 2, scale=5)

    shifted = OBJECTIVES[name](student + shift, teacher - shift, gold)

    assert_close(shifted, OBJECTIVES[name](student, teacher, gold))


@pytest.mark.parametrize("name", OBJECTIVES)
class TestEveryObjective:
    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=30)
    def test_is_zero_and_flat_where_student_and_teacher_agree(
        self, name: str, size: tuple[int, int], seed: int
    ) -> None:
        same, gold = logits(size, seed, scale=3), labels(size, seed, 0.5)

        assert abs(float(OBJECTIVES[name](same, same, gold))) < 1e-12
        slope = gradient(lambda at: OBJECTIVES[name](at, same, gold), same)
        assert_close(slope, torch.zeros_like(same), rtol=0, atol=1e-9)

    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=30)
    def test_is_nowhere_lower_than_where_they_agree(
        self, name: str, size: tuple[int, int], seed: int
    ) -> None:
        student, teacher, gold = logits(size, seed), logits(size, seed + 1), labels(size, seed)

        assert float(OBJECTIVES[name](student, teacher, gold)) > -1e-12

    @given(size=sizes, seed=seeds, times=st.integers(2, 4))
    @settings(deadline=None, max_examples=30)
    def test_is_a_mean_over_rows(
        self, name: str, size: tuple[int, int], seed: int, times: int
    ) -> None:
        """The same rows several times weigh no more; their order does not matter."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        gold = labels(size, seed, 0.5)
        assume(name != "dist" or size[0] > 1)  # to dist, a text alone has no relation to others
        repeated = OBJECTIVES[name](
            student.repeat(times, 1).flip(0),
            teacher.repeat(times, 1).flip(0),
            gold.repeat(times).flip(0),
        )

        assert_close(repeated, OBJECTIVES[name](student, teacher, gold))

    def test_changes_neither_of_its_arguments(self, name: str) -> None:
        student, teacher = logits((3, 4), 0), logits((3, 4), 1)
        before = student.clone(), teacher.clone()

        OBJECTIVES[name](student, teacher, torch.tensor([0, 1, NO_LABEL]))

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
        soft = OBJECTIVES[name](student, teacher, gold)
        mixed = alpha * gold_loss(student, gold) + (1 - alpha) * soft

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
                soft=KL,
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
        mixed = partial(distillation_loss, gold=gold, teacher_logits=teacher, soft=KL, alpha=0.25)

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
                soft=None if lacking == "objective" else KL,
                alpha=0.5,
            )


chosen_rows = st.builds(GoldFor, st.lists(st.integers(0, 6), max_size=3).map(tuple), st.booleans())


class TestGoldFor:
    @given(size=sizes, seed=seeds, gold_for=chosen_rows, missing=st.sampled_from([0.0, 0.5, 1.0]))
    @settings(deadline=None, max_examples=50)
    def test_is_said_of_each_row_by_itself(
        self, size: tuple[int, int], seed: int, gold_for: GoldFor, missing: float
    ) -> None:
        teacher, gold = logits(size, seed), labels(size, seed, missing)
        wanted = [
            label != NO_LABEL
            and (label in gold_for.classes or (gold_for.wrong and label != int(np.argmax(row))))
            for label, row in zip(gold.tolist(), teacher.tolist(), strict=True)
        ]

        assert gold_for.rows(gold, teacher).tolist() == wanted

    @pytest.mark.parametrize("name", [name for name in OBJECTIVES if name != "dist"])
    @given(size=sizes, seed=seeds, gold_for=chosen_rows, missing=st.sampled_from([0.0, 0.5, 1.0]),
           alpha=st.sampled_from([0.0, 0.3]))  # fmt: skip
    @settings(deadline=None, max_examples=30)
    def test_gives_each_row_its_own_target_and_the_same_weight(
        self,
        name: str,
        size: tuple[int, int],
        seed: int,
        gold_for: GoldFor,
        missing: float,
        alpha: float,
    ) -> None:
        """The mean over rows of cross entropy with gold labels, or of the soft loss of one row."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        gold = labels(size, seed, missing)
        by_gold = gold_for.rows(gold, teacher)
        total = torch.zeros(())
        for row in range(size[0]):
            one = slice(row, row + 1)
            own, other, label = student[one], teacher[one], gold[one]
            soft = OBJECTIVES[name](own, other, label)
            total = total + (F.cross_entropy(own, label) if by_gold[row] else soft)
        wanted = alpha * gold_loss(student, gold) + (1 - alpha) * total / size[0]

        found = distillation_loss(
            student, gold, teacher, soft=OBJECTIVES[name], alpha=alpha, gold_for=gold_for
        )

        assert_close(found, wanted, check_dtype=False)

    @pytest.mark.parametrize("name", OBJECTIVES)
    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=20)
    def test_for_all_rows_is_hard_labels(self, name: str, size: tuple[int, int], seed: int) -> None:
        """The teacher then teaches nothing, and a batch without soft rows is no error."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        gold, every = labels(size, seed), GoldFor(tuple(range(size[1])), wrong=False)
        loss = partial(
            distillation_loss, gold=gold, teacher_logits=teacher, soft=OBJECTIVES[name], alpha=0.0
        )

        found = gradient(partial(loss, gold_for=every), student)

        assert_close(found, gradient(lambda at: F.cross_entropy(at, gold), student))

    @pytest.mark.parametrize("name", OBJECTIVES)
    @given(size=sizes, seed=seeds)
    @settings(deadline=None, max_examples=20)
    def test_for_no_row_changes_nothing(self, name: str, size: tuple[int, int], seed: int) -> None:
        """Unlabelled and augmented texts stay the teacher's, whatever is asked."""
        student, teacher = logits(size, seed), logits(size, seed + 1)
        gold, every = labels(size, seed, missing=1.0), GoldFor(tuple(range(7)), wrong=True)
        loss = partial(distillation_loss, student, gold, teacher, soft=OBJECTIVES[name], alpha=0.0)

        assert_close(loss(gold_for=every), loss(), check_dtype=False)
