"""What is measured, and by which rules."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from kdzoo.errors import MeasureError, Problem

HAS_WORKERS = os.name == "posix"  # whose pipes and process groups they need


@dataclass(frozen=True, order=True)
class Candidate:
    """One model in one runtime.

    Attributes:
        name: what messages call it.
        folder: what the runtime reads.
        runtime: its registered name.
    """

    name: str
    folder: Path
    runtime: str

    def __str__(self) -> str:
        return f"{self.name}, {self.runtime}"


@dataclass(frozen=True)
class MeasureSettings:
    """The rules of a session, the same for every candidate.

    Attributes:
        threads: of every library, and cores that a process may use.
        rounds: visits to each candidate; many short ones, because what is compared has to be
            close in time: a machine's speed drifts within seconds.
        texts: timed one by one per visit.
        cold_starts: fresh processes per candidate.
        time_limit_s: a process that does not answer in this time is given up.
        live_at_most: processes at once, references included; more candidates than that are
            measured in groups. Fewer where memory is short.
        is_isolated: whether each candidate has a process of its own; in this process they are
            timed quickly, and nothing is known of memory and cold start.
    """

    threads: int = 1
    rounds: int = 60
    texts: int = 16
    cold_starts: int = 3
    time_limit_s: float = 300
    live_at_most: int = 24
    is_isolated: bool = True

    def check(self) -> None:
        """Checks that there is something of everything, and that this system can do it.

        Raises:
            MeasureError: a number is not above 0, or this system cannot isolate what is measured.
        """
        problems = [
            Problem(f"is {value}", where=name, cure="give a number above 0")
            for name, value in vars(self).items()
            if name != "is_isolated" and value <= 0
        ]
        if self.is_isolated and not HAS_WORKERS:
            problems.append(
                Problem(
                    f"a process per row is for Linux and macOS; this is {platform.system()}",
                    cure="in a recipe: measure: {isolated: false}; kdzoo run: "
                    "--set measure.isolated=false; kdzoo bench: --no-isolation",
                )
            )
        if problems:
            raise MeasureError("nothing can be measured in this way", *problems)
