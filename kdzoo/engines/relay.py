"""What processes tell of their steps: lines in files, which the first process reads and shows.

A file outlives a process that is killed while it writes, on this machine or on another; a queue
that processes share would not.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kdzoo.engines.pace import Pace
from kdzoo.plan import Step
from kdzoo.progress import Bar, Progress

TELL_EVERY_S = 0.5  # between two lines about one bar
LARGEST_LINE = 1 << 16  # bytes


@dataclass
class _ToldBar:
    """A bar whose progress is written down now and then."""

    progress: FileProgress
    description: str
    total: int
    done: int
    unit: str
    note: str = ""
    _last_s: float = 0.0

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Counts, and writes where it is time."""
        self.done += steps
        self.note = note or self.note
        if time.monotonic() - self._last_s >= TELL_EVERY_S:
            self._last_s = time.monotonic()
            share = f"{self.done:,} of {self.total:,} {self.unit}"
            self.progress.tell(now=f"{self.description}: {share}  {self.note}".rstrip())


@dataclass
class FileProgress:
    """Writes down what one process tells.

    Attributes:
        file: of that process alone.
        step: the name of the step that it makes.
    """

    file: Path
    step: str = ""

    @classmethod
    def below(cls, folder: Path) -> FileProgress:
        """Returns that of this process, in the folder of what all of them tell."""
        return cls(folder / f"{socket.gethostname()}-{os.getpid()}.jsonl")

    def say(self, message: str) -> None:
        """Writes one finished thing, or one thing to know."""
        self.tell(say=message)

    def tell(self, **what: str) -> None:
        """Adds a line; none where the disk is full or away, which the step itself meets."""
        with suppress(OSError), self.file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"step": self.step, **what})[:LARGEST_LINE] + "\n")

    @contextmanager
    def task(
        self,
        description: str,
        total: int,
        done: int = 0,
        unit: str = "steps",
        *,
        is_even: bool = True,
    ) -> Iterator[Bar]:
        """Opens a bar whose progress is written down now and then.

        Args:
            description: what is done.
            total: steps.
            done: of them before.
            unit: what they are.
            is_even: whether all take about as long; nothing is told of the time that is left.
        """
        bar = _ToldBar(self, description, total, done, unit)
        bar.advance(0)
        yield bar


@dataclass
class ToldOnce:
    """Tells each thing once: several processes read the same data and find the same of note.

    Attributes:
        progress: who is told.
    """

    progress: Progress
    _told: set[str] = field(default_factory=set)

    def say(self, message: str) -> None:
        """Reports what was not reported before."""
        if message not in self._told:
            self._told.add(message)
            self.progress.say(message)

    def task(
        self,
        description: str,
        total: int,
        done: int = 0,
        unit: str = "steps",
        *,
        is_even: bool = True,
    ) -> AbstractContextManager[Bar]:
        """Opens a bar, as ``progress`` does.

        Args:
            description: what is done.
            total: steps.
            done: of them before.
            unit: what they are.
            is_even: whether all take about as long.
        """
        return self.progress.task(description, total, done, unit, is_even=is_even)


@dataclass
class Relay:
    """Reads what the processes have written.

    Attributes:
        folder: of their files.
        progress: told what they say.
        now: how far each step is, by its name.
    """

    folder: Path
    progress: Progress
    now: dict[str, str] = field(default_factory=dict)
    _read_bytes: dict[Path, int] = field(default_factory=dict)

    def look(self) -> None:
        """Tells what is new; a line that is not whole yet is left for the next look."""
        for file in sorted(self.folder.glob("*.jsonl")):
            with file.open("rb") as lines:
                lines.seek(self._read_bytes.get(file, 0))
                new = lines.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._read_bytes[file] = self._read_bytes.get(file, 0) + len(whole)
            for line in whole.splitlines():
                self._take(line)

    def now_of(self, steps: Iterable[str]) -> str:
        """Returns how far these steps are, in a line."""
        return " | ".join(self.now.get(name, name) for name in steps)

    def _take(self, line: bytes) -> None:
        try:
            told = json.loads(line)
        except ValueError:  # of a process that was killed while it wrote
            return
        if "say" in told:
            self.progress.say(told["say"])
        if "now" in told:
            self.now[told["step"]] = told["now"]


@dataclass
class Show:
    """One bar for all processes: how many steps have ended, and how far those at work are.

    Attributes:
        relay: of what they tell.
        pace: of the study.
        closing: closes the bar.
    """

    relay: Relay
    pace: Pace
    closing: ExitStack
    _bar: Bar | None = None
    _ended: int = 0

    def look(self, running: Collection[Step], waiting: Collection[Step], ended: int) -> None:
        """Shows what is new.

        Args:
            running: the steps that are at work.
            waiting: the steps that have not been started.
            ended: how many have been made.
        """
        self.relay.look()
        self.pace.look(running, waiting, time.monotonic())
        if self._bar is None:
            steps = ended + len(running) + len(waiting)
            self._bar = self.closing.enter_context(
                self.relay.progress.task("the study", steps, ended, is_even=False)
            )
            self._ended = ended
        now = self.relay.now_of(step.name for step in running)
        self._bar.advance(
            ended - self._ended, ", ".join(filter(None, (self.pace.left(waiting), now)))
        )
        self._ended = ended
