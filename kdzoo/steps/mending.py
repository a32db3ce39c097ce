"""Bringing an int8 form that lost too much back within its bounds, by layers kept in float."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kdzoo.runtime import load_classifier
from kdzoo.runtime.parity import Parity
from kdzoo.runtime.settings import ExportSettings

if TYPE_CHECKING:
    from kdzoo.progress import Progress
    from kdzoo.runtime import Classifier, Input, Logits

RANKED_BY = 128  # validation texts, by whose logits layers are ranked: all are read in the end


def kept_in_float(
    folder: Path,
    runtime: str,
    settings: ExportSettings,
    texts: Sequence[Input],
    parity: Callable[[Classifier], Parity],
    progress: Progress,
) -> tuple[str, ...]:
    """Returns the fewest layers that bring a form within its bounds if they stay in float.

    Which layer costs most is seen by the logits of some texts with that layer alone in float; the
    costliest are kept until the form passes, and those without which it passes too are let go.

    Args:
        folder: the trained model's.
        runtime: of the form.
        settings: of its export.
        texts: of validation.
        parity: compares a form with PyTorch on validation.
        progress: told how far it is.

    Returns:
        Names of operations in the graph; none where nothing helps.
    """
    from kdzoo.runtime.export import export_model, int8_layers  # needs the extra `onnx`

    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "form"

        def form(kept: Sequence[str]) -> Classifier:
            export_model(folder, target, runtime, replace(settings, kept=tuple(kept)))
            return load_classifier(target, runtime)

        names = int8_layers(folder)
        some = texts[:RANKED_BY]
        wanted = load_classifier(folder, "torch").logits(some)
        with progress.task("looking for layers to keep in float", len(names), unit="layers") as bar:
            cost = {}
            for name in names:
                cost[name] = _distance(form([name]).logits(some), wanted)
                bar.advance()
        most = len(names).bit_length() + len(names)
        with progress.task("seeing how few suffice", most, unit="forms") as bar:

            def passes(kept: Sequence[str]) -> bool:
                bar.advance()
                return parity(form(kept)).passed

            return fewest(sorted(names, key=cost.__getitem__), passes)


def _distance(logits: Logits, wanted: Logits) -> float:
    there = ~np.isnan(wanted)  # a sentence has no logits of words that it lacks
    apart = np.square(logits[there] - wanted[there]).mean()
    return math.inf if np.isnan(apart) else float(apart)


def fewest(ranked: Sequence[str], passes: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
    """Returns a set that passes and from which nothing can be left out; none where none passes.

    Args:
        ranked: names, the most promising first.
        passes: whether a set of them does.
    """
    if not ranked or not passes(ranked):
        return ()
    failing, count = 0, len(ranked)  # each try exports the form and reads all of validation
    while count - failing > 1:
        middle = (failing + count) // 2
        failing, count = (failing, middle) if passes(ranked[:middle]) else (middle, count)
    kept = list(ranked[:count])
    for name in ranked[: count - 1]:  # without the last one it does not pass
        fewer = [layer for layer in kept if layer != name]
        if passes(fewer):
            kept = fewer
    return tuple(kept)
