"""The loop: its order, its rates, its best weights, and that an interruption changes nothing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from tiny_models import context_of, pruned_vocabulary, some_texts
from tiny_world import LABELS
from torch import Tensor, nn
from torch.testing import assert_close

from kdzoo.errors import ModelError, TrainingError
from kdzoo.model import MappedEncodings, build_student, predict_logits
from kdzoo.objectives import bind_objective, distillation_loss, hidden_loss
from kdzoo.progress import Silent
from kdzoo.text import Encoded
from kdzoo.training import (
    BatchOrder,
    TrainingPlan,
    TrainingResult,
    TrainingSet,
    make_accelerator,
    train,
)
from kdzoo.training.average import WeightAverage
from kdzoo.training.checkpoint import resume
from kdzoo.training.optimizer import make_optimizer

KL = bind_objective("kl", {})

lengths_of_texts = st.lists(st.integers(1, 40), min_size=1, max_size=300).map(np.array)
batch_sizes = st.integers(1, 40)
seeds = st.integers(0, 2**31)


class TestBatchOrder:
    @settings(deadline=None, max_examples=50)
    @given(lengths=lengths_of_texts, batch_size=batch_sizes, seed=seeds, epoch=st.integers(0, 5))
    def test_shows_each_text_once_an_epoch(
        self, lengths: Any, batch_size: int, seed: int, epoch: int
    ) -> None:
        order = BatchOrder(lengths, batch_size, seed)
        first = epoch * order.steps_per_epoch

        batches = [order.rows(first + step) for step in range(order.steps_per_epoch)]

        assert sorted(itertools.chain(*batches)) == list(range(len(lengths)))
        assert all(1 <= len(batch) <= batch_size for batch in batches)
        assert sum(len(batch) < batch_size for batch in batches) <= 1

    @settings(deadline=None, max_examples=50)
    @given(
        lengths=lengths_of_texts,
        batch_size=batch_sizes,
        seed=seeds,
        steps=st.lists(st.integers(0, 400), min_size=1, max_size=12),
    )
    def test_of_a_step_depends_on_seed_and_step_alone(
        self, lengths: Any, batch_size: int, seed: int, steps: list[int]
    ) -> None:
        """Whatever was asked before: a resumed run goes on with the very same batches."""
        order = BatchOrder(lengths, batch_size, seed)

        for step in steps:
            alone = BatchOrder(lengths, batch_size, seed).rows(step)
            assert np.array_equal(order.rows(step), alone)

    def test_changes_with_seed_and_epoch(self) -> None:
        lengths = np.ones(64, dtype=np.int64)
        order = BatchOrder(lengths, 64, seed=0)

        rows = [order.rows(0), order.rows(1), BatchOrder(lengths, 64, seed=1).rows(0)]

        assert all(not np.array_equal(a, b) for a, b in itertools.combinations(rows, 2))

    def test_puts_texts_of_like_length_together_and_shuffles_the_batches(self) -> None:
        """Batches pad far less than drawn ones would, and do not come sorted by their length."""
        lengths = np.random.default_rng(0).integers(1, 100, 2000)
        order = BatchOrder(lengths, 16, seed=0)

        batches = [lengths[order.rows(step)] for step in range(order.steps_per_epoch)]

        padding = sum(int((batch.max() - batch).sum()) for batch in batches)
        drawn = np.random.default_rng(1).permutation(lengths).reshape(-1, 16)
        assert padding < 0.1 * (drawn.max(1, keepdims=True) - drawn).sum()
        means = [float(batch.mean()) for batch in batches]
        assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3


def plan_of(**changes: Any) -> TrainingPlan:
    numbers: dict[str, Any] = {
        "steps": 24, "batch_size": 8, "learning_rate": 1e-2, "weight_decay": 0.01, "warmup": 0.1,
        "max_grad_norm": 1.0, "select_by": "accuracy", "evaluations": 4, "checkpoint_every": 5,
        "seed": 0,
    }  # fmt: skip
    return TrainingPlan(**{**numbers, **changes})


class TestRate:
    @settings(deadline=None, max_examples=50)
    @given(steps=st.integers(2, 500), warmup=st.floats(0, 0.9), peak=st.floats(1e-6, 1.0))
    def test_rises_over_the_warm_up_and_falls_to_almost_nothing(
        self, steps: int, warmup: float, peak: float
    ) -> None:
        falls = steps - round(warmup * steps)
        assume(falls > 0)
        plan = plan_of(steps=steps, warmup=warmup, learning_rate=peak)
        rates = [plan.rate(step) for step in range(steps)]
        top = int(np.argmax(rates))

        assert max(rates) == pytest.approx(peak)
        assert abs(top - max(0, round(warmup * steps) - 1)) <= 1
        assert all(a < b for a, b in itertools.pairwise(rates[: top + 1]))
        assert all(a >= b for a, b in itertools.pairwise(rates[top:]))
        assert min(rates) > 0
        assert rates[-1] == pytest.approx(peak / falls)

    @pytest.mark.parametrize("steps", [1, 2, 7])
    def test_is_sane_when_all_is_warm_up(self, steps: int) -> None:
        rates = [plan_of(steps=steps, warmup=1.0, learning_rate=1.0).rate(i) for i in range(steps)]

        assert rates == pytest.approx([(i + 1) / steps for i in range(steps)])


class TestEvaluations:
    @settings(deadline=None, max_examples=50)
    @given(steps=st.integers(1, 3000), evaluations=st.integers(1, 50))
    def test_come_as_often_as_asked_and_always_at_the_end(
        self, steps: int, evaluations: int
    ) -> None:
        plan = plan_of(steps=steps, evaluations=evaluations)

        at = [step for step in range(1, steps + 1) if plan.is_evaluation(step)]

        assert at[-1] == steps
        assert len(at) == min(steps, evaluations)


class World:
    """Texts, a teacher's logits, and a student with dropout: all that a training needs."""

    def __init__(self, teacher: Path) -> None:
        texts = some_texts(40)
        vocabulary = pruned_vocabulary(teacher, texts, special_tokens=False)
        self.context = context_of(vocabulary, teacher)
        from kdzoo.text import encode

        self.encoded: Encoded = encode(vocabulary.tokenizer, texts, vocabulary.pad_id)
        rng = np.random.default_rng(0)
        self.gold = rng.integers(0, len(LABELS), 40)
        self.data = TrainingSet(
            self.encoded, self.gold, rng.normal(0, 3, (40, len(LABELS))).astype(np.float16)
        )

    def student(self, **changes: Any) -> Any:
        options = {"dim": 6, "hidden": 5, "head": 4, "dropout": 0.4, **changes}
        return build_student("bilstm", options, self.context, None, seed=0)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        logits = predict_logits(model, self.encoded)
        return {"accuracy": float((logits.argmax(1) == self.gold).mean())}

    def train(
        self,
        model: nn.Module,
        plan: TrainingPlan,
        *,
        evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
        checkpoint: Path | None = None,
        progress: Any = None,
        further_loss: Any = None,
    ) -> TrainingResult:
        def loss(logits: Tensor, gold: Tensor, teacher: Tensor | None) -> Tensor:
            return distillation_loss(logits, gold, teacher, soft=KL, alpha=0.3)

        return train(
            model,
            self.data,
            plan,
            loss,
            evaluate or self.evaluate,
            accelerator=make_accelerator(),
            progress=progress or Silent(),
            description="a student",
            checkpoint=checkpoint,
            further_loss=further_loss,
        )


