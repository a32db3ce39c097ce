"""Which step is started when: each as soon as what it waits for has been made."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from typing import Protocol

from kdzoo.claims import silent
from kdzoo.errors import StoreError, TrainingError
from kdzoo.plan import Claimed, Failed, Made, Plan, Result, Step, Unreached

WORKER_BYTES = 1 << 30  # of a process with torch, a small student and its texts
LOOK_S = 0.2  # between two looks at what the engine's processes tell
AGAIN_S = 2.0  # until a step is asked for again that another run makes
AWAY_S = 600.0  # for which a study's folder that is out of reach is waited for
MOST_LOSSES = 5  # of the process that makes a step, until the step is given up


class LostError(Exception):
    """The process that made a step was killed, or its machine went away."""


class Engine(Protocol):
    """Where steps are made."""

    def has_room(self, step: Step, running: Collection[Step]) -> bool:
        """Returns whether the step can be started beside those that are at work."""

    def start(self, step: Step, keys: Mapping[str, str]) -> Future[Result]:
        """Starts a step; its future raises ``LostError`` where its process is killed.

        Args:
            step: what it waits for has been made.
            keys: of the models that have been made, by the names of their steps.
        """

    def look(self, running: Collection[Step], waiting: Collection[Step], ended: int) -> None:
        """Shows what the processes have told since the last look.

        Args:
            running: the steps that are at work.
            waiting: the steps that have not been started.
            ended: how many have been made.
        """


@dataclass
class Schedule:
    """The steps that are to be made, and how far they are.

    Attributes:
        plan: all steps of the study.
        engine: where they are made.
        ended: told of each step that has been made, or cannot be.
        results: by the names of the steps.
        say: told what is waited for.
    """

    plan: Plan
    engine: Engine
    ended: Callable[[Step, Result], None]
    results: dict[str, Result] = field(default_factory=dict)
    say: Callable[[str], None] = silent
    _waiting: list[Step] = field(default_factory=list)
    _running: dict[Future[Result], Step] = field(default_factory=dict)
    _again_s: dict[str, float] = field(default_factory=dict)  # when to ask for a step again
    _losses: dict[str, int] = field(default_factory=dict)
    _away_s: float | None = None  # since when the study's folder is out of reach

    def perform(self, steps: Sequence[Step]) -> None:
        """Makes the steps; what they wait for is among them, or in ``results`` already.

        Raises:
            KdzooError: what all steps need is not there.
        """
        self._waiting = list(steps)
        while self._waiting or self._running:
            self._start()
            self._take(self._done())

    def _start(self) -> None:
        """Starts what can be; what waits for a step that failed fails with it."""
        for step in list(self._waiting):
            failed = self._failed(step.waits_for) or self._in_vain(step)
            if failed is not None:
                self._waiting.remove(step)
                self._end(step, failed)
            elif self._is_ready(step):
                if not self.engine.has_room(step, self._running.values()):
                    return  # nor for those behind it: one that needs all cores would wait for ever
                self._waiting.remove(step)
                self._running[self.engine.start(step, self._keys(step))] = step

    def _failed(self, names: Iterable[str | None]) -> Failed | None:
        """Returns why one of the steps cannot be made; None where none has failed."""
        for name in names:
            result = self.results.get(name or "")
            if isinstance(result, Failed):
                return replace(result, of=result.of or name or "")
        return None

    def _in_vain(self, step: Step) -> Failed | None:
        """Returns why all rows have failed beside which a model is shown; None where one has not.

        So a control is not trained where its student fails.
        """
        rows = self.plan.beside.get(step.name, ())
        failures = [self._failed((row.teacher, row.labels, row.student)) for row in rows]
        return failures[0] if failures and None not in failures else None

    def _is_ready(self, step: Step) -> bool:
        is_time = time.monotonic() >= self._again_s.get(step.name, 0.0)
        return is_time and all(name in self.results for name in step.waits_for)

    def _keys(self, step: Step) -> dict[str, str]:
        result = self.results.get(step.of)
        return {step.of: result.key} if isinstance(result, Made) else {}

    def _done(self) -> set[Future[Result]]:
        if not self._running:  # another run makes what is left
            time.sleep(LOOK_S)
            return set()
        done = wait(self._running, LOOK_S, FIRST_COMPLETED).done
        self.engine.look(self._running.values(), self._waiting, len(self.results))
        return done

    def _take(self, done: set[Future[Result]]) -> None:
        for future in done:
            step = self._running.pop(future)
            try:
                result = future.result()
            except LostError as error:
                self._lose(step, error)
                continue
            if isinstance(result, Unreached):
                self._wait_for_store()
            elif isinstance(result, Made | Failed):
                self._away_s = None
            if isinstance(result, Claimed | Unreached):
                self._again_s[step.name] = time.monotonic() + AGAIN_S
                self._waiting.append(step)
            else:
                self._end(step, result)

    def _wait_for_store(self) -> None:
        """Has steps asked for again until the study's folder can be reached; not for ever.

        Raises:
            StoreError: it has been away for too long.
        """
        now_s = time.monotonic()
        if self._away_s is None:
            self._away_s = now_s
            self.say("the study's folder is out of reach just now: waiting until it is back")
        if now_s - self._away_s > AWAY_S:
            raise StoreError(
                f"the study's folder has been out of reach for {AWAY_S / 60:.0f} minutes; bring it "
                "back and give the same command again, which goes on from there"
            )

    def _lose(self, step: Step, error: LostError) -> None:
        """Has a step made again, which goes on from its checkpoint; not for ever."""
        self._losses[step.name] = self._losses.get(step.name, 0) + 1
        if self._losses[step.name] < MOST_LOSSES:
            self._waiting.insert(0, step)
            return
        told = TrainingError(f"{step.name}: given up, {MOST_LOSSES} times: {error}")
        self._end(step, Failed(str(told), told))

    def _end(self, step: Step, result: Result) -> None:
        self.results[step.name] = result
        self.ended(step, result)
