"""Distil a transformer classifier into a zoo of small students, and see what each costs you."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdzoo.api import (
        benchmark,
        cache,
        check,
        check_report,
        export,
        export_cascade,
        init,
        label,
        list_choices,
        list_steps,
        load,
        make_report,
        make_steps,
        merge,
        new,
        pick,
        pick_cascade,
        predict,
        push,
        read_results,
        read_verdicts,
        run,
        schema,
        show,
        texts,
        tune,
        write_predictions,
    )
    from kdzoo.errors import KdzooError
    from kdzoo.exporting import Exported
    from kdzoo.extensions import load_extensions
    from kdzoo.hub import Pushed
    from kdzoo.recipe.csv import Csv
    from kdzoo.registry import (
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

__all__ = [
    "Agreement",
    "Csv",
    "Exported",
    "KdzooError",
    "Prediction",
    "Predictor",
    "Pushed",
    "Results",
    "__version__",
    "benchmark",
    "cache",
    "check",
    "check_report",
    "export",
    "export_cascade",
    "init",
    "label",
    "list_choices",
    "list_steps",
    "load",
    "load_extensions",
    "make_report",
    "make_steps",
    "merge",
    "new",
    "pick",
    "pick_cascade",
    "predict",
    "push",
    "read_results",
    "read_verdicts",
    "register_augmenter",
    "register_dataset",
    "register_objective",
    "register_student",
    "run",
    "schema",
    "show",
    "texts",
    "tune",
    "write_predictions",
]

# Looked up when first used, so that `import kdzoo` and `kdzoo --help` stay light: in kdzoo.api,
# where no other module is named.
_HOMES = {
    "Agreement": "kdzoo.runtime.agreement",
    "Csv": "kdzoo.recipe.csv",
    "Exported": "kdzoo.exporting",
    "KdzooError": "kdzoo.errors",
    "Prediction": "kdzoo.runtime.predictor",
    "Predictor": "kdzoo.runtime.predictor",
    "Pushed": "kdzoo.hub",
    "Results": "kdzoo.report.page.notebook",
    "load_extensions": "kdzoo.extensions",
    "register_augmenter": "kdzoo.registry",
    "register_dataset": "kdzoo.registry",
    "register_objective": "kdzoo.registry",
    "register_student": "kdzoo.registry",
}

# Names of the last release, with those of today; they go with the next one.
_RENAMED = {"load_students": "load_extensions"}


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        message = (
            f"kdzoo.{name} is now kdzoo.{_RENAMED[name]}; the old name goes in the next release"
        )
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        name = _RENAMED[name]
    if name not in __all__:
        raise AttributeError(f"module 'kdzoo' has no attribute '{name}'")
    return getattr(import_module(_HOMES.get(name, "kdzoo.api")), name)


def __dir__() -> list[str]:
    """Names what is looked up when first used too, so that notebooks and shells complete it."""
    return sorted({*globals(), *__all__})
