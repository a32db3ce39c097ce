"""From the outputs for a text's tokens to one vector: as a sentence-transformers folder says."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from torch import Tensor, nn
from torch.nn import functional

from kdzoo.bounds import read_json
from kdzoo.digest import file_sha256
from kdzoo.errors import ModelError, first_line
from kdzoo.fields import LowerLayers

PoolingKind = Literal["mean", "cls", "max"]
Activation = Literal["Identity", "Tanh", "ReLU", "GELU", "Sigmoid", "SiLU"]
Side = Annotated[int, Field(gt=0, le=1 << 20)]

_MODULES = "modules.json"
_WEIGHTS = "model.safetensors"
_OWN_POOLING = "name it yourself, as in --set teacher.pooling=mean (mean, cls or max)"
_WITHOUT_MODULES = (
    "download the whole folder, or remove that file: sentence vectors are then made as "
    "--set teacher.pooling=mean says (mean, cls or max)"
)
_WHOLE = (
    "download the whole folder, or load it in sentence-transformers once and "
    "save_pretrained(FOLDER) it"
)
_POOLINGS: dict[str, PoolingKind] = {
    "mean": "mean", "mean_tokens": "mean", "cls": "cls", "cls_token": "cls", "max": "max",
    "max_tokens": "max",
}  # fmt: skip


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Normalize(_Step):
    """Brings a vector to length 1."""

    kind: Literal["normalize"] = "normalize"

    def module(self) -> nn.Module:
        """Returns the layer."""
        return _Normalize()


class Dense(_Step):
    """A linear layer behind the pooling, and what follows it."""

    kind: Literal["dense"] = "dense"
    inputs: Side
    outputs: Side
    bias: bool = True
    activation: Activation = "Identity"

    def module(self) -> nn.Module:
        """Returns the layer, its weights not set."""
        linear = nn.Linear(self.inputs, self.outputs, bias=self.bias)
        return nn.Sequential(linear, getattr(nn, self.activation)())


class Pooling(_Step):
    """How a sentence vector comes about.

    Attributes:
        kind: of the tokens' outputs, the ``mean``, that of the first (``cls``), or the ``max``.
        steps: what the pooled vector goes through, in this order.
        lower: layers below the last whose pooled outputs stand behind that vector, each of them
            and it of length 1; 0 is the embeddings.
    """

    kind: PoolingKind = "mean"
    steps: tuple[Annotated[Normalize | Dense, Field(discriminator="kind")], ...] = Field(
        (), max_length=8
    )
    lower: LowerLayers = Field((), exclude_if=operator.not_)

    def module(self) -> nn.Sequential:
        """Returns the layers behind the pooling."""
        return nn.Sequential(*(step.module() for step in self.steps))

    def width(self, hidden_size: int) -> int:
        """Returns how wide a sentence vector is."""
        last = next((s.outputs for s in reversed(self.steps) if isinstance(s, Dense)), hidden_size)
        return last + len(self.lower) * hidden_size


class _Normalize(nn.Module):
    def forward(self, vectors: Tensor) -> Tensor:
        return functional.normalize(vectors, dim=-1)  # [B, D]


def pool(states: Tensor, attention_mask: Tensor, kind: str) -> Tensor:
    """Returns one vector [B, D] of each text's states [B, T, D]; padding [B, T] counts for nothing.

    A text of padding alone gives zeros, or, by ``cls``, its first state.
    """
    if kind == "cls":
        return states[:, 0]
    mask = attention_mask.unsqueeze(-1)  # [B, T, 1]
    if kind == "mean":
        return (states * mask).sum(1) / mask.sum(1).clamp(min=1)
    lowest = torch.finfo(states.dtype).min
    return states.masked_fill(mask == 0, lowest).amax(1) * (mask.sum(1) > 0)


def read_pooling(folder: Path, wanted: PoolingKind | None = None) -> tuple[Pooling, dict[str, str]]:
    """Returns how an encoder's sentence vectors come about, and the files that hold its layers.

    Without a sentence-transformers configuration it is the mean, not normalised.

    Args:
        folder: of the encoder.
        wanted: the pooling that the recipe names; it comes before the folder's own.

    Returns:
        The pooling; and of each dense layer's file the digest, by its path in the folder.

    Raises:
        ModelError: the folder lacks the pooling it claims, or has layers that kdzoo does not know.
    """
    path = folder / _MODULES
    if not path.is_file():
        return Pooling(kind=wanted or "mean"), {}
    kind, steps, files = wanted, [], {}
    for name, place in _modules(path):
        match name:
            case "Transformer":
                continue
            case "Pooling":
                kind = kind or _kind(folder, place)
            case "Normalize":
                steps.append({"kind": "normalize"})
            case "Dense":
                steps.append(_dense(folder, place))
                files[f"{place}/{_WEIGHTS}"] = file_sha256(folder / place / _WEIGHTS)
            case _:
                raise ModelError(
                    f"{path} names a module {name[:40]}, which kdzoo does not know (it knows "
                    "Transformer, Pooling, Dense and Normalize); take another encoder, or have "
                    "this one fine-tuned: teacher.fine_tune in place of teacher.head"
                )
    return _checked(path, {"kind": kind or "mean", "steps": steps}), files


def load_steps(layers: nn.Sequential, folder: Path, files: dict[str, str]) -> None:
    """Fills the dense layers behind a pooling, in place, with the weights of the folder.

    Args:
        layers: those behind the pooling, in their order.
        folder: the model's.
        files: its keys are the files of the dense ones' weights, in that order.

    Raises:
        ModelError: a file is damaged, or its weights are of other sizes than it says.
    """
    from safetensors.torch import load_file

    dense = [module for module in layers if isinstance(module, nn.Sequential)]
    for layer, name in zip(dense, files, strict=True):
        try:
            weights = load_file(folder / name)
            layer[0].load_state_dict(
                {part.removeprefix("linear."): weight.float() for part, weight in weights.items()}
            )
        except Exception as error:  # safetensors and torch have errors of their own
            raise ModelError(f"{folder / name} cannot be loaded: {first_line(error)}") from error


def _modules(path: Path) -> list[tuple[str, str]]:
    """Returns kind and folder of each module, in order."""
    modules = _read(path, _WITHOUT_MODULES)
    entries = modules if isinstance(modules, list) else []
    found = [
        (entry["type"].rpartition(".")[2], entry["path"])
        for entry in entries
        if isinstance(entry, dict)
        and isinstance(entry.get("type"), str)
        and isinstance(entry.get("path"), str)
    ]
    if not found or len(found) != len(entries):
        raise ModelError(f"{path} is no list of modules with type and path; {_WITHOUT_MODULES}")
    outside = [place for _, place in found if not _is_inside(place)]
    if outside:
        raise ModelError(
            f"{path} names the folder {outside[0][:60]!r}, which is not inside its own; take "
            "another encoder"
        )
    return found


def _is_inside(place: str) -> bool:
    """Whether a place that a file names is one of the folder's own: no way leads out of it."""
    return not Path(place).is_absolute() and ".." not in Path(place).parts and "\0" not in place


