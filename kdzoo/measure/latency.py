"""Latency of one text, all candidates in one session: interleaved, in random order, warmed up."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from kdzoo.data import Example
from kdzoo.progress import Progress
from kdzoo.runtime import Classifier

WARM_UP_CALLS = 5  # before the clock starts, on every visit


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


def time_candidates(
    candidates: Mapping[str, Classifier],
    texts: Sequence[Example],
    *,
    threads: int,
    rounds: int,
    per_visit: int,
    seed: int,
    progress: Progress,
) -> dict[str, list[list[float]]]:
    """Returns for every candidate, round by round, the milliseconds of single texts.

    Tokenisation is included. In every round all candidates are visited once, in random order, and
    read the same texts, drawn anew for the round from the real ones.

    Args:
        candidates: models by name, as deployed.
        texts: real texts in their real mix of lengths.
        threads: the same for all.
        rounds: visits to each candidate.
        per_visit: texts timed per visit.
        seed: of the order and of the draw.
        progress: told how far it is.
    """
    rng = random.Random(seed)
    times: dict[str, list[list[float]]] = {name: [] for name in candidates}
    with (
        thread_budget(threads),
        progress.task("measuring latency", rounds * len(candidates)) as task,
    ):
        for _ in range(rounds):
            drawn = [rng.choice(texts) for _ in range(per_visit)]
            for name in rng.sample(sorted(candidates), len(candidates)):
                times[name].append(_visit(candidates[name], drawn))
                task.advance()
    return times


def _visit(classifier: Classifier, texts: Sequence[Example]) -> list[float]:
    for example in texts[:WARM_UP_CALLS]:
        classifier.logits([example])
    elapsed_ms = []
    for example in texts:
        start = time.perf_counter_ns()
        classifier.logits([example])
        elapsed_ms.append((time.perf_counter_ns() - start) / 1e6)
    return elapsed_ms


def summarise(rounds: Sequence[Sequence[float]]) -> dict[str, float]:
    """Returns median and 90th percentile in milliseconds over all rounds, and their count."""
    everything = np.concatenate([np.asarray(each) for each in rounds])
    return {
        "p50_ms": float(np.percentile(everything, 50)),
        "p90_ms": float(np.percentile(everything, 90)),
        "calls": float(len(everything)),
    }
