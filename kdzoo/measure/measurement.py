"""One candidate during a session: its process while that lives, and what is known of it so far."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kdzoo.measure.candidate import Candidate, MeasureSettings
from kdzoo.measure.local import LocalWorker
from kdzoo.measure.speed import BATCH_SIZES, WHOLE, Memory, Speed
from kdzoo.measure.workers import Worker, WorkerError
from kdzoo.runtime import Input

BATCH_TEXTS = 256  # read in batches
WHOLE_TEXTS = 2048  # of the split, given at once: enough for a rate, however long the split is
WHOLE_S = 10.0  # that those should take: a slow candidate gets fewer, but no fewer than in batches
PATIENCE = 3.0  # times what those should take, before their process is given up


class Measurement:
    """Measures one candidate step by step; after a failure, every further step does nothing.

    Args:
        candidate: the model.
        settings: the rules.
    """

    def __init__(self, candidate: Candidate, settings: MeasureSettings) -> None:
        self.candidate = candidate
        self.failure: str | None = None
        self.loaded_bytes = 0
        self._settings = settings
        self._worker: Worker | LocalWorker | None = None
        self._first_round = 0
        self._rounds_ms: list[tuple[float, ...]] = []
        self._same_text_ms: list[tuple[float, ...]] = []
        self._model_rounds_ms: list[tuple[float, ...]] = []
        self._throughput: dict[str, float] = {}
        self._cold_start_ms: list[float] = []
        self._memory: Memory | None = None

    def start(self, text: Input, first_round: int) -> None:
        """Starts the process that stays for the rounds, which is one cold start."""
        self._first_round = first_round
        with self._or_give_up():
            if not self._settings.is_isolated:
                self._worker = LocalWorker(self.candidate, self._settings.threads)
                self._worker.load(text, self._settings.time_limit_s)
                return
            started = time.perf_counter()
            self._worker = Worker(self.candidate, self._settings.threads)
            loaded = self._worker.load(text, self._settings.time_limit_s)
            self._cold_start_ms.append(_milliseconds_since(started))
            self.loaded_bytes = loaded["loaded_bytes"]
            self._memory = Memory(
                imported_bytes=loaded["imported_bytes"],
                loaded_bytes=loaded["loaded_bytes"],
                peak_bytes=loaded["loaded_bytes"],
            )

    def start_cold(self, text: Input) -> None:
        """Times one more fresh process up to its first label."""
        if self.failure is not None:
            return
        with self._or_give_up():
            started = time.perf_counter()
            with Worker(self.candidate, self._settings.threads) as worker:
                worker.load(text, self._settings.time_limit_s)
                self._cold_start_ms.append(_milliseconds_since(started))

    def visit(self, texts: Sequence[Input], same: Input) -> None:
        """Times the texts one by one, and the one that is the same in every visit."""
        if self._worker is None:
            return
        with self._or_give_up():
            limit_s = self._settings.time_limit_s
            answer = self._worker.ask("visit", {"texts": texts, "same": same}, limit_s)
            self._rounds_ms.append(tuple(answer["text_ms"]))
            self._same_text_ms.append(tuple(answer["same_ms"]))
            self._model_rounds_ms.append(tuple(answer["model_ms"]))

    def finish(self, texts: Sequence[Input]) -> None:
        """Times batches and the whole split, reads the peak of memory, and ends the process.

        A slow candidate reads the beginning of what a fast one reads: texts in a mixed order.
        """
        if self._worker is None:
            return
        with self._or_give_up():
            some, limit_s = texts[:BATCH_TEXTS], self._settings.time_limit_s
            for size in BATCH_SIZES:
                self._throughput[str(size)] = self._texts_per_s(self._worker, some, size, limit_s)
            if self._memory is not None:
                peak_bytes = self._worker.ask("memory", {}, limit_s)["peak_bytes"]
                self._memory = self._memory.model_copy(update={"peak_bytes": peak_bytes})
            texts_per_s = self._throughput[str(BATCH_SIZES[-1])]
            whole = texts[: max(BATCH_TEXTS, min(WHOLE_TEXTS, int(texts_per_s * WHOLE_S)))]
            expected_s = len(whole) / texts_per_s
            limit_s += PATIENCE * expected_s
            self._throughput[WHOLE] = self._texts_per_s(self._worker, whole, None, limit_s)
        self.close()

    @staticmethod
    def _texts_per_s(
        worker: Worker | LocalWorker, texts: Sequence[Input], batch_size: int | None, limit_s: float
    ) -> float:
        details = {"texts": texts, "batch_size": batch_size}
        seconds: float = worker.ask("throughput", details, limit_s)["seconds"]
        return round(len(texts) / seconds, 2)

    def close(self) -> None:
        """Ends the process, if there is one."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def speed(self) -> Speed:
        """Returns the figures, or why there are none."""
        if self.failure is not None:
            return Speed(failure=self.failure)
        return Speed(
            first_round=self._first_round,
            rounds_ms=tuple(self._rounds_ms),
            same_text_ms=tuple(self._same_text_ms),
            model_rounds_ms=tuple(self._model_rounds_ms),
            throughput=self._throughput,
            cold_start_ms=tuple(self._cold_start_ms),
            memory=self._memory,
        )

    @contextmanager
    def _or_give_up(self) -> Iterator[None]:
        try:
            yield
        except WorkerError as error:
            self.failure = str(error)
            self.close()


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1e3, 2)
