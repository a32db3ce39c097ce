"""The loop's time per step beside a bare hand-written one, and where the time of a step goes.

Both sides train the same student on the same batches, in turns. The bare loop finds its batches
ready as tensors; kdzoo's makes them, reads the teacher's logits from disk, looks at the loss and
tells its progress. Bar: at most 1.10 times the bare loop.

The next table is kdzoo's loop by itself, and as a study makes its steps: the process keeps the
memory that a step frees and asks for again. It has steps of so many texts as the recipe says, and
of four times as many.

The third table is a profile of the bare step: with the rows of the word table that occur in the
texts, which are all that kdzoo trains, and with every row of the vocabulary. The fourth is what a
student weighs with either vocabulary.

Run:  python benchmarks/step.py           about 8 min on 2 CPU cores once the teacher is there
"""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import typer
from rounds import StepClock, take_turns
from setting import WORK, Data, Overrides, Publish, Work, open_setting, show
from torch import Tensor, nn

from kdzoo.freed import freed_memory_kept
from kdzoo.model import widen
from kdzoo.progress import Progress
from kdzoo.steps import Prepared, prepare_student
from kdzoo.training import BatchOrder, Loss, TrainingPlan, make_accelerator, train

STUDENTS = ("clinc150/bilstm", "clinc150/cnn")
ROUNDS, STEPS = 6, 50  # rounds, and steps of each side in a round
LARGER = 4  # times the texts of a step: many short texts are as much to compute as a few long ones
PROFILED = 100  # steps
Batches = list[tuple[dict[str, Tensor], Tensor, Tensor | None]]
Done = Callable[[str], None]  # told each part of a step when it is over


def main(
    data: Data = None, overrides: Overrides = None, work: Work = WORK, publish: Publish = False
) -> None:
    """Times both loops for both students; prints ratios, profile and sizes."""
    ratios: list[dict[str, object]] = []
    kept: list[dict[str, object]] = []
    parts: list[dict[str, object]] = []
    sizes: list[dict[str, object]] = []
    for name in STUDENTS:
        for vocabulary in ("occurring", "whole"):
            own = f"student.vocabulary={vocabulary}"
            setting = open_setting(name, data, overrides, work, own)
            prepared = prepare_student(setting.job(), setting.context)
            if vocabulary == "occurring":
                ratios.append(_compared(setting.run.variant.name, prepared, setting.progress))
                kept += [
                    _kept(setting.run.variant.name, prepared, times, setting.progress)
                    for times in (1, LARGER)
                ]
            widen(prepared.model, prepared.unseen)
            row = {"student": setting.run.variant.name, "vocabulary": vocabulary}
            parts.append({**row, **_profile(prepared)})
            sizes.append({**row, **_size(prepared.model)})
    sections = {
        f"Time of a step, {ROUNDS} rounds of {STEPS} steps": ratios,
        "A step where freed memory is given back, and where it is kept": kept,
        "Parts of a step, ms": parts,
        "Size in float32": sizes,
    }
    show("step", sections, publish=publish)


def _short(plan: TrainingPlan) -> TrainingPlan:
    """Returns the plan of one round."""
    return replace(plan, steps=STEPS, evaluations=1, select_by="last")


def _trained(name: str, prepared: Prepared, plan: TrainingPlan) -> Callable[[], float]:
    """Returns what trains a copy of the student, and tells how many seconds a step took."""
    model, accelerator = copy.deepcopy(prepared.model), make_accelerator()

    def loop() -> float:
        clock = StepClock()
        train(
            model,
            prepared.data,
            plan,
            prepared.loss,
            lambda _: {"accuracy": 0.0},  # looking at validation is no part of a step
            accelerator=accelerator,
            progress=clock,
            description=name,
        )
        return clock.seconds_a_step

    return loop


