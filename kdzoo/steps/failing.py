"""What may fail alone: a row's models, and what stands beside them."""

from __future__ import annotations

import traceback
from pathlib import Path

from kdzoo.errors import FileError, KdzooError, StoreError, TrackingError, kind_and_words

FATAL = (FileError, StoreError, TrackingError, OSError)  # a folder or disk that all rows need


def reason_of(error: Exception) -> str:
    """Returns why something failed: a message, or an error with the line that raised it."""
    if isinstance(error, KdzooError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{kind_and_words(error)} ({Path(last.filename).name}, line {last.lineno})"
