"""kdzoo beside the usual way to distil: a Trainer of transformers that asks the teacher each step.

The usual way: ``compute_loss`` runs the teacher on the batch, batches are random, the default
collator pads them. Student, start, loss, steps and hyperparameters are those of the recipe on both
sides. kdzoo labels the texts once; the time of that is measured, and its share of 4,000 steps is
added to each of kdzoo's steps. Evaluation is left out on both sides. Bars: 8 times as fast for
bilstm and cnn, 1.5 times for distilbert.

With ``--train STEPS`` both sides also train from beginning to end, and the accuracy on the
validation texts stands beside the time.

Run:  python benchmarks/distilling.py           about 6 min on 2 CPU cores once the teacher is there
"""

from __future__ import annotations

import copy
import tempfile
import time
from dataclasses import replace
from typing import Annotated, Any

import datasets
import numpy as np
import torch
import typer
from rounds import StepClock, take_turns
from setting import (
    WORK,
    Data,
    Overrides,
    Publish,
    Setting,
    Work,
    empty_cache,
    open_setting,
    show,
)
from transformers import AutoTokenizer, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from kdzoo.metrics import quality
from kdzoo.model import load_model, predict_logits, widen
from kdzoo.steps import Prepared, prepare_student
from kdzoo.text import encode
from kdzoo.training import Loss, TrainingPlan, make_accelerator, train

STUDENTS = {  # recipe and overrides
    "bilstm": ("clinc150/bilstm",),
    "cnn, 200 maps": ("clinc150/cnn", "student.maps=200"),
    "cnn, 400 maps": ("clinc150/cnn",),
    "distilbert": ("clinc150/distilbert",),
}
ROUNDS, STEPS, WHOLE = 10, 20, 4000  # rounds, steps of each side in one, steps of a whole training


def main(
    data: Data = None,
    overrides: Overrides = None,
    work: Work = WORK,
    train_steps: Annotated[
        int, typer.Option("--train", help="Train both sides for so many steps, too.")
    ] = 0,
    publish: Publish = False,
) -> None:
    """Times both ways in turns for each student; prints times and ratios."""
    times: list[dict[str, object]] = []
    accuracies: list[dict[str, object]] = []
    labelling_s = None
    for name, (recipe, *own) in STUDENTS.items():
        setting = open_setting(recipe, data, overrides, work, *own)
        labelling_s = labelling_s or _labelling(setting)  # one teacher for them all
        prepared = prepare_student(setting.job(), setting.context)
        usual = Usual(setting, prepared)
        times.append(_timed(name, setting, prepared, usual, labelling_s))
        if train_steps:
            accuracies.append(_trained(name, setting, prepared, usual, labelling_s, train_steps))
    sections = {f"Distilling, {ROUNDS} rounds of {STEPS} steps": times}
    if accuracies:
        sections[f"Accuracy on validation after {train_steps:,} steps"] = accuracies
    show("distilling", sections, publish=publish)


class Usual:
    """The usual way: the teacher's tokenizer and whole vocabulary for both, random batches."""

    def __init__(self, setting: Setting, prepared: Prepared) -> None:
        member = setting.run.teacher.whole.members[0]
        self.tokenizer = AutoTokenizer.from_pretrained(member.folder)
        loaded = load_model(member.folder)
        self.teacher, self.columns = loaded.model, torch.from_numpy(member.columns)
        self.fast, self.pad_id = loaded.tokenizer, loaded.pad_id
        self.corpus = setting.run.corpus
        self.student = _in_the_teachers_order(setting, prepared)
        self.loss = prepared.loss
        texts = setting.run.corpus.train
        rows = [encoding.ids for encoding in self.fast.encode_batch([e.text for e in texts])]
        self.dataset = datasets.Dataset.from_dict(
            {"input_ids": rows, "labels": [example.label for example in texts]}
        )

    def train(self, model: Any, plan: TrainingPlan) -> float:
        """Trains the model; returns the seconds that its steps took, without the start."""
        with tempfile.TemporaryDirectory() as folder:
            clock = _Clock()
            trainer = DistillingTrainer(
                model,
                _arguments(folder, plan),
                train_dataset=self.dataset,
                processing_class=self.tokenizer,
                callbacks=[clock],
            )
            trainer.remove_callback(PrinterCallback)
            trainer.teacher, trainer.columns, trainer.loss_of = (
                self.teacher,
                self.columns,
                self.loss,
            )
            trainer.train()
        return clock.seconds

    def accuracy(self, model: Any) -> float:
        """Returns the model's accuracy on the validation texts."""
        return _accuracy(model, encode(self.fast, self.corpus.validation, self.pad_id), self.corpus)


