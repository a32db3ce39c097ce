"""Where the steps of a plan are made: in this process, in others, or on other machines."""

from kdzoo.engines.in_process import InProcess
from kdzoo.engines.schedule import Engine, LostError, Schedule

__all__ = ["Engine", "InProcess", "LostError", "Schedule"]
