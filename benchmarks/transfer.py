"""A transfer set of two million texts: augmented, labelled and trained from, in bounded memory.

First each augmenter alone: new texts a second on one core, all filters counted in. Bars: 20,000 for
mask, ngram and ngram_mask, 5,000 for pos and tang. Then the whole way with ``tang``: a teacher
of two of the encoder's layers (its head is new: only the time counts here) labels every text, and a
BiLSTM takes 500 steps. While the teacher labels, the bare forward pass over a sample of the same
texts is timed now and then, tokenised and batched beforehand. Bar: a peak below 4 GiB.

Run:  python benchmarks/transfer.py           about 25 min on 2 CPU cores
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rounds import Turns
from setting import WORK, Data, Overrides, Publish, Setting, Work, empty_cache, open_setting, show

from kdzoo.data import Corpus, Texts, load_corpus
from kdzoo.model import length_sorted_batches, load_model
from kdzoo.progress import Silent
from kdzoo.recipe import load_study
from kdzoo.steps import prepare_student
from kdzoo.teacher import find_model
from kdzoo.text import encode
from kdzoo.training import train
from kdzoo.transfer import build_transfer_set

RECIPE = "clinc150/bilstm"
AUGMENTERS = ("mask", "pos", "ngram", "ngram_mask", "tang")
COPIES, STEPS, LAYERS = 2, 500, 2  # copies of the first part; steps and teacher of the second
SAMPLE, VISITS = 4096, 20  # texts of a bare pass, and how many passes there are


def main(
    data: Data = None,
    overrides: Overrides = None,
    work: Work = WORK,
    publish: Publish = False,
    texts: Annotated[int, typer.Option(help="Texts of the transfer set.")] = 2_000_000,
) -> None:
    """Measures the augmenters, then the whole way, and prints speeds and peak memory."""
    recipe = load_study(RECIPE, overrides=overrides or (), data=data).variants[0].recipe
    corpus = load_corpus(recipe.data)
    speeds = [_augmenting(kind, corpus, overrides or []) for kind in AUGMENTERS]
    copies = round(texts / len(corpus.train) * 1.04)  # some texts have not so many
    with tempfile.TemporaryDirectory() as folder, empty_cache():
        _cut_teacher(recipe.teacher.sources[0], corpus, Path(folder))
        setting = open_setting(
            RECIPE,
            data,
            overrides,
            work,
            f"teacher.model={folder}",
            "teacher.head=null",
            "teacher.pooling=null",
            "teacher.lower_layers=[]",
            "transfer.augment.kind=tang",
            f"transfer.augment.copies={copies}",
            f"training.steps={STEPS}",
        )
        phases, bare = _whole_way(setting)
    title = f"{phases[0]['texts']} texts through a teacher of {LAYERS} layers into a BiLSTM"
    sections = {
        f"Augmenting {len(corpus.train):,} texts, one core": speeds,
        title: phases,
        f"Labelling beside the bare forward pass, {VISITS} visits meanwhile": [bare],
    }
    show("transfer", sections, publish=publish)


def _augmenting(kind: str, corpus: Corpus, overrides: list[str]) -> dict[str, object]:
    own = [f"transfer.augment.kind={kind}", f"transfer.augment.copies={COPIES}"]
    recipe = load_study(RECIPE, overrides=[*overrides, *own]).variants[0].recipe
    start = time.perf_counter()
    made = build_transfer_set(corpus, recipe.transfer, "[MASK]", seed=0)
    seconds = time.perf_counter() - start
    return {
        "augmenter": kind,
        "new texts/s": f"{made.made / seconds:,.0f}",
        "new texts": f"{made.made:,} of {made.wanted:,} asked for",
    }


def _cut_teacher(source: str, corpus: Corpus, folder: Path) -> None:
    """Saves the first layers of an encoder as a classifier of the corpus's labels."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_pretrained(
        find_model(source),
        num_hidden_layers=LAYERS,
        id2label=dict(enumerate(corpus.labels)),
        label2id={label: number for number, label in enumerate(corpus.labels)},
    ).save_pretrained(folder)
    AutoTokenizer.from_pretrained(find_model(source)).save_pretrained(folder)


