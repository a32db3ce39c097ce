"""The columns of cost: latency, throughput, memory, and how to read them."""

from __future__ import annotations

from collections.abc import Sequence

from kdzoo.measure import Ratio
from kdzoo.report.latency import Latency

NOTHING = "–"
WARNING = "NOISY"  # beside every figure of time that a busy machine gave
_COSTS = (
    "p50, ms", "p90, ms", "p99, ms", "model alone, ms", "faster", "than the fastest",
    "texts/s", "cold start, s", "memory, MB", "MFLOPs",
)  # fmt: skip


def cost_cells(latency: Latency | None) -> dict[str, str]:
    """Returns what a row costs, by column title."""
    if latency is None:
        return dict.fromkeys(_COSTS, NOTHING)
    memory, rates = latency.memory, latency.texts_per_second
    values = (
        *(
            marked(figure, latency)
            for figure in (
                milliseconds(latency.p50_ms),
                milliseconds(latency.p90_ms),
                milliseconds(latency.p99_ms),
                milliseconds(latency.model_p50_ms),
                times(latency.to_teacher),
                times(latency.to_fastest),
                f"{rates['all']:,.0f}" if "all" in rates else NOTHING,
                NOTHING if latency.cold_start_ms is None else f"{latency.cold_start_ms / 1e3:.2f}",
            )
        ),
        NOTHING if memory is None else megabytes(memory.peak_bytes),
        NOTHING if latency.flops is None else f"{latency.flops / 1e6:.2f}",
    )
    return dict(zip(_COSTS, values, strict=True))


def marked(figure: str, latency: Latency | None) -> str:
    """Returns a figure of time with a word after it where the machine was too busy to trust it."""
    is_noisy = latency is not None and latency.is_noisy and figure != NOTHING
    return f"{figure} {WARNING}" if is_noisy else figure


def p50(latency: Latency | None) -> str:
    """Returns a row's median latency in milliseconds; a dash where it was not timed."""
    return marked(milliseconds(None if latency is None else latency.p50_ms), latency)


def milliseconds(value: float | None) -> str:
    """Returns a latency in milliseconds, with about three digits."""
    if value is None:
        return NOTHING
    return f"{value:.3f}" if value < 0.9995 else f"{value:.2f}" if value < 9.995 else f"{value:.1f}"


def megabytes(size: int) -> str:
    """Returns a size in MB (10^6 bytes)."""
    return f"{size / 1e6:.1f}" if size < 1e8 else f"{size / 1e6:.0f}"


def times(ratio: Ratio | None) -> str:
    """Returns how many times faster, with its 95 % interval."""
    if ratio is None:
        return NOTHING
    interval = (
        ""
        if ratio.low is None or ratio.high is None
        else (f" ({short(ratio.low)}–{short(ratio.high)})")
    )
    return f"{short(ratio.times)} ×{interval}"


def short(value: float) -> str:
    """Returns a ratio with about three digits."""
    return f"{value:.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def how_timed(timed: Sequence[Latency], reference: str) -> list[str]:
    """Returns what the columns of cost are, and on which machine they were measured."""
    if not timed:
        return []
    plural = "s" if timed[0].threads > 1 else ""
    machines = " and ".join(sorted({each.cpu for each in timed}))
    parts = [
        f"Latency: one text, tokenisation included, {timed[0].threads} thread{plural}, all rows "
        f"visited in turn on the same texts, on {machines}; p99 is a dash where there were too few "
        "calls to know it."
    ]
    if any(each.to_fastest is not None for each in timed):
        parts.append(
            f"Faster: than the {reference} in the same runtime; than the fastest: than the "
            f"{reference} in its fastest; trimmed mean of the rounds' ratios, with its 95 % "
            "bootstrap interval."
        )
    if any(each.texts_per_second for each in timed):
        parts.append("Texts/s: offline, up to 2,048 texts at once.")
    if any(each.memory is not None for each in timed):
        parts.append(
            "Memory: of a process that runs this row alone, at its peak; cold start: from the "
            "start of such a process to its first label."
        )
    tokens = sorted({each.tokens for each in timed if each.tokens is not None})
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
    noisiest = max((each.noise or 0.0 for each in timed if each.is_noisy), default=None)
    if noisiest is None:
        return ""
    return f"{WARNING}: the reference varied by {noisiest * 100:.0f} % from round to round"
