"""kdzoo's deployed path beside its bare parts: the tokenizer alone, and the session alone.

kdzoo's side takes a text to its label as the process does whose latency the tables show. The bare
side lets ``tokenizers`` encode the same texts, and ``onnxruntime`` run the same graph on arrays
that lie ready; what joins the two counts for nothing. One text at a time, one thread. The parts are
timed alone, all texts through the one and then through the other, and in turn, a text through
both and then the next: each drives the other's code and data out of the processor's caches, which
is a cost of doing both that no implementation can save.
Bar: at most 1.25 times the bare parts.

Run:  python benchmarks/deployed.py           about 5 min on 2 CPU cores once `kdzoo run clinc150`
                                              has exported its models; or name exported folders
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rounds import take_turns
from rows import STUDY, Study, study_rows
from setting import Data, Overrides, Publish, show
from tokenizers import Tokenizer

from kdzoo import registry
from kdzoo.console import ConsoleProgress
from kdzoo.data import load_corpus
from kdzoo.progress import Progress
from kdzoo.recipe import load_study
from kdzoo.runtime import load_classifier
from kdzoo.runtime.folder import GRAPH, TOKENIZER, read_exported_form
from kdzoo.runtime.onnx import OnnxClassifier

RECIPE = "clinc150/cnn"
ROUNDS, TEXTS = 15, 256  # rounds, and texts of each side in a round
SEED = 0
Folders = Annotated[
    list[Path] | None, typer.Argument(help="Exported folders, instead of the study's.")
]


def main(
    folders: Folders = None,
    study: Study = STUDY,
    data: Data = None,
    overrides: Overrides = None,
    publish: Publish = False,
) -> None:
    """Times both sides for each exported form; prints microseconds and ratios."""
    recipe = load_study(RECIPE, overrides=overrides or (), data=data).variants[0].recipe
    progress = ConsoleProgress(Console(stderr=True))
    test = [str(example.input) for example in load_corpus(recipe.data).test]
    chosen = np.random.default_rng(SEED).choice(len(test), min(TEXTS, len(test)), replace=False)
    texts = [test[row] for row in chosen]
    forms = {folder: folder.name for folder in folders or ()} or {
        row.folder: name
        for row, name in study_rows(study, recipe.measure, progress).items()
        if registry.runtimes.get(row.runtime).is_exported
    }
    rows = [_compared(name, folder, texts, progress) for folder, name in forms.items()]
    title = f"One text, one thread, {ROUNDS} rounds of {len(texts)} texts"
    show("deployed", {title: rows}, publish=publish)


def _compared(
    name: str, folder: Path, texts: Sequence[str], progress: Progress
) -> dict[str, object]:
    runtime = read_exported_form(folder).runtime
    classifier = load_classifier(folder, runtime, 1)
    bare = _BareParts(folder, texts)

    def own() -> float:
        start = time.perf_counter()
        for text in texts:
            classifier.labels[int(classifier.logits([text])[0].argmax())]
        return (time.perf_counter() - start) / len(texts)

    # the ratio is kdzoo's time over that of the bare parts: the sides change places
    alone = take_turns(bare.alone, own, ROUNDS, f"{name}, {runtime}, alone", progress)
    in_turn = take_turns(bare.in_turn, own, ROUNDS, f"{name}, {runtime}, in turn", progress)
    both_s, kdzoo_s = in_turn.times()
    return {
        "model": name,
        "runtime": runtime,
        "tokenizer, µs": round(1e6 * float(np.median(bare.tokenizer_s)), 1),
        "session, µs": round(1e6 * float(np.median(bare.session_s)), 1),
        "in turn, µs": round(1e6 * both_s, 1),
        "kdzoo, µs": round(1e6 * kdzoo_s, 1),
        "kdzoo / alone (quartiles)": alone.ratio(),
        "kdzoo / in turn (quartiles)": in_turn.ratio(),
    }


class _BareParts:
    """Encoding and running, with nothing between them; seconds per text."""

    def __init__(self, folder: Path, texts: Sequence[str]) -> None:
        import onnxruntime  # after kdzoo, which keeps it from the network

        self.tokenizer_s: list[float] = []
        self.session_s: list[float] = []
        self._texts = texts
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(folder / GRAPH, options)
        # the arrays are those of kdzoo's own side, so that both run the graph on the same
        encode = OnnxClassifier(folder).encode
        self._fed = [encode([text]) for text in texts]

    def in_turn(self) -> float:
        """Returns what both take, text after text."""
        start = time.perf_counter()
        for text, fed in zip(self._texts, self._fed, strict=True):
            self._tokenizer.encode(text)
            self._session.run(["logits"], fed)
        return (time.perf_counter() - start) / len(self._texts)

    def alone(self) -> float:
        """Returns what they take one after the other, and notes each."""
        start = time.perf_counter()
        for text in self._texts:
            self._tokenizer.encode(text)
        between = time.perf_counter()
        for fed in self._fed:
            self._session.run(["logits"], fed)
        end = time.perf_counter()
        self.tokenizer_s.append((between - start) / len(self._texts))
        self.session_s.append((end - between) / len(self._texts))
        return (end - start) / len(self._texts)


if __name__ == "__main__":
    typer.run(main)
