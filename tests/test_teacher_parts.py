"""A labelling that several processes share ends with the very shards of one that had it alone."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tiny_models import save_tiny_classifier, some_texts, tiny_corpus

from kdzoo.data import Digests, Texts
from kdzoo.errors import TeacherError
from kdzoo.progress import Silent
from kdzoo.teacher import (
    Labeller,
    LinearFold,
    OutOfFold,
    Part,
    Teacher,
    cache,
    cache_root,
    clear_cache,
    folds_of,
    open_member,
    open_sentence_encoder,
)
from kdzoo.teacher.cache import Read, RowCache

CPU = torch.device("cpu")
CORPUS = tiny_corpus()
TEXTS = [*CORPUS.train, *some_texts(40)]
Open = Callable[[], Labeller]


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SHARD_ROWS", 7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    return save_tiny_classifier("bert", tmp_path_factory.mktemp("teacher"), tiny_encoder)


@pytest.fixture(params=["classifier", "ensemble", "heads", "folds"])
def opened(request: pytest.FixtureRequest, folder: Path, tiny_encoder: Path) -> Open:
    """Every kind of teacher that labels: as a process of its own would open it."""

    def classifier(count: int = 1) -> Labeller:
        members = [open_member(folder, length, CORPUS.labels) for length in (32, 16)[:count]]
        return Teacher(tuple(members), folder, max_length=32, batch_size=4)

    def heads() -> Labeller:
        encoder = open_sentence_encoder(tiny_encoder, None, 32, 4)
        return LinearFold((("head", encoder),), CORPUS)

    kinds: dict[str, Open] = {
        "classifier": classifier,
        "ensemble": lambda: classifier(2),
        "heads": heads,
        "folds": lambda: OutOfFold(classifier(), (heads(), heads()), folds_of(CORPUS, 2)),
    }
    return kinds[request.param]


def shards() -> list[str]:
    return sorted(str(path.relative_to(cache_root())) for path in cache_root().rglob("*.npy"))


@pytest.mark.parametrize(
    "count", [2, *(pytest.param(count, marks=pytest.mark.study) for count in (3, 20))]
)
def test_parts_in_any_order_end_with_the_bytes_of_the_whole(
    opened: Open, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, more than shards too, and whoever labels which of them."""
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "whole"))
    whole = opened().label(TEXTS, Silent(), CPU)[:]
    expected = shards()
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "parts"))
    numbers = random.Random(count).sample(range(count), count)

    for number in numbers:
        part = Part(number, count)
        opened().label_part(random.Random(number).sample(TEXTS, len(TEXTS)), part, Silent(), CPU)
        assert opened().lacking(TEXTS, part) == 0

    assert opened().lacking(TEXTS) == 0
    assert shards() == expected
    assert np.array_equal(opened().label(TEXTS, Silent(), CPU)[:], whole)


@pytest.mark.parametrize("shard_count", [0, 1, 2, 10, 99, 100, 101])
@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_each_shard_is_of_one_part(shard_count: int, count: int) -> None:
    own = [shard for number in range(count) for shard in Part(number, count).of(shard_count)]

    assert own == list(range(shard_count))


class SlowOnce:
    """Gives zeros for texts; holds the first shard until it is told to go on.

    Attributes:
        read: how many texts each call was given.
        reached: told that the first shard is held.
        go_on: lets it go.
    """

    def __init__(self, *, is_slow: bool) -> None:
        self.read: list[int] = []
        self.reached, self.go_on = threading.Event(), threading.Event()
        if not is_slow:
            self.go_on.set()

    @contextmanager
    def __call__(self, count: int) -> Iterator[Read]:
        yield self._rows

    def _rows(self, todo: Texts) -> tuple[Digests, npt.NDArray[np.float32]]:
        self.read.append(len(todo))
        self.reached.set()
        assert self.go_on.wait(30)
        return todo.digests, np.zeros((len(todo), 2), dtype=np.float32)


def test_a_shard_that_another_process_computes_is_left_to_it() -> None:
    """The others are computed meanwhile; in the end nothing is lacking, no text was read twice."""
    texts, slow, quick = Texts.of(TEXTS), SlowOnce(is_slow=True), SlowOnce(is_slow=False)

    def fill(reader: SlowOnce) -> None:
        RowCache.of("logits", "shared", lambda _: None).fill(texts, reader)

    threads = [threading.Thread(target=fill, args=[reader]) for reader in (slow, quick)]
    threads[0].start()
    assert slow.reached.wait(30)
    threads[1].start()
    left = len({each.digest for each in TEXTS}) - 7
    until = time.monotonic() + 30
    while sum(quick.read) < left and time.monotonic() < until:
        time.sleep(0.01)
    slow.go_on.set()
    for thread in threads:
        thread.join()

    assert (slow.read, sum(quick.read)) == ([7], left)
    shared = RowCache.of("logits", "shared", lambda _: None)
    assert shared.lacking(texts) == 0
    assert len(shared.rows(texts)) == len(TEXTS)


def test_a_cache_that_is_emptied_meanwhile_is_told() -> None:
    """Never are the rows of other texts given in their place."""
    texts, rows = Texts.of(TEXTS), RowCache.of("logits", "emptied", lambda _: None)
    rows.fill(texts, SlowOnce(is_slow=False))
    clear_cache()

    with pytest.raises(TeacherError, match="was emptied while it was read; give the same command"):
        RowCache.of("logits", "emptied", lambda _: None).rows(texts)
