"""Text from data, made fit to be shown anywhere."""

from kdzoo.plain import printable

_MARKDOWN = str.maketrans(
    {**{mark: f"\\{mark}" for mark in "\\`*_[]|#~"}, "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)


def one_line(text: str) -> str:
    """Returns the text on one line, a replacement character for each that cannot be shown.

    XML has no control characters, nor the last two of the first plane; files have no lone
    surrogates; and tabulate takes the character 1 for a ruled line.
    """
    return printable(" ".join(text.split()))


def escaped(text: str) -> str:
    """Returns the text on one line, as Markdown that shows its characters and does nothing else.

    It has to stand within a line: what a line begins with may be a mark of its own.
    """
    return one_line(text.translate(_MARKDOWN))
