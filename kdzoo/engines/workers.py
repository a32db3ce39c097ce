"""Processes of this machine, a step each at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType

from kdzoo.engines.assignment import Assignment, perform_step
from kdzoo.engines.pace import Pace
from kdzoo.engines.processes import Processes
from kdzoo.engines.relay import Show
from kdzoo.plan import Result, Step
from kdzoo.progress import Progress


@dataclass
class Workers(AbstractContextManager["Workers"]):
    """So many processes at most; each is started for its first step, with one thread.

    One that is killed costs its own step what it did since its checkpoint, and the others nothing.

    Attributes:
        assignment: the study.
        count: of the processes.
        progress: told what they tell; one bar shows how far all of them are.
        pace: of the study.
    """

    assignment: Assignment
    count: int
    progress: Progress
    pace: Pace
    _processes: Processes = field(init=False)

    def __enter__(self) -> Workers:
        """Makes room for what the processes tell."""
        self._closing = ExitStack()
        self._processes = self._closing.enter_context(Processes(self.count, self.progress))
        self._show = Show(self._processes.relay, self.pace, self._closing)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the processes, at once where the work was stopped."""
        self._closing.__exit__(kind, error, trace)

    def has_room(self, step: Step, running: Collection[Step]) -> bool:
        """Returns whether a process is free, and cores; a step that uses all of them is alone."""
        threads = self.assignment.threads
        taken = sum(threads.of(busy) for busy in (step, *running))
        there = max(threads.wide, self.count * threads.narrow)
        return not running or (len(running) < self.count and taken <= there)

    def start(self, step: Step, keys: Mapping[str, str]) -> Future[Result]:
        """Gives a step to a free process."""
        told = str(self._processes.relay.folder)
        workplace = replace(self.assignment.workplace, told=told)
        assignment = replace(self.assignment, workplace=workplace)
        return self._processes.submit(step.name, perform_step, assignment, step.name, dict(keys))

    def look(self, running: Collection[Step], waiting: Collection[Step], ended: int) -> None:
        """Shows how many steps have ended, and what each process is at.

        Args:
            running: the steps that are at work.
            waiting: the steps that have not been started.
            ended: how many have been made.
        """
        self._show.look(running, waiting, ended)
