"""Several labels in one cell: names that are made of the names of other labels."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from kdzoo.data.cells import QUOTED, SAID_TO_BE_ONE, printed_list
from kdzoo.data.leaks import SHOWN
from kdzoo.errors import Problem
from kdzoo.plain import first_few, spelt

_BETWEEN_ANY = re.compile(r"\s*([|;,])\s*")  # what stands in few names, and between many
_BETWEEN = {"\n": "newline", "\t": "tab", "+": "+", "/": "/", "&": "&", " ": " "}  # and its word
_BRACKETED = re.compile(r"\[.*\]|\(.*\)|\{.*\}", re.DOTALL)
_SAID_TO_BE_LISTS = (
    "if each is a list of labels, say so: --task multi-label, in a recipe "
    "data: {task: multi-label}; else "
)
_AS_LISTS = (
    "save the rows as .jsonl or .parquet, with a list of names in each, or as 0/1 columns; if a "
    f"list is one label, say so: {SAID_TO_BE_ONE}"
)


def several_in_a_cell(known: Collection[str], *, in_lists: bool, is_noted: bool) -> Problem | None:
    """Returns what to do where names of labels are made of others' names; None where none is.

    A name may hold what stands between names elsewhere, as "rock & roll" does, so that most of
    these marks say something of single names in cells alone: whoever writes lists, or notes names
    for the numbers of classes, has said where each name ends.

    Args:
        known: the names in the training rows.
        in_lists: whether a text may have several of them.
        is_noted: whether a source notes them as the names of its classes.
    """
    marks = {name: mark for name in sorted(known) if (mark := _any_mark(name, known))}
    if in_lists:
        cure = "write them as names of their own, or rename the label"
        return Problem(_told(marks), "train", cure) if marks else None
    if not is_noted:
        if lists := _printed_lists(known):
            is_read = all(printed_list(name) is not None for name in known)
            cure = _SAID_TO_BE_LISTS * is_read + _AS_LISTS
            return Problem(f"labels that look like lists: {_shown(lists)}", "train", cure)
        marks |= {name: mark for name in sorted(known) if (mark := _mark(name, known))}
    return Problem(_told(marks), "train", _cure(sorted({*marks.values()}))) if marks else None


def _any_mark(name: str, known: Collection[str]) -> str:
    """Returns what stands between the names in a name: a bar, semicolon or comma; else nothing."""
    parts = _BETWEEN_ANY.split(name)
    return parts[1] if len(parts) > 1 and all(part in known for part in parts[::2]) else ""


def _mark(name: str, known: Collection[str]) -> str:
    """Returns which other mark stands between the names in a name, as an option has it."""
    for mark, word in _BETWEEN.items():
        parts = re.split(" +", name) if mark == " " else [p.strip() for p in name.split(mark)]
        if len({*parts}) > 1 and all(part in known for part in parts):
            return word
    return ""


def _printed_lists(known: Collection[str]) -> list[str]:
    """Returns the names that are lists, tuples or sets as Python or NumPy print them.

    All are, of which one is in quotes, in square brackets or holds a comma; or some are, whose
    names are known otherwise.
    """
    inside = {name: _inside(name) for name in sorted(known) if _BRACKETED.fullmatch(name)}
    is_written = any(name[0] == "[" or re.search("['\",]", name) for name in inside)
    if is_written and len(inside) == len(known):
        return [*inside]
    alone = {parts[0] for parts in inside.values() if len(parts) == 1}
    return [
        name
        for name, parts in inside.items()
        if all(part in known or (part in alone and len(parts) > 1) for part in parts)
    ]


def _inside(name: str) -> list[str]:
    """Returns the names within brackets: in quotes, or else with commas or spaces between."""
    inner = name[1:-1].strip()
    if QUOTED.search(inner) and not QUOTED.sub("", inner).strip(", \n"):
        return [(one or other).strip() for one, other in QUOTED.findall(inner)]
    parts = inner.split(",") if "," in inner else inner.split()
    return [part.strip() for part in parts if part.strip()]


def _cure(marks: Sequence[str]) -> str:
    """Returns how to say what stands between names in cells."""
    if len(marks) > 1:
        return (
            f"if a cell holds several labels, write the same between them everywhere, where now "
            f"{' and '.join(map(repr, marks))} do; if it is one label, say so: {SAID_TO_BE_ONE}"
        )
    return (
        "if a cell holds several labels, say what stands between them: --label-separator "
        f"'{marks[0]}', in a recipe data: {{label_separator: '{marks[0]}'}}; if it is one label, "
        f"say so: {SAID_TO_BE_ONE}"
    )


def _told(names: Collection[str]) -> str:
    return f"several labels in one cell: {_shown(names)}"


def _shown(names: Collection[str]) -> str:
    return first_few([spelt(name) for name in names], SHOWN)