@pytest.fixture(scope="module")
def world(tiny_teacher: Path) -> World:
    return World(tiny_teacher)


class StopsAfter(Silent):
    """A progress whose bar raises after so many steps of this process."""

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.started_at: int | None = None

    @contextmanager
    def task(
        self, description: str, total: int, done: int = 0, unit: str = "steps"
    ) -> Iterator[StopsAfter]:
        self.started_at = done
        yield self

    def advance(self, steps: int = 1, note: str = "") -> None:
        self.left -= steps
        if self.left < 0:
            raise KeyboardInterrupt


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


@pytest.fixture(scope="module")
def whole(world: World, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run that nothing interrupted: its weights and its result."""
    model = world.student()
    path = tmp_path_factory.mktemp("whole") / "checkpoint.safetensors"
    return model, world.train(model, plan_of(), checkpoint=path)


class TestInterruption:
    @pytest.mark.parametrize("after", [0, 3, 4, 5, 6, 9, 10, 13, 19, 20, 21, 23])
    def test_anywhere_changes_no_weight_and_no_figure(
        self, world: World, whole: Any, tmp_path: Path, after: int
    ) -> None:
        """Stopped after so many steps and started again, it ends as if never stopped."""
        path = tmp_path / "checkpoint.safetensors"
        with pytest.raises(KeyboardInterrupt):
            world.train(world.student(), plan_of(), checkpoint=path, progress=StopsAfter(after))

        torch.rand(11)  # the new process has drawn other numbers by now
        model = world.student()
        result = world.train(model, plan_of(), checkpoint=path)

        whole_model, whole_result = whole
        assert same_weights(model, whole_model)
        assert result.history == whole_result.history
        assert result.best_step == whole_result.best_step
        assert result.resumed_at in (after - after % 5, after - after % 5 + 5)

    @pytest.mark.parametrize("averaged", [0.0, 0.5])
    def test_of_a_student_beside_its_teachers_vectors_changes_nothing_either(
        self, world: World, tmp_path: Path, averaged: float
    ) -> None:
        """The map to the vectors' width goes on from where it was, too."""
        vectors = torch.randn(40, 7, generator=torch.Generator().manual_seed(1))
        plan = plan_of(average_weights=averaged)

        def trained(progress: Any = None, checkpoint: Path | None = None) -> Any:
            model = world.student()
            torch.manual_seed(3)
            mapped = MappedEncodings(model, 7)
            world.train(
                model,
                plan,
                checkpoint=checkpoint,
                progress=progress,
                further_loss=lambda rows: hidden_loss(mapped.last(), vectors[rows]),
            )
            return model

        path = tmp_path / "checkpoint.safetensors"
        with pytest.raises(KeyboardInterrupt):
            trained(StopsAfter(17), path)

        assert same_weights(trained(checkpoint=path), trained())

    def test_of_one_process_is_gone_on_with_by_more(self, world: World, tmp_path: Path) -> None:
        """A process that the checkpoint holds no random state of keeps the one that it has."""
        path = tmp_path / "checkpoint.safetensors"
        with pytest.raises(KeyboardInterrupt):
            world.train(world.student(), plan_of(), checkpoint=path, progress=StopsAfter(12))
        with safe_open(path, framework="pt") as file:
            kept = {name for name in file.keys() if name.startswith("rng/")}  # noqa: SIM118
        model = world.student()
        optimizer, average = make_optimizer(model, plan_of()), WeightAverage(model, plan_of())

        points, moved = [], []
        for process in (0, 1):
            before = torch.get_rng_state()
            points.append(resume(path, model, optimizer, average, process).step)
            moved.append(not torch.equal(before, torch.get_rng_state()))

        assert kept <= {"rng/cpu", "rng/cuda"}
        assert points == [10, 10]
        assert moved == [True, False]

    def test_again_and_again_changes_nothing_either(
        self, world: World, whole: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / "checkpoint.safetensors"
        attempts = 0
        while True:
            attempts += 1
            model = world.student()
            try:
                result = world.train(model, plan_of(), checkpoint=path, progress=StopsAfter(7))
                break
            except KeyboardInterrupt:
                assert attempts < 20

        assert attempts > 3
        assert same_weights(model, whole[0])
        assert result.history == whole[1].history

    def test_between_the_last_step_and_saving_trains_no_step_more(
        self, world: World, whole: Any, tmp_path: Path
    ) -> None:
        """A run that was done, but not yet saved, gives its best weights at once."""
        path = tmp_path / "checkpoint.safetensors"
        plan = plan_of(checkpoint_every=24)
        world.train(world.student(), plan, checkpoint=path)

        model = world.student()
        progress = StopsAfter(0)
        result = world.train(model, plan, checkpoint=path, progress=progress)

        assert progress.started_at == result.resumed_at == 24
        assert same_weights(model, whole[0])

    def test_that_left_half_a_file_does_no_harm(
        self, world: World, whole: Any, tmp_path: Path
    ) -> None:
        """A process that dies while it writes leaves the last whole checkpoint in its place."""
        path = tmp_path / "checkpoint.safetensors"
        with pytest.raises(KeyboardInterrupt):
            world.train(world.student(), plan_of(), checkpoint=path, progress=StopsAfter(12))
        path.with_suffix(".partial").write_bytes(path.read_bytes()[:100])

        model = world.student()
        result = world.train(model, plan_of(), checkpoint=path)

        assert result.resumed_at == 10
        assert same_weights(model, whole[0])

    @pytest.mark.parametrize("share", [0.0, 0.5])
    def test_with_a_damaged_checkpoint_starts_from_the_beginning(
        self, world: World, whole: Any, tmp_path: Path, share: float
    ) -> None:
        """A file that the disk lost half of is not a reason to give up, nor to train from it."""
        path = tmp_path / "checkpoint.safetensors"
        with pytest.raises(KeyboardInterrupt):
            world.train(world.student(), plan_of(), checkpoint=path, progress=StopsAfter(12))
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

        model = world.student()
        result = world.train(model, plan_of(), checkpoint=path)

        assert result.resumed_at == 0
        assert same_weights(model, whole[0])

    def test_without_a_checkpoint_needs_no_file(
        self, world: World, whole: Any, tmp_path: Path
    ) -> None:
        """Whether there is a place to resume from changes no weight."""
        model = world.student()
        world.train(model, plan_of())

        assert same_weights(model, whole[0])
        assert list(tmp_path.iterdir()) == []


class TestCheckpointFile:
    @pytest.fixture
    def file(self, world: World, tmp_path: Path) -> Path:
        path = tmp_path / "checkpoint.safetensors"
        with pytest.raises(KeyboardInterrupt):
            world.train(world.student(), plan_of(), checkpoint=path, progress=StopsAfter(16))
        return path

    def test_is_safetensors_from_the_first_byte_to_the_last(self, file: Path) -> None:
        """Tensors and JSON, nothing that could run code: no pickle anywhere."""
        content = file.read_bytes()
        header = int.from_bytes(content[:8], "little")
        with safe_open(file, framework="pt") as opened:
            tensors = [opened.get_tensor(name) for name in opened.keys()]  # noqa: SIM118

        data = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        assert len(content) == 8 + header + data
        assert content[8:9] == b"{"
        assert not content.startswith((b"PK", b"\x80"))

    def test_is_alone_in_its_folder(self, file: Path) -> None:
        """What was written beside its place was moved there."""
        assert list(file.parent.iterdir()) == [file]

    def test_holds_the_best_weights_beside_the_last(self, file: Path) -> None:
        with safe_open(file, framework="pt") as opened:
            names = list(opened.keys())
        parts = {name.partition("/")[0] for name in names}

        assert parts == {"model", "best", "optimizer", "rng"}

    @pytest.mark.parametrize(("after", "holds"), [(17, False), (22, True)])
    def test_holds_the_average_once_there_is_one(
        self, world: World, tmp_path: Path, after: int, holds: bool
    ) -> None:
        """Averaged from the nineteenth step on; kept every third."""
        path = tmp_path / "checkpoint.safetensors"
        plan = plan_of(average_weights=0.25, checkpoint_every=3)
        with pytest.raises(KeyboardInterrupt):
            world.train(world.student(), plan, checkpoint=path, progress=StopsAfter(after))
        with safe_open(path, framework="pt") as opened:
            parts = {name.partition("/")[0] for name in opened.keys()}  # noqa: SIM118

        assert ("average" in parts) == holds


class TestBestWeights:
    @pytest.mark.parametrize(
        ("scores", "best"),
        [
            ([0.1, 0.9, 0.3, 0.2], 2),
            ([0.9, 0.8, 0.7, 0.6], 1),
            ([0.1, 0.2, 0.3, 0.4], 4),
            ([0.5, 0.9, 0.9, 0.1], 3),  # of equals, the one that was trained longer
            ([0.0, 0.0, 0.0, 0.0], 4),
        ],
    )
    def test_are_those_of_the_best_evaluation(
        self, world: World, scores: list[float], best: int
    ) -> None:
        seen: list[dict[str, Tensor]] = []

        def evaluate(model: nn.Module) -> dict[str, float]:
            seen.append({name: each.clone() for name, each in model.state_dict().items()})
            return {"accuracy": scores[len(seen) - 1]}

        model = world.student()
        result = world.train(model, plan_of(), evaluate=evaluate)

        assert len(seen) == 4
        assert result.best_step == 6 * best
        kept = model.state_dict()
        assert [all(torch.equal(kept[k], each[k]) for k in kept) for each in seen] == [
            number == best for number in range(1, 5)
        ]

    def test_are_the_last_ones_if_the_recipe_says_so(self, world: World) -> None:
        seen: list[dict[str, Tensor]] = []

        def evaluate(model: nn.Module) -> dict[str, float]:
            seen.append({name: each.clone() for name, each in model.state_dict().items()})
            return {"accuracy": 1.0 / len(seen)}

        model = world.student()
        result = world.train(model, plan_of(select_by="last"), evaluate=evaluate)

        assert result.best_step == 24
        kept = model.state_dict()
        assert all(torch.equal(kept[name], seen[-1][name]) for name in kept)

    def test_may_be_chosen_by_another_figure(self, world: World) -> None:
        figures = [{"accuracy": 0.9, "macro_f1": 0.1}, {"accuracy": 0.1, "macro_f1": 0.9}]
        calls = iter(figures)

        result = world.train(
            world.student(),
            plan_of(select_by="macro_f1", evaluations=2),
            evaluate=lambda _: next(calls),
        )

        assert result.best_step == 24

    def test_leave_the_model_ready_to_answer(self, world: World) -> None:
        """Dropout is off when training is over."""
        model = world.student()
        world.train(model, plan_of(steps=2))

        assert not any(module.training for module in model.modules())


class TestHistory:
    def test_has_step_loss_and_figures_of_each_evaluation(self, world: World) -> None:
        history = world.train(world.student(), plan_of(steps=24, evaluations=3)).history

        assert [point["step"] for point in history] == [8, 16, 24]
        assert all(point.keys() == {"step", "loss", "accuracy"} for point in history)
        assert all(math.isfinite(point["loss"]) for point in history)

    def test_shows_a_loss_that_falls(self, world: World) -> None:
        model = world.student(dim=32, hidden=32, head=32, dropout=0.0)

        history = world.train(model, plan_of(steps=100, evaluations=5)).history

        assert history[-1]["loss"] < 0.7 * history[0]["loss"]


class TestNoNumber:
    def test_is_an_error_with_the_step_and_what_to_try(self, world: World) -> None:
        """A loss that is no longer a number ends the training with its name, not with nonsense."""
        with pytest.raises(TrainingError) as caught:
            world.train(world.student(), plan_of(learning_rate=1e30, steps=40, warmup=0.0))

        message = str(caught.value)
        assert message.startswith("a student: the loss is nan")
        assert "at step" in message
        assert "learning_rate" in message

    def test_leaves_no_checkpoint_that_a_second_start_would_resume(
        self, world: World, tmp_path: Path
    ) -> None:
        """Weights that are no numbers are never saved; a gentler recipe starts from sane ones."""
        path = tmp_path / "checkpoint.safetensors"
        with pytest.raises(TrainingError):
            world.train(world.student(), plan_of(learning_rate=1e30, warmup=0.0), checkpoint=path)

        result = world.train(world.student(), plan_of(), checkpoint=path)

        assert all(math.isfinite(point["loss"]) for point in result.history)


def test_steps_to_accumulate_that_the_environment_names_change_no_weight(
    world: World, whole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accelerate reads them, and would divide each step's gradient by them."""
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4")
    model = world.student()

    world.train(model, plan_of())

    assert same_weights(model, whole[0])


def test_the_same_seed_gives_the_same_weights_and_another_other_ones(world: World) -> None:
    """The plan's seed decides batches and dropout, whatever was drawn before."""
    models = []
    for seed in (1, 1, 2):
        model = world.student()
        torch.rand(3)
        world.train(model, plan_of(seed=seed))
        models.append(model)

    assert same_weights(models[0], models[1])
    assert not same_weights(models[0], models[2])


def raw_weights(world: World, **changes: Any) -> list[dict[str, Tensor]]:
    """Returns the weights after each step of a run whose weights are not averaged."""
    seen: list[dict[str, Tensor]] = []

    def evaluate(model: nn.Module) -> dict[str, float]:
        seen.append({name: each.clone() for name, each in model.state_dict().items()})
        return {"accuracy": 0.0}

    plan = plan_of(evaluations=24, select_by="last", **changes)
    world.train(world.student(), plan, evaluate=evaluate)
    return seen


class TestAveragedWeights:
    @pytest.mark.parametrize(("share", "steps"), [(1e-6, 1), (0.1, 3), (0.5, 12), (1.0, 24)])
    def test_are_the_mean_over_the_last_steps(self, world: World, share: float, steps: int) -> None:
        last = raw_weights(world)[-steps:]

        model = world.student()
        world.train(model, plan_of(average_weights=share, select_by="last"))

        for name, found in model.state_dict().items():
            assert_close(found, torch.stack([each[name] for each in last]).mean(0))

    def test_are_what_is_evaluated_and_kept(self, world: World) -> None:
        """Whichever evaluation is the best: what was looked at is what is left."""
        for best in range(1, 5):
            seen: list[dict[str, Tensor]] = []

            def evaluate(
                model: nn.Module, seen: list[dict[str, Tensor]] = seen, best: int = best
            ) -> dict[str, float]:
                seen.append({name: each.clone() for name, each in model.state_dict().items()})
                return {"accuracy": float(len(seen) == best)}

            model = world.student()
            world.train(model, plan_of(average_weights=0.6), evaluate=evaluate)

            kept = model.state_dict()
            assert all(torch.equal(kept[name], seen[best - 1][name]) for name in kept)
            assert not any(module.training for module in model.modules())

    @pytest.mark.parametrize("after", [9, 12, 17, 23])
    def test_and_rates_of_their_own_survive_an_interruption(
        self, world: World, tmp_path: Path, after: int
    ) -> None:
        """Before the first averaged step, at it and after it."""
        path = tmp_path / "checkpoint.safetensors"
        plan = plan_of(average_weights=0.5, embedding_rate=1e-3, decay_matrices_only=True)
        whole = world.student()
        result = world.train(whole, plan, checkpoint=tmp_path / "whole.safetensors")
        with pytest.raises(KeyboardInterrupt):
            world.train(world.student(), plan, checkpoint=path, progress=StopsAfter(after))

        model = world.student()
        resumed = world.train(model, plan, checkpoint=path)

        assert resumed.resumed_at > 0
        assert resumed.history == result.history
        assert same_weights(model, whole)


class TestGroups:
    @pytest.mark.parametrize("embedding_rate", [None, 0.0, 1e-3, 1e-2])
    @pytest.mark.parametrize("decay_matrices_only", [False, True])
    def test_hold_each_parameter_once_with_its_rate_and_decay(
        self, world: World, embedding_rate: float | None, decay_matrices_only: bool
    ) -> None:
        model = world.student()
        plan = plan_of(embedding_rate=embedding_rate, decay_matrices_only=decay_matrices_only)
        table = model.get_input_embeddings().weight

        groups = make_optimizer(model, plan).param_groups

        held = {id(each): group for group in groups for each in group["params"]}
        assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
        for each in model.parameters():
            own = each is table and embedding_rate is not None
            assert held[id(each)]["peak"] == (embedding_rate if own else 1e-2)
            spared = decay_matrices_only and each.ndim == 1
            assert held[id(each)]["weight_decay"] == (0.0 if spared else 0.01)

    def test_are_one_where_nothing_is_asked(self, world: World) -> None:
        """So that what was trained before comes out the same, to the bit."""
        assert len(make_optimizer(world.student(), plan_of()).param_groups) == 1

    @pytest.mark.parametrize("rate", [0.0, 1e-4])
    def test_give_the_table_its_own_rate(self, world: World, rate: float) -> None:
        """At rate 0 it stays as it began, while the rest learns."""
        model, before = world.student(), world.student()
        table = "student.embedding.weight"

        world.train(model, plan_of(embedding_rate=rate, select_by="last"))

        moved = {
            name: float((each - before.state_dict()[name]).abs().max())
            for name, each in model.state_dict().items()
        }
        assert (moved[table] == 0) == (rate == 0)
        assert moved[table] <= 24 * rate * 1.1
        assert min(value for name, value in moved.items() if name != table) > 24 * 1e-4

    def test_spare_biases_from_decay_alone(self, world: World) -> None:
        """Where no gradient flows, decay is all that moves a weight."""
        model, before = world.student(), world.student().state_dict()
        plan = plan_of(weight_decay=10.0, decay_matrices_only=True, select_by="last")

        train(
            model, world.data, plan, lambda logits, gold, teacher: 0 * logits.sum(),
            world.evaluate, accelerator=make_accelerator(), progress=Silent(), description="",
        )  # fmt: skip

        for name, each in model.state_dict().items():
            assert torch.equal(each, before[name]) == (each.ndim == 1), name

    def test_refuse_a_rate_for_a_table_that_is_not_shown(self) -> None:
        with pytest.raises(ModelError, match="this student shows none"):
            make_optimizer(nn.Linear(2, 2), plan_of(embedding_rate=1e-3))
