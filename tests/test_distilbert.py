"""DistilBERT: cut out of its teacher so that, untrained, it computes what the teacher computes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from tiny_models import context_of, pruned_vocabulary, save_tiny_classifier, some_texts
from tiny_world import LABELS, RunCommand, WriteRecipe, put_on_hub
from torch import Tensor
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
)

from kdzoo.data import Example
from kdzoo.errors import ModelError
from kdzoo.model import BuildContext, build_student, load_model, save_model
from kdzoo.results import Store
from kdzoo.text import Vocabulary, encode, words

ARCHITECTURES = ("bert", "roberta", "distilbert")
TEXTS = some_texts(60)


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    """A random classifier of six layers of each architecture."""
    root = tmp_path_factory.mktemp("teachers")
    return {
        name: save_tiny_classifier(name, root / name, tiny_encoder, layers=6)
        for name in ARCHITECTURES
    }


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> tuple[Path, Path]:
    """A teacher and an encoder with other weights."""
    root = tmp_path_factory.mktemp("two")
    return (
        save_tiny_classifier("bert", root / "teacher", tiny_encoder, seed=1),
        save_tiny_classifier("bert", root / "encoder", tiny_encoder, seed=2),
    )


def vocabulary_of(teacher: Path) -> Vocabulary:
    return pruned_vocabulary(teacher, TEXTS, special_tokens=True)


def student_of(teacher: Path, encoder: Path | None = None, **options: Any) -> Any:
    context = context_of(vocabulary_of(teacher), teacher, encoder)
    return build_student("distilbert", options, context, None, seed=0).eval()


def layers_of(model: Any) -> list[dict[str, Tensor]]:
    """Returns each layer's weights under DistilBERT's or BERT's names."""
    base = model.base_model
    layers = base.transformer.layer if hasattr(base, "transformer") else base.encoder.layer
    return [layer.state_dict() for layer in layers]


def queries_of(model: Any) -> list[Tensor]:
    """Returns the weights that make the queries, layer by layer: they tell the layers apart."""
    names = ("attention.q_lin.weight", "attention.self.query.weight")
    return [next(layer[name] for name in names if name in layer) for layer in layers_of(model)]


def sources(student: Any, teacher: Any) -> list[int | None]:
    """Returns for each of the student's layers the number of the teacher's layer it equals."""
    theirs = queries_of(teacher)
    return [
        next((i for i, other in enumerate(theirs) if torch.equal(own, other)), None)
        for own in queries_of(student)
    ]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
class TestCopy:
    def test_with_all_layers_computes_the_teachers_states(
        self, architecture: str, teachers: dict[str, Path]
    ) -> None:
        """Pruned ids, folded token types and shifted positions: every hidden state is the same."""
        folder = teachers[architecture]
        student = student_of(folder, layers=6)
        teacher = load_model(folder).model
        tokenizer, vocabulary = AutoTokenizer.from_pretrained(folder), vocabulary_of(folder)
        assert len(vocabulary) < len(tokenizer)

        for example in TEXTS:
            encoded = encode(vocabulary.tokenizer, [example], vocabulary.pad_id)
            with torch.no_grad():
                own = student.base_model(**encoded.batch(np.array([0]))).last_hidden_state
                theirs = teacher.base_model(**tokenizer(example.text, return_tensors="pt"))
            torch.testing.assert_close(own, theirs.last_hidden_state, rtol=1e-4, atol=1e-4)

    def test_keeps_every_other_layer_unless_told(
        self, architecture: str, teachers: dict[str, Path]
    ) -> None:
        teacher = load_model(teachers[architecture]).model

        assert sources(student_of(teachers[architecture]), teacher) == [0, 2, 4]

    def test_changes_nothing_in_the_teacher(
        self, architecture: str, teachers: dict[str, Path]
    ) -> None:
        """A teacher that is shared by many students stays what it was, even while they train."""
        folder = teachers[architecture]
        teacher = load_model(folder).model
        before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
        context = context_of(vocabulary_of(folder), folder)
        shared = BuildContext(context.labels, context.vocabulary, lambda: teacher, lambda: teacher)
        student = build_student("distilbert", {"layers": 6}, shared, None, seed=0)
        with torch.no_grad():
            for parameter in student.parameters():
                parameter.add_(1.0)

        after = teacher.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)

    def test_loads_where_kdzoo_is_not(
        self, architecture: str, teachers: dict[str, Path], tmp_path: Path
    ) -> None:
        """The folder is an ordinary DistilBERT's: library names only, no code of ours."""
        student = student_of(teachers[architecture])
        save_model(tmp_path, student, vocabulary_of(teachers[architecture]))

        model = AutoModelForSequenceClassification.from_pretrained(tmp_path)
        batch = AutoTokenizer.from_pretrained(tmp_path)(
            [each.text for each in TEXTS], padding=True, return_tensors="pt"
        )

        config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
        assert config["model_type"] == "distilbert"
        assert "kdzoo" not in (tmp_path / "config.json").read_text(encoding="utf-8")
        assert type(model) is DistilBertForSequenceClassification
        assert model.config.id2label == dict(enumerate(LABELS))
        with torch.no_grad():
            torch.testing.assert_close(
                model.eval()(**batch).logits, student(**batch).logits, rtol=0, atol=0
            )


