"""Where the steps of a plan are made: in this process, in others, or on other machines."""

from kdzoo.engines.assignment import Assignment
from kdzoo.engines.choice import check_engine, wanted_workers, workers_for
from kdzoo.engines.in_process import InProcess
from kdzoo.engines.making import Way, make, measure
from kdzoo.engines.processes import Processes
from kdzoo.engines.relay import ToldOnce
from kdzoo.engines.schedule import Engine, LostError, Schedule
from kdzoo.engines.workers import Workers

__all__ = [
    "Assignment",
    "Engine",
    "InProcess",
    "LostError",
    "Processes",
    "Schedule",
    "ToldOnce",
    "Way",
    "Workers",
    "check_engine",
    "make",
    "measure",
    "wanted_workers",
    "workers_for",
]
