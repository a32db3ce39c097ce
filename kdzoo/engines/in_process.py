"""One step after the other, in this process: what the other engines are held against."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from kdzoo.plan import Performer, Result, Step, Threads


@dataclass(frozen=True)
class InProcess:
    """Makes steps in this process.

    Attributes:
        performer: makes one.
        threads: that each computes with.
    """

    performer: Performer
    threads: Threads

    def has_room(self, step: Step, running: Collection[Step]) -> bool:
        """Returns whether no other step is at work."""
        return not running

    def start(self, step: Step, keys: Mapping[str, str]) -> Future[Result]:
        """Makes a step, now."""
        made: Future[Result] = Future()
        made.set_result(self.performer.attempt(step, keys, self.threads.of(step)))
        return made

    def look(self, running: Collection[Step], waiting: Collection[Step], ended: int) -> None:
        """Shows nothing: the step has told it itself.

        Args:
            running: the steps that are at work.
            waiting: the steps that have not been started.
            ended: how many have been made.
        """
