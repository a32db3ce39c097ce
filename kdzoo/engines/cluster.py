"""The machines of a Ray cluster: each step is a task there; models pass through the store alone."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from kdzoo.engines.assignment import Assignment, perform_step, time_there
from kdzoo.engines.choice import threads_for
from kdzoo.engines.connection import ANSWER_S, connected
from kdzoo.engines.nodes import Node, check_nodes, look_around, paths_of
from kdzoo.engines.pace import Pace
from kdzoo.engines.relay import Relay, Show
from kdzoo.engines.schedule import LOOK_S, WORKER_BYTES, LostError
from kdzoo.engines.worker import ENVIRONMENT
from kdzoo.errors import EngineError
from kdzoo.plan import Result, Step, Threads
from kdzoo.progress import Progress
from kdzoo.steps import StudyContext, Trained, time_study

RETRIES = 3  # of a task whose machine went away, by Ray itself
LATENCY = "kdzoo_latency"  # the resource of a machine on which latency is to be measured
RUNTIME = {"env_vars": ENVIRONMENT}  # read by libraries when a process starts


@dataclass
class Cluster(AbstractContextManager["Cluster"]):
    """A Ray cluster: one that is there, or one of this machine that ends with the study.

    Attributes:
        assignment: the study; all machines see its folders.
        address: as ``check_ray`` takes it.
        threads: of each step, where the user says it.
        transformers: students of that kind that are trained side by side.
        progress: told what the machines tell.
        pace: of the study.
    """

    assignment: Assignment
    address: str
    threads: int | None
    transformers: int
    progress: Progress
    pace: Pace

    def __enter__(self) -> Cluster:
        """Connects, and sees that each machine can make the steps.

        Raises:
            EngineError: no cluster answers, or a machine lacks what the study needs.
        """
        self._closing = ExitStack()
        with ExitStack() as stack:
            stack.callback(self._closing.close)
            self._ray: Any = self._closing.enter_context(connected(self.address))
            self._nodes = self._checked()
            threads = self._threads()
            stack.pop_all()
        folder = Path(self.assignment.workplace.out) / f".told-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        self._closing.callback(shutil.rmtree, folder, ignore_errors=True)
        self._show = Show(Relay(folder, self.progress), self.pace, self._closing)
        extensions = tuple(
            (path, Path(path).read_text(encoding="utf-8"))
            for path, _ in self.assignment.workplace.extensions
        )
        workplace = replace(self.assignment.workplace, told=str(folder), extensions=extensions)
        self.assignment = replace(self.assignment, threads=threads, workplace=workplace)
        self._given = self._ray.put(self.assignment)
        return self

    def _threads(self) -> Threads:
        """Returns how many threads a step gets: no more than any machine has cores.

        Raises:
            EngineError: the user wants more than any machine has; nothing would ever be made.
        """
        cores = [max(1, int(node.cores)) for node in self._nodes if node.cores]
        if (self.threads or 1) > max(cores):
            raise EngineError(
                f"--threads {self.threads}: no machine of the cluster has so many cores; write "
                f"--threads {max(cores)} or fewer"
            )
        return threads_for(self.threads, self.transformers, sum(cores), min(cores))

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
            runtime_env=RUNTIME,
            name=step.name,
        )
        given: Future[Result] = task.remote(self._given, step.name, dict(keys)).future()
        made: Future[Result] = Future()
        given.add_done_callback(lambda done: self._pass_on(done, made))
        return made

    def look(self, running: Collection[Step], waiting: Collection[Step], ended: int) -> None:
        """Shows how many steps have ended, and how far those at work are.

        Args:
            running: the steps that are at work.
            waiting: the steps that have not been started.
            ended: how many have been made.
        """
        self._show.look(running, waiting, ended)

    def measure(self, trained: Sequence[Trained], context: StudyContext) -> None:
        """Measures latency on one machine, on which the cluster runs nothing else meanwhile.

        Args:
            trained: what the study has trained.
            context: of this process.

        Raises:
            KdzooError: the machine cannot measure it.
        """
        nodes = {node["NodeID"]: node for node in self._ray.nodes() if node["Alive"]}
        named = next((node for node in nodes.values() if LATENCY in node["Resources"]), None)
        if named is not None:
            self._measure_there(named, trained)
            return
        own = None if self.address.startswith("ray://") else _own_node(self._ray)
        with self._held(nodes.get(own)):
            time_study(trained, context, again=self.assignment.measure_again)

    def _measure_there(self, node: Mapping[str, Any], trained: Sequence[Trained]) -> None:
        name = node["NodeManagerAddress"]
        self.progress.say(f"latency is measured on {name}, when nothing else runs there")
        rows = [(t.run.variant.name, t.run.seed, t.member, t.baseline_key) for t in trained]
        task = self._ray.remote(time_there).options(**_all_of(node), max_retries=RETRIES)
        given = task.remote(self._given, rows)
        while not self._ray.wait([given], timeout=LOOK_S)[0]:
            self._show.relay.look()
        try:
            self._ray.get(given)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:
            raise EngineError(
                f"--engine ray: {name} went away while latency was measured there; see that it "
                "runs, and give the same command again"
            ) from error

    @contextmanager
    def _held(self, node: Mapping[str, Any] | None) -> Iterator[None]:
        """Keeps the cluster from placing anything on a machine in the block."""
        if node is None or not node["Resources"].get("CPU"):
            yield
            return
        place = self._ray.remote(_Place).options(**_all_of(node)).remote()
        held = place.is_held.remote()
        if not self._ray.wait([held], timeout=ANSWER_S)[0]:
            self.progress.say("latency: waiting until the cluster runs nothing else here")
        self._ray.get(held)
        try:
            yield
        finally:
            self._ray.kill(place)

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

    def _checked(self) -> list[Node]:
        """Returns the machines of the cluster that make steps, each looked at.

        Raises:
            EngineError: one lacks what the study needs.
        """
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        workplace = self.assignment.workplace
        folders = (workplace.out, workplace.cache)
        paths = paths_of(self.assignment.study)
        with ExitStack() as tokens:
            secrets = {folder: tokens.enter_context(_token(Path(folder))) for folder in folders}
            asked = [
                self._ray.remote(look_around)
                .options(
                    num_cpus=0,
                    runtime_env=RUNTIME,
                    scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
                )
                .remote(node["NodeManagerAddress"], node["Resources"], secrets, paths)
                for node in self._ray.nodes()
                if node["Alive"] and {"CPU", LATENCY} & node["Resources"].keys()
            ]
            nodes: list[Node] = self._ray.get(asked)
        check_nodes(nodes, look_around("here", {}, {}, ()))
        return nodes


class _Place:
    """Holds a machine's cores as long as it lives, and does nothing with them."""

    def is_held(self) -> bool:
        """Returns, once the cores are free of other things."""
        return True


def _all_of(node: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a task asks for that is to be alone on a machine."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    has = node["Resources"]
    return {
        "num_cpus": has.get("CPU", 0),
        "resources": {LATENCY: has[LATENCY]} if LATENCY in has else {},
        "runtime_env": RUNTIME,
        "scheduling_strategy": NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
    }


def _own_node(ray: Any) -> str:
    """Returns the number of the machine on which this process is connected."""
    return str(ray.get_runtime_context().get_node_id())


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
