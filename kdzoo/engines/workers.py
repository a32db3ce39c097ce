"""Processes of this machine, a step each at a time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

from kdzoo.engines.assignment import ENVIRONMENT, Assignment, begin, perform_step
from kdzoo.engines.pace import Pace
from kdzoo.engines.relay import Relay, Show
from kdzoo.engines.schedule import LostError
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
    _pools: dict[int, ProcessPoolExecutor] = field(default_factory=dict)
    _at: dict[str, int] = field(default_factory=dict)  # which process makes a step

    def __enter__(self) -> Workers:
        """Makes room for what the processes tell."""
        self._closing = ExitStack()
        folder = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="kdzoo-"))
        self._show = Show(Relay(Path(folder), self.progress), self.pace, self._closing)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the processes, at once where the work was stopped."""
        for pool in list(self._pools.values()):  # one that is killed takes itself out
            pool.shutdown(wait=True, kill_workers=kind is not None)
        self._show.relay.look()
        self._closing.close()

    def has_room(self, step: Step, running: Collection[Step]) -> bool:
        """Returns whether a process is free; a step that uses all cores is made alone."""
        threads = self.assignment.threads
        if running and any(threads.of(busy) > threads.narrow for busy in (step, *running)):
            return False
        return len(running) < self.count

    def start(self, step: Step, keys: Mapping[str, str]) -> Future[Result]:
        """Gives a step to a free process."""
        place = min(set(range(self.count)) - set(self._at.values()))
        self._at[step.name] = place
        assignment = replace(self.assignment, told=str(self._show.relay.folder))
        task = (perform_step, assignment, step.name, dict(keys))
        try:
            given: Future[Result] = self._pool(place).submit(*task)
        except BrokenProcessPool:  # its process was killed while it had nothing to do
            self._pools.pop(place, None)
            given = self._pool(place).submit(*task)
        made: Future[Result] = Future()
        given.add_done_callback(lambda done: self._pass_on(step, done, made))
        return made

    def _pass_on(self, step: Step, done: Future[Result], made: Future[Result]) -> None:
        """Passes on what became of a step, in kdzoo's words where its process was killed."""
        place, error = self._at.pop(step.name), done.exception()
        if error is None:
            made.set_result(done.result())
        elif isinstance(error, BrokenProcessPool):
            self._pools.pop(place, None)  # the next step there gets a new process
            made.set_exception(LostError("killed, as happens where memory runs out"))
        else:
            made.set_exception(error)

    def look(self, running: Collection[Step], waiting: Collection[Step], ended: int) -> None:
        """Shows how many steps have ended, and what each process is at.

        Args:
            running: the steps that are at work.
            waiting: the steps that have not been started.
            ended: how many have been made.
        """
        self._show.look(running, waiting, ended)

    def _pool(self, place: int) -> ProcessPoolExecutor:
        pool = self._pools.get(place)
        if pool is None:
            environment = {**ENVIRONMENT, **_gpu_of(place)}
            pool = ProcessPoolExecutor(
                1, env=environment, initializer=begin, initargs=(os.getpid(),)
            )
            self._pools[place] = pool
        return pool


def _gpu_of(place: int) -> dict[str, str]:
    """Returns the environment in which a process sees one GPU, where there are several."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return {} if len(seen) < 2 else {"CUDA_VISIBLE_DEVICES": seen[place % len(seen)]}
