"""A study's students beside what people use today: a transformers pipeline, and model2vec.

The students are the exported ones of a finished study. model2vec's classifier is made from the same
encoder and the same labelled texts by model2vec's own defaults, saved, and loaded as its users do.
All are measured as `kdzoo bench` measures: a process each, the same texts, in turn, one thread.

Needs:  pip install "model2vec[distill,train]"
Run:    python benchmarks/rivals.py           about 8 min on 2 CPU cores once `kdzoo run clinc150`
                                              has exported its models; half of it trains model2vec
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rows import STUDY, Study, study_rows
from setting import Data, Overrides, Publish, show

from kdzoo import extensions
from kdzoo.console import ConsoleProgress
from kdzoo.data import Corpus, load_corpus
from kdzoo.measure import Candidate, Speed, measure_candidates, ratio, shared_rounds, summarise
from kdzoo.model import size_bytes
from kdzoo.recipe import load_study
from kdzoo.runtime import load_classifier
from kdzoo.runtime.folder import deployed_bytes
from kdzoo.steps.timing import settings_of

RECIPE = "clinc150/static"
RUNTIME = Path(__file__).with_name("model2vec_runtime.py")
STUDENTS = ("bilstm", "cnn", "static", "static/small")
EXPORTED = ("onnx", "onnx-int8")
MODEL2VEC = Path("runs/benchmarks/model2vec")
Folder = Annotated[Path, typer.Option(help="Where model2vec's classifier is kept.")]


def main(
    study: Study = STUDY,
    data: Data = None,
    overrides: Overrides = None,
    model2vec: Folder = MODEL2VEC,
    publish: Publish = False,
) -> None:
    """Measures all of them; prints quality, size and latency beside the pipeline's."""
    extensions.load_extensions(RUNTIME)
    recipe = load_study(RECIPE, overrides=overrides or (), data=data).variants[0].recipe
    corpus = load_corpus(recipe.data)
    progress = ConsoleProgress(Console(stderr=True))
    if not model2vec.exists():
        progress.say(f"training model2vec's classifier in {model2vec}")
        _train_model2vec(str(recipe.teacher.model), corpus, model2vec)
    names = study_rows(study, recipe.measure, progress)
    candidates = [
        Candidate(name, row.folder, row.runtime)
        for row, name in names.items()
        if row.runtime == "pipeline" or (name in STUDENTS and row.runtime in EXPORTED)
    ]
    pipeline = next(each for each in candidates if each.runtime == "pipeline")
    candidates.append(Candidate("model2vec", model2vec, "model2vec"))
    measured = measure_candidates(
        candidates,
        [example.input for example in corpus.test],
        references=[pipeline],
        settings=settings_of(recipe.measure),
        seed=0,
        progress=progress,
    )
    lines = [
        _line(each, _accuracy(each, corpus), measured.speeds[each], measured.speeds[pipeline])
        for each in candidates
    ]
    show("rivals", {"One text at a time, one thread, a process each": lines}, publish=publish)


def _train_model2vec(encoder: str, corpus: Corpus, folder: Path) -> None:
    from model2vec.distill import distill
    from model2vec.train import StaticModelForClassification

    classifier = StaticModelForClassification.from_static_model(model=distill(encoder))
    texts = [str(example.input) for example in corpus.train]
    classifier.fit(texts, [corpus.labels[row] for row in corpus.gold("train").tolist()])
    half = folder.with_name(f"{folder.name}.half")  # so that one that is there is whole
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    pipeline = classifier.to_pipeline()
    # one that lies column by column is written wrongly: the loaded model then guesses
    pipeline.model.embedding = np.ascontiguousarray(pipeline.model.embedding)
    pipeline.save_pretrained(str(half))
    half.rename(folder)


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
        case "model2vec":
            return sum(path.stat().st_size for path in candidate.folder.iterdir())
        case _:
            return deployed_bytes(candidate.folder)


if __name__ == "__main__":
    typer.run(main)
