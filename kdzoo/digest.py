"""What stands for content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from kdzoo.files import check_readable


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal.

    Raises:
        FileError: it is no file.
    """
    check_readable(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(content: Any) -> str:
    """Returns 16 hexadecimal digits that stand for JSON-like content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
