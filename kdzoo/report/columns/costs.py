"""How to read what rows cost, and what to think of figures that a busy machine gave."""

from __future__ import annotations

from collections.abc import Sequence

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
    plural = "s" if timed[0].threads > 1 else ""
    machines = " and ".join(sorted({latency.cpu for latency in timed}))
    parts = [
        f"Latency: one text, tokenisation included, {timed[0].threads} thread{plural}, all rows "
        f"visited in turn on the same texts, on {machines}; p99 is a dash where there were too few "
        "calls to know it."
    ]
    if any(latency.to_fastest is not None for latency in timed):
        parts.append(
            f"Faster: than the {reference} in the same runtime; than the fastest: than the "
            f"{reference} in its fastest; trimmed mean of the rounds' ratios, with its 95 % "
            "bootstrap interval."
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
    return f"{WARNING}: the reference varied by {noisiest * 100:.0f} % from round to round"