class DistillingTrainer(Trainer):  # type: ignore[misc]
    """Asks the teacher for its logits inside the loss."""

    teacher: Any
    columns: torch.Tensor
    loss_of: Loss

    def compute_loss(self, model: Any, inputs: dict[str, Any], *_: Any, **__: Any) -> Any:
        """Returns the recipe's loss of the student on this batch."""
        gold = inputs.pop("labels")
        with torch.no_grad():
            target = self.teacher(**inputs).logits[:, self.columns]  # [B, C]
        return self.loss_of(model(**inputs).logits, gold, target)


class _Clock(TrainerCallback):  # type: ignore[misc]
    """Takes the time from the first step's begin to the last one's end."""

    start: float | None = None
    seconds = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        if self.start is None:
            self.start = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds = time.perf_counter() - (self.start or 0.0)


def _arguments(folder: str, plan: TrainingPlan) -> TrainingArguments:
    return TrainingArguments(
        output_dir=folder,
        max_steps=plan.steps,
        per_device_train_batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        weight_decay=plan.weight_decay,
        warmup_steps=plan.warmup,
        max_grad_norm=plan.max_grad_norm,
        seed=plan.seed,
        remove_unused_columns=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )


def _in_the_teachers_order(setting: Setting, prepared: Prepared) -> Any:
    """Returns the untrained student with a row for each of the teacher's ids, at that id."""
    student = copy.deepcopy(prepared.model)
    widen(student, prepared.unseen)
    kept = setting.job().vocabulary.kept
    table = student.get_input_embeddings()
    weight = table.weight.detach()  # [V, D]
    ordered = weight.new_zeros(max(kept or ()) + 1, weight.shape[1])
    ordered[list(kept or ())] = weight
    table.weight = torch.nn.Parameter(ordered)
    return student


def _labelling(setting: Setting) -> float:
    """Returns the seconds to label the training texts, with nothing in the cache."""
    with empty_cache():
        start = time.perf_counter()
        setting.run.teacher.whole.label(
            setting.run.corpus.train, setting.progress, torch.device("cpu")
        )
        return time.perf_counter() - start


def _kdzoo(model: Any, prepared: Prepared, plan: TrainingPlan) -> float:
    """Trains the model; returns the seconds that its steps took, without the start."""
    clock = StepClock()
    train(
        model,
        prepared.data,
        plan,
        prepared.loss,
        lambda _: {"accuracy": 0.0},
        accelerator=make_accelerator(),
        progress=clock,
        description="distilling",
    )
    return clock.seconds_a_step * plan.steps


def _timed(
    name: str, setting: Setting, prepared: Prepared, usual: Usual, labelling_s: float
) -> dict[str, object]:
    plan = replace(prepared.plan, steps=STEPS, evaluations=1, select_by="last")
    ours, theirs = copy.deepcopy(prepared.model), copy.deepcopy(usual.student)
    turns = take_turns(
        lambda: _kdzoo(ours, prepared, plan) / STEPS,
        lambda: usual.train(theirs, plan) / STEPS,
        ROUNDS,
        f"steps of {name}",
        setting.progress,
    )
    kdzoo_s, usual_s = turns.times()
    return {
        "student": name,
        "usual, ms a step": round(1000 * usual_s),
        "kdzoo, ms a step": round(1000 * kdzoo_s),
        "kdzoo labels once, s": round(labelling_s),
        f"usual, min for {WHOLE:,}": round(WHOLE * usual_s / 60, 1),
        f"kdzoo, min for {WHOLE:,}": round((WHOLE * kdzoo_s + labelling_s) / 60, 1),
        "times faster (quartiles)": turns.ratio(overhead=labelling_s / WHOLE),
    }


def _trained(
    name: str, setting: Setting, prepared: Prepared, usual: Usual, labelling_s: float, steps: int
) -> dict[str, object]:
    plan = replace(prepared.plan, steps=steps, evaluations=1, select_by="last")
    ours, theirs = copy.deepcopy(prepared.model), copy.deepcopy(usual.student)
    setting.progress.say(f"{name}: training both sides, {steps:,} steps each")
    kdzoo_s, usual_s = _kdzoo(ours, prepared, plan), usual.train(theirs, plan)
    widen(ours, prepared.unseen)
    vocabulary = setting.job().vocabulary
    validation = encode(vocabulary.tokenizer, setting.run.corpus.validation, vocabulary.pad_id)
    return {
        "student": name,
        "usual": f"{usual.accuracy(theirs):.3f}",
        "kdzoo": f"{_accuracy(ours, validation, setting.run.corpus):.3f}",
        "usual, min": round(usual_s / 60, 1),
        "kdzoo, min": round((kdzoo_s + labelling_s) / 60, 1),
    }


def _accuracy(model: Any, encoded: Any, corpus: Any) -> float:
    gold = np.array(corpus.gold("validation"))
    return quality(predict_logits(model, encoded).argmax(1), gold, corpus.oos)["accuracy"]


if __name__ == "__main__":
    typer.run(main)
