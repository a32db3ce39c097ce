"""What a teacher is, is looked at before texts go through it: one message, or right answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_cures import edited
from tiny_exports import export_to
from tiny_teachers import UNSOUND, save_teacher
from tiny_world import LABELS
from transformers import AutoConfig, AutoTokenizer

from kdzoo.errors import KdzooError, ModelError, TeacherError
from kdzoo.model import heeds_padding, load_model, maximum_length, shape_of
from kdzoo.runtime import load_classifier
from kdzoo.teacher import find_model, is_classifier, look_at
from kdzoo.teacher.labels import IN_FILE, align
from kdzoo.teacher.teacher import open_member

WIDE_KINDS = ("bart", "bigbird", "gpt2 of few words", "gpt2 without padding", "mpnet", "opt",
              "xlm-roberta", "xlnet")  # fmt: skip
SWAYED_KINDS = ("convbert", "nystromformer")  # by padding, as xlnet is
TEXTS = ["play some jazz", "rain", "what is the weather like tomorrow " * 60]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Teachers that end, pad and count positions each in a way of its own."""
    folder = tmp_path_factory.mktemp("kinds")
    return {
        name: save_teacher(name, folder / name.replace(" ", "-"))
        for name in (*WIDE_KINDS, *SWAYED_KINDS)
    }


@pytest.mark.parametrize("name", sorted({*UNSOUND} - {"canine"}))  # a million characters: slow
def test_an_unsound_one_is_refused_and_the_cure_is_said(name: str, tmp_path: Path) -> None:
    teacher = save_teacher(name, tmp_path)

    with pytest.raises(KdzooError) as caught:
        look_at(find_model(str(teacher)), 64, finished=True)

    assert UNSOUND[name][1] in str(caught.value)
    assert str(teacher) in str(caught.value)


@pytest.mark.parametrize("name", ["one output", "regression"])
def test_one_of_another_problem_may_be_fine_tuned(name: str, tmp_path: Path) -> None:
    """Its head is new then: only a finished one would answer another question."""
    look_at(save_teacher(name, tmp_path), 64, finished=False)


class TestReading:
    @pytest.mark.parametrize("runtime", ["torch", "pipeline"])
    @pytest.mark.parametrize("name", (*WIDE_KINDS, *SWAYED_KINDS))
    def test_texts_together_are_answered_as_each_alone(
        self, kinds: dict[str, Path], name: str, runtime: str
    ) -> None:
        """A text that is far too long among them, whatever stands for padding, and heeds it."""
        classifier = load_classifier(kinds[name], runtime)

        together = classifier.logits(TEXTS)
        batched = classifier.run(classifier.encode(TEXTS))

        alone = np.concatenate([classifier.logits([text]) for text in TEXTS])
        np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(batched, alone, rtol=1e-3, atol=1e-3)
        assert np.isfinite(together).all()

    @pytest.mark.parametrize("name", (*WIDE_KINDS, *SWAYED_KINDS))
    def test_is_in_batches_of_one_length_only_where_padding_has_a_say(
        self, kinds: dict[str, Path], name: str
    ) -> None:
        assert heeds_padding(load_model(kinds[name]).model) == (name in (*SWAYED_KINDS, "xlnet"))

    @pytest.mark.slow
    @pytest.mark.parametrize("runtime", ["onnx", "onnx-int8"])
    @pytest.mark.parametrize("name", (*WIDE_KINDS, *SWAYED_KINDS))
    def test_exported_answers_texts_together_as_each_alone_or_is_refused(
        self, kinds: dict[str, Path], tmp_path: Path, name: str, runtime: str
    ) -> None:
        try:
            exported = export_to(kinds[name], tmp_path / "exported", runtime)
        except ModelError as error:
            assert name == "xlnet"
            assert "cannot be exported to ONNX" in str(error)
            return
        classifier = load_classifier(exported, runtime)

        together = classifier.run(classifier.encode(TEXTS))

        alone = np.concatenate([classifier.logits([text]) for text in TEXTS])
        np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(classifier.logits(TEXTS), alone, rtol=1e-4, atol=1e-4)
        if runtime == "onnx":
            trained = load_classifier(kinds[name], "torch").logits(TEXTS)
            np.testing.assert_allclose(alone, trained, rtol=1e-3, atol=1e-3)

    @pytest.mark.parametrize(
        ("name", "longest"),
        [("bart", 128), ("bigbird", 128), ("gpt2 of few words", 128),
         ("gpt2 without padding", 128), ("mpnet", 128),
         ("opt", 128), ("xlm-roberta", 128), ("xlnet", 512)],
    )  # fmt: skip
    def test_ends_where_the_table_of_positions_ends(
        self, kinds: dict[str, Path], name: str, longest: int
    ) -> None:
        """Builds that count from the padding id have fewer; one without an end gets a sane one."""
        config = AutoConfig.from_pretrained(kinds[name])
        tokenizer = AutoTokenizer.from_pretrained(kinds[name])
        tokenizer.model_max_length = 10**30

        assert maximum_length(tokenizer, config) == longest
        assert maximum_length(tokenizer, config, 16) == 16
        assert load_model(kinds[name]).max_length == longest

    @pytest.mark.parametrize("said", [10**30, 0, -1, float("nan"), float("inf"), [64], "64"])
    def test_a_limit_of_the_tokenizer_that_is_none_does_not_count(
        self, kinds: dict[str, Path], said: Any
    ) -> None:
        config = AutoConfig.from_pretrained(kinds["bart"])
        tokenizer = AutoTokenizer.from_pretrained(kinds["bart"])
        tokenizer.model_max_length = said

        assert maximum_length(tokenizer, config) == 128

    @pytest.mark.parametrize("name", WIDE_KINDS)
    def test_its_shape_is_known_without_its_weights(
        self, kinds: dict[str, Path], name: str
    ) -> None:
        shape = shape_of(AutoConfig.from_pretrained(kinds[name]))

        model = load_model(kinds[name]).model
        assert shape.words == model.get_input_embeddings().num_embeddings
        assert {*shape.head} <= {*model.state_dict()}
        assert shape.reads_mask


