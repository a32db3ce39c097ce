"""One joint session over many candidates: a process each, one at work at a time, interleaved."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from kdzoo.errors import MeasureError
from kdzoo.limits import memory_limit, usable_cores, usable_threads
from kdzoo.measure.candidate import Candidate, MeasureSettings
from kdzoo.measure.machine import conditions
from kdzoo.measure.measurement import BATCH_TEXTS, Measurement
from kdzoo.measure.mix import mixed_order, one_of_each, strata
from kdzoo.measure.speed import Speed
from kdzoo.measure.workers import cores_for
from kdzoo.progress import Progress
from kdzoo.runtime import Input

SPARE_BYTES = 1 << 30  # of memory that stay free,
SPARE_SHARE = 1 / 8  # or this share of it, where that is less


@dataclass(frozen=True)
class Measured:
    """A session's outcome.

    Attributes:
        speeds: of every candidate and reference; a failed one says why.
        conditions: of the machine before and after, and the cores that were used.
        threads: that every candidate had: those wanted, or as many as there are cores.
    """

    speeds: dict[Candidate, Speed]
    conditions: dict[str, float | str]
    threads: int


def measure_candidates(
    candidates: Sequence[Candidate],
    texts: Sequence[Input],
    *,
    references: Sequence[Candidate] = (),
    settings: MeasureSettings,
    seed: int,
    progress: Progress,
) -> Measured:
    """Returns what every candidate costs to run, all measured in turn by the same rules.

    In a round every candidate and every reference is visited once, in random order, and reads the
    same texts, drawn anew for the round: one of each length that there is. One text more, of middle
    length, is the same in every round, so that its times differ by the machine alone. Candidates
    that cannot live at once are measured in groups, each with all references, so that ratios to
    these stay within a round. Where not even the references can live at once, those that find no
    room are measured in such a group too, and
    have no rounds to share with the other groups. One that fails gets no figures; the others
    finish.

    Args:
        candidates: models, each in a runtime.
        texts: real ones, in their real mix of lengths. Processes start with the first; throughput
            is of all of them, in an order drawn once.
        references: what others are compared with; measured as well, whether or not they are among
            the candidates.
        settings: the rules.
        seed: of the orders and of the draws.
        progress: told how far it is, and of each failure.

    Raises:
        MeasureError: the settings, or the lack of texts, leave nothing to measure.
        RegistryError: there is no runtime of a candidate's name.
    """
    settings.check()
    if not texts:
        raise MeasureError("there are no texts to measure with; give at least one")
    settings = _with_usable_threads(settings, progress)
    measurements = {
        reference: Measurement(reference, settings) for reference in [*references, *candidates]
    }
    session = _Session.of(texts, settings, seed, progress)
    before = conditions()
    with ExitStack() as stack:
        for measurement in measurements.values():
            stack.callback(measurement.close)
        session.measure(
            [
                measurement
                for candidate, measurement in measurements.items()
                if candidate in references
            ],
            [
                measurement
                for candidate, measurement in measurements.items()
                if candidate not in references
            ],
        )
        session.start_cold(list(measurements.values()))
    after = conditions()
    for candidate, measurement in measurements.items():
        if measurement.failure is not None:
            progress.say(f"{candidate}: not measured: {measurement.failure}")
    return Measured(
        {candidate: measurement.speed() for candidate, measurement in measurements.items()},
        {
            **{f"{name}_before": value for name, value in before.items()},
            **{f"{name}_after": value for name, value in after.items()},
            "cores": " ".join(map(str, cores_for(settings.threads))),
        },
        settings.threads,
    )


def _with_usable_threads(settings: MeasureSettings, progress: Progress) -> MeasureSettings:
    """Returns the rules with no more threads than this process has cores, and says so."""
    threads = usable_threads(settings.threads)
    if threads < settings.threads:
        progress.say(
            f"measured with {threads} of {settings.threads} threads: this process may use "
            f"{usable_cores():.3g} cores"
        )
    return replace(settings, threads=threads)


@dataclass(frozen=True)
class _Session:
    """What all steps share.

    Attributes:
        first: the text that processes start with.
        parts: a round reads a text of each.
        same: the text that every round reads again.
        mixed: the order in which texts are read for throughput.
        settings: the rules.
        rng: draws the turns, and the texts of each round.
        progress: told how far it is.
    """

    first: Input
    parts: Sequence[Sequence[Input]]
    same: Input
    mixed: Sequence[Input]
    settings: MeasureSettings
    rng: random.Random
    progress: Progress

    @classmethod
    def of(
        cls, texts: Sequence[Input], settings: MeasureSettings, seed: int, progress: Progress
    ) -> _Session:
        rng = random.Random(seed)
        parts = strata(texts, settings.texts, rng)
        mixed = mixed_order(texts, BATCH_TEXTS, rng)
        same = parts[len(parts) // 2][0]
        return cls(texts[0], parts, same, mixed, settings, rng, progress)

    def measure(self, references: Sequence[Measurement], others: Sequence[Measurement]) -> None:
        """Leads the references through all rounds, the others through those of their group."""
        first_round = 0
        held = self._hold(references)
        waiting = deque(
            [*(reference for reference in references if reference not in held), *others]
        )
        while True:
            group = self._start_group(held, waiting, first_round)
            self._rounds([*held, *group])
            self._finish(group)
            first_round += self.settings.rounds
            if not waiting:
                break
        self._finish(held)

    def _hold(self, references: Sequence[Measurement]) -> list[Measurement]:
        """Starts the references that leave room for a candidate as large as any; at least one."""
        held: list[Measurement] = []
        with self.progress.task("starting the references", len(references), unit="rows") as bar:
            for measurement in reversed(references):  # exported forms, the smallest, are last
                if held and not self._has_room(held):
                    break
                measurement.start(self.first, first_round=0)
                largest_bytes = max(measured.loaded_bytes for measured in [*held, measurement])
                if held and memory_limit().available_bytes < largest_bytes:
                    measurement.close()
                    break
                held.append(measurement)
                bar.advance(1, str(measurement.candidate))
        if len(held) < len(references):
            self.progress.say(
                f"memory is short: only {len(held)} of {len(references)} references are measured "
                "beside all others; nothing is told of how the others compare with the rest"
            )
        return held

    def _start_group(
        self, held: Sequence[Measurement], waiting: deque[Measurement], first_round: int
    ) -> list[Measurement]:
        """Starts those that are next, at least one, while there is room for another."""
        group: list[Measurement] = []
        with self.progress.task("starting the other rows", len(waiting), unit="rows") as bar:
            while waiting and (not group or self._has_room([*held, *group])):
                measurement = waiting.popleft()
                measurement.start(self.first, first_round)
                group.append(measurement)
                bar.advance(1, str(measurement.candidate))
        return group

    def _has_room(self, measurements: Sequence[Measurement]) -> bool:
        live = [
            measurement.loaded_bytes for measurement in measurements if measurement.failure is None
        ]
        if len(live) >= self.settings.live_at_most:
            return False
        memory = memory_limit()
        spare_bytes = min(SPARE_BYTES, SPARE_SHARE * memory.total_bytes)
        needed_bytes = 2 * max(live, default=0)  # another one, and what grows at work
        return memory.available_bytes > spare_bytes + needed_bytes

    def _rounds(self, measurements: Sequence[Measurement]) -> None:
        ordered = sorted(measurements, key=lambda measurement: measurement.candidate)
        total = self.settings.rounds * len(ordered)
        with self.progress.task("measuring latency", total, unit="turns") as bar:
            for _ in range(self.settings.rounds):
                drawn = one_of_each(self.parts, self.rng)
                for measurement in self.rng.sample(ordered, len(ordered)):
                    measurement.visit(drawn, self.same)
                    bar.advance()

    def _finish(self, measurements: Sequence[Measurement]) -> None:
        with self.progress.task("measuring throughput", len(measurements), unit="rows") as bar:
            for measurement in measurements:
                measurement.finish(self.mixed)
                bar.advance(1, str(measurement.candidate))

    def start_cold(self, measurements: Sequence[Measurement]) -> None:
        """Times the cold starts that are left after those of the session's own processes."""
        left = self.settings.cold_starts - 1
        if not left or not self.settings.is_isolated:  # a start is cold in a process of its own
            return
        total = left * len(measurements)
        with self.progress.task("measuring cold starts", total, unit="starts") as bar:
            for _ in range(left):
                for measurement in self.rng.sample(measurements, len(measurements)):
                    measurement.start_cold(self.first)
                    bar.advance()
