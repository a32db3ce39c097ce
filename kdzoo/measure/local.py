"""A candidate in this very process: quick to begin with, and not how it would be deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kdzoo.measure.candidate import Candidate
from kdzoo.measure.worker import COMMANDS, reason
from kdzoo.measure.workers import WorkerError
from kdzoo.runtime import Classifier, Input, load_classifier


class LocalWorker:
    """Answers as a ``Worker`` does, without a process, a time limit and memory of its own.

    Args:
        candidate: what it is to load.
        threads: of all libraries while it answers.
    """

    def __init__(self, candidate: Candidate, threads: int) -> None:
        self._candidate = candidate
        self._threads = threads
        self._classifier: Classifier | None = None

    def load(self, text: Input, limit_s: float) -> dict[str, Any]:
        """Loads the candidate and lets it answer one text.

        Raises:
            WorkerError: it cannot be loaded.
        """
        with self._as_a_worker():
            self._classifier = load_classifier(
                self._candidate.folder, self._candidate.runtime, self._threads
            )
            self._classifier.logits([text])
        return {}

    def ask(self, command: str, details: Mapping[str, Any], limit_s: float) -> dict[str, Any]:
        """Returns the answer to a command; the clock needs no warm machine here.

        Raises:
            WorkerError: the command failed.
        """
        warm_up = {"warm_up_ns": 0} if command == "visit" else {}
        with self._as_a_worker():
            return COMMANDS[command](self._classifier, **details, **warm_up)

    def close(self) -> None:
        """Lets the candidate go."""
        self._classifier = None

    @contextmanager
    def _as_a_worker(self) -> Iterator[None]:
        """Keeps to the threads while it works, and tells of a failure as a process would."""
        with thread_budget(self._threads):
            try:
                yield
            except Exception as error:  # told as that row's failure; the others go on
                raise WorkerError(reason(error)) from error


@contextmanager
def thread_budget(threads: int) -> Iterator[None]:
    """Gives every library of this process so many threads, and gives them back their own after."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(limits=threads):
            yield
    finally:
        torch.set_num_threads(before)
