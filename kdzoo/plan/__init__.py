"""A study's plan: its steps as data, what the store has of them, and how one is made."""

from kdzoo.plan.build import plan_of
from kdzoo.plan.estimate import PlannedStep, planned
from kdzoo.plan.looking import seen
from kdzoo.plan.perform import (
    Claimed,
    Failed,
    Lacking,
    Made,
    Performer,
    Result,
    Threads,
    Unreached,
)
from kdzoo.plan.step import TRAINED, Plan, RowSteps, Step
from kdzoo.plan.tally import StudyTally

__all__ = [
    "TRAINED",
    "Claimed",
    "Failed",
    "Lacking",
    "Made",
    "Performer",
    "Plan",
    "PlannedStep",
    "Result",
    "RowSteps",
    "Step",
    "StudyTally",
    "Threads",
    "Unreached",
    "plan_of",
    "planned",
    "seen",
]
