"""What a search is for: figures of a finished trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from kdzoo.data import Example
from kdzoo.errors import RecipeError, did_you_mean
from kdzoo.measure import work_per_text
from kdzoo.model import load_model
from kdzoo.results import Store

LATENCY = "latency"
FLOPS_PER_MS, BYTES_PER_MS = 1e7, 1e7  # of a core, about: 10 GFLOP/s and 10 GB/s


@dataclass(frozen=True)
class Goal:
    """A figure, and which way it is better.

    Attributes:
        name: what options call it.
        title: what tables call it, with its unit.
        direction: Optuna's word.
        of: reads it from a model of the store, by its key and the validation texts.
    """

    name: str
    title: str
    direction: Literal["maximize", "minimize"]
    of: Callable[[Store, str, Sequence[Example]], float]


def _accuracy(store: Store, key: str, _: Sequence[Example]) -> float:
    return store.read(key).quality["validation"]["accuracy"]


def _size_mb(store: Store, key: str, _: Sequence[Example]) -> float:
    return store.read(key).size.size_bytes / 1e6


def _flops(store: Store, key: str, texts: Sequence[Example]) -> int:
    work = work_per_text(load_model(store.finished(key)), texts)
    if work.flops is None:
        raise RecipeError(
            f"the FLOPs of this student cannot be counted: {work.failure}; search for "
            "--goals accuracy,size"
        )
    return work.flops


def _mega_flops(store: Store, key: str, texts: Sequence[Example]) -> float:
    return _flops(store, key, texts) / 1e6


def _latency(store: Store, key: str, texts: Sequence[Example]) -> float:
    """Returns the milliseconds that a core might take which is busy with nothing else.

    It multiplies at one rate, and reads the weights that every text needs at another; what is to
    be ranked by it needs no more. Finalists are measured.
    """
    size = store.read(key).size
    read_bytes = 4 * (size.parameters - size.embedding_parameters)  # of a word table only few rows
    return _flops(store, key, texts) / FLOPS_PER_MS + read_bytes / BYTES_PER_MS


GOALS = {
    goal.name: goal
    for goal in (
        Goal("accuracy", "validation accuracy", "maximize", _accuracy),
        Goal("size", "MB", "minimize", _size_mb),
        Goal("flops", "million FLOPs a text", "minimize", _mega_flops),
        Goal(LATENCY, "ms a text, estimated", "minimize", _latency),
    )
}


def goals_of(names: Sequence[str]) -> list[Goal]:
    """Returns the goals of those names, accuracy first.

    Raises:
        RecipeError: a goal is unknown, or twice there, or accuracy is missing.
    """
    for name in names:
        if name not in GOALS:
            raise RecipeError(f"--goals: there is no goal '{name}'; {did_you_mean(name, GOALS)}")
    if len(set(names)) < len(names):
        raise RecipeError("--goals: one is there twice; remove it")
    if "accuracy" not in names:
        raise RecipeError("--goals: accuracy has to be among them, as in accuracy,size")
    return [goal for name, goal in GOALS.items() if name in names]
