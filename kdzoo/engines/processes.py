"""Processes of this machine: each with a pool of its own, so that one that dies takes no other."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

from kdzoo.engines.relay import Relay
from kdzoo.engines.schedule import LostError
from kdzoo.engines.worker import ENVIRONMENT, begin
from kdzoo.progress import Progress

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


@dataclass
class Processes(AbstractContextManager["Processes"]):
    """So many at most; each is started for the first thing that it makes, with one thread.

    Attributes:
        count: of the processes.
        progress: told what they tell.
        relay: reads what they tell.
    """

    count: int
    progress: Progress
    relay: Relay = field(init=False)
    _pools: dict[int, ProcessPoolExecutor] = field(default_factory=dict)
    _at: dict[str, int] = field(default_factory=dict)  # which process makes a thing

    def __enter__(self) -> Processes:
        """Makes room for what they tell."""
        self._closing = ExitStack()
        folder = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="kdzoo-"))
        self.relay = Relay(Path(folder), self.progress)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends them, at once where the work was stopped."""
        for pool in list(self._pools.values()):  # one that is killed takes itself out
            pool.shutdown(wait=True, kill_workers=kind is not None)
        self.relay.look()
        self._closing.close()

    def submit(
        self,
        name: str,
        call: Callable[Given, Answer],
        *args: Given.args,
        **more: Given.kwargs,
    ) -> Future[Answer]:
        """Has a free process make a thing; ``LostError`` where that is killed.

        Args:
            name: of the thing.
            call: makes it there.
            args: what it is given.
            more: likewise.
        """
        place = min(set(range(self.count)) - set(self._at.values()))
        self._at[name] = place
        try:
            given: Future[Answer] = self._pool(place).submit(call, *args, **more)
        except BrokenProcessPool:  # its process was killed while it had nothing to do
            self._pools.pop(place, None)
            given = self._pool(place).submit(call, *args, **more)
        made: Future[Answer] = Future()
        given.add_done_callback(lambda done: self._pass_on(name, done, made))
        return made

    def _pass_on(self, name: str, done: Future[Answer], made: Future[Answer]) -> None:
        """Passes on what became of a thing, in kdzoo's words where its process was killed."""
        place, error = self._at.pop(name), done.exception()
        if error is None:
            made.set_result(done.result())
        elif isinstance(error, BrokenProcessPool):
            self._pools.pop(place, None)  # the next thing there gets a new process
            made.set_exception(LostError("killed, as happens where memory runs out"))
        else:
            made.set_exception(error)

    def _pool(self, place: int) -> ProcessPoolExecutor:
        pool = self._pools.get(place)
        if pool is None:
            environment = {**ENVIRONMENT, **gpu_of(place)}
            pool = ProcessPoolExecutor(
                1, env=environment, initializer=begin, initargs=(os.getpid(),)
            )
            self._pools[place] = pool
        return pool


def gpu_of(place: int) -> dict[str, str]:
    """Returns the environment in which a process sees one GPU, where there are several."""
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    seen = [*map(str, range(torch.cuda.device_count()))] if named is None else named.split(",")
    return {} if len(seen) < 2 else {"CUDA_VISIBLE_DEVICES": seen[place % len(seen)]}
