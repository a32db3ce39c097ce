"""Memory that a step frees and asks for again: kept while it computes, given back afterwards."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import psutil
import pytest
import torch

from kdzoo import freed
from kdzoo.freed import freed_memory_kept
from kdzoo.plan.perform import computing_with

resource = pytest.importorskip("resource")

LARGE = 12_000_000  # numbers of an array: 48 MB

of_glibc = pytest.mark.skipif(freed._glibc() is None, reason="the C library is not glibc")


def fresh_pages(work: Callable[[], object]) -> int:
    """Returns how many pages the system has to give for it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)


def a_step() -> None:
    """Fills a large array, as a word table's gradient is filled, and frees it."""
    torch.ones(LARGE)


def steps() -> None:
    for _ in range(10):
        a_step()


@of_glibc
class TestLargeArrays:
    @pytest.mark.parametrize("block", [freed_memory_kept, lambda: computing_with(0)])
    def test_are_had_from_the_system_once(self, block: Callable[[], object]) -> None:
        """In a block of its own, and where a study makes a step; the first few make room."""
        a_step()
        usual = fresh_pages(steps)
        with block():  # type: ignore[attr-defined]
            steps()
            kept = fresh_pages(steps)

        assert usual > 3 * kept

    def test_are_given_back_after_the_outermost_block(self) -> None:
        process = psutil.Process()
        with freed_memory_kept():
            with freed_memory_kept():
                steps()
            held = process.memory_info().rss
            assert min(fresh_pages(a_step) for _ in range(5)) < 1000
        left = process.memory_info().rss

        assert held - left > 30_000_000

    def test_are_given_back_where_the_block_fails(self) -> None:
        with pytest.raises(KeyError), freed_memory_kept():
            raise KeyError
        assert freed._blocks == 0


@pytest.mark.parametrize(
    ("platform", "library"), [("darwin", ctypes.CDLL(None)), ("win32", None), ("linux", object())]
)
def test_are_left_alone_by_other_c_libraries(
    monkeypatch: pytest.MonkeyPatch, platform: str, library: object
) -> None:
    """Of macOS, of Windows, and musl."""
    monkeypatch.setattr(freed.sys, "platform", platform)
    monkeypatch.setattr(freed.ctypes, "CDLL", lambda name: library)
    assert freed._glibc.__wrapped__() is None

    monkeypatch.setattr(freed, "_glibc", lambda: None)
    with freed_memory_kept():
        a_step()
        assert freed._blocks == 0
