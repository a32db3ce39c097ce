"""Distil a transformer classifier into a zoo of small students, and see what each costs you."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdzoo.api import load, merge, push, read_results, read_verdicts, run
    from kdzoo.errors import KdzooError
    from kdzoo.exporting import Exported, export
    from kdzoo.hub import Pushed
    from kdzoo.registry import (
        load_students,
        register_augmenter,
        register_dataset,
        register_objective,
        register_student,
    )
    from kdzoo.report.page.notebook import Results
    from kdzoo.runtime.agreement import Agreement
    from kdzoo.runtime.predictor import Prediction, Predictor

__version__ = version("kdzoo")

# onnxruntime reads it when it is imported, here or in a process that kdzoo starts: it would look up
# a host of its maker and leave a device id in the user's cache. A user's own value stays.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Looked up when first used, so that `import kdzoo` and `kdzoo --help` stay light.
_HOMES = {
    "Agreement": "kdzoo.runtime.agreement",
    "Exported": "kdzoo.exporting",
    "KdzooError": "kdzoo.errors",
    "Prediction": "kdzoo.runtime.predictor",
    "Predictor": "kdzoo.runtime.predictor",
    "Pushed": "kdzoo.hub",
    "Results": "kdzoo.report.page.notebook",
    "export": "kdzoo.exporting",
    "load": "kdzoo.api",
    "load_students": "kdzoo.registry",
    "merge": "kdzoo.api",
    "push": "kdzoo.api",
    "read_results": "kdzoo.api",
    "read_verdicts": "kdzoo.api",
    "register_augmenter": "kdzoo.registry",
    "register_dataset": "kdzoo.registry",
    "register_objective": "kdzoo.registry",
    "register_student": "kdzoo.registry",
    "run": "kdzoo.api",
}

__all__ = [
    "Agreement",
    "Exported",
    "KdzooError",
    "Prediction",
    "Predictor",
    "Pushed",
    "Results",
    "__version__",
    "export",
    "load",
    "load_students",
    "merge",
    "push",
    "read_results",
    "read_verdicts",
    "register_augmenter",
    "register_dataset",
    "register_objective",
    "register_student",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kdzoo' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
