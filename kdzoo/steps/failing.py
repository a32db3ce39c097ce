"""What may fail alone: a row's models, and what stands beside them."""

from __future__ import annotations

import traceback
from pathlib import Path

from kdzoo.errors import FileError, KdzooError, StoreError, TrackingError

FATAL = (FileError, StoreError, TrackingError, OSError)  # a folder or disk that all rows need


def reason_of(error: Exception) -> str:
    """Returns why something failed: a message, or an error with the line that raised it."""
    if isinstance(error, KdzooError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    said = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {said} ({Path(last.filename).name}, line {last.lineno})"
