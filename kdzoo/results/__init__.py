"""The store of models and measurements."""

from kdzoo.results.record import (
    OUTPUTS,
    DataSummary,
    Deployed,
    Manifest,
    Member,
    Record,
    Role,
    Row,
    Session,
    Timing,
    TrainingSummary,
)
from kdzoo.results.store import CHECKPOINT, HISTORY, PREDICTIONS, Store, publish, write_atomically

__all__ = [
    "CHECKPOINT",
    "HISTORY",
    "OUTPUTS",
    "PREDICTIONS",
    "DataSummary",
    "Deployed",
    "Manifest",
    "Member",
    "Record",
    "Role",
    "Row",
    "Session",
    "Store",
    "Timing",
    "TrainingSummary",
    "publish",
    "write_atomically",
]
