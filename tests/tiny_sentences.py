"""Sentence-transformers folders: an encoder with what stands behind its layers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

WIDTH = 32  # of the tiny encoder


def sentence_folder(
    encoder: Path, folder: Path, modules: Sequence[str], pooling: dict[str, Any] | None = None
) -> Path:
    """Returns a copy of an encoder with modules behind it.

    Args:
        encoder: a folder of one.
        folder: where to.
        modules: kinds, as in ("Pooling", "Dense", "Normalize").
        pooling: what the pooling's configuration says; mean by default, no file where it is empty.
    """
    shutil.copytree(encoder, folder)
    modes = {"pooling_mode_mean_tokens": True} if pooling is None else pooling
    entries = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
    ]
    for number, kind in enumerate(modules, start=1):
        place = f"{number}_{kind}"
        entries.append(
            {"idx": number, "name": str(number), "path": place,
             "type": f"sentence_transformers.models.{kind}"}
        )  # fmt: skip
        if kind == "Pooling" and modes:
            write_json(folder / place / "config.json", {"word_embedding_dimension": WIDTH, **modes})
        if kind == "Dense":
            write_dense(folder / place, 12)
    write_json(folder / "modules.json", entries)
    return folder


def write_dense(folder: Path, outputs: int, activation: str = "Tanh") -> None:
    """Writes a dense layer as sentence-transformers does."""
    write_json(
        folder / "config.json",
        {"in_features": WIDTH, "out_features": outputs, "bias": True,
         "activation_function": f"torch.nn.modules.activation.{activation}"},
    )  # fmt: skip
    drawn = torch.Generator().manual_seed(1)
    weights = {
        "linear.weight": torch.randn(outputs, WIDTH, generator=drawn),
        "linear.bias": torch.randn(outputs, generator=drawn),
    }
    save_file(weights, folder / "model.safetensors")


def write_json(path: Path, content: Any) -> None:
    """Writes JSON into a folder that may not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