class TestLayers:
    @pytest.mark.parametrize(
        ("layers", "kept"),
        [
            (1, [0]),
            (2, [0, 3]),
            (3, [0, 2, 4]),
            (4, [0, 2, 3, 4]),
            (6, [0, 1, 2, 3, 4, 5]),
            ([5], [5]),
            ([1, 3, 5], [1, 3, 5]),
            ([4, 0], [4, 0]),
        ],
    )
    def test_are_those_asked_for(
        self, teachers: dict[str, Path], layers: list[int] | int, kept: list[int]
    ) -> None:
        """A number is spread over the teacher's depth, a list is taken as it stands."""
        student = student_of(teachers["bert"], layers=layers)

        assert sources(student, load_model(teachers["bert"]).model) == kept
        assert student.config.n_layers == len(kept)

    @pytest.mark.parametrize("layers", [0, -1, 7, [], [6], [0, -1]])
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
        two: tuple[Path, Path],
        init: str,
        teachers_layers: list[int | None],
        encoders_layers: list[int | None],
    ) -> None:
        student = student_of(*two, init=init)

        teacher, encoder = (load_model(folder).model for folder in two)
        assert sources(student, teacher) == teachers_layers
        assert sources(student, encoder) == encoders_layers
        words_of = [m.base_model.embeddings.word_embeddings.weight for m in (teacher, encoder)]
        kept = torch.tensor(vocabulary_of(two[0]).kept)
        own = student.base_model.embeddings.word_embeddings.weight
        assert [torch.equal(own, table[kept]) for table in words_of] == [
            init == "teacher",
            init == "encoder",
        ]

    def test_may_be_another_distilbert_of_the_same_vocabulary(
        self, two: tuple[Path, Path], teachers: dict[str, Path]
    ) -> None:
        """A folder or hub id in ``init`` gives shape and weights; the teacher then only labels."""
        student = student_of(*two, init=str(teachers["distilbert"]), layers=[1, 4])

        assert sources(student, load_model(teachers["distilbert"]).model) == [1, 4]

    def test_is_refused_from_a_smaller_vocabulary(
        self, two: tuple[Path, Path], tmp_path: Path
    ) -> None:
        model = AutoModelForSequenceClassification.from_pretrained(two[1])
        model.resize_token_embeddings(20)
        model.save_pretrained(tmp_path)
        AutoTokenizer.from_pretrained(two[1]).save_pretrained(tmp_path)

        with pytest.raises(ModelError, match=r"student\.init has another vocabulary"):
            student_of(*two, init=str(tmp_path))

    def test_is_refused_from_other_words_of_the_same_number(
        self, two: tuple[Path, Path], tmp_path: Path
    ) -> None:
        """Rows of another vocabulary would be taken for words that they are not."""
        shutil.copytree(two[1], tmp_path / "other")
        file = tmp_path / "other" / "tokenizer.json"
        state = json.loads(file.read_text(encoding="utf-8"))
        vocabulary = state["model"]["vocab"]
        vocabulary["rain"], vocabulary["jazz"] = vocabulary["jazz"], vocabulary["rain"]
        file.write_text(json.dumps(state), encoding="utf-8")

        with pytest.raises(ModelError, match=r"student\.init has another vocabulary"):
            student_of(*two, init=str(tmp_path / "other"))

    def test_from_a_model_that_is_not_there_is_refused_by_name(
        self, two: tuple[Path, Path], tmp_path: Path
    ) -> None:
        with pytest.raises(ModelError, match="no-such-model"):
            student_of(*two, init=str(tmp_path / "no-such-model"))

    def test_needs_the_teachers_pieces(self, two: tuple[Path, Path]) -> None:
        """Whole words have no rows in the teacher's table; the message says what to set."""
        context = context_of(words(TEXTS, 32, None), two[0])

        with pytest.raises(ModelError, match=r"set student\.text to teacher"):
            build_student("distilbert", {}, context, None, seed=0)

    def test_from_an_architecture_it_cannot_read_is_refused(
        self, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        """The message names the architecture, those that can be read, and the way out."""
        tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
        config = ElectraConfig(
            vocab_size=len(tokenizer), hidden_size=16, embedding_size=16, num_hidden_layers=1,
            num_attention_heads=2, intermediate_size=16, num_labels=4,
        )  # fmt: skip
        ElectraForSequenceClassification(config).save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)

        with pytest.raises(ModelError, match=r"electra.*bert, distilbert.*student\.kind: bert"):
            student_of(tmp_path)


