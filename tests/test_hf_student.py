"""The hf student: a pretrained encoder of its own, read with its own tokenizer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import context_of, save_tiny_classifier, some_texts
from tiny_world import LABELS, RunCommand, WriteRecipe, put_on_hub, to_old_tokenizer
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertJapaneseTokenizer,
    GPT2Config,
    GPT2ForSequenceClassification,
)

from kdzoo import registry
from kdzoo.data import Example
from kdzoo.errors import ModelError, RecipeError, RegistryError
from kdzoo.model import (
    build_student,
    load_model,
    own_vocabulary,
    predict_logits,
    save_model,
)
from kdzoo.recipe import load_study
from kdzoo.registry import Pretrained
from kdzoo.results import Store
from kdzoo.text import encode

TEXTS = [*some_texts(40), Example("Größer, naïve: 日本 🙂"), Example("rain " * 200)]


@pytest.fixture(scope="module")
def roberta(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A classifier whose tokenizer shares nothing with the teacher's: bytes, not word pieces."""
    return save_tiny_classifier(
        "roberta", tmp_path_factory.mktemp("own") / "roberta", tiny_encoder, layers=2
    )


@pytest.fixture
def copied(roberta: Path, tmp_path: Path) -> Path:
    """The same, for a test to change."""
    return Path(shutil.copytree(roberta, tmp_path / "start"))


def student_of(folder: Path, teacher: Path, seed: int = 0) -> Any:
    context = context_of(own_vocabulary(folder, "model", 64), teacher)
    return build_student("hf", {"model": str(folder)}, context, None, seed).eval()


def with_student(recipe: Path, **student: Any) -> list[str]:
    """Returns what puts another student into a recipe on the command line."""
    return [str(recipe), "--set", f"student={json.dumps(student)}"]


class TestVocabulary:
    @pytest.mark.parametrize("limit", [8, 64, 512])
    def test_is_the_models_own_tokenizer(self, roberta: Path, limit: int) -> None:
        """Ids are the model's, nothing is pruned; texts are cut where recipe or model end."""
        vocabulary = own_vocabulary(roberta, "model", limit)
        tokenizer = AutoTokenizer.from_pretrained(roberta)

        encoded = encode(vocabulary.tokenizer, TEXTS, vocabulary.pad_id)

        wanted = tokenizer(
            [each.text for each in TEXTS], truncation=True, max_length=min(limit, 64)
        )["input_ids"]
        assert encoded.ids.tolist() == [token for ids in wanted for token in ids]
        assert len(vocabulary) == len(tokenizer)
        assert vocabulary.max_length == min(limit, 64)
        assert vocabulary.pad_id == tokenizer.pad_token_id == 1

    def test_may_be_a_tokenizer_of_the_old_form(self, tiny_encoder: Path, tmp_path: Path) -> None:
        """vocab.txt without tokenizer.json, as BERTs of 2021 have it."""
        folder = to_old_tokenizer(Path(shutil.copytree(tiny_encoder, tmp_path / "old")))

        old, new = (own_vocabulary(each, "model", 32) for each in (folder, tiny_encoder))

        assert old.tokens == new.tokens


class TestStart:
    def test_is_the_pretrained_encoder_with_a_new_head(
        self, roberta: Path, tiny_teacher: Path
    ) -> None:
        """The encoder is the model's to the bit; a finished classifier's head is not used."""
        student, source = student_of(roberta, tiny_teacher), load_model(roberta).model
        theirs = source.base_model.state_dict()
        own = student.base_model.state_dict()

        assert own.keys() == theirs.keys()
        assert all(torch.equal(own[name], theirs[name]) for name in own)
        head = "classifier.out_proj.weight"
        assert not torch.equal(student.state_dict()[head], source.state_dict()[head])

    def test_may_be_an_encoder_without_a_head(self, tiny_encoder: Path, tiny_teacher: Path) -> None:
        student = student_of(tiny_encoder, tiny_teacher)

        written = load_file(tiny_encoder / "model.safetensors")
        own = student.base_model.state_dict()
        assert all(torch.equal(own[name], each) for name, each in written.items())

    def test_may_be_a_classifier_of_other_classes(
        self, copied: Path, tiny_teacher: Path, tiny_encoder: Path
    ) -> None:
        """Two classes there, four here."""
        model = AutoModelForSequenceClassification.from_pretrained(
            copied, num_labels=2, ignore_mismatched_sizes=True
        )
        model.save_pretrained(copied)

        assert student_of(copied, tiny_teacher).config.num_labels == len(LABELS)

    def test_loads_where_kdzoo_is_not(
        self, roberta: Path, tiny_teacher: Path, tmp_path: Path
    ) -> None:
        """The folder is an ordinary model's of its own class, and names no place."""
        student = student_of(roberta, tiny_teacher)
        vocabulary = own_vocabulary(roberta, "model", 64)
        save_model(tmp_path, student, vocabulary)

        model = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
        tokenizer = AutoTokenizer.from_pretrained(tmp_path)
        texts = [each.text for each in TEXTS]
        batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")

        written = (tmp_path / "config.json").read_text(encoding="utf-8")
        assert json.loads(written)["model_type"] == "roberta"
        assert "kdzoo" not in written
        assert str(roberta.parent) not in written
        assert model.config.id2label == dict(enumerate(LABELS))
        encoded = encode(vocabulary.tokenizer, TEXTS, vocabulary.pad_id)
        with torch.no_grad():
            logits = model(**batch).logits.numpy()
        np.testing.assert_allclose(logits, predict_logits(student, encoded), atol=2e-5)


