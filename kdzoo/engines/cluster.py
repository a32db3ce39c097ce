"""The machines of a Ray cluster: each step is a task there; models pass through the store alone."""

from __future__ import annotations

import os
import re
import socket
import uuid
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from kdzoo.engines.assignment import Assignment, perform_step
from kdzoo.engines.nodes import Node, check_nodes, look_around, paths_of
from kdzoo.engines.relay import Relay, Show
from kdzoo.engines.schedule import WORKER_BYTES, LostError
from kdzoo.errors import EngineError
from kdzoo.limits import usable_cores
from kdzoo.plan import Result, Step, Threads
from kdzoo.progress import Progress

ANSWER_S = 5.0  # in which an address has to answer
RETRIES = 3  # of a task whose machine went away, by Ray itself
STORE_BYTES = 80 << 20  # of Ray's own memory on this machine: no tensors pass through it
_ADDRESS = re.compile(r"(?:ray://)?(?P<host>[^:/\s]+):(?P<port>\d+)")


def check_ray(address: str) -> None:
    """Sees that Ray is installed, and that an address answers.

    Args:
        address: ``host:port``, ``ray://host:port`` or ``auto``; empty for this machine alone.

    Raises:
        EngineError: it is not, or does not.
    """
    if find_spec("ray") is None:
        raise EngineError('--engine ray: Ray is not installed; pip install "kdzoo[ray]"')
    if address in ("", "auto"):
        return
    named = _ADDRESS.fullmatch(address)
    if named is None:
        raise EngineError(
            f"--engine ray:{address}: write ray:HOST:PORT, as in ray:10.0.0.1:6379, or ray:auto on "
            "a machine of the cluster"
        )
    try:
        socket.create_connection((named["host"], int(named["port"])), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise EngineError(
            f"--engine ray:{address}: nothing answers there ({error}); see that the cluster runs "
            "(ray start --head), or write --engine ray for this machine alone"
        ) from error


@dataclass
class Cluster(AbstractContextManager["Cluster"]):
    """A Ray cluster: one that is there, or one of this machine that ends with the study.

    Attributes:
        assignment: the study; all machines see its folders.
        address: as ``check_ray`` takes it.
        threads: of each step, where the user says it.
        progress: told what the machines tell.
    """

    assignment: Assignment
    address: str
    threads: int | None
    progress: Progress

    def __enter__(self) -> Cluster:
        """Connects, and sees that each machine can make the steps.

        Raises:
            EngineError: no cluster answers, or a machine lacks what the study needs.
        """
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when ray starts
        import ray

        self._ray: Any = ray
        self._closing = ExitStack()
        with ExitStack() as stack:
            stack.callback(self._closing.close)
            self._connect()
            self._nodes = self._checked()
            stack.pop_all()
        folder = Path(self.assignment.out) / f".told-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        self._closing.callback(_remove, folder)
        self._show = Show(Relay(folder, self.progress), self._closing)
        wide = self.threads or max(1, int(min(node.cores for node in self._nodes)))
        threads = Threads(self.threads or 1, wide)
        self.assignment = replace(
            self.assignment,
            threads=threads,
            told=str(folder),
            extensions=tuple(
                (path, Path(path).read_text(encoding="utf-8"))
                for path, _ in self.assignment.extensions
            ),
        )
        self._given = ray.put(self.assignment)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends what is at work on the machines, and a cluster that was started for it."""
        self._show.relay.look()
        self._closing.close()

    def has_room(self, step: Step, running: Collection[Step]) -> bool:
        """Returns whether Ray has not been given far more than its machines can hold."""
        return len(running) < 2 * sum(max(1, int(node.cores)) for node in self._nodes)

    def start(self, step: Step, keys: Mapping[str, str]) -> Future[Result]:
        """Gives a step to Ray, which finds it a machine, and another where that goes away."""
        is_trained = step.kind not in ("baseline", "export")
        task = self._ray.remote(perform_step).options(
            num_cpus=self.assignment.threads.of(step),
            num_gpus=int(is_trained and any(node.gpus for node in self._nodes)),
            memory=WORKER_BYTES,
            max_retries=RETRIES,
            name=step.name,
        )
        given: Future[Result] = task.remote(self._given, step.name, dict(keys)).future()
        made: Future[Result] = Future()
        given.add_done_callback(lambda done: self._pass_on(done, made))
        return made

    def look(self, running: Collection[Step], ended: int, steps: int) -> None:
        """Shows how many steps have ended, and how far those at work are.

        Args:
            running: the steps that are at work.
            ended: how many have been made.
            steps: how many there are in all.
        """
        self._show.look([step.name for step in running], ended, steps)

    def _pass_on(self, done: Future[Result], made: Future[Result]) -> None:
        """Passes on what became of a step; what Ray says of a lost machine is no failure of it."""
        error = done.exception()
        if error is None:
            made.set_result(done.result())
        elif isinstance(error, self._ray.exceptions.RayTaskError):
            made.set_exception(error.cause)
        elif isinstance(error, self._ray.exceptions.RayError):
            made.set_exception(LostError(f"lost by Ray: {str(error).splitlines()[0]}"))
        else:
            made.set_exception(error)

    def _connect(self) -> None:
        own = {
            "num_cpus": max(1, int(usable_cores())),
            "include_dashboard": False,
            "object_store_memory": STORE_BYTES,
        }
        where = {"address": self.address} if self.address else own
        if self._ray.is_initialized():  # a script of the user's has connected
            return
        try:
            self._ray.init(log_to_driver=False, logging_level="ERROR", **where)
        except Exception as error:  # Ray raises bare ones where a machine is slow to start
            named = f":{self.address}" * bool(self.address)
            raise EngineError(
                f"--engine ray{named}: Ray does not let kdzoo in: {str(error).strip()}; see that "
                "the cluster runs, with the same versions of Ray and Python, or write --engine ray "
                "for this machine alone"
            ) from error
        self._closing.callback(self._ray.shutdown)

    def _checked(self) -> list[Node]:
        """Returns the machines of the cluster that make steps, each looked at.

        Raises:
            EngineError: one lacks what the study needs.
        """
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        folders = (self.assignment.out, self.assignment.cache)
        paths = paths_of(self.assignment.study)
        with ExitStack() as tokens:
            secrets = {folder: tokens.enter_context(_token(Path(folder))) for folder in folders}
            asked = [
                self._ray.remote(look_around)
                .options(
                    num_cpus=0,
                    scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
                )
                .remote(node["NodeManagerAddress"], node["Resources"], secrets, paths)
                for node in self._ray.nodes()
                if node["Alive"] and node["Resources"].get("CPU", 0)
            ]
            nodes: list[Node] = self._ray.get(asked)
        check_nodes(nodes, look_around("here", {}, {}, ()))
        return nodes


@contextmanager
def _token(folder: Path) -> Iterator[str]:
    """Yields the name of a file that lies in a folder for the block, for others to see."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f".seen-{uuid.uuid4().hex}"
    file.touch()
    try:
        yield file.name
    finally:
        file.unlink(missing_ok=True)


def _remove(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink(missing_ok=True)
    folder.rmdir()
