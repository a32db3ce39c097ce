"""What it costs that an int8 answer depends on its text alone.

Dynamic 8 bits give the activations of a batch one range, so that a text's neighbours have a say in
its label; kdzoo therefore runs them text by text. Static 8 bits have their ranges from calibration
texts and may be batched, and so may float32. Each form of a study's models reads the test texts
both ways, in batches of texts of like length and one by one: texts a second, on one thread; how
many labels the batches change; and the accuracy of each, since speed counts where that is equal.

Run:  python benchmarks/int8.py STUDY         about 10 min on 2 CPU cores for `kdzoo run clinc150`
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rounds import Visit, take_turns
from setting import Data, Overrides, Publish, show

from kdzoo.console import ConsoleProgress
from kdzoo.data import Corpus, load_corpus
from kdzoo.progress import Progress
from kdzoo.recipe import load_study
from kdzoo.results import Store
from kdzoo.runtime import Classifier
from kdzoo.runtime.alone import TextByText
from kdzoo.runtime.export import export_model
from kdzoo.runtime.onnx import OnnxClassifier
from kdzoo.runtime.settings import ExportSettings

ROUNDS, TEXTS = 5, 512  # rounds, and texts of each side in a round
FORMS = {
    "float32": ("onnx", "dynamic"),
    "int8, dynamic": ("onnx-int8", "dynamic"),
    "int8, static": ("onnx-int8", "static"),
}
StudyFolder = Annotated[Path, typer.Argument(help="The folder of a finished study.")]
RecipeName = Annotated[str, typer.Option("--recipe", help="That names the study's data.")]


def main(
    study: StudyFolder = Path("runs/clinc150"),
    recipe: RecipeName = "clinc150/cnn",
    data: Data = None,
    overrides: Overrides = None,
    publish: Publish = False,
) -> None:
    """Times both ways for each model and form; prints texts a second and labels that differ."""
    section = load_study(recipe, overrides=overrides or (), data=data).variants[0].recipe.data
    corpus, progress = load_corpus(section), ConsoleProgress(Console(stderr=True))
    store = Store(study)
    folders = {row.name: store.finished(row.members[0].key) for row in store.manifest().rows}
    rows = [
        _line(name, folder, form, corpus, progress)
        for name, folder in folders.items()
        if (folder / "config.json").is_file()  # not the classical baseline
        for form in FORMS
    ]
    title = f"{min(TEXTS, len(corpus.test))} test texts, one thread, {ROUNDS} rounds"
    show("int8", {title: rows}, publish=publish)


def _line(
    name: str, trained: Path, form: str, corpus: Corpus, progress: Progress
) -> dict[str, object]:
    runtime, int8 = FORMS[form]
    calibration = [example.input for example in corpus.validation]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "form"
        settings = ExportSettings(int8, calibration)  # type: ignore[arg-type]
        export_model(trained, target, runtime, settings)
        batched = OnnxClassifier(target, threads=1)
    alone = TextByText(batched)
    test = [example.input for example in corpus.test]
    own, beside = (each.logits(test).argmax(1) for each in (alone, batched))
    gold = np.array([batched.labels.index(corpus.labels[label]) for label in corpus.gold("test")])
    turns = take_turns(
        _visit(batched, test[:TEXTS]),
        _visit(alone, test[:TEXTS]),
        ROUNDS,
        f"{name}, {form}",
        progress,
    )
    batched_s, alone_s = turns.times()
    return {
        "model": name,
        "form": form,
        "accuracy, one by one": f"{100 * float((own == gold).mean()):.2f}",
        "labels that batches change": f"{int((own != beside).sum())} of {len(test):,}",
        "texts/s, in batches": round(1 / batched_s),
        "texts/s, one by one": round(1 / alone_s),
        "one by one / in batches, time (quartiles)": turns.ratio(),
        "kdzoo runs it": "one by one" if form == "int8, dynamic" else "in batches",
    }


def _visit(classifier: Classifier, texts: list[str | tuple[str, str]]) -> Visit:
    def visit() -> float:
        start = time.perf_counter()
        classifier.logits(texts)
        return (time.perf_counter() - start) / len(texts)

    return visit


if __name__ == "__main__":
    typer.run(main)