def _whole_way(setting: Setting) -> tuple[list[dict[str, object]], dict[str, object]]:
    """Returns a row for each phase, and what labelling is beside the bare forward pass."""
    recipe, context = setting.run.variant.recipe, setting.context
    teacher = setting.teacher
    clock = _Clock()
    transfer = context.data.transfer_set(recipe, setting.run.corpus, setting.run.seed)
    count = len(transfer.examples)
    clock.phase("augment", count)
    bare = _BarePass(setting, transfer.examples, every=count // (VISITS + 1))
    clock.skip()  # its preparation is no part of the work
    teacher.label(transfer.examples, bare, torch.device("cpu"))
    labelled = clock.phase("label", count, without=sum(bare.seconds))
    job = setting.job()
    clock.phase("find the vocabulary", count)
    prepared = prepare_student(job, context)
    clock.phase("tokenise, find the logits", count)
    train(
        prepared.model,
        prepared.data,
        prepared.plan,
        prepared.loss,
        prepared.evaluate,
        accelerator=context.accelerator,
        progress=setting.progress,
        description="the student learns",
    )
    clock.phase(f"train, {STEPS} steps", STEPS * recipe.training.batch_size)
    each = tuple(seconds / bare.texts for seconds in bare.seconds)
    turns = Turns(ours=(labelled / count,) * len(each), theirs=each)
    return clock.rows, {
        "bare forward pass, texts/s": round(1 / turns.times()[1]),
        "kdzoo, texts/s": round(count / labelled),
        "kdzoo / bare (quartiles)": turns.ratio(),
    }


class _Clock:
    """Says of each phase how fast it was and how much memory the process has held by its end."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self._start = time.perf_counter()

    def skip(self) -> None:
        """Begins the next phase now."""
        self._start = time.perf_counter()

    def phase(self, name: str, texts: int, without: float = 0.0) -> float:
        """Ends a phase and returns its seconds, less those that belong to something else."""
        now = time.perf_counter()
        seconds, self._start = now - self._start - without, now
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # Linux counts in KiB
        self.rows.append(
            {
                "phase": name,
                "texts": f"{texts:,}",
                "seconds": round(seconds),
                "texts/s": f"{texts / seconds:,.0f}",
                "peak memory by then, GiB": round(peak, 2),
            }
        )
        return seconds


class _BarePass(Silent):
    """Shows labelling's progress, and runs the bare forward pass over a sample now and then."""

    def __init__(self, setting: Setting, examples: Texts, every: int) -> None:
        teacher = setting.teacher
        loaded = load_model(teacher.members[0].folder)
        self.texts = min(SAMPLE, len(examples))
        self.seconds: list[float] = []
        self._model, self._progress = loaded.model, setting.progress
        chosen = np.random.default_rng(0).choice(len(examples), self.texts, replace=False)
        encoded = encode(loaded.tokenizer, examples.take(chosen), loaded.pad_id)
        self._batches = [
            encoded.batch(rows)
            for rows in length_sorted_batches(encoded.lengths, teacher.batch_size)
        ]
        self._every, self._done = every, 0
        self._visit()  # the first one warms up
        self.seconds.clear()

    @contextmanager
    def task(
        self,
        description: str,
        total: int,
        done: int = 0,
        unit: str = "steps",
        *,
        is_even: bool = True,
    ) -> Iterator[_BarePass]:
        """Opens the bar."""
        with self._progress.task(description, total, done, unit, is_even=is_even) as self._task:
            yield self

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Moves the bar, and visits where it is time."""
        self._task.advance(steps, note)
        before, self._done = self._done, self._done + steps
        if self._done // self._every > before // self._every:
            self._visit()

    @torch.inference_mode()
    def _visit(self) -> None:
        start = time.perf_counter()
        for batch in self._batches:
            self._model(**batch).logits.numpy()
        self.seconds.append(time.perf_counter() - start)


if __name__ == "__main__":
    typer.run(main)
