"""The store of models and measurements."""

from kdzoo.results.merge import merge
from kdzoo.results.opened import opened
from kdzoo.results.publish import is_study, publish, refuse_foreign_report, without_paths
from kdzoo.results.record import (
    OUTPUTS,
    DataSummary,
    Deployed,
    Failure,
    Manifest,
    Member,
    Record,
    Role,
    Row,
    Session,
    Timing,
    TrainingSummary,
    now,
)
from kdzoo.results.store import CHECKPOINT, PREDICTIONS, Store

__all__ = [
    "CHECKPOINT",
    "OUTPUTS",
    "PREDICTIONS",
    "DataSummary",
    "Deployed",
    "Failure",
    "Manifest",
    "Member",
    "Record",
    "Role",
    "Row",
    "Session",
    "Store",
    "Timing",
    "TrainingSummary",
    "is_study",
    "merge",
    "now",
    "opened",
    "publish",
    "refuse_foreign_report",
    "without_paths",
]
