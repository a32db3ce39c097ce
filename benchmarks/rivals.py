"""A study's students beside what people use instead: model2vec, SetFit, fastText, TF-IDF + SVM.

The students are the exported ones of a finished study; its teacher is in a `transformers` pipeline,
TF-IDF is its baseline. The others are made from the same labelled texts and, where they have one,
the same encoder, saved, and loaded as their users do. All are measured as `kdzoo bench` measures: a
process each, the same texts, in turn, one thread.

Needs:  pip install "kdzoo[onnx]" "model2vec[distill,train]" setfit fasttext-wheel
        in an environment of its own: model2vec's distilling wants an older transformers
Run:    python benchmarks/rivals.py           once `kdzoo run clinc150` has exported its models
        python benchmarks/rivals.py sst2/static --study runs/sst2          another study
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rival_makers import RIVALS
from rows import STUDY, Study, study_rows
from setting import Data, Overrides, Publish, show

from kdzoo import extensions
from kdzoo.console import ConsoleProgress
from kdzoo.data import Corpus, few_labels, load_corpus
from kdzoo.measure import Candidate, Speed, measure_candidates, ratio, shared_rounds, summarise
from kdzoo.model import size_bytes
from kdzoo.progress import Progress
from kdzoo.recipe import load_study
from kdzoo.runtime import load_classifier
from kdzoo.runtime.folder import deployed_bytes
from kdzoo.steps.timing import settings_of

RECIPE = "clinc150/static"
RUNTIMES = Path(__file__).with_name("rival_runtimes.py")
Name = Annotated[str, typer.Argument(help="The recipe whose data, encoder and rules are taken.")]
Encoder = Annotated[str | None, typer.Option(help="Folder or hub id in place of the recipe's.")]
Folder = Annotated[Path, typer.Option(help="Where the others' classifiers are kept.")]


def main(
    recipe: Name = RECIPE,
    study: Study = STUDY,
    data: Data = None,
    overrides: Overrides = None,
    encoder: Encoder = None,
    work: Folder = Path("runs/benchmarks/rivals"),
    publish: Publish = False,
) -> None:
    """Measures all of them; prints quality, size and latency beside the pipeline's."""
    extensions.load_extensions(RUNTIMES)
    read = load_study(recipe, overrides=overrides or (), data=data).variants[0].recipe
    corpus = few_labels(load_corpus(read.data), read.data, read.seeds[0])
    progress = ConsoleProgress(Console(stderr=True))
    candidates = [
        Candidate(name, row.folder, row.runtime)
        for row, name in study_rows(study, read.measure, progress).items()
        if row.runtime == "pipeline" or not (row.is_teacher or row.runtime == "torch")
    ]
    pipeline = next(each for each in candidates if each.runtime == "pipeline")
    made = _made(encoder or str(read.teacher.model), corpus, work / study.name, progress)
    candidates += [Candidate(name, folder, name) for name, folder in made.items()]
    measured = measure_candidates(
        candidates,
        [example.input for example in corpus.test],
        references=[pipeline],
        settings=settings_of(read.measure),
        seed=0,
        progress=progress,
    )
    lines = [
        _line(each, _accuracy(each, corpus), measured.speeds[each], measured.speeds[pipeline])
        for each in candidates
    ]
    title = f"{study.name}, {len(corpus.train):,} labelled texts; one text at a time, one thread"
    show(f"rivals-{study.name}", {title: lines}, publish=publish)


def _made(encoder: str, corpus: Corpus, work: Path, progress: Progress) -> dict[str, Path]:
    """Returns the folder of each rival that serves, by its name; those that lack are trained."""
    folders = {name: work / name for name, rival in RIVALS.items() if rival.serves(corpus)}
    for name, folder in folders.items():
        if folder.exists():
            continue
        progress.say(f"training {name} in {folder}")
        half = folder.with_name(f"{name}.half")  # so that one that is there is whole
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        RIVALS[name].make(encoder, corpus, half)
        half.rename(folder)
    return folders


def _accuracy(candidate: Candidate, corpus: Corpus) -> float:
    classifier = load_classifier(candidate.folder, candidate.runtime)
    texts: Sequence[str] = [str(example.input) for example in corpus.test]
    logits = classifier.logits(texts)
    own = np.array([corpus.labels.index(label) for label in classifier.labels])
    gold = np.array([example.label for example in corpus.test])
    return float((own[logits.argmax(1)] == gold).mean())


def _line(
    candidate: Candidate, accuracy: float, speed: Speed, pipeline: Speed
) -> dict[str, object]:
    memory, starts_ms = speed.memory, speed.cold_start_ms
    return {
        "model": candidate.name,
        "runtime": candidate.runtime,
        "test accuracy, %": round(100 * accuracy, 1),
        "size, MB": round(_size_bytes(candidate) / 1e6, 1),
        "p50, ms": round(summarise(speed.rounds_ms).p50_ms, 3),
        "× pipeline": round(ratio(*shared_rounds(speed, pipeline)).times, 1),
        "texts/s": round(speed.throughput["all"]),
        "memory, MB": "" if memory is None else round(memory.peak_bytes / 1e6),
        "cold start, s": round(float(np.median(starts_ms)) / 1e3, 1) if starts_ms else "",
    }


def _size_bytes(candidate: Candidate) -> int:
    match candidate.runtime:
        case "pipeline":
            return size_bytes(candidate.folder)
        case "onnx" | "onnx-int8":
            return deployed_bytes(candidate.folder)
        case _:
            return sum(
                path.stat().st_size for path in candidate.folder.rglob("*") if path.is_file()
            )


if __name__ == "__main__":
    typer.run(main)
