"""What the command line does, for Python: each command is one call of a function here."""

from kdzoo.api.choosing import pick, pick_cascade
from kdzoo.api.exports import export, export_cascade, push
from kdzoo.api.models import benchmark, load, predict, write_predictions
from kdzoo.api.plans import list_steps, make_steps
from kdzoo.api.recipes import ENCODER, check, init, list_choices, new, schema, show
from kdzoo.api.search import tune
from kdzoo.api.studies import (
    check_report,
    make_report,
    merge,
    read_results,
    read_verdicts,
    run,
)
from kdzoo.api.teachers import cache, label, texts

__all__ = [
    "ENCODER",
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
    "run",
    "schema",
    "show",
    "texts",
    "tune",
    "write_predictions",
]
