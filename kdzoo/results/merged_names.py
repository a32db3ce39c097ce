"""What rows of a merged table are called: no two alike, and a variant after its own recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from kdzoo.results.study_row import StudyRow

Group = Sequence[StudyRow]  # what is one row of the merged table


@dataclass
class _Family:
    """A recipe's row and those of its variants, which are compared with it by their names."""

    marks: set[Hashable]
    groups: list[int]  # their places


def is_one_name(one: str, other: str) -> bool:
    """Whether the names are equal, but for what an earlier merging put before one of them."""
    short, long = sorted((one, other), key=len)
    return short == long or long.endswith(f": {short}")


def own_name(group: Group) -> str:
    """Returns what its studies call a group; what an earlier merging put before it stays."""
    oldest = group[0].row.name
    return max((row.row.name for row in group if is_one_name(row.row.name, oldest)), key=len)


def names_of(groups: Sequence[Group]) -> list[str]:
    """Returns a name for each group that no other has.

    Rows of one name that are not one thing get their study's name, or else their folder's; so do
    the variants of such a row: a variant is held against the row that it is named after.
    """
    families = _families(groups)
    heads = _distinct(
        [max((_halves(groups[place])[0] for place in one.groups), key=len) for one in families],
        [groups[one.groups[0]][0] for one in families],
    )
    named = {
        place: f"{head}{_halves(groups[place])[1]}"
        for head, family in zip(heads, families, strict=True)
        for place in family.groups
    }
    return _distinct([named[place] for place in range(len(groups))], [group[0] for group in groups])


def _halves(group: Group) -> tuple[str, str]:
    """Returns the recipe's part of a group's name, and what stands behind it for a variant."""
    name = own_name(group)
    if group[0].row.role != "student":
        return name, ""
    recipe, slash, variant = name.partition("/")
    return recipe, f"{slash}{variant}"


def _families(groups: Sequence[Group]) -> list[_Family]:
    """Returns the groups of each recipe: those that any study has beside each other."""
    recipes: dict[tuple[str, str], set[int]] = {}  # the groups that are a recipe's own row
    for place, group in enumerate(groups):
        for row in group:
            if "/" not in row.row.name:
                recipes.setdefault((row.study, row.row.name), set()).add(place)
    found: list[_Family] = []
    for place, group in enumerate(groups):
        family = _Family({_mark(row, recipes) for row in group}, [place])
        linked = [other for other in found if other.marks & family.marks]
        for other in linked:
            family.marks |= other.marks
            family.groups = [*other.groups, *family.groups]
            found.remove(other)
        found.append(_Family(family.marks, sorted(family.groups)))
    return sorted(found, key=lambda family: family.groups[0])


def _mark(row: StudyRow, recipes: dict[tuple[str, str], set[int]]) -> Hashable:
    """Returns what rows of one recipe have in common, in one folder or in parts of one study."""
    if row.row.role != "student":
        return id(row.records), row.row.role, row.row.name
    recipe = row.study, row.row.name.partition("/")[0]
    is_one_study = len(recipes.get(recipe, ())) < 2
    return recipe if is_one_study else (*recipe, id(row.records))


def _distinct(plain: Sequence[str], owners: Sequence[StudyRow]) -> list[str]:
    """Returns the names, with the study, the folder or a number where they would be alike."""
    studies = [
        name if plain.count(name) == 1 else f"{owner.study}: {name}"
        for name, owner in zip(plain, owners, strict=True)
    ]
    folders = [
        name if studies.count(name) == 1 else f"{owner.folder}: {own}"
        for name, owner, own in zip(studies, owners, plain, strict=True)
    ]
    seen: Counter[str] = Counter()
    names = []
    for name in folders:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names
