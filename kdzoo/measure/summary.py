"""What rounds of timed calls amount to: percentiles, ratios with their intervals, noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from scipy.stats import bootstrap, quantile_test, trim_mean
from scipy.stats.mstats import winsorize

from kdzoo.measure.speed import Speed

Calls = Sequence[Sequence[float]]  # milliseconds of every call, round by round

NOISY = 0.1  # of the reference, above which torch.utils.benchmark warns too
CONFIDENCE = 0.95  # of the ratio's interval
TRIMMED = 0.2  # of the rounds' ratios at either end: rounds in which one side alone was disturbed
RESAMPLED = 10  # rounds at least: the bootstrap's intervals of fewer are too narrow
RESAMPLES = 1999  # of the rounds: hundreds of ratios are told in a table
SLOW = 0.95  # of all calls are faster than the slow ones, of which rounds have more or fewer
KNOWN = 0.99  # confidence that no more than 1 % of calls take longer than p99


@dataclass(frozen=True)
class Summary:
    """Percentiles over all calls, in milliseconds.

    Attributes:
        p50_ms: the median.
        p90_ms: the 90th percentile.
        p99_ms: MLPerf's early-stopping estimate: with 99 % confidence, 99 % of calls take no
            longer on a machine that is as it was. None where there are too few calls to say so: 459
            independent ones are needed, and where rounds are slow as a whole, theirs are not. Of
            60 rounds, what slows down fewer than one in twenty may not have been seen at all.
        calls: how many there were.
        mean_ms: their mean.
    """

    p50_ms: float
    p90_ms: float
    p99_ms: float | None
    calls: int
    mean_ms: float


@dataclass(frozen=True)
class Ratio:
    """How many times faster than the reference.

    Attributes:
        times: the trimmed mean of the rounds' ratios of medians; above 1 is faster.
        low: lower end of its interval over rounds; None for fewer than three.
        high: upper end.
    """

    times: float
    low: float | None
    high: float | None


def summarise(rounds_ms: Calls) -> Summary:
    """Returns the percentiles of all calls of all rounds together."""
    calls_ms = np.concatenate([np.asarray(calls, dtype=np.float64) for calls in rounds_ms])
    p50_ms, p90_ms = (float(quantile_ms) for quantile_ms in np.quantile(calls_ms, [0.5, 0.9]))
    return Summary(p50_ms, p90_ms, _p99_ms(rounds_ms), len(calls_ms), float(calls_ms.mean()))


def _p99_ms(rounds_ms: Calls) -> float | None:
    """Returns the bound of p99 by as many calls, evenly among all, as theirs are worth."""
    calls_ms = np.sort(np.concatenate(rounds_ms))
    worth = _independent_calls(rounds_ms, calls_ms)
    some_ms = calls_ms[(np.arange(1, worth + 1) * len(calls_ms) - 1) // worth]
    test: Any = quantile_test(some_ms, p=0.99, alternative="less")
    bound_ms = float(test.confidence_interval(KNOWN).high)
    return None if np.isnan(bound_ms) else bound_ms


def _independent_calls(rounds_ms: Calls, calls_ms: npt.NDArray[np.float64]) -> int:
    """Returns how many calls would tell as much if rounds had no say in which of them are slow.

    That is their number over the design effect (Kish, 1965): how much more the rounds' counts of
    slow calls vary than those of independent calls would. A single round tells nothing of that.
    """
    if len(rounds_ms) < 2:
        return 1
    limit_ms = np.quantile(calls_ms, SLOW)
    slow = np.array([np.count_nonzero(np.asarray(calls) > limit_ms) for calls in rounds_ms])  # [R]
    share = slow.sum() / len(calls_ms)
    if share == 0:  # calls are all alike
        return len(calls_ms)
    excess = slow - share * np.array([len(calls) for calls in rounds_ms])
    effect = float(np.sum(excess**2) / (len(calls_ms) * share * (1 - share)))
    return max(1, round(len(calls_ms) / max(1.0, effect)))


def shared_rounds(own: Speed, reference: Speed) -> tuple[Calls, Calls]:
    """Returns both sides' calls of the rounds in which both were visited, in the same order."""
    first = max(own.first_round, reference.first_round)
    end = min(timing.first_round + len(timing.rounds_ms) for timing in (own, reference))
    own_ms, reference_ms = (
        timing.rounds_ms[first - timing.first_round : max(first, end) - timing.first_round]
        for timing in (own, reference)
    )
    return own_ms, reference_ms


def ratio(own_rounds_ms: Calls, reference_rounds_ms: Calls, seed: int = 0) -> Ratio:
    """Returns how many times faster the own calls were than the reference's of the same rounds.

    A round is compared with itself alone, because a busy machine slows both sides of a round. The
    estimate is the 20 % trimmed mean of the rounds' log-ratios, which on a machine whose speed
    drifts varies less than their median. The interval holds that of this session with 95 %
    confidence: Yuen's t of fewer rounds than 10, else the percentile bootstrap
    over rounds. Other sessions, whose processes are others, may differ by more.

    Args:
        own_rounds_ms: at least one round.
        reference_rounds_ms: as many.
        seed: of the bootstrap.
    """
    if len(own_rounds_ms) != len(reference_rounds_ms):
        raise ValueError("other rounds cannot be compared")
    logs = np.log(_medians(reference_rounds_ms) / _medians(own_rounds_ms))  # [R]
    times = float(np.exp(trim_mean(logs, TRIMMED)))
    if len(logs) < 3:
        return Ratio(times, None, None)
    low, high = _t_interval(logs) if len(logs) < RESAMPLED else _bootstrap_interval(logs, seed)
    return Ratio(times, float(np.exp(low)), float(np.exp(high)))


def _t_interval(logs: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Returns the interval of a trimmed mean (Yuen, 1974); winsorised values have its variance."""
    winsorised = np.asarray(winsorize(logs, (TRIMMED, TRIMMED)))
    kept = len(logs) - 2 * int(TRIMMED * len(logs))
    error = np.sqrt(np.sum((winsorised - winsorised.mean()) ** 2) / (kept * (kept - 1)))
    half = float(stdtrit(kept - 1, (1 + CONFIDENCE) / 2) * error)
    middle = float(trim_mean(logs, TRIMMED))
    return middle - half, middle + half


def _bootstrap_interval(logs: npt.NDArray[np.float64], seed: int) -> tuple[float, float]:
    statistic: Any = partial(trim_mean, proportiontocut=TRIMMED)
    # the other bootstrap intervals are undefined where rounds agree
    found = bootstrap(
        (logs,),
        statistic,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def _medians(rounds_ms: Calls) -> npt.NDArray[np.float64]:
    """Returns each round's median, [R]; all at once where they have as many calls each."""
    if len({len(calls) for calls in rounds_ms}) == 1:
        medians: npt.NDArray[np.float64] = np.median(np.asarray(rounds_ms), axis=1)
        return medians
    return np.array([np.median(calls) for calls in rounds_ms])


def noise(same_work_ms: Calls) -> float:
    """Returns how much a candidate's rounds differ: interquartile range / median of their medians.

    What the calls of a round have to do should be the same in all: else texts differ, too.

    Above ``NOISY``, the machine was too busy for its figures to be trusted.
    """
    low, middle, high = np.quantile(_medians(same_work_ms), [0.25, 0.5, 0.75])
    return float((high - low) / middle)