class TestControl:
    def test_never_sees_what_the_teacher_learnt(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_encoder: Path
    ) -> None:
        """Before it learns, the student has the fine-tuned layers, its control the encoder's."""
        outcome = kdzoo(
            "run",
            write_recipe(),
            "--set",
            "student.kind=distilbert",
            "--set", "training.steps=1",
            "--set", "training.learning_rate=1e-30",
            "--set", "controls.baseline=false",
            "--no-test",
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        store = Store(Path("runs/tiny"))
        rows = {row.role: row.members[0] for row in store.manifest().rows}
        student, control = rows["student"].key, rows["student"].control_key
        assert control is not None

        models = {
            name: load_model(store.finished(key)).model
            for name, key in (("student", student), ("control", control))
        }
        encoder = load_file(tiny_encoder / "model.safetensors")
        fine_tuned = load_file(store.finished(rows["teacher"].key) / "model.safetensors")
        first = "encoder.layer.0.attention.self.query.weight"
        query = {name: queries_of(model)[0] for name, model in models.items()}

        assert torch.equal(query["control"], encoder[first])
        assert torch.equal(query["student"], fine_tuned[f"bert.{first}"])
        assert not torch.equal(query["student"], query["control"])


def with_student(recipe: Path, **section: Any) -> Path:
    """Puts another student into a recipe file."""
    data = {**yaml.safe_load(recipe.read_text(encoding="utf-8")), "student": section}
    recipe.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return recipe


@pytest.mark.trains
class TestNamedModel:
    """What ``init`` names by folder or hub id belongs to what the student is made of."""

    @staticmethod
    def keys(kdzoo: RunCommand, recipe: Path) -> dict[str, str | None]:
        """Runs the recipe and returns the keys of teacher, student and control."""
        outcome = kdzoo("run", recipe, "--no-test")
        assert outcome.code == 0, outcome.err
        rows = {row.role: row.members[0] for row in Store(Path("runs/tiny")).manifest().rows}
        return {
            "teacher": rows["teacher"].key,
            "student": rows["student"].key,
            "control": rows["student"].control_key,
        }

    @pytest.fixture
    def named(self, tmp_path: Path, tiny_encoder: Path) -> Path:
        """A DistilBERT that lies beside the recipe."""
        return save_tiny_classifier("distilbert", tmp_path / "start", tiny_encoder, layers=2)

    @pytest.fixture
    def recipe(self, write_recipe: WriteRecipe, tiny_teacher: Path, named: Path) -> Path:
        recipe = write_recipe(
            teacher={"model": str(tiny_teacher), "encoder": str(tiny_teacher), "fine_tune": None},
            training={"steps": 2},
            controls={"baseline": False},
        )
        return with_student(recipe, kind="distilbert", init=named.name, layers=2)

    @pytest.mark.study
    def test_trains_the_student_anew_when_its_weights_are_other_ones(
        self, kdzoo: RunCommand, recipe: Path, named: Path, tiny_encoder: Path
    ) -> None:
        """And its control, which starts there too; what is the same is not made again."""
        first = self.keys(kdzoo, recipe)
        save_tiny_classifier("distilbert", named, tiny_encoder, layers=2, seed=1)
        second = self.keys(kdzoo, recipe)

        assert [name for name in first if first[name] == second[name]] == ["teacher"]

    @pytest.mark.study
    def test_may_be_moved(self, kdzoo: RunCommand, recipe: Path, named: Path) -> None:
        """The same weights elsewhere make the same student: nothing is trained."""
        first = self.keys(kdzoo, recipe)
        moved = named.rename(named.with_name("elsewhere"))
        recipe.write_text(recipe.read_text("utf-8").replace(named.name, moved.name), "utf-8")

        assert self.keys(kdzoo, recipe) == first

    @pytest.mark.study
    def test_may_be_a_hub_id(
        self, kdzoo: RunCommand, recipe: Path, named: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without a hub in reach from the cache; the weights are what counts, not the name."""
        first = self.keys(kdzoo, recipe)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(named.parent / "hub"))
        put_on_hub(named.parent / "hub", "someone/small", named, "refs/pr/1")
        named.rename(named.with_name("gone"))
        there = recipe.read_text("utf-8").replace("init: start", "init: someone/small@refs/pr/1")
        recipe.write_text(there, "utf-8")

        assert self.keys(kdzoo, recipe) == first

    @pytest.mark.parametrize("init", ["./gone", "someone/no-such-model"])
    def test_that_is_not_there_is_told_before_a_teacher_is_trained(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, init: str
    ) -> None:
        outcome = kdzoo("run", with_student(write_recipe(), kind="distilbert", init=init))

        assert outcome.code == 2
        assert "student.init: " in outcome.err
        assert init in outcome.err
        assert "fine-tuning" not in outcome.err


def test_a_text_of_any_length_is_within_its_positions(teachers: dict[str, Path]) -> None:
    """RoBERTa's two positions before the first are gone; a text as long as the teacher's fits."""
    for folder in teachers.values():
        vocabulary = pruned_vocabulary(folder, TEXTS, special_tokens=True, max_length=64)
        context = context_of(vocabulary, folder)
        student = build_student("distilbert", {}, context, None, seed=0).eval()
        encoded = encode(vocabulary.tokenizer, [Example("rain " * 200)], vocabulary.pad_id)

        logits = student(**encoded.batch(np.array([0]))).logits

        assert encoded.lengths.tolist() == [64] == [student.config.max_position_embeddings]
        assert torch.isfinite(logits).all()
