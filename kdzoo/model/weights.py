"""Models from the weights in a folder: all that they need is there, or one message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from kdzoo.errors import ModelError, first_line

_SHOWN = 4  # names of weights in a message


def load_finished(auto: Any, folder: Path, name: str) -> Any:
    """Returns a classifier as it was trained, on the CPU.

    Args:
        auto: the Auto class of transformers.
        folder: the model's.
        name: what the user calls it.

    Raises:
        ModelError: it cannot be loaded, or its weights are not all there.
    """
    model, info = _loaded(auto, folder, name)
    missing = sorted(info["missing_keys"])
    _refuse_half(model, missing, info["unexpected_keys"], folder, name)
    if missing:
        raise ModelError(
            f"{name} is not a finished classifier: its weights lack {_listed(missing)}; as a "
            "teacher it has to be fitted to the data: teacher: {fine_tune: {}}"
        )
    return model


def load_begun(auto: Any, folder: Path, name: str, **options: Any) -> Any:
    """Returns a model whose encoder was trained, on the CPU; its head may be new.

    Args:
        auto: the Auto class of transformers.
        folder: the model's.
        name: what the user calls it.
        options: for ``from_pretrained``.

    Raises:
        ModelError: it cannot be loaded, or weights of the encoder are not there.
    """
    model, info = _loaded(auto, folder, name, **options)
    _refuse_half(model, sorted(info["missing_keys"]), info["unexpected_keys"], folder, name)
    return model


def _loaded(auto: Any, folder: Path, name: str, **options: Any) -> tuple[Any, dict[str, Any]]:
    try:
        model, info = auto.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
            **options,
        )
    except ModelError:
        raise
    except Exception as error:  # safetensors, JSON and configuration errors have no common base
        raise ModelError(f"{name} cannot be loaded: {first_line(error)}") from error
    return model, info


def _refuse_half(
    model: Any, missing: Sequence[str], spare: Sequence[str], folder: Path, name: str
) -> None:
    """Refuses an encoder some of whose weights are random; a pooler is a part of the head."""
    encoder = [each for each in missing if _is_of_encoder(model, each) and "pooler" not in each]
    if not encoder:
        return
    wrapper = _wrapper(model, encoder, spare)
    cure = (
        "the model is not whole, or its files are of several; download or save all of it again"
        if wrapper is None
        else _unwrapped(wrapper, folder / "model.safetensors")
    )
    raise ModelError(f"{name}: its weights lack {_listed(encoder)}; {cure}")


def _is_of_encoder(model: Any, weight: str) -> bool:
    base = model.base_model_prefix
    return not hasattr(model, base) or weight.startswith(f"{base}.")


def _wrapper(model: Any, missing: Sequence[str], spare: Sequence[str]) -> str | None:
    """Returns what stands before the name of every weight in the file; None where nothing does."""
    base = f"{model.base_model_prefix}."
    bare = [name.removeprefix(base) for name in missing]
    there = {re.sub(rf"^(.*?\.)(?:{re.escape(base)})?{re.escape(bare[0])}$", r"\1", name)
             for name in spare if name.endswith(f".{bare[0]}")}  # fmt: skip
    names = {*spare}
    for prefix in there:
        if all(names & {f"{prefix}{name}", f"{prefix}{base}{name}"} for name in bare):
            return prefix
    return None


def _unwrapped(prefix: str, file: Path) -> str:
    """Returns how a wrapper's name is taken from the names of weights."""
    return (
        f"their names in the file begin with {prefix}, which a wrapper of the model put there "
        f"(torch.compile, DistributedDataParallel): save model.{prefix.rstrip('.')} in place of "
        "model, or take it off in Python: from safetensors.torch import load_file, save_file; "
        f"save_file({{name.removeprefix('{prefix}'): weight for name, weight in "
        f"load_file({str(file)!r}).items()}}, {str(file)!r}, metadata={{'format': 'pt'}})"
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[: _SHOWN - 1])} and {len(names) - _SHOWN + 1} others"
