"""The bert student: chosen layers of the teacher in the teacher's own class."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import context_of, pruned_vocabulary, save_tiny_classifier, some_texts
from tiny_teachers import save_teacher
from tiny_world import LABELS, RunCommand, WriteRecipe
from torch import Tensor
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    ElectraConfig,
    ElectraForSequenceClassification,
    MPNetConfig,
    MPNetForSequenceClassification,
)

from kdzoo.data import Example
from kdzoo.errors import ModelError
from kdzoo.model import BuildContext, build_student, load_model, narrow, predict_logits, save_model
from kdzoo.results import Store
from kdzoo.text import Vocabulary, encode, words

ARCHITECTURES = ("bert", "roberta", "electra")
TEXTS = [*some_texts(60), Example("rain " * 200)]
OUTPUTS = tuple(range(len(LABELS)))


def save_electra(folder: Path, tokenizer_of: Path, layers: int) -> Path:
    """Writes a random ELECTRA, whose words are narrower than its states."""
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_of)
    torch.manual_seed(0)
    config = ElectraConfig(
        vocab_size=len(tokenizer), embedding_size=8, hidden_size=16, num_hidden_layers=layers,
        num_attention_heads=2, intermediate_size=24, max_position_embeddings=64,
        initializer_range=0.3, id2label=dict(enumerate(LABELS)),
    )  # fmt: skip
    ElectraForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    """A random classifier of four layers of each architecture."""
    root = tmp_path_factory.mktemp("teachers")
    return {
        "bert": save_tiny_classifier("bert", root / "bert", tiny_encoder, layers=4),
        "roberta": save_tiny_classifier("roberta", root / "roberta", tiny_encoder, layers=4),
        "electra": save_electra(root / "electra", tiny_encoder, layers=4),
    }


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A BERT of the teacher's shape with other weights."""
    folder = tmp_path_factory.mktemp("other") / "encoder"
    return save_tiny_classifier("bert", folder, tiny_encoder, layers=4, seed=2)


def vocabulary_of(teacher: Path, *, keep_unseen: bool = False) -> Vocabulary:
    return pruned_vocabulary(
        teacher, TEXTS[:-1], special_tokens=True, max_length=64, keep_unseen=keep_unseen
    )


def student_of(
    teacher: Path,
    encoder: Path | None = None,
    outputs: tuple[int, ...] | None = OUTPUTS,
    **options: Any,
) -> Any:
    context = replace(context_of(vocabulary_of(teacher), teacher, encoder), outputs=outputs)
    return build_student("bert", options, context, None, seed=0).eval()


def logits_of(model: Any, vocabulary: Vocabulary) -> Any:
    return predict_logits(model, encode(vocabulary.tokenizer, TEXTS, vocabulary.pad_id))


def teacher_logits(folder: Path) -> Any:
    """Returns what the teacher says of the texts, read with its own tokenizer."""
    loaded = load_model(folder)
    loaded.tokenizer.enable_truncation(64)
    return predict_logits(loaded.model, encode(loaded.tokenizer, TEXTS, loaded.pad_id))


def queries_of(model: Any) -> list[Tensor]:
    """Returns the weights that make the queries: they tell the layers apart."""
    return [layer.attention.self.query.weight for layer in model.base_model.encoder.layer]


def sources(student: Any, teacher: Any) -> list[int | None]:
    """Returns for each of the student's layers the number of the teacher's layer it equals."""
    return [
        next((i for i, other in enumerate(queries_of(teacher)) if torch.equal(own, other)), None)
        for own in queries_of(student)
    ]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
