"""The layers of a trained model, as PyTorch runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import torchinfo

from kdzoo.amounts import in_megabytes
from kdzoo.architecture.layers import TOKENS, Layer, drawn
from kdzoo.errors import kind_and_words
from kdzoo.measure import flops_by_module, one_text
from kdzoo.model import load_model, size_bytes

_DEEPEST = 4  # a block of a transformer, as bert.encoder.layer.0, is one line


def trained_summary(folder: Path) -> str:
    """Returns the layers of the classifier in a folder.

    Raises:
        ModelError: the folder is no whole model.
    """
    loaded = load_model(folder)
    model, tokens = loaded.model, min(TOKENS, loaded.max_length)
    notes = [
        f"output and FLOPs: of one text of {tokens} tokens; FLOPs: two per multiplication and "
        "addition, none for look-ups"
    ]
    flops: Mapping[str, int] | None = None
    try:
        flops = flops_by_module(model, tokens)
    except Exception as error:  # the counter knows not every build: a figure beside the others
        notes.append(f"FLOPs cannot be counted: {kind_and_words(error)}")
    title = (
        f"{type(model).__name__}, {len(loaded.labels):,} labels, at most {loaded.max_length:,} "
        f"tokens, {in_megabytes(size_bytes(folder), 2)}"
    )
    return drawn(list(_layers(model, tokens, flops)), title, notes)


def _layers(model: Any, tokens: int, flops: Mapping[str, int] | None) -> Iterator[Layer]:
    """Yields the parts that have parameters or work of their own: their sums are the model's."""
    shapes = _shapes(model, tokens)
    seen: set[int] = set()
    for name, module in model.named_modules():
        depth = name.count(".") + 1 if name else 0
        if depth > _DEEPEST:
            continue
        is_whole = depth == _DEEPEST or not any(module.children())
        own = [
            parameter
            for parameter in module.parameters(recurse=is_whole)
            if id(parameter) not in seen
        ]
        seen |= {id(parameter) for parameter in own}
        work = None if flops is None else _own_flops(flops, name, is_whole=is_whole)
        if own or work:
            parameters = sum(parameter.numel() for parameter in own)
            yield Layer(name or "model", type(module).__name__, shapes.get(name), parameters, work)


def _own_flops(flops: Mapping[str, int], name: str, *, is_whole: bool) -> int:
    """Returns a module's FLOPs, unless it is whole without those of the parts below it.

    A list of modules is never called, and has none: its own parts stand for it.
    """
    if is_whole or name not in flops:
        return flops.get(name, 0)
    below = [
        name_inside
        for name_inside in flops
        if name_inside.startswith(f"{name}." if name else "") and name_inside != name
    ]
    nearest = [
        inner for inner in below if not any(inner.startswith(f"{other}.") for other in below)
    ]
    return flops[name] - sum(flops[inner] for inner in nearest)


def _shapes(model: Any, tokens: int) -> dict[str, tuple[int, ...]]:
    """Returns what each module gives for one text, by its dotted name."""
    with torch.inference_mode():
        found = torchinfo.summary(
            model, input_data=one_text(model, tokens), depth=_DEEPEST, verbose=0, device="cpu"
        )
    names = {id(module): name for name, module in model.named_modules()}
    return {
        names[id(layer.module)]: tuple(layer.output_size)
        for layer in found.summary_list
        if id(layer.module) in names and layer.output_size and _is_shape(layer.output_size)
    }


def _is_shape(size: Any) -> bool:
    return all(isinstance(length, int) for length in size)
