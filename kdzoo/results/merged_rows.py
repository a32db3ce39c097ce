"""Which rows of several studies are one row of the table that they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from kdzoo.recipe.alike import SHAPED_BY, are_alike
from kdzoo.results.merged_names import is_one_name, names_of, own_name
from kdzoo.results.record import ManifestRow, Member
from kdzoo.results.study_row import StudyRow

Said = TypeVar("Said", bound=BaseModel)
FAMILY = 8  # digits of a key that models share which one recipe gave on several machines
_ORDER = ("teacher", "student", "control", "baseline")


def merge_rows(rows: Sequence[StudyRow]) -> tuple[tuple[ManifestRow, ...], list[str]]:
    """Returns the rows of the table and, in words, which of them were kept apart.

    Args:
        rows: of all studies; those of a study follow each other, in its order.
    """
    groups: list[list[StudyRow]] = []
    for row in rows:
        home = next((group for group in groups if _belongs(row, group)), None)
        if home is None:
            groups.append([row])
        else:
            home.append(row)
    groups.sort(key=lambda group: _ORDER.index(group[0].row.role))
    names = names_of(groups)
    joined = (_joined(group, name) for group, name in zip(groups, names, strict=True))
    return tuple(joined), list(_kept_apart(groups))


def _belongs(row: StudyRow, group: Sequence[StudyRow]) -> bool:
    """Whether a row is the same thing as those of the group, from another study."""
    return all(
        row.records is not other.records and _is_same(row, other) and not _clash(row, other)
        for other in group
    )


def _is_same(one: StudyRow, other: StudyRow) -> bool:
    """Whether two rows are one thing, but for their seeds."""
    kinds = [(source.row.role, source.row.kind, source.row.road) for source in (one, other)]
    if kinds[0] != kinds[1]:
        return False
    if one.row.role == "student" and not is_one_name(one.row.name, other.row.name):
        return False  # a teacher or baseline is called after the student that comes first
    return bool(one.keys & other.keys) or _one_recipe(one, other)


def _one_recipe(one: StudyRow, other: StudyRow) -> bool:
    """Whether data, teacher and recipe of two rows are the same."""
    own, others = one.record, other.record
    if None not in (own.made_of, others.made_of) and own.made_of != others.made_of:
        return False
    if one.is_drawn or other.is_drawn:  # teacher and texts are other ones for each seed
        sizes = [(record.data.train, record.data.unlabelled) for record in (own, others)]
        return sizes[0] == sizes[1] and _have_one_shape(one, other)
    if own.data.fingerprint != others.data.fingerprint or own.role == "baseline":
        return False  # one baseline for the data: it has the same key, or is another one
    families = [(record.teacher_key or record.key)[:FAMILY] for record in (own, others)]
    has_teacher = own.role == "teacher" or own.teacher_key is not None
    if has_teacher and families[0] != families[1]:
        return False
    return _have_one_shape(one, other)


def _have_one_shape(one: StudyRow, other: StudyRow) -> bool:
    """Whether the recipes of two rows give the same models, with controls or without."""
    controls = [any(member.control_key for member in each.row.members) for each in (one, other)]
    return controls[0] == controls[1] and are_alike(_shape(one), _shape(other))


def _shape(row: StudyRow) -> dict[str, Any]:
    """Returns what of a row's recipe makes its models what they are."""
    recipe = dict(row.record.recipe)
    recipe["training"] = {**recipe.get("training", {}), "checkpoint_every": None}
    return {name: recipe[name] for name in SHAPED_BY[row.row.role] if name in recipe}


def _clash(one: StudyRow, other: StudyRow) -> bool:
    """Whether two rows have other models for the same seed, or one recipe gave them twice."""
    if not one.is_drawn and one.row.role != "student":
        return not one.keys & other.keys  # teacher and baseline know no seeds of the table's
    seeds = {member.seed: member.key for member in one.row.members}
    return any(seeds.get(member.seed, member.key) != member.key for member in other.row.members)


def _joined(group: Sequence[StudyRow], name: str) -> ManifestRow:
    members: dict[str, Member] = {}
    for member in (listed for row in group for listed in row.row.members):
        known = members.get(member.key, member)
        members[member.key] = Member(
            seed=max(known.seed, member.seed),
            key=member.key,
            teacher_key=known.teacher_key or member.teacher_key,
            control_key=known.control_key or member.control_key,
        )
    runtimes = dict.fromkeys(runtime for row in group for runtime in row.row.runtimes)
    ordered = sorted(members.values(), key=lambda member: member.seed)
    update = {
        "name": name,
        "members": tuple(ordered),
        "runtimes": tuple(runtimes),
        "card": _first(row.row.card for row in group),
        "escalate": _first(row.row.escalate for row in group),
    }
    return group[0].row.model_copy(update=update)


def _first(sections: Iterable[Said | None]) -> Said | None:
    """Returns one of the sections that recipes have, in whatever order they are given."""
    said = (section for section in sections if section is not None)
    return min(said, key=lambda section: section.model_dump_json(), default=None)


def _kept_apart(groups: Sequence[Sequence[StudyRow]]) -> Iterator[str]:
    """Yields, in words, which rows of one name are not one row, and why."""
    by_name: dict[str, list[StudyRow]] = {}
    for group in groups:
        by_name.setdefault(own_name(group), []).append(group[0])
    apart = {name: rows for name, rows in by_name.items() if len(rows) > 1}
    same = {name for name, (first, second, *_) in apart.items() if _is_same(first, second)}
    reasons = (
        ("the same seed trained apart", [name for name in apart if name in same]),
        (
            "other data, recipe, teacher, files or code",
            [name for name in apart if name not in same],
        ),
    )
    for reason, names in reasons:
        if names:
            yield f"note: rows kept apart ({reason}): {', '.join(names)}"
