"""What ``objective.gold_for`` may say of which data, and what it does to keys and records."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from tiny_models import tiny_corpus
from tiny_world import LABELS, RunCommand, WriteRecipe

from kdzoo.data import Corpus, Example, Texts
from kdzoo.errors import DataError
from kdzoo.objectives import gold_for
from kdzoo.recipe import Recipe, Variant, recipe_model
from kdzoo.results import Record, Store
from kdzoo.steps import StudentJob
from kdzoo.steps.seed_run import SeedRun
from kdzoo.transfer import TransferSet

RESULTS = Path(__file__).resolve().parent.parent / "results"
CORPUS = tiny_corpus()
OOS = LABELS.index("oos")


def renamed(**names: str) -> Corpus:
    """Returns the corpus with some labels called otherwise."""
    return replace(CORPUS, labels=tuple(names.get(label, label) for label in LABELS))


def without(label: int) -> Corpus:
    """Returns the corpus without training texts of a label: a hub may name what it lacks."""
    train = tuple(example for example in CORPUS.train if example.label != label)
    return replace(CORPUS, train=train)


class TestWords:
    @pytest.mark.parametrize(
        ("words", "classes", "wrong"),
        [
            (["oos"], (OOS,), False),
            (["wrong"], (), True),
            (["wrong", "oos"], (OOS,), True),
            (["music", "alarm"], (0, 1), False),
            (["weather", "oos", "wrong"], (OOS, 3), True),
            ([], (), False),
        ],
    )
    def test_stand_for_classes_and_the_teachers_mistakes(
        self, words: list[str], classes: tuple[int, ...], wrong: bool
    ) -> None:
        found = gold_for(words, CORPUS)

        assert (found.classes, found.wrong) == (classes, wrong)

    def test_oos_is_the_label_that_the_data_say_whatever_its_name(self) -> None:
        corpus = renamed(oos="none of these")

        assert gold_for(["oos"], corpus) == gold_for(["none of these"], corpus)

    @pytest.mark.parametrize(
        ("words", "corpus", "said"),
        [
            (["musik"], CORPUS, ["no label is called 'musik'", "did you mean 'music'?", "wrong"]),
            (["Oos"], CORPUS, ["no label is called 'Oos'", "did you mean 'oos'?"]),
            ([""], CORPUS, ["no label is called ''"]),
            (["oos"], replace(CORPUS, oos=None), ["names none", "set data.oos_label to 'oos'"]),
            (["oos"], replace(renamed(oos="rest"), oos=None), ["to the label of such texts"]),
            (["oos"], replace(CORPUS, oos=0), ["out-of-scope texts, and a label of the data"]),
            (["wrong"], renamed(music="wrong"), ["teacher is wrong, and a label of the data"]),
            (["wrong"], renamed(oos="wrong"), ["teacher is wrong, and a label of the data"]),
            (["oos"], without(OOS), ["no training text has the gold label 'oos'", "remove 'oos'"]),
            (["music"], without(1), ["no training text has the gold label 'music'"]),
            (["a", "wrong", "b"], CORPUS, ["2 problems", "called 'a'", "called 'b'"]),
        ],
    )  # fmt: skip
    def test_that_stand_for_nothing_or_for_two_things_are_refused(
        self, words: list[str], corpus: Corpus, said: list[str]
    ) -> None:
        with pytest.raises(DataError) as refused:
            gold_for(words, corpus)

        message = str(refused.value)
        assert message.startswith("objective.gold_for: ")
        assert [each for each in said if each not in message] == []

    @pytest.mark.parametrize("command", ["run", "check"])
    @pytest.mark.parametrize(
        ("sections", "said"),
        [
            ({"objective": {"gold_for": ["oos", "oos"]}}, ["objective.gold_for", "twice"]),
            ({"objective": {"gold_for": "oos"}}, ["objective.gold_for", "in brackets: [oos]"]),
            ({"objective": {"gold_for": ["oos"]}, "data": {"oos_label": None}}, ["data.oos_label"]),
            ({"objective": {"gold_for": ["jazz"]}}, ["no label is called 'jazz'"]),
        ],
    )
    def test_are_refused_before_anything_is_trained(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        command: str,
        sections: dict[str, Any],
        said: list[str],
    ) -> None:
        outcome = kdzoo(command, write_recipe(**sections))

        assert outcome.code == 2
        assert "Traceback" not in outcome.err
        assert [each for each in said if each not in outcome.err] == []
        assert not Path("runs/tiny/models").exists()

    @pytest.mark.parametrize("command", ["run", "check"])
    def test_are_refused_weights_where_no_student_learns_from_them(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, command: str
    ) -> None:
        """They would weigh the control alone, and gains over it would be of another loss."""
        outcome = kdzoo(command, write_recipe(training={"class_weights": "balanced"}))

        assert outcome.code == 2
        assert "training.class_weights weighs the loss on gold labels" in outcome.err
        assert not Path("runs/tiny/models").exists()

    @pytest.mark.parametrize("asked", [{"alpha": 0.5}, {"alpha": 1}, {"gold_for": ["oos"]}])
    def test_have_weights_wherever_a_student_learns_from_them(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, asked: dict[str, Any]
    ) -> None:
        recipe = write_recipe(training={"class_weights": "balanced"}, objective=asked)

        assert kdzoo("check", recipe).code == 0

    def test_say_nothing_to_hard_labels(self, kdzoo: RunCommand, write_recipe: WriteRecipe) -> None:
        """A variant with alpha 1 may keep them, as it keeps the temperature."""
        recipe = write_recipe(objective={"gold_for": ["jazz"], "alpha": 1})

        assert kdzoo("check", recipe).code == 0


def recipe_of(**sections: Any) -> Recipe:
    plain = {
        "version": 1,
        "name": "tiny",
        "data": {"embedded": "assistant"},
        "teacher": {"model": "some/model"},
        "student": {"kind": "fasttext"},
        "objective": {"kind": "kl"},
    }
    return recipe_model().model_validate({**plain, **sections})


def key_of(
    corpus: Corpus = CORPUS, *, hard_labels: bool = False, fine_tuned: str = "m", **sections: Any
) -> str:
    """Returns the key of a student of some teacher."""
    teacher = SimpleNamespace(key="t", encoder_key=lambda: "e", model_key=lambda: fine_tuned)
    study_teacher: Any = SimpleNamespace(key="k", whole=teacher, labeller=teacher)
    vocabulary: Any = SimpleNamespace(fingerprint="v")
    transfer = TransferSet(Texts.of([Example("a", label=0)]), 1)
    variant = Variant(recipe_of(**sections), "", "")
    run = SeedRun(variant, 0, corpus, study_teacher)
    return StudentJob(run, transfer, vocabulary, hard_labels).key


class TestKeys:
    def test_without_the_new_options_are_those_of_before(self) -> None:
        """Nothing that was trained before is trained again: these were given before they came."""
        assert key_of() == "04c48abec8ddc4bd"
        assert key_of(hard_labels=True) == "b08db6ecfa4ee015"

    @pytest.mark.parametrize(
        "sections",
        [
            {"objective": {"kind": "kl", "gold_for": []}},
            {"objective": {"kind": "kl", "hidden": 0}},
            {"training": {"embedding_rate": None}},
            {"training": {"decay_matrices_only": False}},
            {"training": {"average_weights": 0}},
        ],
    )
    def test_do_not_tell_a_default_that_is_written_from_one_that_is_not(
        self, sections: dict[str, Any]
    ) -> None:
        assert key_of(**sections) == key_of()

    def test_know_how_often_a_label_stands_where_labels_are_weighted(self) -> None:
        """An equal text that stands twice is learnt from once, and counts in its label's weight."""
        doubled = replace(CORPUS, train=(*CORPUS.train, CORPUS.train[0]))
        balanced = {"training": {"class_weights": "balanced"}}

        assert key_of(doubled) == key_of()
        assert key_of(doubled, **balanced) != key_of(**balanced) != key_of()

    def test_of_controls_say_where_the_label_learnt_is_not_a_texts_first(self) -> None:
        """Their data stand there row by row, of which the first gave the label before."""
        first = CORPUS.train[0]
        other = replace(first, label=1)

        even, outvoted = (
            key_of(replace(CORPUS, train=(*CORPUS.train, *more)), hard_labels=True)
            for more in ([first, other], [other, other])
        )

        assert even == "88f45724432dfdca"
        assert outvoted != "d558611ca141ba55"

    def test_know_vectors_of_the_home_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "vectors.txt").write_text("play 1 2\n", encoding="utf-8")
        at_home = {"student": {"kind": "fasttext", "embeddings": {"vectors": "~/vectors.txt"}}}
        before = key_of(**at_home)

        (tmp_path / "vectors.txt").write_text("play 1 3\n", encoding="utf-8")
        assert key_of(**at_home) != before

    def test_know_the_numbers_in_a_vector_file_and_not_where_it_lies(self, tmp_path: Path) -> None:
        """Moved, or on another machine, it is the same start."""

        def key_with(name: str, content: str) -> str:
            (tmp_path / name).write_text(content, encoding="utf-8")
            return key_of(
                student={"kind": "fasttext", "embeddings": {"vectors": str(tmp_path / name)}}
            )

        first = key_with("one.txt", "play 1 2\n")
        assert key_with("two.txt", "play 1 2\n") == first
        assert key_with("one.txt", "play 1 3\n") != first

    def test_know_whose_words_a_student_starts_from(self) -> None:
        """A hard-label control never starts from what the teacher has learnt."""
        by_encoder, by_teacher = (
            {"student": {"kind": "fasttext", "embeddings": whose}}
            for whose in ("teacher", "fine-tuned")
        )

        assert key_of(**by_encoder) != key_of(**by_teacher)
        assert key_of(**by_teacher) != key_of(**by_teacher, fine_tuned="another")
        assert key_of(**by_encoder) == key_of(**by_encoder, fine_tuned="another")
        control = key_of(**by_encoder, hard_labels=True)
        for fine_tuned in ("m", "another"):
            assert key_of(**by_teacher, hard_labels=True, fine_tuned=fine_tuned) == control

    @pytest.mark.parametrize(
        "training",
        [
            {"embedding_rate": 0.0},
            {"embedding_rate": 2e-4},
            {"decay_matrices_only": True},
            {"average_weights": 0.2},
        ],
    )
    def test_of_student_and_control_tell_what_shapes_their_training(
        self, training: dict[str, Any]
    ) -> None:
        for hard_labels in (False, True):
            other = key_of(hard_labels=hard_labels, training=training)
            assert other != key_of(hard_labels=hard_labels)

    @pytest.mark.parametrize("words", [["oos"], ["wrong"], ["music"], ["oos", "wrong"]])
    def test_tell_gold_for_to_the_student_alone(self, words: list[str]) -> None:
        """Its control knows gold labels only, and is shared."""
        objective = {"kind": "kl", "gold_for": words}

        assert key_of(objective=objective) != key_of()
        assert key_of(objective=objective, hard_labels=True) == key_of(hard_labels=True)

    def test_tell_which_label_is_out_of_scope_where_that_matters(self) -> None:
        objective, moved = {"kind": "kl", "gold_for": ["oos"]}, replace(CORPUS, oos=0)

        assert key_of(moved, objective=objective) != key_of(objective=objective)
        assert key_of(moved) == key_of()

    @pytest.mark.study
    @pytest.mark.parametrize("study", [each.parent.name for each in RESULTS.glob("*/study.json")])
    def test_of_what_is_published_rest_on_the_same_words(self, study: str) -> None:
        """What a published record says of objective and training is what would be said today."""
        records = [
            json.loads(each.read_text(encoding="utf-8"))
            for each in (RESULTS / study / "models").glob("*/record.json")
        ]
        recipes = [each["recipe"] for each in records if each["role"] in ("student", "control")]
        assert recipes
        for recipe in recipes:
            said = recipe_model().model_validate(recipe)
            assert said.objective.model_dump(mode="json") == recipe["objective"]
            assert said.training.model_dump(mode="json") == recipe["training"]


