"""A teacher of several models that are fine-tuned here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_world import RunCommand, WriteRecipe

from kdzoo.progress import Silent
from kdzoo.recipe import load_study
from kdzoo.results import Store
from kdzoo.steps import StudyContext, StudyData, StudyTeacher, obtain_teacher
from kdzoo.teacher import Teacher
from kdzoo.training import make_accelerator


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ensembles")


def teacher_of(file: Path, root: Path) -> tuple[StudyTeacher, Store]:
    """Returns a recipe's teacher, and the store that it lies in."""
    recipe, store = load_study(str(file)).variants[0].recipe, Store(root)
    store.begin()
    data = StudyData(Silent())
    context = StudyContext(store, make_accelerator(), data)
    return obtain_teacher(recipe, data.corpus(recipe.data, 0), 0, context), store


def named(encoder: Path, times: int, **fine_tune: Any) -> dict[str, Any]:
    """Returns the section of a teacher that names one encoder so many times."""
    given = {"model": str(encoder)} if times == 1 else {"models": [str(encoder)] * times}
    return {"model": None, **given, "fine_tune": {"epochs": 1, "batch_size": 16, **fine_tune}}


class TestOneEncoderNamedSeveralTimes:
    def test_is_fine_tuned_each_time_from_another_seed(
        self, root: Path, tiny_encoder: Path, write_recipe: WriteRecipe
    ) -> None:
        """The first is the model that the encoder alone gives, the next that of the next seed."""
        twice, store = teacher_of(write_recipe(teacher=named(tiny_encoder, 2)), root)
        once, _ = teacher_of(write_recipe(teacher=named(tiny_encoder, 1)), root)
        second, _ = teacher_of(write_recipe(teacher=named(tiny_encoder, 1, seed=1)), root)

        keys = [member.key for member in twice.whole.members]
        assert keys == [once.whole.members[0].key, second.whole.members[0].key]
        assert len({*keys}) == 2
        size = store.read(twice.key).size.parameters
        assert size == 2 * store.read(once.key).size.parameters

    def test_is_fine_tuned_in_each_fold_from_other_seeds_too(
        self, root: Path, tiny_encoder: Path, write_recipe: WriteRecipe
    ) -> None:
        recipe = write_recipe(teacher={**named(tiny_encoder, 2), "folds": 2})

        teacher, _ = teacher_of(recipe, root)

        assert teacher.folded is not None
        for fold in teacher.folded.folds:
            assert isinstance(fold, Teacher)
            assert len({member.key for member in fold.members}) == 2

    @pytest.mark.parametrize(
        ("given", "cure"),
        [
            ({}, "write each model once, or add fine_tune where"),
            (
                {"head": "linear"},
                "write each model once, or add fine_tune, in place of head, where",
            ),
        ],
    )
    def test_is_refused_where_it_would_answer_alike_each_time(
        self,
        tiny_encoder: Path,
        tiny_teacher: Path,
        write_recipe: WriteRecipe,
        kdzoo: RunCommand,
        given: dict[str, Any],
        cure: str,
    ) -> None:
        model = tiny_encoder if given else tiny_teacher
        models = [str(model), f"{model}/"]  # written in two ways
        section = {"model": None, "models": models, "fine_tune": None, **given}

        outcome = kdzoo("check", str(write_recipe(teacher=section)))

        assert outcome.code == 2
        assert "is named twice" in outcome.err
        assert cure in outcome.err
