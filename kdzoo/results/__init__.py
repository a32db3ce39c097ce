"""The store of models and measurements."""

from kdzoo.results.beside import StoreBeside
from kdzoo.results.made_form import made_form
from kdzoo.results.merge import merge
from kdzoo.results.opened import opened
from kdzoo.results.publish import is_study, publish, refuse_foreign_report, without_paths
from kdzoo.results.reading import read_as
from kdzoo.results.record import (
    OUTPUTS,
    DataSummary,
    Failure,
    FormRecord,
    Manifest,
    ManifestRow,
    Member,
    Record,
    Role,
    Session,
    Timing,
    TrainingSummary,
    now,
)
from kdzoo.results.renewed import RenewedStore, renewed
from kdzoo.results.store import Store
from kdzoo.results.timing import session_of, timing_of
from kdzoo.results.whole import OUTCOMES, RECORD

__all__ = [
    "OUTCOMES",
    "OUTPUTS",
    "RECORD",
    "DataSummary",
    "Failure",
    "FormRecord",
    "Manifest",
    "ManifestRow",
    "Member",
    "Record",
    "RenewedStore",
    "Role",
    "Session",
    "Store",
    "StoreBeside",
    "Timing",
    "TrainingSummary",
    "is_study",
    "made_form",
    "merge",
    "now",
    "opened",
    "publish",
    "read_as",
    "refuse_foreign_report",
    "renewed",
    "session_of",
    "timing_of",
    "without_paths",
]