def _kept(name: str, prepared: Prepared, times: int, progress: Progress) -> dict[str, object]:
    texts = times * prepared.plan.batch_size
    loop = _trained(name, prepared, replace(_short(prepared.plan), batch_size=texts))

    def as_in_a_study() -> float:
        with freed_memory_kept():
            return loop()

    doing = f"steps of {name}, {texts} texts, memory kept"
    turns = take_turns(loop, as_in_a_study, ROUNDS, doing, progress)
    plain_s, kept_s = turns.times()
    return {
        "student": name,
        "texts a step": texts,
        "given back, ms": round(1000 * plain_s, 1),
        "kept, ms": round(1000 * kept_s, 1),
        "kept / given back (quartiles)": turns.ratio(),
    }


def _compared(name: str, prepared: Prepared, progress: Progress) -> dict[str, object]:
    plan = _short(prepared.plan)
    kdzoo_loop, theirs = _trained(name, prepared, plan), copy.deepcopy(prepared.model)
    batches = _batches(prepared, STEPS)

    def bare() -> float:
        clock = StepClock()
        with clock.task(name, STEPS):
            bare_loop(
                theirs,
                batches,
                plan,
                prepared.loss,
                lambda part: clock.advance(int(part == "AdamW")),
            )
        return clock.seconds_a_step

    # the ratio is kdzoo's time over the bare loop's: the sides change places
    turns = take_turns(bare, kdzoo_loop, ROUNDS, f"steps of {name}", progress)
    bare_s, kdzoo_s = turns.times()
    return {
        "student": name,
        "bare loop, ms": round(1000 * bare_s, 1),
        "kdzoo, ms": round(1000 * kdzoo_s, 1),
        "kdzoo / bare (quartiles)": turns.ratio(),
    }


def _batches(prepared: Prepared, steps: int) -> Batches:
    data, plan = prepared.data, prepared.plan
    order = BatchOrder(data.encoded.lengths, plan.batch_size, plan.seed)
    return [data.batch(order.rows(step)) for step in range(steps)]


def bare_loop(
    model: Any, batches: Batches, plan: TrainingPlan, loss_of: Loss, done: Done = lambda _: None
) -> None:
    """Takes a step of AdamW on each batch, with nothing around it."""
    optimizer = torch.optim.AdamW(
        model.parameters(), plan.learning_rate, weight_decay=plan.weight_decay, fused=True
    )
    parameters = list(model.parameters())
    model.train()
    for inputs, gold, teacher in batches:
        logits = model(**inputs).logits  # [B, C]
        done("forward")
        loss = loss_of(logits, gold, teacher)
        done("loss")
        loss.backward()  # type: ignore[no-untyped-call]
        done("backward")
        nn.utils.clip_grad_norm_(parameters, plan.max_grad_norm)
        done("clipping")
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        done("AdamW")


def _profile(prepared: Prepared) -> dict[str, object]:
    """Returns the milliseconds of each part of a step, and of making the batch before it."""
    model, plan = copy.deepcopy(prepared.model), prepared.plan
    start = time.perf_counter()
    batches = _batches(prepared, PROFILED)
    parts: defaultdict[str, float] = defaultdict(float)
    parts["batch"] = time.perf_counter() - start
    bare_loop(model, batches[:10], plan, prepared.loss)  # warms up
    last = time.perf_counter()

    def done(part: str) -> None:
        nonlocal last
        now = time.perf_counter()
        parts[part] += now - last
        last = now

    bare_loop(model, batches, plan, prepared.loss, done)
    total = sum(parts.values())
    shown = {part: round(1000 * seconds / PROFILED, 2) for part, seconds in parts.items()}
    return {**shown, "all": round(1000 * total / PROFILED, 2)}


def _size(model: Any) -> dict[str, object]:
    parameters = sum(each.numel() for each in model.parameters())
    words = model.get_input_embeddings().weight.numel()
    return {
        "parameters, M": round(parameters / 1e6, 2),
        "of these in the word table, M": round(words / 1e6, 2),
        "MB": round(4 * parameters / 1e6, 1),
    }


if __name__ == "__main__":
    typer.run(main)
