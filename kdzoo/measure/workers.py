"""The parent's side of a worker: starts it, asks it, and sees that it ends."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from kdzoo import extensions, registry
from kdzoo.errors import MeasureError
from kdzoo.measure.candidate import Candidate
from kdzoo.runtime import Input

MODULE = "kdzoo.measure.worker"
STDERR_BYTES = 4096  # of its end, in which the last line is looked for
END_S = 5.0  # in which a worker that closed its output has to end


class WorkerError(MeasureError):
    """A worker that failed, died, or did not answer in time."""


def thread_variables(threads: int) -> dict[str, str]:
    """Returns the environment in which every library keeps to so many threads, none spinning."""
    return {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "TOKENIZERS_PARALLELISM": "false",
    }


def cores_for(threads: int) -> list[int]:
    """Returns the cores that every worker is bound to; none where the system cannot bind."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    # the first ones see to the machine's interrupts
    return sorted(os.sched_getaffinity(0))[-threads:]


class Worker:
    """A process that holds one candidate, until the ``with`` block or ``close`` ends it.

    Args:
        candidate: what it is to load.
        threads: of all its libraries, fixed before any is imported.

    Raises:
        WorkerError: the system starts no more processes.
    """

    def __init__(self, candidate: Candidate, threads: int) -> None:
        self._candidate = candidate
        self._threads = threads
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, a module of our own
                [sys.executable, "-P", "-m", MODULE],
                env={**os.environ, **thread_variables(threads), **quiet},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
                process_group=0,  # Ctrl-C is for the parent; what the worker starts ends with it
            )
        except OSError as error:  # no memory for another process, or too many of them
            self._errors.close()
            raise WorkerError(f"its process cannot be started: {error}") from error

    def load(self, text: Input, limit_s: float) -> dict[str, Any]:
        """Loads the candidate and lets it answer one text; returns its cores and memory.

        Raises:
            WorkerError: it cannot be loaded, or not within the limit.
        """
        return self.ask(
            "load",
            {
                "folder": str(self._candidate.folder.absolute()),
                "runtime": self._candidate.runtime,
                "threads": self._threads,
                "cores": cores_for(self._threads),
                "students": [str(path) for path in _files_for(self._candidate.runtime)],
                "text": text,
            },
            limit_s,
        )

    def ask(self, command: str, details: Mapping[str, Any], limit_s: float) -> dict[str, Any]:
        """Returns the answer to a command; waits for it without using the processor.

        Raises:
            WorkerError: the command failed, the worker ended, or the limit passed.
        """
        line = json.dumps({"command": command, **details}).encode() + b"\n"
        answer: dict[str, Any] = json.loads(self._exchange(line, limit_s))
        if "failure" in answer:
            raise WorkerError(answer["failure"])
        return answer

    def _exchange(self, line: bytes, limit_s: float) -> bytes:
        """Sends a line and returns the line that comes back; neither side can block the other."""
        deadline = time.monotonic() + limit_s
        unsent, received = memoryview(line), bytearray()
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None and answers is not None  # noqa: S101 - both are pipes
        os.set_blocking(asked.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(asked, selectors.EVENT_WRITE)
            selector.register(answers, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise WorkerError(f"no answer within {limit_s:g} s")
                for key, _ in ready:
                    if key.fileobj is asked:
                        unsent = unsent[self._send(unsent) :]
                        if not unsent:
                            selector.unregister(asked)
                    elif chunk := os.read(key.fd, 1 << 16):
                        received += chunk
                    else:
                        raise WorkerError(self._end())
        return bytes(received)

    def _send(self, unsent: memoryview) -> int:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        try:
            return os.write(self._process.stdin.fileno(), unsent)
        except BrokenPipeError:
            raise WorkerError(self._end()) from None

    def _end(self) -> str:
        """Returns how a worker that speaks no more ended, and its last words."""
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            return "its process closed its output"
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        if code == -signal.SIGKILL:
            how += " (as happens where memory runs out)"
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - STDERR_BYTES))
        lines = self._errors.read().decode("utf-8", "replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"its process ended {how}" + (f": {last}" if last else "")

    def close(self) -> None:
        """Ends the process and all that it started, and waits until it is gone."""
        self._process.poll()
        with suppress(ProcessLookupError):  # they have ended
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _files_for(runtime: str) -> list[Path]:
    """Returns the users' files that a runtime's process has to load.

    What kdzoo exports stands alone; the files would bring torch into a process without it.
    """
    entry = registry.runtimes.get(runtime)
    reads_forms = entry.is_exported or entry.reads == "cascade"
    stands_alone = registry.runtimes.is_builtin(runtime) and reads_forms
    return [] if stands_alone else extensions.loaded_files()
