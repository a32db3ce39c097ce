"""What every form of a model can do, and which form reads a folder.

Nothing here imports torch: a process that deploys an exported model does not need it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from kdzoo import registry
from kdzoo.bounds import read_json
from kdzoo.errors import ModelError, RecipeError
from kdzoo.files import has_file
from kdzoo.model_folders import instead_of, no_folder, refuse_adapter
from kdzoo.task import (
    MULTI_LABEL,
    SINGLE_LABEL,
    TASKS,
    TOKEN_CLASSIFICATION,
    Task,
    task_of_problem,
)
from kdzoo.task.protocol import Input as Input
from kdzoo.task.protocol import Logits as Logits
from kdzoo.task.tags import are_tags


class Classifier(Protocol):
    """A model as it would be deployed: texts in, logits out, tokenisation included.

    Where each word gets a label, texts are words with one space between, and logits are [N, W, C]:
    NaN where a text has fewer words, zeros where a word was not read.

    An answer depends on its text alone, never on the texts beside it: a runtime in which a batch
    has a say is wrapped in ``kdzoo.runtime.alone.TextByText``.
    """

    labels: tuple[str, ...]
    reads_pairs: bool | None  # rather than single texts; None where nobody says

    def encode(self, texts: Sequence[Input]) -> Any:
        """Returns one batch as the model reads it; what that is, is the runtime's own affair."""

    def run(self, encoded: Any) -> Logits:
        """Returns the logits [B, C] of one encoded batch."""

    def logits(self, texts: Sequence[Input]) -> Logits:
        """Returns the logits [N, C] of any number of texts, in their order, batch by batch."""


def load_classifier(folder: Path, runtime: str, threads: int | None = None) -> Classifier:
    """Returns the folder's model in a runtime.

    Args:
        folder: a trained model's, or what the runtime's export wrote.
        runtime: its registered name.
        threads: for runtimes that have a pool of their own; theirs by default.

    Raises:
        ModelError: the folder is no model, or not one for this runtime.
        RecipeError: the runtime is not installed.
    """
    require_runtimes([runtime])
    classifier: Classifier = registry.runtimes.get(runtime).value(folder, threads)
    return classifier


def require_runtimes(names: Iterable[str]) -> None:
    """Checks that what the runtimes need is installed.

    Raises:
        RecipeError: a package is missing; the message says how to install it.
        RegistryError: there is no runtime of that name.
    """
    for name in names:
        entry = registry.runtimes.get(name)
        if missing := lacking(name):
            extra = entry.extra
            cure = f'pip install "kdzoo[{extra}]"' if extra else f"pip install {' '.join(missing)}"
            raise RecipeError(f"runtime '{name}' needs {', '.join(missing)}: {cure}")


def lacking(name: str) -> list[str]:
    """Returns the modules that a runtime needs and that are not installed.

    Raises:
        RegistryError: there is no runtime of that name.
    """
    return [
        need for need in registry.runtimes.get(name).needs if importlib.util.find_spec(need) is None
    ]


def task_in(folder: Path) -> Task:
    """Returns what the model in a folder is asked; one that says nothing chooses one label.

    Raises:
        ModelError: a file of it cannot be read.
    """
    from kdzoo.runtime.decision import read_decision
    from kdzoo.runtime.folder import LABELS, is_exported_form, read_exported_form, read_labels

    if is_exported_form(folder):
        return TASKS[read_exported_form(folder).task]
    if has_file(folder / "config.json"):
        try:
            config = read_json(folder / "config.json")
        except ValueError as error:
            raise ModelError(f"{folder / 'config.json'} cannot be read: {error}") from error
        told = config if isinstance(config, dict) else {}
        return task_of_problem(told.get("problem_type"), told.get("architectures"))
    decision = read_decision(folder)  # of the classical baseline, whose files say nothing of it
    if has_file(folder / LABELS) and are_tags(read_labels(folder)):
        return TOKEN_CLASSIFICATION
    return SINGLE_LABEL if decision is None or decision.thresholds is None else MULTI_LABEL


def runtime_of(folder: Path) -> str:
    """Returns the name of the runtime that a folder was made for.

    Raises:
        ModelError: it is no model folder, or that of an adapter without its model.
    """
    from kdzoo.runtime.folder import CASCADE, EXPORT, read_exported_form

    if has_file(folder / CASCADE):
        return "cascade"
    if has_file(folder / EXPORT):
        return read_exported_form(folder).runtime
    if has_file(folder / "baseline.skops"):
        return "sklearn"
    refuse_adapter(folder, str(folder))
    if has_file(folder / "config.json"):
        return "torch"
    raise ModelError(
        f"{folder} is no model: it holds neither config.json nor {EXPORT}{instead_of(folder)}"
        if folder.is_dir()
        else no_folder(folder, str(folder))
    )
