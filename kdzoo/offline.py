"""Whether the Hugging Face hub can be reached, asked quickly."""

from __future__ import annotations

import os
from functools import cache

TIMEOUT_S = 4.0


@cache
def hub_in_reach() -> bool:
    """Returns whether the hub answered when this process asked it first."""
    return hub_answers()


def hub_answers() -> bool:
    """Returns whether the hub answers within seconds; ``HF_HUB_OFFLINE=1`` answers at once."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        return False
    import urllib.error
    import urllib.request

    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    if not endpoint.startswith(("https://", "http://")):
        return False
    try:
        request = urllib.request.Request(endpoint, method="HEAD")  # noqa: S310 - scheme checked
        urllib.request.urlopen(request, timeout=TIMEOUT_S).close()  # noqa: S310
    except urllib.error.HTTPError:
        return True  # it answered
    except OSError:
        return False
    return True