def _kind(folder: Path, place: str) -> PoolingKind:
    path = folder / place / "config.json"
    if not path.is_file():
        raise ModelError(
            f"{folder / _MODULES} names a pooling, and {place}/config.json, which says which, is "
            f"not there; {_OWN_POOLING}"
        )
    settings = _read(path, _OWN_POOLING)
    settings = settings if isinstance(settings, dict) else {}
    named = settings.get("pooling_mode")
    modes = [named] if isinstance(named, str) else [
        name.removeprefix("pooling_mode_")
        for name, is_on in settings.items()
        if name.startswith("pooling_mode_") and is_on is True
    ]  # fmt: skip
    if len(modes) != 1 or modes[0] not in _POOLINGS:
        shown = ", ".join(modes)[:80] or "none"
        raise ModelError(
            f"{path} names the pooling {shown}, and kdzoo knows one of mean, cls and max; take "
            f"another encoder, or {_OWN_POOLING}"
        )
    return _POOLINGS[modes[0]]


def _dense(folder: Path, place: str) -> dict[str, Any]:
    path = folder / place / "config.json"
    lacking = [file for file in (path, folder / place / _WEIGHTS) if not file.is_file()]
    if lacking:
        raise ModelError(
            f"{folder / _MODULES} names a dense layer, and {lacking[0]} is not there; {_WHOLE}"
        )
    settings = _read(path, _WHOLE)
    settings = settings if isinstance(settings, dict) else {}
    activation = str(settings.get("activation_function", "torch.nn.modules.activation.Tanh"))
    return {
        "kind": "dense",
        "inputs": settings.get("in_features"),
        "outputs": settings.get("out_features"),
        "bias": settings.get("bias", True),
        "activation": activation.rpartition(".")[2],
    }


def _checked(path: Path, said: dict[str, Any]) -> Pooling:
    try:
        return TypeAdapter(Pooling).validate_python(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = " ".join(str(key) for key in first["loc"] if isinstance(key, str))
        raise ModelError(
            f"{path}: the layers behind the encoder are none that kdzoo knows ({where}: "
            f"{first['msg']}); take another encoder, or have this one fine-tuned: "
            "teacher.fine_tune in place of teacher.head"
        ) from error


def _read(path: Path, cure: str) -> Any:
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}; {cure}") from error