@pytest.mark.parametrize("word", ["oos", 3, True, {"oos": 1}])
def test_a_strangers_record_that_has_something_else_there_is_refused(word: Any) -> None:
    """Reports and cards read it as a list of words."""
    file = next((RESULTS / "quickstart" / "models").glob("*/record.json"))
    record = json.loads(file.read_text(encoding="utf-8"))
    record["recipe"]["objective"] = {"kind": "kl", "gold_for": word}

    with pytest.raises(ValidationError, match=r"objective\.gold_for is no list"):
        Record.model_validate(record)


@pytest.mark.parametrize(
    ("section", "option", "value", "said"),
    [
        ("objective", "alpha", "half", "objective.alpha is no number"),
        ("objective", "alpha", [0.5], "objective.alpha is no number"),
        ("objective", "alpha", {"a": 1}, "objective.alpha is no number"),
        ("objective", "alpha", None, "objective.alpha is no number"),
        ("objective", "hidden", "much", "objective.hidden is no number"),
        ("transfer", "augment", "mask", "transfer.augment is no mapping"),
        ("transfer", "augment", [1], "transfer.augment is no mapping"),
        ("transfer", "augment", 3, "transfer.augment is no mapping"),
    ],
)
def test_a_strangers_record_that_says_another_kind_of_thing_is_refused(
    section: str, option: str, value: Any, said: str
) -> None:
    """Pictures format it as what it is in a recipe."""
    file = next((RESULTS / "quickstart" / "models").glob("*/record.json"))
    record = json.loads(file.read_text(encoding="utf-8"))
    record["recipe"][section] = {"kind": "kl", option: value}

    with pytest.raises(ValidationError, match=re.escape(said)):
        Record.model_validate(record)


def test_a_study_with_all_of_it_trains_and_says_so(
    kdzoo: RunCommand, write_recipe: WriteRecipe
) -> None:
    """From the recipe to the loop: target by row, rates, decay and averaged weights."""
    objective = {"kind": "dkd", "temperature": 2.0, "gold_for": ["oos", "wrong"]}
    training = {"embedding_rate": 1e-3, "decay_matrices_only": True, "average_weights": 0.3}
    recipe = write_recipe(
        objective=objective, training=training, controls={"hard_labels": False, "baseline": False}
    )

    outcome = kdzoo("run", recipe)

    assert outcome.code == 0, outcome.err
    store = Store(Path("runs/tiny"))
    (row,) = (row for row in store.manifest().rows if row.role == "student")
    said = store.read(row.members[0].key).recipe
    assert {name: said["objective"][name] for name in objective} == objective
    assert {name: said["training"][name] for name in training} == training
    card = (store.finished(row.members[0].key) / "README.md").read_text(encoding="utf-8")
    assert "gold labels for oos, wrong" in card