class TestFinished:
    @pytest.mark.parametrize("name", ["without architectures", "bert", "gpt2"])
    def test_is_what_holds_a_head(self, name: str, tmp_path: Path) -> None:
        """Whether its configuration names a class or not: a finished head is not thrown away."""
        assert is_classifier(save_teacher(name, tmp_path))

    def test_is_not_what_holds_none(self, tiny_encoder: Path) -> None:
        assert not is_classifier(tiny_encoder)


class TestLabels:
    @pytest.mark.parametrize(
        ("own", "cures"),
        [
            (["LABEL_0", "LABEL_1"], ['labels: ["<LABEL_0>", "<LABEL_1>"]', "fine_tune: {}"]),
            (["LABEL_0", "LABEL_1", "LABEL_2"], ["fine_tune: {}"]),
            (["no", "yes", "perhaps"], ["fine_tune: {}"]),
            (["yes"], ["fine_tune: {}"]),
            (["Yes", "No"], ['labels: ["yes", "no"]', "fine_tune: {}"]),
        ],
    )
    def test_that_differ_come_with_what_to_write(self, own: list[str], cures: list[str]) -> None:
        with pytest.raises(TeacherError) as caught:
            align(own, ["no", "yes"], "mine")

        assert all(cure in str(caught.value) for cure in cures)

    @pytest.mark.parametrize(
        ("own", "labels", "named"),
        [
            (["Weather", " Food", "TRAVEL"], ["food", "travel", "weather"], "weather food travel"),
            (["weather", "food", "trips"], ["food", "travel", "weather"], "weather food travel"),
            (["c", "wet", "hot"], ["a", "b", "c"], "c <wet> <hot>"),
            (["Yes", "yes ", "no"], ["maybe", "no", "yes"], "<Yes> <yes > no"),
            (["a", "a", "b"], ["a", "b", "c"], "<a> <a> b"),
            (["LABEL_1", "LABEL_0"], ["0", "1"], "1 0"),
            (["LABEL_0", "LABEL_1"], ["1", "2"], "<LABEL_0> <LABEL_1>"),
            (["0", "1", "2"], ["1", "2", "3"], "<0> <1> <2>"),
            (["<c>", "a", "b"], ["a", "b", "c"], "c a b"),
        ],
    )
    def test_are_named_in_the_order_of_the_outputs_and_never_by_guess(
        self, own: list[str], labels: list[str], named: str
    ) -> None:
        """Pasted as it stands, a cure gives each output its own name, or is refused again."""
        with pytest.raises(TeacherError) as caught:
            align(own, labels, "mine")

        (written,) = re.findall(r"labels: (\[.*?\])", str(caught.value))
        names = json.loads(written)
        assert names == re.findall(r"<.*?>|\w+", named)
        if "<" in named:
            assert "in place of each <...>" in str(caught.value)
            with pytest.raises(TeacherError):
                align(names, labels, "mine")

    def test_of_a_file_of_outputs_have_no_cure_that_a_file_cannot_take(self) -> None:
        with pytest.raises(TeacherError) as caught:
            align(["LABEL_0", "LABEL_1"], ["no", "yes"], "mine", IN_FILE)

        assert 'labels: ["<LABEL_0>", "<LABEL_1>"]' in str(caught.value)
        assert "fine_tune" not in str(caught.value)

    def test_are_those_of_label2id_where_the_outputs_have_numbers(self, tmp_path: Path) -> None:
        teacher = save_teacher("bert", tmp_path)
        edited(teacher / "config.json", id2label={str(n): f"LABEL_{n}" for n in range(4)},
               label2id={"weather": 0, "alarm": 3, "oos": 2, "music": 1})  # fmt: skip

        with pytest.raises(TeacherError) as caught:
            open_member(teacher, 64, LABELS)

        assert 'its label2id says: teacher: {labels: ["weather", "music", "oos", "alarm"]}' in str(
            caught.value
        )

    @pytest.mark.parametrize(
        "names", [["weather", "oos", "music", "alarm"], ["Weather", "a", "b", "c"]]
    )
    def test_that_the_model_gives_to_other_outputs_are_refused(
        self, tmp_path: Path, names: list[str]
    ) -> None:
        """Its own configuration says which output is which, as a file of outputs does."""
        teacher = save_teacher("bert", tmp_path)

        with pytest.raises(TeacherError, match=r"calls output 3 so; remove teacher\.labels"):
            open_member(teacher, 64, LABELS, names)

    @pytest.mark.parametrize(
        "names", [["ALARM", "music", "OOS", "weather"], ["a", "b", "c", "d"], LABELS]
    )
    def test_of_ones_own_are_taken(self, tmp_path: Path, names: list[str]) -> None:
        teacher = save_teacher("bert", tmp_path)

        columns = open_member(teacher, 64, sorted(names), list(names)).columns

        assert [names[column] for column in columns] == sorted(names)

    def test_that_stand_twice_are_refused(self) -> None:
        with pytest.raises(TeacherError, match="has the label 'yes' twice"):
            align(["no", "yes", "yes"], ["no", "yes"], "mine")

    def test_as_the_cure_writes_them_are_taken(self, tmp_path: Path) -> None:
        teacher = save_teacher("bert", tmp_path)

        assert open_member(
            teacher, 64, ["1", "2", "3", "4"], ["4", "3", "2", "1"]
        ).columns.tolist() == [3, 2, 1, 0]
