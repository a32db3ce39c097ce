"""Disks that are full or read-only, and other users: where this machine lets a test have them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534
NAMELESS = 12345  # a user without an entry in passwd, as containers have
DISK_BYTES = 1 << 18


@contextmanager
def mounted(options: str) -> Iterator[Path]:
    """Mounts a small disk in memory."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a disk")
    with tempfile.TemporaryDirectory() as name:
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", name]
        if subprocess.run(mount, capture_output=True).returncode != 0:
            pytest.skip("this machine mounts no disk, as most containers")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def fill(disk: Path, free_bytes: int = 0) -> None:
    """Leaves so much room on a small disk."""
    (disk / "other").write_bytes(b"")
    left = shutil.disk_usage(disk).free - free_bytes
    (disk / "other").write_bytes(bytes(left))


@contextmanager
def user(number: int = NOBODY) -> Iterator[None]:
    """Makes this process another user's for the block; what it needs is imported before."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    os.setresgid(number, number, 0)
    os.setresuid(number, number, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
