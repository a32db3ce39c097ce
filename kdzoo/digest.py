"""What stands for a file's content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kdzoo.files import check_readable


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal.

    Raises:
        FileError: it is no file.
    """
    check_readable(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
