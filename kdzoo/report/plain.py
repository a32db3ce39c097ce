"""Text from data, made fit to be shown anywhere."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def one_line(text: str) -> str:
    """Returns the text on one line, a replacement character for each that cannot be shown.

    XML has no control characters, files have no lone surrogates, and tabulate takes the
    character 1 for a ruled line.
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))
