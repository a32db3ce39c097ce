"""Who makes a thing: one process at a time, of all that share a folder, on however many machines.

A claim is a lock of the file system's (``flock``): it ends with the process that holds it, however
that ends, and on a shared folder with the machine. So nobody has to guess whether a claim is old.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

POLL_S = 0.25  # between two looks whether a claim is free
_PREFIX = ".claim-"


class ClaimedError(Exception):
    """Another process makes it just now: to be met again later, and never shown to a user."""


def silent(message: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Claims:
    """Claims on what is made in some folders; without folders there is nobody to share with.

    Attributes:
        folders: each holds the locks; all processes name them in the same order, so that no two
            wait for each other.
        waits: whether a claim that another process holds is waited for; else it is an error.
        say: told, once, what is waited for.
    """

    folders: tuple[Path, ...] = ()
    waits: bool = True
    say: Callable[[str], None] = silent

    @contextmanager
    def hold(self, name: str, noun: str = "") -> Iterator[None]:
        """Holds the claim on a thing for the block.

        Args:
            name: of the thing, which stands for all that shapes it.
            noun: what a user calls it.

        Raises:
            ClaimedError: another process holds it, and is not to be waited for.
            OSError: a folder cannot be written.
        """
        with ExitStack() as stack:
            for folder in self.folders:
                stack.enter_context(self._held(folder / f"{_PREFIX}{name}", noun or name))
            yield

    @contextmanager
    def _held(self, file: Path, noun: str) -> Iterator[None]:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file, poll_interval=POLL_S)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if not self.waits:
                raise ClaimedError(noun) from None
            self.say(f"{noun}: another run is at it; waiting for it")
            lock.acquire()
        try:
            yield
        finally:
            file.unlink(missing_ok=True)  # a waiting process would see that it is gone
            lock.release()

    def make(self, name: str, noun: str, work: Callable[[], None]) -> bool:
        """Does some work under the claim on a thing; returns False where another process holds it.

        Args:
            name: of the thing.
            noun: what a user calls it.
            work: makes the thing, where another process has not made it meanwhile.

        Raises:
            OSError: a folder cannot be written.
        """
        try:
            with self.hold(name, noun):
                work()
        except ClaimedError:
            return False
        return True

    def is_held(self, beginning: str) -> bool:
        """Returns whether a process holds a claim on a thing whose name begins so."""
        for folder in self.folders:
            for file in folder.glob(f"{_PREFIX}{beginning}*"):
                try:
                    with FileLock(file, blocking=False):
                        pass
                except Timeout:
                    return True
        return False

    def sweep(self) -> None:
        """Removes what killed processes left: files that nobody holds any more."""
        for folder in self.folders:
            for file in folder.glob(f"{_PREFIX}*"):
                lock = FileLock(file, blocking=False)
                with suppress(Timeout), lock:
                    file.unlink(missing_ok=True)
