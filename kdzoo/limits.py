"""What this process may use of its machine: memory and cores, as containers limit them.

A container's limits are those of control groups (cgroups), version 1 or 2: every group from the
process's own up to the topmost one in sight counts, and the tightest decides. Where the system has
none, the machine is the limit.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path("/")  # below which the system tells of itself
_LIMITS = ("memory.max", "memory.high", "memory.limit_in_bytes")  # version 2, 2, 1
_USED = ("memory.current", "memory.usage_in_bytes")
_GIVEN_BACK = ("inactive_file", "total_inactive_file")  # of files, kept while nobody needs room


@dataclass(frozen=True)
class MemoryLimit:
    """How much memory there is.

    Attributes:
        total_bytes: that this process and those it starts may ever have, with the group's others.
        available_bytes: of these, what is free now, or is given back when it is needed.
    """

    total_bytes: int
    available_bytes: int


def memory_limit(root: Path = ROOT) -> MemoryLimit:
    """Returns the memory of the machine, or the less that a control group leaves of it.

    Args:
        root: of the file system whose ``proc`` and ``sys`` are asked.
    """
    host = psutil.virtual_memory()
    total_bytes, available_bytes = host.total, host.available
    for group in _groups("memory", root):
        limit_bytes = min(_numbers(group, _LIMITS), default=host.total)
        if limit_bytes >= host.total:
            continue
        used_bytes = max(_numbers(group, _USED), default=0)
        total_bytes = min(total_bytes, limit_bytes)
        left_bytes = limit_bytes - used_bytes + _given_back_bytes(group)
        available_bytes = min(available_bytes, max(0, left_bytes))
    return MemoryLimit(total_bytes, available_bytes)


def usable_cores(root: Path = ROOT) -> float:
    """Returns how many cores this process may keep busy: 0.2 where it gets a fifth of one.

    The cores that it is bound to, or the less that a control group's quota comes to.

    Args:
        root: of the file system whose ``proc`` and ``sys`` are asked.
    """
    bound = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    cores = float(len(bound) or os.cpu_count() or 1)
    for group in _groups("cpu", root):
        if (quota := _quota(group)) is not None:
            cores = min(cores, quota)
    return cores


def usable_threads(wanted: int, root: Path = ROOT) -> int:
    """Returns the threads, of those wanted, that each have a core to run on; at least one."""
    return min(wanted, max(1, math.ceil(usable_cores(root))))


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """Yields the folders of the control groups that this process is in, from its own upwards."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, name = line.split(":", 2)
        is_second = controllers == ""  # all controllers of version 2 share one tree
        if not is_second and controller not in controllers.split(","):
            continue
        for seen_from, top in _mounts(None if is_second else controller, root):
            # within a container the tree may begin at its own group, whatever the name says
            below = name.removeprefix(seen_from) if name.startswith(seen_from) else ""
            own = top / below.strip("/")
            if not own.is_dir():
                own = top
            yield from (group for group in (own, *own.parents) if group.is_relative_to(top))


def _mounts(controller: str | None, root: Path) -> Iterator[tuple[str, Path]]:
    """Yields the group at the top of each tree in sight, and the folder in which that one lies.

    Args:
        controller: of version 1; version 2 without one.
        root: of the file system.
    """
    for line in _text(root / "proc/self/mountinfo").splitlines():
        place, _, device = line.partition(" - ")
        kind, _, options = device.split(" ", 2)
        wanted = (
            kind == "cgroup2"
            if controller is None
            else kind == "cgroup" and controller in options.split(",")
        )
        if wanted:
            seen_from, folder = place.split(" ")[3:5]
            yield seen_from.rstrip("/"), root / folder.replace("\\040", " ").lstrip("/")


def _quota(group: Path) -> float | None:
    """Returns how many cores' time the group gets; None where nothing limits it."""
    quota = _text(group / "cpu.max").split()  # version 2: microseconds in each period, or "max"
    if not quota:
        files = (group / "cpu.cfs_quota_us", group / "cpu.cfs_period_us")
        quota = [_text(file).strip() for file in files]
    if len(quota) != 2 or not all(number.isdigit() for number in quota):
        return None  # version 1 tells -1
    quota_us, period_us = map(int, quota)
    return quota_us / period_us if quota_us and period_us else None


def _given_back_bytes(group: Path) -> int:
    """Returns the bytes of files that the group holds in memory without using them."""
    statistics = dict(line.split(" ", 1) for line in _text(group / "memory.stat").splitlines())
    return max((int(statistics[name]) for name in _GIVEN_BACK if name in statistics), default=0)


def _numbers(group: Path, names: tuple[str, ...]) -> list[int]:
    """Returns what those of the files say that are there and say a number."""
    limits = [_text(group / name).strip() for name in names]
    return [int(limit) for limit in limits if limit.isdigit()]


def _text(path: Path) -> str:
    """Returns what the system says there; nothing where it has no such file or keeps it back."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
