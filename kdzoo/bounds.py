"""How much a file, or a number in it, may be: what strangers write cannot exhaust the machine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from kdzoo.files import check_readable
from kdzoo.plain import is_unicode

LARGEST_JSON = 1 << 24  # bytes; what kdzoo writes is far smaller, and a stranger's is read whole
DEEPEST = 24  # mappings and lists within each other
LONGEST_NAME = 1000  # characters of a name that is shown
FEWEST_TOKENS = 4  # that a model may be said to read of a text
MOST = 2**63 - 1  # a number that every library can hold

_HALF = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")  # how half a character can be spelt


def parse_json(content: bytes) -> Any:
    """Returns what JSON says.

    Raises:
        ValueError: it is no JSON, or nothing that anybody means: the reason, on one line.
    """
    try:
        found = json.loads(content)
    except RecursionError:
        raise ValueError("brackets are nested too deeply") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text, from byte {error.start} on") from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"it is not JSON: {error.msg}, line {error.lineno} column {error.colno}"
        ) from None
    except ValueError:  # Python reads no number of more than 4,300 digits
        raise ValueError("a number in it has thousands of digits") from None
    if _HALF.search(content) and not is_whole(found):
        raise ValueError("a text in it holds half a character (a lone surrogate)")
    return found


def is_whole(value: Any) -> bool:
    """Whether all texts in what was read, names of entries too, consist of whole characters."""
    return is_unicode(json.dumps(value, ensure_ascii=False, default=str, skipkeys=True))


def read_json(path: Path, largest: int = LARGEST_JSON) -> Any:
    """Returns what a file of JSON says.

    Raises:
        ValueError: it is too big, or no JSON.
        FileError: it is no file.
        OSError: it cannot be read.
    """
    check_readable(path)
    if path.stat().st_size > largest:
        raise ValueError(f"it has more than {largest:,} bytes")
    return parse_json(path.read_bytes())


def check_depth(value: Any) -> None:
    """Looks whether mappings and lists are nested as somebody would write them.

    Raises:
        ValueError: they are nested too deeply.
    """
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for child in level
            if isinstance(child, dict | list | tuple)
            for inner in (child.values() if isinstance(child, dict) else child)
        ]
        if not level:
            return
    raise ValueError("brackets are nested too deeply")
