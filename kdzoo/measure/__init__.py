"""Quality, latency and size of models in the form in which they would be deployed."""

from kdzoo.measure.latency import summarise, thread_budget, time_candidates
from kdzoo.measure.machine import environment
from kdzoo.measure.predictions import figures, no_outcomes, outcomes
from kdzoo.measure.size import Size, baseline_size, model_size

__all__ = [
    "Size",
    "baseline_size",
    "environment",
    "figures",
    "model_size",
    "no_outcomes",
    "outcomes",
    "summarise",
    "thread_budget",
    "time_candidates",
]
