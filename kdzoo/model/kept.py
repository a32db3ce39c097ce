"""A student's folder holds all of it: saved and loaded again, it answers as before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from transformers import PreTrainedModel

from kdzoo.entries import StudentEntry
from kdzoo.errors import ModelError, Problem

_TOLERANCE = 1e-5  # of logits: the same numbers, added up by the same machine


def refuse_unkept(student: nn.Module, entry: StudentEntry) -> None:
    """Refuses a student with numbers that the file of its weights would lack, or hold twice.

    What lies in a part that is a model of transformers, it saves and loads in its own way.

    Raises:
        ModelError: there are such numbers; the message names the attribute and what to write.
    """
    problems = [*_unsized(student), *_shared(student), *_unsaved(student), *_hidden(student)]
    if problems:
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) would not be whole in its folder", *problems
        )


def refuse_grown(student: nn.Module, before: Iterable[str], entry: StudentEntry) -> None:
    """Refuses a student that has made weights while it read: none of them is trained or loaded.

    Args:
        student: after it has read a text.
        before: the names of its weights before.
        entry: the student's.

    Raises:
        ModelError: it has.
    """
    grown = sorted(student.state_dict().keys() - set(before))
    if grown:
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) makes weights while it reads: {grown[0]}; "
            "make its layers in __init__, so that they are trained, saved and loaded"
        )


def check_loaded(model: Any, entry: StudentEntry, batch: Mapping[str, Tensor]) -> None:
    """Saves the student, loads it again, and compares what both answer.

    Args:
        model: the student as a Hugging Face model, in evaluation mode.
        entry: the student's.
        batch: the model's inputs, [B, T] each.

    Raises:
        ModelError: it cannot be saved or loaded, or the two answer differently.
    """
    name = f"student '{entry.name}' ({entry.origin})"
    with TemporaryDirectory() as folder:
        try:
            model.save_pretrained(folder)
            loaded = type(model).from_pretrained(folder).eval()
            with torch.no_grad():
                logits, again = model(**batch).logits, loaded(**batch).logits
        except Exception as error:
            raise ModelError(
                f"{name} cannot be saved and loaded again: {type(error).__name__}: {error}; if its "
                "constructor reads numbers of tensors, as .item() does, have it do without: while "
                "it is loaded, there are none yet"
            ) from error
    if not torch.allclose(logits, again, rtol=0, atol=_TOLERANCE):
        raise ModelError(
            f"{name} answers otherwise after it was saved and loaded: weights and buffers are all "
            "that is saved, so what its constructor draws at random or reads elsewhere is another "
            "one then; keep it with self.register_buffer"
        )


def _unsized(student: nn.Module) -> Iterator[Problem]:
    for name, parameter in student.named_parameters():
        if isinstance(parameter, UninitializedParameter):
            yield Problem(
                f"{name} has no size before the first text",
                cure="give the layer its sizes, as in nn.Linear(32, 16) for nn.LazyLinear(16)",
            )


def _shared(student: nn.Module) -> Iterator[Problem]:
    names: dict[int, str] = {}
    for name, parameter in student.named_parameters(remove_duplicate=False):
        first = names.setdefault(id(parameter), name)
        if first != name and not _is_theirs(student, name):
            yield Problem(
                f"{first} and {name} are one weight under two names",
                cure="keep it under one of them, and use that in both places",
            )


def _unsaved(student: nn.Module) -> Iterator[Problem]:
    saved = student.state_dict().keys()
    for name, _ in student.named_buffers():
        if name not in saved and not _is_theirs(student, name):
            yield Problem(
                f"{name} is a buffer that is not saved", cure="register it without persistent=False"
            )


def _hidden(student: nn.Module) -> Iterator[Problem]:
    """Yields what a module has beside its parameters, buffers and layers.

    A hook before each forward, as of weight_norm and spectral_norm, makes what it needs anew.
    """
    known = {id(each) for each in (*student.parameters(), *student.buffers(), *student.modules())}
    for path, module in student.named_modules():
        for attribute, value in ({} if module._forward_pre_hooks else vars(module)).items():
            name = f"{path}.{attribute}".lstrip(".")
            found = next((each for each in _inside(value) if id(each) not in known), None)
            if found is None or _is_theirs(student, name):
                continue
            what, cure = "layers", "keep them with nn.ModuleList, or nn.ModuleDict"
            if isinstance(found, Tensor):
                what = "a tensor"
                cure = "keep it with self.register_buffer, or as an nn.Parameter if it is learnt"
            yield Problem(
                f"{name} holds {what} that torch does not know and nobody saves", cure=cure
            )


def _inside(value: object) -> Iterator[Tensor | nn.Module]:
    """Yields the tensors and modules in an attribute, in lists and dictionaries of it too."""
    if isinstance(value, Tensor | nn.Module):
        yield value
    elif isinstance(value, list | tuple | set | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _inside(each)


def _is_theirs(student: nn.Module, name: str) -> bool:
    """Whether what has that name lies in a part that is a model of transformers."""
    parts = [path for path, part in student.named_modules() if isinstance(part, PreTrainedModel)]
    return any(name.startswith(f"{part}.") for part in parts)
