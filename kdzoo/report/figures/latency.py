"""What a row costs to run, beside the teacher in the same session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from kdzoo.measure import NOISY, Memory, Ratio, noise, ratio, shared_rounds, summarise
from kdzoo.results import ManifestRow, Session, Timing


@dataclass(frozen=True)
class Latency:
    """What a model in a runtime costs: one text in milliseconds, throughput, start, memory.

    Attributes:
        p50_ms: of tokenising a text and running the model; p90_ms and p99_ms likewise, None where
            there were too few calls to know it.
        mean_ms: of the same calls.
        model_p50_ms: of running the model alone.
        to_teacher: how many times faster than the teacher in the same runtime.
        to_fastest: how many times faster than the teacher in its fastest runtime.
        texts_per_second: offline, by batch size; ``all`` is up to 2,048 at once.
        cold_start_ms: from the start of a process to the first label.
        flops: of one text of median length; ``flops_failure`` says why they are not known.
        noise: of the session: how far its reference varied from round to round. That is the
            teacher, or the first that was measured where no teacher was.
        session: in which it was measured: figures of two compare only as ratios.
    """

    p50_ms: float
    p90_ms: float
    p99_ms: float | None
    threads: int
    cpu: str
    mean_ms: float | None = None
    model_p50_ms: float | None = None
    to_teacher: Ratio | None = None
    to_fastest: Ratio | None = None
    texts_per_second: Mapping[str, float] = field(default_factory=dict)
    cold_start_ms: float | None = None
    memory: Memory | None = None
    flops: int | None = None
    flops_failure: str | None = None
    tokens: int | None = None
    noise: float | None = None
    session: str = ""

    @property
    def is_noisy(self) -> bool:
        """Whether the machine was too busy for its figures to be trusted."""
        return self.noise is not None and self.noise > NOISY


def by_machine(sessions: Sequence[Session]) -> dict[str, list[Session]]:
    """Returns the sessions of each machine, by its name: two machines never share a column.

    The machine that measured last comes first.
    """
    found: dict[str, list[Session]] = {}
    for session in reversed(sessions):
        found.setdefault(session.machine, []).insert(0, session)
    return found


def latency_of(
    row: ManifestRow, runtime: str, sessions: Sequence[Session], timed_as: str | None = None
) -> Latency | None:
    """Returns the row's figures in the newest session that timed one of its models.

    Args:
        row: of the manifest.
        runtime: in which the row is shown.
        sessions: oldest first.
        timed_as: what they call it, where that is not the runtime.
    """
    keys = {member.key for member in row.members}
    for session in reversed(sessions):
        timing = _timing(session, keys, timed_as or runtime)
        if timing is not None:
            return None if timing.failure is not None else _latency(row, runtime, timing, session)
    return None


def failures(row: ManifestRow, timed_as: str, sessions: Sequence[Session]) -> tuple[str, ...]:
    """Returns why the row could not be timed in the newest session that tried to."""
    keys = {member.key for member in row.members}
    timings = (_timing(session, keys, timed_as) for session in reversed(sessions))
    newest = next((timing for timing in timings if timing is not None), None)
    return () if newest is None or newest.failure is None else (newest.failure,)


def _timing(session: Session, keys: set[str], runtime: str) -> Timing | None:
    return next((t for t in session.timings if t.key in keys and t.runtime == runtime), None)


def _latency(row: ManifestRow, runtime: str, timing: Timing, session: Session) -> Latency:
    measured = [each for each in session.timings if each.failure is None]
    teachers = [each for each in measured if each.key in _teachers(row)]
    reference = (teachers or measured)[0]  # the session's: all its rows are noisy, or none is
    alike = next((teacher for teacher in teachers if teacher.runtime == runtime), None)
    fastest = min(teachers, key=lambda timing: summarise(timing.rounds_ms).p50_ms, default=None)
    own = summarise(timing.rounds_ms)
    to_teacher = _faster(timing, alike)
    to_fastest = to_teacher if fastest is alike else _faster(timing, fastest)
    return Latency(
        p50_ms=own.p50_ms,
        p90_ms=own.p90_ms,
        p99_ms=own.p99_ms,
        mean_ms=own.mean_ms,
        threads=session.threads,
        cpu=session.environment.get("cpu", "an unknown processor"),
        model_p50_ms=summarise(timing.model_rounds_ms).p50_ms if timing.model_rounds_ms else None,
        to_teacher=to_teacher,
        to_fastest=to_fastest,
        texts_per_second=timing.throughput,
        cold_start_ms=median(timing.cold_start_ms) if timing.cold_start_ms else None,
        memory=timing.memory,
        flops=timing.flops,
        flops_failure=timing.flops_failure,
        tokens=timing.tokens,
        noise=noise(reference.same_work_ms),
        session=session.id,
    )


def _teachers(row: ManifestRow) -> set[str]:
    own = {member.key for member in row.members} if row.role == "teacher" else set()
    return own | {member.teacher_key for member in row.members if member.teacher_key is not None}


def _faster(timing: Timing, teacher: Timing | None) -> Ratio | None:
    """Returns how many times faster a row is than a teacher's; nothing to say of itself."""
    if teacher is None or timing is teacher:
        return None
    own_ms, teacher_ms = shared_rounds(timing, teacher)
    return ratio(own_ms, teacher_ms) if own_ms else None
