"""Memory that a computation frees and asks for again at once, kept by the process meanwhile."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

# parameters of glibc's mallopt(3), and what they come to by themselves as large arrays are freed
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_USUAL_TRIM, _USUAL_MMAP = 1 << 26, 1 << 25  # bytes
_ALL = (1 << 31) - 1  # bytes; an int

_blocks = 0  # that keep it now, one within the other


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keeps what is freed in the block, and gives it back to the system after the outermost one.

    glibc returns large arrays as soon as they are freed, and gets the next ones page by page, each
    of them zeroed. Steps of few short texts hardly feel it (``benchmarks/step.py``); those that
    free more than 64 MB, of many texts or long ones, do a little. What is computed stays the same;
    a process takes some hundred MB more. Other C libraries are left as they are.
    """
    global _blocks
    library = _glibc()
    if library is None:
        yield
        return
    if _blocks == 0:
        _set(library, trim=_ALL, mmap=_ALL)
    _blocks += 1
    try:
        yield
    finally:
        _blocks -= 1
        if _blocks == 0:
            _set(library, trim=_USUAL_TRIM, mmap=_USUAL_MMAP)
            library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None


def _set(library: ctypes.CDLL, *, trim: int, mmap: int) -> None:
    library.mallopt(_TRIM_THRESHOLD, trim)
    library.mallopt(_MMAP_THRESHOLD, mmap)
