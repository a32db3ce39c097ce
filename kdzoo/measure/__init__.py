"""Quality, latency and size of models in the form in which they would be deployed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdzoo.measure.candidate import Candidate, MeasureSettings
    from kdzoo.measure.flops import (
        Work,
        flops_by_module,
        flops_per_text,
        one_text,
        work_per_text,
    )
    from kdzoo.measure.latency import Measured, measure_candidates
    from kdzoo.measure.machine import conditions, environment
    from kdzoo.measure.outcomes import no_outcomes, outcomes_of, with_all_columns
    from kdzoo.measure.size import Size, baseline_size, model_size
    from kdzoo.measure.speed import THROUGHPUT, Memory, Speed
    from kdzoo.measure.summary import (
        NOISY,
        Ratio,
        Summary,
        noise,
        ratio,
        shared_rounds,
        summarise,
    )

# Looked up when first used: a process that is measured runs a module of this package, and what it
# would import beside the model's runtime would count as the model's own memory.
_HOMES = {
    "NOISY": "summary",
    "THROUGHPUT": "speed",
    "Candidate": "candidate",
    "MeasureSettings": "candidate",
    "Measured": "latency",
    "Memory": "speed",
    "Ratio": "summary",
    "Size": "size",
    "Speed": "speed",
    "Summary": "summary",
    "baseline_size": "size",
    "conditions": "machine",
    "environment": "machine",
    "Work": "flops",
    "flops_by_module": "flops",
    "flops_per_text": "flops",
    "measure_candidates": "latency",
    "model_size": "size",
    "no_outcomes": "outcomes",
    "noise": "summary",
    "one_text": "flops",
    "outcomes_of": "outcomes",
    "ratio": "summary",
    "shared_rounds": "summary",
    "summarise": "summary",
    "with_all_columns": "outcomes",
    "work_per_text": "flops",
}

__all__ = [
    "NOISY",
    "THROUGHPUT",
    "Candidate",
    "MeasureSettings",
    "Measured",
    "Memory",
    "Ratio",
    "Size",
    "Speed",
    "Summary",
    "Work",
    "baseline_size",
    "conditions",
    "environment",
    "flops_by_module",
    "flops_per_text",
    "measure_candidates",
    "model_size",
    "no_outcomes",
    "noise",
    "one_text",
    "outcomes_of",
    "ratio",
    "shared_rounds",
    "summarise",
    "with_all_columns",
    "work_per_text",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kdzoo.measure' has no attribute '{name}'")
    return getattr(import_module(f"kdzoo.measure.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Names what is looked up when first used too, so that notebooks and shells complete it."""
    return sorted({*globals(), *__all__})
