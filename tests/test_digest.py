"""What stands for a file: its bytes, read once in a process until somebody changes it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from kdzoo.digest import file_sha256


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_is_that_of_the_bytes_and_a_file_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights have hundreds of megabytes, and a plan asks for them a hundred times."""
    file, reads = tmp_path / "weights", list[str]()
    file.write_bytes(b"some weights")
    real = hashlib.file_digest

    def counting(*arguments: object) -> object:
        reads.append("read")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(hashlib, "file_digest", counting)

    assert [file_sha256(file), file_sha256(file)] == [sha256(b"some weights")] * 2
    assert len(reads) == 1


@pytest.mark.parametrize("keeps_time", [False, True])
def test_is_another_one_when_the_file_is(tmp_path: Path, *, keeps_time: bool) -> None:
    """Also where the new bytes are as many, and somebody sets the old time."""
    file = tmp_path / "weights"
    file.write_bytes(b"some weights")
    before = file.stat()
    assert file_sha256(file) == sha256(b"some weights")

    file.write_bytes(b"OTHER weight")
    if keeps_time:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert file_sha256(file) == sha256(b"OTHER weight")


def test_is_that_of_the_file_that_a_name_stands_for_now(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(name.encode())
    link = tmp_path / "link"
    found = []
    for name in ("one", "two"):
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / name)
        found.append(file_sha256(link))

    assert found == [sha256(b"one"), sha256(b"two")]
