"""What stands for content."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from kdzoo.files import check_readable


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal; read once in a process, until it is changed.

    Raises:
        FileError: it is no file.
    """
    check_readable(path)
    found = path.stat()
    return _sha256(path.resolve(), found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=1 << 16)
def _sha256(path: Path, *_as_it_stands: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(content: Any) -> str:
    """Returns 16 hexadecimal digits that stand for JSON-like content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
