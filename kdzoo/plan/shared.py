"""What steps are made of that several rows of a study may share: equal ones are made once."""

from __future__ import annotations

from dataclasses import dataclass

from kdzoo.recipe.schema import Recipe


@dataclass(frozen=True)
class SharedData:
    """What a baseline is made of.

    Attributes:
        section: of the recipe, as JSON.
        drawn_by: the seed that draws few labels; None where all are read.
    """

    section: str
    drawn_by: int | None

    @classmethod
    def of(cls, recipe: Recipe, seed: int) -> SharedData:
        """Returns what one seed of a recipe learns from."""
        few = recipe.data.labels_per_class is not None
        return cls(recipe.data.model_dump_json(), seed if few else None)


@dataclass(frozen=True)
class SharedTeacher:
    """What a teacher is made of.

    Attributes:
        data: that it is fitted to.
        section: of the recipe, as JSON.
        is_folded: whether each of its folds labels what the others have seen.
    """

    data: SharedData
    section: str
    is_folded: bool

    @classmethod
    def of(cls, recipe: Recipe, seed: int) -> SharedTeacher:
        """Returns what one seed of a recipe has for a teacher."""
        is_folded = recipe.teacher.folds is not None and recipe.objective.alpha < 1
        data = SharedData.of(recipe, seed)
        return cls(data, recipe.teacher.model_dump_json(), is_folded)


@dataclass(frozen=True)
class SharedLabels:
    """What a labelling is made of.

    Attributes:
        teacher: that labels.
        transfer: the section of the recipe, as JSON.
        drawn_by: the seed that draws augmented texts; None where there are none.
        has_vectors: whether the teacher's vectors are read beside the labels.
    """

    teacher: SharedTeacher
    transfer: str
    drawn_by: int | None
    has_vectors: bool

    @classmethod
    def of(cls, recipe: Recipe, seed: int) -> SharedLabels:
        """Returns what one seed of a recipe has labelled."""
        transfer = recipe.transfer
        return cls(
            SharedTeacher.of(recipe, seed),
            transfer.model_dump_json(),
            None if transfer.augment is None else seed,
            bool(recipe.objective.hidden),
        )


@dataclass(frozen=True)
class SharedForms:
    """What an export makes.

    Attributes:
        of: the name of the step whose model it exports.
        runtimes: the forms.
        int8: how activations are quantised.
    """

    of: str
    runtimes: tuple[str, ...]
    int8: str


Shared = SharedData | SharedTeacher | SharedLabels | SharedForms
