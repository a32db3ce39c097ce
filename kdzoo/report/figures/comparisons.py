"""The rows of a study beside teacher, hard labels and, for variants, the recipe they change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kdzoo.results import ManifestRow
from kdzoo.statistics import (
    ModelVerdict,
    Outcomes,
    OutcomesReader,
    RecipeComparison,
    RecipeVerdict,
    Scores,
    adjusted,
    against_teacher,
    compare_outcomes,
    compare_recipes,
    control_of,
    is_covered,
    of_distilling,
    of_variant,
    teacher_of,
)

_Keys = tuple[str | None, ...]  # of a row's models, by which their luck is counted once
Texts = slice | npt.NDArray[np.bool_]  # of which a comparison is

ALL_TEXTS = slice(None)


@dataclass(frozen=True)
class Verdicts:
    """The verdicts on a row; None where there is nothing to compare it with.

    Attributes:
        standing: of its models beside their teacher.
        effect: of its recipe beside hard labels.
        effect_in_scope: the same of the texts in scope alone; None where there are none.
        change: of a variant beside its recipe, over the seeds that both have.
    """

    standing: ModelVerdict | None
    effect: RecipeVerdict | None
    effect_in_scope: RecipeVerdict | None
    change: RecipeVerdict | None


@dataclass(frozen=True)
class RowOutcomes:
    """A row's outcomes, and those of what it is compared with.

    Attributes:
        row: of the study.
        texts: the digest of the split's texts, where it is known, and how many they are.
        own: of its models.
        teacher: of their teachers.
        control: of their hard-label controls.
        oos: the id of the out-of-scope label, if there is one.
    """

    row: ManifestRow
    texts: tuple[str | None, int]
    own: Outcomes
    teacher: Outcomes | None
    control: Outcomes | None
    oos: int | None

    @cached_property
    def in_scope(self) -> npt.NDArray[np.bool_]:
        """Whether each text is in scope, [N]."""
        found: npt.NDArray[np.bool_] = self.own.gold != self.oos
        return found


def read_row(row: ManifestRow, split: str, reader: OutcomesReader) -> RowOutcomes:
    """Returns what a row's models, its teachers and its controls made of the texts of a split.

    Raises:
        StoreError: outcomes are missing or damaged.
    """

    def of(other: ManifestRow | None) -> Outcomes | None:
        is_read = other is not None and is_covered(reader.store, other, split)
        return reader.of(other, split) if other is not None and is_read else None

    own, data = reader.of(row, split), reader.store.read(row.members[0].key).data
    digest = data.test_fingerprint if split == "test" else data.validation_fingerprint
    texts = digest, len(own.gold)
    return RowOutcomes(row, texts, own, of(teacher_of(row)), of(control_of(row)), data.oos)


def compare_rows(read: Sequence[RowOutcomes], teacher: str) -> dict[str, Verdicts]:
    """Returns all verdicts on each row, by its name.

    The p-values of all rows beside teachers and hard labels are corrected together. Those of
    variants are corrected by themselves, so that how many there are does not change what is said of
    distilling; so are those of the texts in scope, which answer another question.

    Args:
        read: all rows of the study.
        teacher: what sentences call a row's teacher.
    """
    roles = {reading.row.name: reading.row.role for reading in read}
    models = {
        reading.row.name: compare_outcomes(reading.own, reading.teacher)
        for reading in read
        if reading.row.role != "teacher" and reading.teacher is not None
    }
    recipes = _beside_hard_labels(read, dict.fromkeys(roles, ALL_TEXTS))
    of_recipes = [found.p_value for found in recipes.values() if found.p_value is not None]
    p_values = iter(adjusted([*(found.p_value for found in models.values()), *of_recipes]))
    standings = {
        name: against_teacher(
            found, next(p_values), has_seeds=roles[name] != "baseline", teacher=teacher
        )
        for name, found in models.items()
    }
    effects = {name: of_distilling(each, _next(each, p_values)) for name, each in recipes.items()}
    in_scope, changes = _in_scope(read, effects), _beside_recipes(read)
    return {
        name: Verdicts(
            standings.get(name), effects.get(name), in_scope.get(name), changes.get(name)
        )
        for name in roles
    }


def _next(found: RecipeComparison, p_values: Iterator[float]) -> float | None:
    """Returns the corrected p-value of a comparison; None of one seed, which has none."""
    return None if found.p_value is None else next(p_values)


def _in_scope(
    read: Sequence[RowOutcomes], effects: Mapping[str, RecipeVerdict]
) -> dict[str, RecipeVerdict]:
    """Returns what distilling does on the texts in scope, by the row's name.

    Args:
        read: all rows of the study.
        effects: what it does on all texts; the same, where no label is out of scope.
    """
    texts = {
        reading.row.name: reading.in_scope
        for reading in read
        if reading.oos is not None and reading.in_scope.any()
    }
    found = _beside_hard_labels(read, texts)
    p_values = iter(adjusted([each.p_value for each in found.values() if each.p_value is not None]))
    whole = {reading.row.name for reading in read if reading.oos is None}
    return {name: effect for name, effect in effects.items() if name in whole} | {
        name: of_distilling(each, _next(each, p_values)) for name, each in found.items()
    }


def _beside_hard_labels(
    read: Sequence[RowOutcomes], texts: Mapping[str, Texts]
) -> dict[str, RecipeComparison]:
    """Returns how the recipe of each row differs from hard labels, by the row's name.

    Models are named by their keys, so that controls which rows share say once what they say of
    luck.

    Args:
        read: all rows of the study.
        texts: of which they are compared, by the row's name; a row without any is left out.
    """
    hits: dict[_Keys, Scores] = {}
    pairs = {}
    for reading in read:
        name = reading.row.name
        if reading.row.role != "teacher" and reading.control is not None and name in texts:
            own = tuple(member.key for member in reading.row.members)
            other = tuple(member.control_key for member in reading.row.members)
            for keys, side in ((own, reading.own), (other, reading.control)):
                hits[keys] = side.scores[:, texts[name]]
            pairs[name] = (own, other)
    return dict(zip(pairs, compare_recipes(hits, list(pairs.values())), strict=True))


def _beside_recipes(read: Sequence[RowOutcomes]) -> dict[str, RecipeVerdict]:
    """Returns how each variant differs from its recipe, by the name of its row.

    A variant whose recipe has no row, or no seed in common with it, or was read on other texts, is
    left out.
    """
    students = {reading.row.name: reading for reading in read if reading.row.role == "student"}
    hits: dict[_Keys, Scores] = {}
    pairs: dict[str, tuple[_Keys, _Keys]] = {}
    for name, reading in students.items():
        recipe = students.get(recipe_of(name), reading)
        is_beside = recipe is not reading and _are_of_the_same_texts(recipe, reading)
        seeds = sorted(_seeds(reading) & _seeds(recipe)) if is_beside else []
        if seeds:
            own, other = (_of_seeds(side, seeds) for side in (reading, recipe))
            hits |= dict([own, other])
            pairs[name] = own[0], other[0]
    found = compare_recipes(hits, list(pairs.values()))
    p_values = iter(adjusted([each.p_value for each in found if each.p_value is not None]))
    return {
        name: of_variant(each, _next(each, p_values), recipe_of(name))
        for name, each in zip(pairs, found, strict=True)
    }


def _are_of_the_same_texts(one: RowOutcomes, other: RowOutcomes) -> bool:
    """Whether two rows were read on the same texts, as far as older records tell."""
    (digest, count), (other_digest, other_count) = one.texts, other.texts
    is_known = digest is not None and other_digest is not None
    return count == other_count and (digest == other_digest or not is_known)


def recipe_of(name: str) -> str:
    """Returns the name of the recipe's row of a variant's row: ``cnn`` of ``cnn/mse``.

    At a point of a grid it is the row of the recipe there: ``cnn/dim=8`` of ``cnn/mse/dim=8``.
    """
    recipe, *rest = name.split("/")
    return "/".join([recipe, *rest[1:]])


def _seeds(reading: RowOutcomes) -> set[int]:
    return {member.seed for member in reading.row.members}


def _of_seeds(reading: RowOutcomes, seeds: Sequence[int]) -> tuple[_Keys, Scores]:
    """Returns keys and scores of a row's models of these seeds, in their order."""
    members = reading.row.members
    places = [[member.seed for member in members].index(seed) for seed in seeds]
    return tuple(members[place].key for place in places), reading.own.scores[places]
