"""Labelling that is killed and started again ends with the bits of one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

TEXTS, SHARD_ROWS = 50_000, 2048
WORKER = f"""
import random, sys
from pathlib import Path
import numpy as np, torch
sys.path.insert(0, sys.argv[3])
import kdzoo.teacher.cache as cache_module
from tiny_world import FILLERS, LABELS, WORDS
from kdzoo.data import Example, Texts
from kdzoo.progress import Silent
from kdzoo.teacher import Teacher, open_member
cache_module.SHARD_ROWS = {SHARD_ROWS}
folder = Path(sys.argv[1])
words = [word for group in WORDS.values() for word in group] + FILLERS
rng = random.Random(5)
texts = [" ".join(rng.choices(words, k=rng.randint(1, 6))) + f" {{n}}" for n in range({TEXTS})]
member = open_member(folder, 16, LABELS)
teacher = Teacher((member,), encoder_folder=folder, max_length=16, batch_size=128)
table = teacher.label(Texts.of(map(Example, texts)), Silent(), torch.device("cpu"))
np.save(sys.argv[2], table[:], allow_pickle=False)
"""


def start(teacher: Path, cache: Path) -> subprocess.Popen[bytes]:
    """Starts a process that labels all texts and then writes the logits beside the cache."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, teacher, cache / "table.npy", Path(__file__).parent],
        env={**os.environ, "KDZOO_CACHE": str(cache)},
    )


def shards(cache: Path) -> list[str]:
    """Returns the names of the shards, which are the hashes of what is in them."""
    return sorted(path.name for path in cache.rglob("logits/*/*.npy"))


def wait_for(count: int, cache: Path, worker: subprocess.Popen[bytes]) -> None:
    """Returns when so many shards are there."""
    while len(shards(cache)) < count:
        assert worker.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_labelling_killed_three_times_ends_with_the_same_bits(
    tiny_teacher: Path, tmp_path: Path
) -> None:
    """SIGKILL at random points of a pass over 50,000 texts; each start takes up what is there."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for cache in (whole, killed):
        cache.mkdir()
    assert start(tiny_teacher, whole).wait() == 0
    rng = random.Random(11)
    left: list[int] = []
    for _ in range(3):
        worker = start(tiny_teacher, killed)
        wait_for(len(shards(killed)) + rng.randint(1, 5), killed, worker)
        time.sleep(rng.uniform(0, 0.2))
        worker.send_signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL
        left.append(len(shards(killed)))

    worker = start(tiny_teacher, killed)
    assert worker.wait() == 0

    print(f"shards after each kill: {left} of {len(shards(whole))}")  # noqa: T201 - for pytest -s
    assert left == sorted(set(left))
    assert left[-1] < len(shards(whole)) == -(-TEXTS // SHARD_ROWS)
    assert shards(killed) == shards(whole)
    assert (killed / "table.npy").read_bytes() == (whole / "table.npy").read_bytes()
    assert np.load(killed / "table.npy").shape == (TEXTS, 4)
