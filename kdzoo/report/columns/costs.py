"""How to read what rows cost, and what to think of figures that a busy machine gave."""

from __future__ import annotations

from collections.abc import Sequence

from kdzoo.amounts import percent
from kdzoo.report.columns.numbers import NOTHING
from kdzoo.report.figures.latency import Latency

WARNING = "NOISY"  # beside every figure of time that a busy machine gave


def marked(figure: str, latency: Latency | None) -> str:
    """Returns a figure of time with a word after it where the machine was too busy to trust it."""
    is_noisy = latency is not None and latency.is_noisy and figure != NOTHING
    return f"{figure} {WARNING}" if is_noisy else figure


def how_timed(timed: Sequence[Latency], reference: str) -> list[str]:
    """Returns what the columns of cost are, and on which machine they were measured."""
    if not timed:
        return []
    machines = " and ".join(sorted({latency.cpu for latency in timed}))
    sessions = len({latency.session for latency in timed})
    visited = (
        "all rows"
        if sessions == 1
        else f"in {sessions} sessions, of which only ratios compare, the rows of each"
    )
    parts = [
        f"Latency: one text, tokenisation included, {threads_of(timed)}, {visited} visited in turn "
        f"on the same texts, on {machines}; p99 is a dash where there were too few independent "
        "calls to know it."
    ]
    if any(latency.to_fastest is not None for latency in timed):
        parts.append(
            f"Faster: than the {reference} in the same runtime; than the fastest: than the "
            f"{reference} in its fastest; trimmed mean of the rounds' ratios, with its 95 % "
            "interval within the session; another session may differ by more."
        )
    if any(latency.texts_per_second for latency in timed):
        parts.append("Texts/s: offline, up to 2,048 texts at once.")
    if any(latency.memory is not None for latency in timed):
        parts.append(
            "Memory: of a process that runs this row alone, at its peak; cold start: from the "
            "start of such a process to its first label."
        )
    tokens = sorted({latency.tokens for latency in timed if latency.tokens is not None})
    if tokens:
        read = f"{tokens[0]}" if len(tokens) == 1 else f"{tokens[0]} to {tokens[-1]}"
        parts.append(f"MFLOPs: of one text of median length ({read} tokens).")
    return parts


def threads_of(timed: Sequence[Latency]) -> str:
    """Returns ``1 thread``, or ``1 or 4 threads`` of rows that were timed by other rules."""
    counts = sorted({latency.threads for latency in timed})
    return f"{' or '.join(map(str, counts))} thread{'s' if counts != [1] else ''}"


def sessions_of(timed: Sequence[Latency]) -> str:
    """Returns a warning where rows were timed in several sessions; nothing where they were not."""
    count = len({latency.session for latency in timed})
    return f"timed in {count} sessions: compare times of one session only" if count > 1 else ""


def noise_note(timed: Sequence[Latency]) -> str:
    """Returns what to think of figures measured on a busy machine; nothing where it was quiet."""
    varied = variation(timed)
    if not varied:
        return ""
    return f"{varied} (IQR / median); measure again on a quiet machine before quoting latencies."


def variation(timed: Sequence[Latency]) -> str:
    """Returns by how much a busy machine's reference varied; nothing where it was quiet."""
    noisiest = max((latency.noise or 0.0 for latency in timed if latency.is_noisy), default=None)
    if noisiest is None:
        return ""
    return f"{WARNING}: the reference varied by {percent(noisiest, 0)} from round to round"
