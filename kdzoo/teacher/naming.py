"""What a classifier's names for its outputs say: which of the data's labels each may stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from kdzoo.data.words import likeness

_NUMBERED = "LABEL_"  # what transformers calls outputs that nobody named


def are_numbered(names: Sequence[str]) -> bool:
    """Whether these are what transformers calls outputs without names: LABEL_0, LABEL_1, ..."""
    return all(name.startswith(_NUMBERED) for name in names)


def by_number(numbers: object, count: int) -> list[str] | None:
    """Returns the names that a ``label2id`` gives each of so many outputs; None where it does not.

    Some write their names there alone, beside an ``id2label`` of LABEL_0, LABEL_1, ...
    """
    found = {place: name for name, place in numbers.items()} if isinstance(numbers, dict) else {}
    names = [found[place] for place in range(count) if isinstance(found.get(place), str)]
    return names if len(names) == count and not are_numbered(names) else None


def meant(own: Sequence[str], labels: Sequence[str]) -> dict[int, str]:
    """Returns the label that each output stands for, by its place, where its name says so plainly.

    It is the label of the same name, or the only one that is like it, or the only one left over for
    the only name left over. Numbers that are not all the data's own say nothing: 1 of 0 to 4 may be
    2 of 1 to 5.

    Args:
        own: the names of the outputs.
        labels: the data's.
    """
    bare = [name.removeprefix(_NUMBERED) for name in own]
    if any(map(_is_number, bare)) and {*map(likeness, bare)} != {*map(likeness, labels)}:
        return {}
    found: dict[int, str] = {}
    alikes: tuple[Callable[[str], str], ...] = (str, likeness, lambda _: "whatever is left over")
    for alike in alikes:
        taken = {*found.values()}
        names = {place: alike(name) for place, name in enumerate(bare) if place not in found}
        free = {label: alike(label) for label in labels if label not in taken}
        once = Counter(names.values()), Counter(free.values())
        label_of = {said: label for label, said in free.items()}
        found |= {
            place: label_of[said]
            for place, said in names.items()
            if once[0][said] == once[1][said] == 1
        }
    return found


def moved(names: Sequence[str], own: Sequence[str]) -> tuple[int, int] | None:
    """Returns an output that is given the name of another, and that other; None where none is.

    Numbers may be given to others, as 1 to 5 for outputs that are called 0 to 4, unless all of them
    are.

    Args:
        names: that a user gives the outputs, in their order.
        own: as many, which the model's configuration gives them.
    """
    places = {likeness(name): place for place, name in enumerate(own)}
    there = [places.get(likeness(name)) for name in names]
    is_another_order = {*there} == {*range(len(own))}
    for place, (name, other) in enumerate(zip(names, there, strict=True)):
        is_own = other is None or likeness(name) == likeness(own[place])
        if not is_own and (is_another_order or not _is_number(name)):
            return place, places[likeness(name)]
    return None


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
