"""A point to resume from: one safetensors file, replaced atomically, no pickle."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from kdzoo.files import check_readable, has_file, writing
from kdzoo.training.average import WeightAverage

Tensors = dict[str, Tensor]


@dataclass
class Checkpoint:
    """All that the loop needs to go on as if nothing had happened."""

    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: Tensors | None = None  # weights of the best evaluation
    best_step: int = 0
    best_score: float = float("-inf")

    def consider(self, model: nn.Module, score: float) -> bool:
        """Keeps the weights if the score is at least the best; returns whether it did."""
        if score < self.best_score:
            return False
        self.best = copy_of(model.state_dict())
        self.best_score, self.best_step = score, self.step
        return True

    def save(
        self,
        path: Path,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        average: WeightAverage,
        random: Tensors,
    ) -> None:
        """Writes the checkpoint beside its place and moves it there.

        Args:
            path: its place.
            model: whose weights it holds.
            optimizer: its state is held too.
            average: its state is held too.
            random: as ``random_states`` gives them.
        """
        tensors = {f"model/{k}": v for k, v in copy_of(model.state_dict()).items()}
        tensors |= {f"best/{k}": v for k, v in (self.best or {}).items()}
        tensors |= {f"average/{k}": v for k, v in copy_of(average.state()).items()}
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {
                f"optimizer/{index}/{k}": v.detach().cpu().clone() for k, v in state.items()
            }
        tensors |= {f"rng/{k}": v for k, v in random.items()}
        said = {
            "step": self.step,
            "history": self.history,
            "best_step": self.best_step,
            "best_score": self.best_score,
        }
        path.parent.mkdir(exist_ok=True)  # not the store's: its disk may be away for a while
        partial = path.with_suffix(".partial")
        with writing(partial):
            save_file(tensors, partial, metadata={"kdzoo": json.dumps(said)})
        partial.replace(path)


def random_states(accelerator: Accelerator) -> Tensors:
    """Returns the random state of each device and process; all processes have to ask together.

    They are ``cpu`` and ``cuda`` of the main process, ``1/cpu`` and so on of the others.
    """
    own = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        own["cuda"] = torch.cuda.get_rng_state()
    states: Tensors = {}
    for device, state in own.items():
        of_all = accelerator.gather(state[None].to(accelerator.device))  # [processes, bytes]
        for process, each in enumerate(of_all):
            states[_random_name(device, process)] = each.cpu().clone()
    return states


def _random_name(device: str, process: int) -> str:
    return f"{process}/{device}" if process else device


def copy_of(state: dict[str, Tensor]) -> Tensors:
    """Returns the tensors on the CPU, none sharing memory with another."""
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state.items()}


def resume(
    path: Path | None,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: WeightAverage,
    process: int = 0,
) -> Checkpoint:
    """Returns the checkpoint in the file, its state put back; a fresh one without a file.

    Args:
        path: the file's, if any is written.
        model: gets the weights.
        optimizer: gets its state.
        average: gets its state.
        process: which of those that train together this is. Its random numbers go on where they
            were; where it took no part in the training before, they stay as they are.
    """
    if path is None or not has_file(path):
        return Checkpoint()
    check_readable(path)
    try:
        with safe_open(path, framework="pt") as file:
            said: dict[str, Any] = json.loads(file.metadata()["kdzoo"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    except SafetensorError:  # the disk lost part of it: the training begins anew
        return Checkpoint()
    parts: dict[str, Tensors] = {
        part: {} for part in ("model", "best", "average", "optimizer", "rng")
    }
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    model.load_state_dict(parts["model"])
    average.resume(parts["average"])
    state: dict[int, Tensors] = {}
    for name, tensor in parts["optimizer"].items():
        index, _, key = name.partition("/")
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    _put_back(parts["rng"], process)
    return Checkpoint(
        step=said["step"],
        history=said["history"],
        best=parts["best"] or None,
        best_step=said["best_step"],
        best_score=said["best_score"],
    )


def _put_back(random: Tensors, process: int) -> None:
    cpu, cuda = (random.get(_random_name(device, process)) for device in ("cpu", "cuda"))
    if cpu is not None:
        torch.set_rng_state(cpu)
    if cuda is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(cuda)