@pytest.mark.study
@pytest.mark.trains
class TestStudy:
    """A whole study, with a teacher and a student of different tokenizers."""

    @staticmethod
    def keys(kdzoo: RunCommand, recipe: Path, model: str) -> dict[str, str | None]:
        """Runs the recipe and returns the keys of teacher, student and control."""
        outcome = kdzoo(
            "run", *with_student(recipe, kind="hf", model=model), "--no-test"
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        rows = {row.role: row.members[0] for row in Store(Path("runs/tiny")).manifest().rows}
        return {
            "teacher": rows["teacher"].key,
            "student": rows["student"].key,
            "control": rows["student"].control_key,
        }

    @pytest.fixture
    def recipe(self, write_recipe: WriteRecipe, tiny_teacher: Path) -> Path:
        return write_recipe(
            teacher={"model": str(tiny_teacher), "encoder": str(tiny_teacher), "fine_tune": None},
            training={"steps": 2},
            controls={"baseline": False},
        )

    def test_reads_every_text_with_the_students_own_tokenizer(
        self, kdzoo: RunCommand, recipe: Path, roberta: Path
    ) -> None:
        """In training and as deployed; student and control begin at the same encoder."""
        outcome = kdzoo(
            "run", *with_student(recipe, kind="hf", model=str(roberta)),
            "--set", "training.learning_rate=1e-30",
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        store = Store(Path("runs/tiny"))
        member = next(row for row in store.manifest().rows if row.role == "student").members[0]
        assert member.control_key is not None
        source = load_model(roberta).model.base_model.state_dict()

        for key in (member.key, member.control_key):
            folder = store.finished(key)
            assert store.read(key).road == "change"
            tokens = AutoTokenizer.from_pretrained(folder).get_vocab()
            assert tokens == AutoTokenizer.from_pretrained(roberta).get_vocab()
            own = load_model(folder).model.base_model.state_dict()
            assert all(torch.equal(own[name], source[name]) for name in source)

    def test_is_done_anew_when_weights_or_tokenizer_are_other_ones(
        self, kdzoo: RunCommand, recipe: Path, copied: Path, tiny_encoder: Path
    ) -> None:
        """Of student and control; the teacher stays."""
        first = self.keys(kdzoo, recipe, str(copied))
        weights = load_file(copied / "model.safetensors")
        save_file(
            {k: v * 1.01 for k, v in weights.items()},
            copied / "model.safetensors",
            {"format": "pt"},
        )
        second = self.keys(kdzoo, recipe, str(copied))
        file = copied / "tokenizer.json"
        state = json.loads(file.read_text(encoding="utf-8"))
        state["pre_tokenizer"]["add_prefix_space"] = True
        file.write_text(json.dumps(state), encoding="utf-8")
        third = self.keys(kdzoo, recipe, str(copied))

        assert len({each["teacher"] for each in (first, second, third)}) == 1
        for name in ("student", "control"):
            assert len({each[name] for each in (first, second, third)}) == 3

    def test_may_name_a_hub_id(
        self,
        kdzoo: RunCommand,
        recipe: Path,
        copied: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The same weights by another name make the same student."""
        first = self.keys(kdzoo, recipe, str(copied))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        put_on_hub(tmp_path / "hub", "someone/small", copied)

        assert self.keys(kdzoo, recipe, "someone/small") == first

    def test_needs_nothing_of_a_teacher_that_is_a_file(
        self, kdzoo: RunCommand, recipe: Path, tiny_data: Path, roberta: Path, tmp_path: Path
    ) -> None:
        """No encoder lends tokenizer or words, and none is asked for."""
        outputs = tmp_path / "outputs.jsonl"
        lines = [
            line
            for split in ("train", "validation", "test")
            for line in (tiny_data / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        outputs.write_text("\n".join(lines), encoding="utf-8")

        outcome = kdzoo(
            "run", *with_student(recipe, kind="hf", model=str(roberta)),
            "--set", f"teacher.outputs={outputs}",
            "--set", "teacher.model=null", "--set", "teacher.encoder=null",
        )  # fmt: skip

        assert outcome.code == 0, outcome.err


class TestRefusal:
    """Before a teacher is trained; by name, and with what to write instead."""

    @staticmethod
    def refused(folder: Path) -> str:
        with pytest.raises(ModelError) as caught:
            own_vocabulary(folder, "model", 64)
        return str(caught.value)

    @pytest.mark.parametrize("model", ["./gone", "someone/no-such-model"])
    def test_of_a_model_that_is_not_there(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, model: str
    ) -> None:
        outcome = kdzoo("run", *with_student(write_recipe(), kind="hf", model=model))

        assert outcome.code == 2
        assert "student.model: " in outcome.err
        assert model in outcome.err
        assert "fine-tuning" not in outcome.err

    def test_of_a_decoder(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, roberta: Path, tmp_path: Path
    ) -> None:
        """It reads in one direction; the message names the architecture and others."""
        folder = tmp_path / "decoder"
        config = GPT2Config(vocab_size=400, n_embd=8, n_layer=1, n_head=1, pad_token_id=1)
        GPT2ForSequenceClassification(config).save_pretrained(folder)
        AutoTokenizer.from_pretrained(roberta).save_pretrained(folder)

        outcome = kdzoo("run", *with_student(write_recipe(), kind="hf", model=str(folder)))

        assert outcome.code == 2
        assert "student.model: decoder is a gpt2, which is no encoder" in outcome.err
        assert "Traceback" not in outcome.err
        assert "fine-tuning" not in outcome.err

    def test_of_a_student_of_kdzoos_own(self, copied: Path) -> None:
        (copied / "config.json").write_text('{"model_type": "kdzoo"}', encoding="utf-8")

        assert "which is no encoder" in self.refused(copied)

    def test_of_a_folder_without_a_tokenizer(self, copied: Path) -> None:
        for file in copied.glob("*token*"):
            file.unlink()

        assert "start has no tokenizer" in self.refused(copied)

    def test_of_a_tokenizer_that_is_not_fast(self, tiny_encoder: Path, tmp_path: Path) -> None:
        """Japanese BERTs are read by Python alone."""
        folder = Path(shutil.copytree(tiny_encoder, tmp_path / "japanese"))
        to_old_tokenizer(folder)
        BertJapaneseTokenizer(
            str(folder / "vocab.txt"),
            word_tokenizer_type="basic",
            subword_tokenizer_type="character",
        ).save_pretrained(folder)

        assert "japanese has no fast tokenizer" in self.refused(folder)

    def test_of_a_tokenizer_without_padding(self, copied: Path) -> None:
        tokenizer = AutoTokenizer.from_pretrained(copied)
        tokenizer.pad_token = None
        tokenizer.save_pretrained(copied)

        assert "without a padding token" in self.refused(copied)

    def test_of_a_tokenizer_that_knows_more_than_the_word_table(self, copied: Path) -> None:
        """Its last ids would have no row."""
        tokenizer = AutoTokenizer.from_pretrained(copied)
        tokenizer.add_tokens(["quokka", "wombat"])
        tokenizer.save_pretrained(copied)

        assert "resize_token_embeddings(" in self.refused(copied)

    def test_of_weights_of_another_architecture(self, copied: Path, tiny_teacher: Path) -> None:
        """A configuration beside weights that it does not fit would train from random numbers."""
        save_file(
            {"something.else": torch.zeros(2)}, copied / "model.safetensors", {"format": "pt"}
        )

        with pytest.raises(ModelError, match=r"student\.model: .*: its weights lack roberta\."):
            student_of(copied, tiny_teacher)

    def test_of_truncated_weights(self, copied: Path, tiny_teacher: Path) -> None:
        file = copied / "model.safetensors"
        file.write_bytes(file.read_bytes()[:500])

        with pytest.raises(ModelError, match=r"student\.model: .* cannot be loaded"):
            student_of(copied, tiny_teacher)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("embeddings", "teacher"),
            ("embeddings", {"vectors": "glove.txt"}),
            ("text", "words"),
            ("text", "teacher"),
            ("vocabulary", "whole"),
        ],
    )
    def test_of_what_the_model_brings_along_says_to_remove_it(
        self, write_recipe: WriteRecipe, key: str, value: Any
    ) -> None:
        """With its line in the recipe."""
        recipe = write_recipe(student={"model": "any", key: value})
        with pytest.raises(RecipeError) as caught:
            load_study(str(recipe), overrides=["student.kind=hf"])

        (problem,) = [each for each in caught.value.problems if key in each.where]
        assert f"student.{key}" in problem.where
        assert "hf reads with the tokenizer of student.model" in problem.what
        assert "remove this key" in problem.what

    def test_of_a_student_whose_tokenizer_is_no_models(self, write_recipe: WriteRecipe) -> None:
        """Somebody's own: the option that ``tokenizer_of`` names has to name a model."""

        def own(context: Any, *, start: str = "x", model: Annotated[str, Pretrained()]) -> Any: ...

        registry.register_student("mine", road="change", tokenizer_of="start")(own)

        with pytest.raises(RegistryError, match=r"tokenizer_of='start' of 'mine'.*Pretrained\(\)"):
            load_study(str(write_recipe()))
