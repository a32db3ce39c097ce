"""What a study reads is worked out once, and alike for whatever asks: run, check or texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tiny_world import WriteRecipe

from kdzoo.progress import Silent
from kdzoo.recipe import Recipe, Study, load_study
from kdzoo.steps import StudyData, study_data, wanted_texts
from kdzoo.task import SINGLE_LABEL
from kdzoo.teacher import find_sources, load_hf_tokenizer


class Listens(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Counts the calls of a function that reads or makes something."""

    def count(name: str) -> list[str]:
        calls: list[str] = []
        real = getattr(study_data, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            calls.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(study_data, name, counting)
        return calls

    return count


def study_of(write_recipe: WriteRecipe, **sections: Any) -> Study:
    return load_study(str(write_recipe(**sections)), seeds=[0, 1])


def recipe_of(write_recipe: WriteRecipe, **sections: Any) -> Recipe:
    return study_of(write_recipe, **sections).variants[0].recipe


def test_data_is_read_once_for_all_seeds_and_said_once(
    write_recipe: WriteRecipe, counted: Callable[[str], list[str]]
) -> None:
    recipe, heard, reads = recipe_of(write_recipe), Listens(), counted("load_corpus")
    data = StudyData(heard)

    whole = [data.corpus(recipe.data, seed) for seed in (0, 1, 0)]

    assert len(reads) == 1
    assert len({corpus.fingerprint for corpus in whole}) == 1
    assert len([line for line in heard.said if line.startswith("data: ")]) == 1


@pytest.mark.parametrize("few", [{}, {"labels_per_class": 5}, {"validation_per_class": 3}], ids=str)
def test_what_a_seed_sees_is_worked_out_once_for_all_its_steps(
    few: dict[str, int], write_recipe: WriteRecipe, counted: Callable[[str], list[str]]
) -> None:
    """A thousand finished steps ask for it: its hashes are those of one corpus."""
    recipe, chosen = recipe_of(write_recipe, data=few), counted("few_labels")
    data = StudyData(Silent())

    found = [data.corpus(recipe.data, seed) for seed in (0, 0, 1, 1, 1)]

    assert found[0] is found[1]
    assert found[2] is found[3] is found[4]
    assert (found[0] is found[2]) == (not few)
    assert len(chosen) == 2
    assert len({corpus.fingerprint for corpus in found}) == (2 if "labels_per_class" in few else 1)


def test_data_are_read_once_for_all_numbers_of_labels(
    write_recipe: WriteRecipe, counted: Callable[[str], list[str]]
) -> None:
    """A study of label budgets has dozens of sections of the same rows; each is told of."""
    heard, reads = Listens(), counted("load_corpus")
    data = StudyData(heard)
    sections = [
        recipe_of(write_recipe, data=few).data
        for few in (
            {},
            {"labels_per_class": 5},
            {"labels_per_class": 3, "rest_of_train": 4},
            {"labels_per_class": 3, "rest_of_train": "dropped", "validation_per_class": 2},
        )
    ]

    seen = [data.corpus(section, 0) for section in sections]
    alone = [StudyData(Silent()).corpus(section, 0) for section in sections]

    assert len(reads) == 1 + len(sections)
    assert len([line for line in heard.said if line.startswith("data: ")]) == len(sections)
    assert [one.fingerprint for one in seen] == [one.fingerprint for one in alone]
    assert len({one.fingerprint for one in seen}) == len(sections)


def test_few_labels_are_the_seeds_own(write_recipe: WriteRecipe) -> None:
    recipe = recipe_of(write_recipe, data={"labels_per_class": 5})
    data = StudyData(Silent())

    first, second, again = (data.corpus(recipe.data, seed) for seed in (0, 1, 0))

    assert first.gold_fingerprint == again.gold_fingerprint != second.gold_fingerprint


@pytest.mark.parametrize(
    ("transfer", "made"),
    [
        ({}, 1),
        ({"augment": {"kind": "mask"}}, 2),
        ({"augment": {"kind": "ngram", "copies": 2}}, 2),
        ({"augment": {"kind": "near_words"}}, 2),
    ],
    ids=["own", "mask", "ngram", "near_words"],
)
def test_a_transfer_set_is_made_once_for_all_that_share_it(
    write_recipe: WriteRecipe,
    counted: Callable[[str], list[str]],
    transfer: dict[str, Any],
    made: int,
) -> None:
    """Of augmented texts each seed has its own; the data's own are those of all."""
    recipe, makes = recipe_of(write_recipe, transfer=transfer), counted("build_transfer_set")
    data = StudyData(Silent())
    corpus = data.corpus(recipe.data, 0)

    sets = [data.transfer_set(recipe, corpus, seed) for seed in (0, 1, 0, 1)]

    assert len(makes) == made
    assert sets[0] is sets[2]
    assert (sets[0] is sets[1]) == (made == 1)


def test_augmented_texts_are_each_seeds_own_where_the_teacher_is_a_file(
    write_recipe: WriteRecipe,
) -> None:
    """No model lends a mask token or words; the seed draws as ever."""
    recipe = recipe_of(
        write_recipe,
        teacher={"model": None, "outputs": "o.jsonl", "fine_tune": None},
        student={"text": "words"},
        transfer={"augment": {"kind": "ngram", "copies": 2}},
    )
    data = StudyData(Silent())
    corpus = data.corpus(recipe.data, 0)

    one, other, again = (data.transfer_set(recipe, corpus, seed) for seed in (0, 1, 0))

    assert one is again
    assert {*one.examples} != {*other.examples}


def test_words_of_the_teachers_model_are_read_once_and_are_what_new_texts_hold(
    write_recipe: WriteRecipe, counted: Callable[[str], list[str]]
) -> None:
    augment = {"kind": "near_words", "p_near": 1.0, "copies": 2}
    recipe, reads = recipe_of(write_recipe, transfer={"augment": augment}), counted("load_encoder")
    data = StudyData(Silent())
    corpus = data.corpus(recipe.data, 0)

    sets = [data.transfer_set(recipe, corpus, seed) for seed in (0, 1)]

    assert len(reads) == 1
    known = {*load_hf_tokenizer(find_sources(recipe.teacher)[0]).get_vocab()}
    own = {word for example in corpus.train for word in example.text.split()}
    for made in sets:
        new = list(made.examples)[made.own :]
        assert made.made > 0
        assert {word for example in new for word in example.text.split()} <= known | own


def test_of_another_section_the_last_is_forgotten(
    write_recipe: WriteRecipe, counted: Callable[[str], list[str]]
) -> None:
    """Memory holds the sets of one section, however many a study has."""
    makes, data = counted("build_transfer_set"), StudyData(Silent())
    one = recipe_of(write_recipe)
    other = recipe_of(write_recipe, transfer={"augment": {"kind": "mask", "copies": 2}})
    corpus = data.corpus(one.data, 0)

    for recipe in (one, other, one):
        data.transfer_set(recipe, corpus, 0)

    assert len(makes) == 3


@pytest.mark.parametrize("kind", ["mask", "ngram", "pos", "tang"])
def test_the_texts_that_are_listed_are_those_that_are_learnt_from(
    write_recipe: WriteRecipe, kind: str
) -> None:
    study = study_of(write_recipe, transfer={"augment": {"kind": kind}})
    recipe = study.variants[0].recipe
    data = StudyData(Silent())

    listed = {example.text for part in wanted_texts(study, StudyData(Silent())) for example in part}

    corpus = data.corpus(recipe.data, 0)
    learnt = {
        example.text
        for seed in (0, 1)
        for example in data.transfer_set(recipe, corpus, seed).examples
    }
    assert listed == learnt


def test_what_the_data_ask_is_known_without_drawing_labels(
    write_recipe: WriteRecipe, counted: Callable[[str], list[str]]
) -> None:
    """A study asks for it after each step, for each of its rows and seeds."""
    recipe, chosen = recipe_of(write_recipe, data={"labels_per_class": 5}), counted("few_labels")
    data = StudyData(Silent())

    assert data.task(recipe.data) == data.corpus(recipe.data, 0).task
    assert [data.task(recipe.data) for _ in range(5)] == [SINGLE_LABEL] * 5
    assert len(chosen) == 1