class TestCopy:
    def test_with_all_layers_is_the_teacher(
        self, architecture: str, teachers: dict[str, Path]
    ) -> None:
        """Pruned ids, moved padding, the longest text: the logits are the teacher's."""
        folder = teachers[architecture]
        vocabulary = vocabulary_of(folder)
        assert len(vocabulary) < len(AutoTokenizer.from_pretrained(folder))

        own, theirs = logits_of(student_of(folder, layers=4), vocabulary), teacher_logits(folder)

        np.testing.assert_allclose(own, theirs, rtol=1e-4, atol=1e-4)
        assert np.ptp(theirs, axis=0).min() > 1e-2  # the texts do differ

    def test_puts_the_heads_outputs_into_the_order_of_the_labels(
        self, architecture: str, teachers: dict[str, Path]
    ) -> None:
        """A teacher may name its classes in another order than the data."""
        folder, order = teachers[architecture], (2, 0, 3, 1)

        own = logits_of(student_of(folder, layers=4, outputs=order), vocabulary_of(folder))

        np.testing.assert_allclose(own, teacher_logits(folder)[:, order], rtol=1e-4, atol=1e-4)

    def test_keeps_every_other_layer_unless_told(
        self, architecture: str, teachers: dict[str, Path]
    ) -> None:
        teacher = load_model(teachers[architecture]).model

        assert sources(student_of(teachers[architecture]), teacher) == [0, 2]

    def test_loads_where_kdzoo_is_not(
        self, architecture: str, teachers: dict[str, Path], tmp_path: Path
    ) -> None:
        """The folder is an ordinary model's of the teacher's class, and names no place."""
        folder = teachers[architecture]
        student = student_of(folder)
        save_model(tmp_path, student, vocabulary_of(folder))

        model = AutoModelForSequenceClassification.from_pretrained(tmp_path)
        batch = AutoTokenizer.from_pretrained(tmp_path)(
            [each.text for each in TEXTS], padding=True, truncation=True, return_tensors="pt"
        )

        written = (tmp_path / "config.json").read_text(encoding="utf-8")
        assert json.loads(written)["model_type"] == architecture
        assert "kdzoo" not in written
        assert str(folder.parent) not in written
        assert type(model) is type(load_model(folder).model)
        assert model.config.id2label == dict(enumerate(LABELS))
        with torch.no_grad():
            torch.testing.assert_close(
                model.eval()(**batch).logits, student(**batch).logits, rtol=0, atol=0
            )

    def test_changes_nothing_in_the_teacher(
        self, architecture: str, teachers: dict[str, Path]
    ) -> None:
        """A teacher that is shared by many students stays what it was, even while they train."""
        folder = teachers[architecture]
        teacher = load_model(folder).model
        before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
        settings = teacher.config.to_dict()
        shared = BuildContext(
            LABELS, vocabulary_of(folder), lambda: teacher, lambda: teacher, OUTPUTS
        )
        student = build_student("bert", {"layers": 4}, shared, None, seed=0)
        with torch.no_grad():
            for parameter in student.parameters():
                parameter.add_(1.0)

        after = teacher.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)
        assert teacher.config.to_dict() == settings

    def test_shows_its_word_table(self, architecture: str, teachers: dict[str, Path]) -> None:
        """Rows of words that training never sees can be left out of it."""
        vocabulary = vocabulary_of(teachers[architecture], keep_unseen=True)
        context = context_of(vocabulary, teachers[architecture])
        student = build_student("bert", {}, context, None, seed=0)

        rest = narrow(student, len(vocabulary) - vocabulary.unseen)

        assert rest is not None
        assert len(rest) == vocabulary.unseen > 0


class TestLayers:
    @pytest.mark.parametrize(
        ("layers", "kept"), [(1, [0]), (2, [0, 2]), (3, [0, 1, 3]), ([3], [3]), ([2, 0], [2, 0])]
    )
    def test_are_those_asked_for(
        self, teachers: dict[str, Path], layers: list[int] | int, kept: list[int]
    ) -> None:
        """As distilbert's: a number is spread over the depth, a list is taken as it stands."""
        student = student_of(teachers["bert"], layers=layers)

        assert sources(student, load_model(teachers["bert"]).model) == kept
        assert student.config.num_hidden_layers == len(kept)

    @pytest.mark.parametrize("layers", [0, 5, [], [4], [0, -1]])
    def test_that_the_teacher_lacks_are_refused(
        self, teachers: dict[str, Path], layers: list[int] | int
    ) -> None:
        with pytest.raises(ModelError, match=r"student\.layers"):
            student_of(teachers["bert"], layers=layers)


