"""One lean loop for teacher and students: batches, AdamW, schedule, best checkpoint, resume."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import GradientAccumulationPlugin
from torch import Tensor, nn

from kdzoo.data.texts import Rows
from kdzoo.errors import TrainingError
from kdzoo.progress import Bar, Progress
from kdzoo.tracking import Note
from kdzoo.training.average import WeightAverage
from kdzoo.training.checkpoint import Checkpoint, random_states, resume
from kdzoo.training.data import BatchOrder, TrainingSet
from kdzoo.training.optimizer import make_optimizer, set_rates
from kdzoo.training.plan import TrainingPlan

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]  # (logits, gold, teacher logits) -> scalar
FurtherLoss = Callable[[Rows], Tensor]  # of a step's rows, once the model has read them: a scalar
Evaluate = Callable[[nn.Module], dict[str, float]]
_STEADIER = (
    "a lower training.learning_rate, a longer training.warmup or a smaller training.max_grad_norm"
)
NOTE_EVERY = 20  # steps between two looks at the loss; each look waits for a GPU


@dataclass(frozen=True)
class TrainingResult:
    """What the loop leaves beside the weights, which are the best ones."""

    history: list[dict[str, float]]
    best_step: int
    resumed_at: int


def make_accelerator() -> Accelerator:
    """Returns the process's accelerator; on a GPU that can, it computes in bfloat16."""
    gpu = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    each_step = GradientAccumulationPlugin(num_steps=1)  # whatever the environment says
    return Accelerator(
        mixed_precision="bf16" if gpu else "no", gradient_accumulation_plugin=each_step
    )


def train(
    model: nn.Module,
    data: TrainingSet,
    plan: TrainingPlan,
    loss_of: Loss,
    evaluate: Evaluate,
    *,
    accelerator: Accelerator,
    progress: Progress,
    description: str,
    steadier: str = _STEADIER,
    checkpoint: Path | None = None,
    note: Note | None = None,
    further_loss: FurtherLoss | None = None,
) -> TrainingResult:
    """Trains ``model`` in place and leaves it with the weights of its best evaluation, or the last.

    A file at ``checkpoint`` is resumed from; the run then ends with the same numbers as one that
    was not interrupted. The caller removes the file when it has saved the model.

    Args:
        model: gives ``.logits`` [B, C] for ids and mask [B, T]; [B, T, C] where each word gets a
            label, which are brought to words, [B, W, C].
        data: N texts as ids, with gold labels [N] and, where a teacher teaches, its logits [N, C].
        plan: how long and how fast, and which evaluation is the best.
        loss_of: of logits [B, C], gold labels [B] and teacher logits [B, C] or None: a scalar.
        evaluate: gives the model's validation figures by name.
        accelerator: the devices.
        progress: told how far it is.
        description: what progress calls it.
        steadier: keys of the recipe, and how to change them, where the loss is no longer a number;
            those of a student's training by default.
        checkpoint: the file to resume from; none is written if None.
        note: told the step, the loss and the validation figures of each evaluation.
        further_loss: is added to the loss of each step, if given.

    Raises:
        TrainingError: the loss is no longer a number.
    """
    torch.manual_seed(plan.seed + accelerator.process_index)
    wrapped = accelerator.prepare_model(model)
    optimizer, average = make_optimizer(model, plan), WeightAverage(model, plan)
    point = resume(checkpoint, model, optimizer, average, accelerator.process_index)
    resumed_at = point.step
    step = _stepper(wrapped, optimizer, data, plan, loss_of, accelerator, further_loss)
    with progress.task(description, plan.steps, done=point.step) as bar:
        running, since = torch.zeros((), device=accelerator.device), 0
        model.train()
        while point.step < plan.steps:
            running, since = running + step(point.step), since + 1
            point.step += 1
            average.update(point.step)
            evaluated = plan.is_evaluation(point.step)
            saved = checkpoint is not None and point.step % plan.checkpoint_every == 0
            if evaluated or saved or point.step % NOTE_EVERY == 0:
                loss = _finite(float(running) / since, point.step, description, steadier)
                running, since = torch.zeros_like(running), 0
                if evaluated:
                    figures = _evaluate(average.shown, evaluate, plan, point, loss)
                    model.train()
                    if note is not None:
                        note(point.step, figures)
                if saved and checkpoint is not None:
                    random = random_states(accelerator)
                    if accelerator.is_main_process:
                        point.save(checkpoint, model, optimizer, average, random)
                _note(bar, point, loss, plan)
            bar.advance()
    model.load_state_dict(average.shown.state_dict() if point.best is None else point.best)
    model.eval()
    accelerator.free_memory()
    return TrainingResult(point.history, point.best_step or plan.steps, resumed_at)


def _stepper(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    data: TrainingSet,
    plan: TrainingPlan,
    loss_of: Loss,
    accelerator: Accelerator,
    further_loss: FurtherLoss | None,
) -> Callable[[int], Tensor]:
    """Returns the function that takes one step and gives its loss, still on the device."""
    order = BatchOrder(data.encoded.lengths, plan.batch_size, plan.seed)
    device, rank, size = accelerator.device, accelerator.process_index, accelerator.num_processes
    parameters = list(model.parameters())

    def take(step: int) -> Tensor:
        rows = order.rows(step)
        own = rows[rank::size]  # several processes share a batch, none of them goes without
        own = own if len(own) else rows[:1]
        inputs, gold, teacher = data.batch(own)
        set_rates(optimizer, plan, step)
        output = model(**{name: tensor.to(device) for name, tensor in inputs.items()}).logits
        logits = data.encoded.answers(own, output)  # [B, C], [B, W, C]
        target = None if teacher is None else teacher.to(device)
        loss = loss_of(logits.float(), gold.to(device), target)
        if further_loss is not None:
            loss = loss + further_loss(own)
        accelerator.backward(loss)
        nn.utils.clip_grad_norm_(parameters, plan.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    return take


def _finite(loss: float, step: int, description: str, steadier: str) -> float:
    if not math.isfinite(loss):
        raise TrainingError(f"{description}: the loss is {loss} at step {step}; try {steadier}")
    return loss


def _evaluate(
    model: nn.Module, evaluate: Evaluate, plan: TrainingPlan, point: Checkpoint, loss: float
) -> dict[str, float]:
    metrics = evaluate(model)
    point.history.append({"step": point.step, "loss": loss, **metrics})
    if plan.select_by != "last":
        point.consider(model, metrics[plan.select_by])
    return {"loss": loss, **{f"validation/{name}": value for name, value in metrics.items()}}


def _note(bar: Bar, point: Checkpoint, loss: float, plan: TrainingPlan) -> None:
    note = f"loss {loss:.3f}"
    if point.history:
        key = "accuracy" if plan.select_by == "last" else plan.select_by
        note += f"  validation {key.replace('_', ' ')} {point.history[-1][key]:.3f}"
    bar.advance(0, note)