class TestStart:
    @pytest.mark.parametrize(
        ("init", "teachers_layers", "encoders_layers"),
        [("teacher", [0], [None]), ("encoder", [None], [0]), ("random", [None], [None])],
    )
    def test_is_where_init_says(
        self,
        teachers: dict[str, Path],
        encoder: Path,
        init: str,
        teachers_layers: list[int | None],
        encoders_layers: list[int | None],
    ) -> None:
        """The head is the teacher's from the teacher alone."""
        student = student_of(teachers["bert"], encoder, init=init, layers=[0])
        models = [load_model(folder).model for folder in (teachers["bert"], encoder)]

        assert sources(student, models[0]) == teachers_layers
        assert sources(student, models[1]) == encoders_layers
        heads = [torch.equal(student.classifier.weight, each.classifier.weight) for each in models]
        assert heads == [init == "teacher", False]

    def test_of_a_control_has_a_new_head(self, teachers: dict[str, Path]) -> None:
        """A finished classifier that lends its own encoder does not lend what it learnt on top."""
        student = student_of(teachers["bert"], outputs=None, layers=4)
        teacher = load_model(teachers["bert"]).model

        assert sources(student, teacher) == [0, 1, 2, 3]
        assert not torch.equal(student.classifier.weight, teacher.classifier.weight)

    def test_sets_the_dropout(self, teachers: dict[str, Path]) -> None:
        student = student_of(teachers["bert"], dropout=0.25)

        rates = {m.p for m in student.modules() if isinstance(m, torch.nn.Dropout)}
        assert rates == {0.25}

    def test_needs_the_teachers_pieces(self, teachers: dict[str, Path]) -> None:
        """Whole words have no rows in the teacher's table; the message says what to set."""
        context = context_of(words(TEXTS, 32, None), teachers["bert"])

        with pytest.raises(ModelError, match=r"bert .*set student\.text to teacher"):
            build_student("bert", {}, context, None, seed=0)


@pytest.mark.parametrize("name", ["xlm-roberta", "longformer", "deberta", "mpnet"])
def test_of_other_builds_with_all_layers_is_the_teacher(name: str, tmp_path: Path) -> None:
    """Whatever stands behind the encoder, or in front of it; and whatever is said of each layer."""
    folder = save_teacher(name, tmp_path)

    own = logits_of(student_of(folder, layers=2), vocabulary_of(folder))

    np.testing.assert_allclose(own, teacher_logits(folder), rtol=1e-3, atol=1e-3)
    assert len(student_of(folder, layers=[1]).base_model.encoder.layer) == 1


class TestRefusal:
    def test_of_a_teacher_that_is_built_otherwise_names_the_way_out(
        self, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        folder = save_tiny_classifier("distilbert", tmp_path, tiny_encoder)

        with pytest.raises(ModelError, match=r"cannot be cut from a distilbert.*student\.kind"):
            student_of(folder)

    def test_of_a_padding_that_cannot_move(self, tmp_path: Path, tiny_encoder: Path) -> None:
        """MPNet takes id 1 for padding whatever its configuration says; this tokenizer says 0."""
        tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
        config = MPNetConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=24, max_position_embeddings=66, num_labels=4,
        )  # fmt: skip
        MPNetForSequenceClassification(config).save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)

        with pytest.raises(ModelError, match=r"mpnet, whose padding is always id 1.*student\.kind"):
            student_of(tmp_path)


class TestStudy:
    @pytest.mark.study
    @pytest.mark.parametrize("finished", [False, True])
    def test_starts_at_the_teacher_and_its_control_does_not(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        tiny_teacher: Path,
        finished: bool,
    ) -> None:
        """Untrained, with all layers, it answers as the teacher, whose labels are in other order.

        Its control does not, even where the teacher lends its own encoder.
        """
        teacher = {"model": str(tiny_teacher), "fine_tune": None}
        outcome = kdzoo(
            "run", write_recipe(**({"teacher": teacher} if finished else {})),
            "--set", "student={kind: bert, layers: 2, vocabulary: whole}",
            "--set", "training.steps=1",
            "--set", "training.learning_rate=1e-30",
            "--set", "controls.baseline=false",
            "--no-test",
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        store = Store(Path("runs/tiny"))
        rows = {row.role: row.members[0] for row in store.manifest().rows}
        control = rows["student"].control_key
        assert control is not None

        away = {
            name: store.outcomes(key)["divergence"].mean()
            for name, key in (("student", rows["student"].key), ("control", control))
        }
        assert away["student"] < 1e-9
        assert away["control"] > 1e-6
