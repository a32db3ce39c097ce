"""What every student of the zoo keeps to; a new file is tested as soon as it is there."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tiny_models import (
    context_of,
    options_needed,
    random_texts_as_ids,
    some_texts,
    tiny_corpus,
    vocabulary_of_kind,
)
from tiny_world import LABELS, WriteRecipe

from kdzoo import registry
from kdzoo.data import Example
from kdzoo.errors import ModelError, RecipeError
from kdzoo.model import (
    BuildContext,
    build_student,
    load_model,
    predict_logits,
    save_model,
)
from kdzoo.model.contract import has_token_encoder
from kdzoo.objectives import bind_gold_loss, distillation_loss, over_words
from kdzoo.progress import Silent
from kdzoo.recipe import Recipe, load_study, option_fields, options_of
from kdzoo.runtime import load_classifier
from kdzoo.runtime.graph import SAMPLE, to_onnx
from kdzoo.runtime.settings import ExportSettings
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TOKEN_CLASSIFICATION, Task, rows_of
from kdzoo.text import Vocabulary, encode
from kdzoo.training import TrainingPlan, TrainingSet, make_accelerator, train

Build = Callable[..., Any]

every_student = pytest.mark.parametrize("kind", list(registry.students.entries()))


@pytest.fixture(scope="module")
def vocabularies(tiny_teacher: Path, tiny_encoder: Path) -> dict[str, Vocabulary]:
    """What each student reads some texts with."""
    texts = some_texts(250)
    return {
        kind: vocabulary_of_kind(kind, tiny_teacher, tiny_encoder, texts)
        for kind in registry.students.entries()
    }


@pytest.fixture
def context(
    kind: str, vocabularies: dict[str, Vocabulary], tiny_teacher: Path, tiny_encoder: Path
) -> BuildContext:
    return context_of(vocabularies[kind], tiny_teacher, tiny_encoder)


@pytest.fixture
def needed(kind: str, tiny_encoder: Path) -> dict[str, Any]:
    """The options that the student cannot do without."""
    return options_needed(kind, tiny_encoder)


@pytest.fixture
def build(kind: str, context: BuildContext, needed: dict[str, Any]) -> Build:
    """Builds the student with its default options."""

    def student(seed: int = 0, **options: Any) -> Any:
        return build_student(kind, {**needed, **options}, context, None, seed)

    return student


def padded(batch: dict[str, torch.Tensor], width: int, ids: torch.Tensor) -> dict[str, Any]:
    """Returns the batch with ``width`` more columns that hold ``ids`` and are masked out."""
    rows = len(batch["input_ids"])
    masked = torch.zeros(rows, width, dtype=torch.int64)
    return {
        "input_ids": torch.cat([batch["input_ids"], ids.expand(rows, width)], dim=1),
        "attention_mask": torch.cat([batch["attention_mask"], masked], dim=1),
    }


@every_student
class TestLogits:
    @pytest.mark.parametrize("rows", [1, 2, 7])
    @pytest.mark.parametrize("tokens", [1, 2, 3, 31])
    def test_are_one_finite_number_per_text_and_class(
        self, build: Build, context: BuildContext, rows: int, tokens: int
    ) -> None:
        ids = torch.randint(0, len(context.vocabulary), (rows, tokens))

        logits = build().eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits

        assert logits.shape == (rows, len(LABELS))
        assert torch.isfinite(logits).all()

    def test_are_the_same_in_a_batch_and_one_by_one(
        self, build: Build, context: BuildContext
    ) -> None:
        """A text's neighbours, and the padding they bring, change nothing."""
        model = build()
        encoded = random_texts_as_ids(context.vocabulary, count=240, longest=24, seed=1)
        assert {1, 24} <= set(encoded.lengths)

        counts: list[int] = []
        together = predict_logits(model, encoded, batch_size=240)
        alone = predict_logits(model, encoded, batch_size=1, advance=counts.append)

        np.testing.assert_allclose(together, alone, rtol=1e-4, atol=2e-5)
        assert np.ptp(alone, axis=0).min() > 1e-3  # the texts do differ
        assert counts == [1] * 240  # whoever waits hears of every text

    @pytest.mark.parametrize("width", [1, 5, 20])
    def test_do_not_change_with_more_padding(
        self, build: Build, context: BuildContext, width: int
    ) -> None:
        """What stands behind the mask is never read, whatever it is.

        No batch is wider than texts are cut: a student may have no place beyond.
        """
        model = build().eval()
        encoded = random_texts_as_ids(context.vocabulary, count=40, longest=12, seed=2)
        batch = encoded.batch(np.arange(len(encoded)))
        padding = torch.tensor([context.vocabulary.pad_id])
        anything = torch.randint(0, len(context.vocabulary), (width,))

        with torch.no_grad():
            plain = model(**batch).logits
            more = model(**padded(batch, width, padding)).logits
            strange = model(**padded(batch, width, anything)).logits

        torch.testing.assert_close(more, plain, rtol=1e-4, atol=2e-5)
        torch.testing.assert_close(strange, plain, rtol=1e-4, atol=2e-5)

    def test_depend_on_each_kept_token(self, build: Build, context: BuildContext) -> None:
        """Changing one token of a text changes its logits: none is cut or masked away."""
        model = build().eval()
        ids = torch.arange(7, 15).unsqueeze(0)  # [1, 8]
        changed = ids + torch.diag(torch.full((8,), 9))  # [8, 8]: one token is another in each row

        with torch.no_grad():
            before = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
            after = model(input_ids=changed, attention_mask=torch.ones_like(changed)).logits

        assert len(context.vocabulary) > 24
        difference = (after - before).abs().amax(1)  # [8]
        assert difference.mean() > 1e-4
        assert (difference > 0).float().mean() >= 0.5  # a maximum over time may hide some of them


@every_student
class TestLearning:
    def test_reaches_every_parameter(self, build: Build, context: BuildContext) -> None:
        """A parameter without a gradient would be saved, counted and never trained."""
        model = build().train()
        encoded = random_texts_as_ids(context.vocabulary, count=60, longest=24, seed=3)
        gold = torch.arange(60) % len(LABELS)

        logits = model(**encoded.batch(np.arange(60))).logits
        torch.nn.functional.cross_entropy(logits, gold).backward()

        missing = [name for name, each in model.named_parameters() if each.grad is None]
        assert missing == []
        assert all(torch.isfinite(each.grad).all() for each in model.parameters())
        weights = [each.grad for name, each in model.named_parameters() if name.endswith("weight")]
        assert all(grad.abs().sum() > 0 for grad in weights)

    def test_overfits_sixteen_texts(self, build: Build, context: BuildContext) -> None:
        """Labels without any pattern are learnt by heart: nothing keeps it from fitting."""
        model = build()
        texts = some_texts(16, seed=5)
        encoded = encode(context.vocabulary.tokenizer, texts, context.vocabulary.pad_id)
        gold = np.arange(16) * 7 % len(LABELS)
        plan = TrainingPlan(
            steps=120, batch_size=16, learning_rate=5e-3, weight_decay=0.0, warmup=0.1,
            max_grad_norm=1.0, select_by="last", evaluations=1, checkpoint_every=1000, seed=0,
        )  # fmt: skip

        def evaluate(trained: torch.nn.Module) -> dict[str, float]:
            hits = predict_logits(trained, encoded).argmax(1) == gold
            return {"accuracy": float(hits.mean())}

        result = train(
            model,
            TrainingSet(encoded, gold),
            plan,
            lambda logits, gold, _: distillation_loss(logits, gold, None, soft=None, alpha=1.0),
            evaluate,
            accelerator=make_accelerator(),
            progress=Silent(),
            description="sixteen texts",
        )

        assert result.history[-1]["accuracy"] == 1.0


@every_student
class TestSeed:
    def test_decides_all_weights(self, build: Build) -> None:
        first, again, other = (build(seed).state_dict() for seed in (3, 3, 4))

        assert first.keys() == again.keys()
        assert all(torch.equal(first[name], again[name]) for name in first)
        assert any(not torch.equal(first[name], other[name]) for name in first)

    def test_counts_whatever_was_drawn_before(self, build: Build) -> None:
        """A student is the same as the only one of a study and as the tenth."""
        first = build(3).state_dict()
        torch.rand(7)
        again = build(3).state_dict()

        assert all(torch.equal(first[name], again[name]) for name in first)


@every_student
@pytest.mark.parametrize("task", (SINGLE_LABEL, MULTI_LABEL), ids=lambda task: task.name)
class TestTask:
    def test_is_learnt_and_comes_back_with_the_student(
        self,
        kind: str,
        task: Task,
        context: BuildContext,
        needed: dict[str, Any],
        tmp_path: Path,
    ) -> None:
        """Every student gives a logit for each label, whether a text has one of them or several."""
        own = replace(context, task=task)
        model = build_student(kind, needed, own, None, seed=0).train()
        texts = some_texts(8, seed=5)
        batch = encode(own.vocabulary.tokenizer, texts, own.vocabulary.pad_id).batch(np.arange(8))
        labels = [n % len(LABELS) for n in range(8)]
        gold = torch.from_numpy(
            rows_of([(n, 3) if n < 3 else () for n in labels] if task == MULTI_LABEL else labels)
        )
        loss_of, losses = bind_gold_loss(task), []
        optimizer = torch.optim.AdamW(model.parameters(), 2e-3)

        for _ in range(60):
            loss = loss_of(model(**batch).logits, gold)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        save_model(tmp_path, model.eval(), own.vocabulary)

        assert losses[-1] < 0.8 * losses[0]  # more than the labels' frequencies give
        assert load_model(tmp_path).task == task


@pytest.mark.parametrize("kind", ["bilstm"])
def test_a_student_that_says_nothing_of_any_word_is_refused(
    kind: str, context: BuildContext
) -> None:
    """A row of zeros means that a word was not read: it would have no loss, and never learn."""
    usual = registry.students.get(kind).value

    class Zeros(usual):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            for parameter in self.head.parameters():
                torch.nn.init.zeros_(parameter)

    registry.register_student("zeros", road="change")(Zeros)
    own = replace(context, task=TOKEN_CLASSIFICATION, labels=WORD_LABELS)

    assert build_student("zeros", {}, context, None, seed=0) is not None
    with pytest.raises(ModelError, match=r"gives 0 for each label .* other weights than zeros"):
        build_student("zeros", {}, own, None, seed=0)


@every_student
class TestWords:
    """Students that claim to label words do; the others say what they lack."""

    def test_are_learnt_and_read_alike_beside_longer_sentences(
        self, kind: str, context: BuildContext, needed: dict[str, Any], tmp_path: Path
    ) -> None:
        own = replace(context, task=TOKEN_CLASSIFICATION, labels=WORD_LABELS)
        if registry.students.get(kind).is_module and not labels_words(kind):
            with pytest.raises(ModelError, match=r"encode_tokens\(input_ids, attention_mask\)"):
                build_student(kind, needed, own, None, seed=0)
            return
        model = build_student(kind, needed, own, None, seed=0).train()
        texts = [Example(" ".join(each.text.split())) for each in some_texts(8, seed=5)]
        vocabulary, rows = own.vocabulary, np.arange(8)
        encoded = encode(vocabulary.tokenizer, texts, vocabulary.pad_id, by_word=True)
        gold = torch.from_numpy(
            rows_of([tuple(len(word) % 5 for word in each.text.split(" ")) for each in texts])
        )
        loss_of = over_words(lambda logits, tags, _: bind_gold_loss(own.task)(logits, tags))
        optimizer, losses = torch.optim.AdamW(model.parameters(), 2e-3), []

        for _ in range(60):
            loss = loss_of(encoded.answers(rows, model(**encoded.batch(rows)).logits), gold, None)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        save_model(tmp_path, model.eval(), vocabulary)

        together = predict_logits(model, encoded)
        assert losses[-1] < 0.6 * losses[0]
        assert load_model(tmp_path).task == TOKEN_CLASSIFICATION
        for row in rows:
            words = len(texts[row].text.split(" "))
            alone = predict_logits(load_model(tmp_path).model, encoded.take(rows[row : row + 1]))
            np.testing.assert_allclose(alone[0], together[row, :words], atol=1e-5)

    @pytest.mark.study
    def test_a_graph_says_that_it_reads_any_number_of_them(
        self, kind: str, context: BuildContext, needed: dict[str, Any]
    ) -> None:
        """Where it names a number, the runtime warns of each text with another."""
        own = replace(context, task=TOKEN_CLASSIFICATION, labels=WORD_LABELS)
        if registry.students.get(kind).is_module and not labels_words(kind):
            own = context  # it labels texts
        graph = to_onnx(build_student(kind, needed, own, None, seed=0)).graph

        for value in (*graph.input, *graph.output, *graph.value_info):
            sizes = value.type.tensor_type.shape.dim
            assert SAMPLE[1] not in [size.dim_value for size in sizes], value.name
        sizes = [
            size.dim_param or size.dim_value for size in graph.output[0].type.tensor_type.shape.dim
        ]
        assert sizes == ["batch", *["length"] * own.task.by_word, len(own.labels)]


WORD_LABELS = ("O", "B-a", "I-a", "B-b", "I-b")


def labels_words(kind: str) -> bool:
    """Whether a student that is a class has what labels words."""
    return has_token_encoder(registry.students.get(kind).value(20, 3))


@every_student
class TestSavedStudent:
    def test_comes_back_bit_for_bit(
        self, build: Build, context: BuildContext, tmp_path: Path
    ) -> None:
        model = build()
        save_model(tmp_path, model, context.vocabulary)
        encoded = random_texts_as_ids(context.vocabulary, count=50, longest=20, seed=4)

        loaded = load_model(tmp_path)

        saved, found = model.state_dict(), loaded.model.state_dict()
        assert saved.keys() == found.keys()
        assert all(torch.equal(saved[name], found[name]) for name in saved)
        assert np.array_equal(predict_logits(model, encoded), predict_logits(loaded.model, encoded))
        assert loaded.labels == LABELS
        assert loaded.pad_id == context.vocabulary.pad_id

    def test_reads_texts_as_it_did_in_training(
        self, build: Build, context: BuildContext, tmp_path: Path
    ) -> None:
        """The saved tokenizer gives the ids that the vocabulary gave, cut where it cut."""
        save_model(tmp_path, build(), context.vocabulary)
        texts = [*some_texts(100, seed=6), Example("a word it never saw: zzyzx! " * 30)]

        before = encode(context.vocabulary.tokenizer, texts, context.vocabulary.pad_id)
        loaded = load_model(tmp_path)
        after = encode(loaded.tokenizer, texts, loaded.pad_id)

        assert np.array_equal(before.ids, after.ids)
        assert np.array_equal(before.offsets, after.offsets)
        assert after.lengths.max() == context.vocabulary.max_length

    def test_answers_in_a_pipeline_as_in_kdzoo(
        self, build: Build, context: BuildContext, tmp_path: Path
    ) -> None:
        """``transformers.pipeline`` gives kdzoo's probabilities, padded or not."""
        from transformers import pipeline

        import kdzoo
        import kdzoo.hf

        save_model(tmp_path, build(), context.vocabulary)
        texts = [*(each.text for each in some_texts(40, seed=7)), "\x00", "\u200b\x01"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's remarks on sequential use
            ask = pipeline("text-classification", model=str(tmp_path))
            theirs = [*ask(texts, top_k=None, batch_size=16), *ask(texts, top_k=None)]

        ours = list(kdzoo.load(tmp_path).predict(texts)) * 2
        for mine, answers in zip(ours, theirs, strict=True):
            scores = {answer["label"]: answer["score"] for answer in answers}
            assert scores == pytest.approx(dict(mine.top), abs=1e-5)

    def test_answers_in_pytorch_as_it_did_in_training(
        self, build: Build, context: BuildContext, tmp_path: Path
    ) -> None:
        model = build()
        save_model(tmp_path, model, context.vocabulary)
        texts = some_texts(60, seed=8)
        encoded = encode(context.vocabulary.tokenizer, texts, context.vocabulary.pad_id)

        logits = load_classifier(tmp_path, "torch").logits([each.input for each in texts])

        np.testing.assert_allclose(logits, predict_logits(model, encoded), atol=1e-5)


# one piece, none at all (nothing but control characters), unknown ones, more than the maximum
RAGGED = [
    *(each.input for each in some_texts(90, seed=9)),
    "rain", "\x01\x02", "☃ ☃", "rain " * 200, "a" * 3000,
]  # fmt: skip

# every registered runtime that a model has, and both ways to 8 bits
FORMS = [
    *(name for name, each in registry.runtimes.entries().items() if each.reads == "models"),
    "onnx-int8 static",
]


@pytest.fixture(scope="module")
def deployed_folders() -> dict[str, Path]:
    """The folders of each kind that were made already."""
    return {}


@pytest.fixture
def deployed(
    kind: str,
    build: Build,
    context: BuildContext,
    deployed_folders: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A student that learnt a little; its forms are put beside it as they are asked for."""
    if kind not in deployed_folders:
        root = tmp_path_factory.mktemp(kind)
        model = build()
        learn_a_little(model, context.vocabulary)
        save_model(root / "torch", model, context.vocabulary)
        deployed_folders[kind] = root
    return deployed_folders[kind]


def form_of(deployed: Path, form: str) -> Path:
    """Returns the folder from which a form is read, which is made where it is not there."""
    runtime, _, int8 = form.partition(" ")
    export = registry.runtimes.get(runtime).export
    if export is None:
        return deployed / "torch"
    if not (deployed / form).exists():
        settings = ExportSettings(int8 or "dynamic", RAGGED[:20])  # type: ignore[arg-type]
        export(deployed / "torch", deployed / form, settings)
    return deployed / form


def learn_a_little(model: Any, vocabulary: Vocabulary) -> None:
    """Trains until labels are told apart: logits of a random model say nothing about 8 bits."""
    corpus = tiny_corpus(count=24)
    encoded = encode(vocabulary.tokenizer, corpus.train, vocabulary.pad_id)
    gold = np.array(corpus.gold("train"))
    plan = TrainingPlan(
        steps=60, batch_size=16, learning_rate=5e-3, weight_decay=0.0, warmup=0.1,
        max_grad_norm=1.0, select_by="last", evaluations=1, checkpoint_every=1000, seed=0,
    )  # fmt: skip
    train(
        model,
        TrainingSet(encoded, gold),
        plan,
        lambda logits, gold, _: distillation_loss(logits, gold, None, soft=None, alpha=1.0),
        lambda _: {"accuracy": 0.0},
        accelerator=make_accelerator(),
        progress=Silent(),
        description="a few labels",
    )


@every_student
class TestDeployedStudent:
    def test_answers_in_onnx_as_in_pytorch(self, deployed: Path) -> None:
        """Short beside long in one batch, and each text alone: logits within 1e-4."""
        wanted = load_classifier(deployed / "torch", "torch").logits(RAGGED)
        onnx = load_classifier(form_of(deployed, "onnx"), "onnx")

        together = onnx.run(onnx.encode(RAGGED))
        alone = np.concatenate([onnx.run(onnx.encode([text])) for text in RAGGED])

        assert np.ptp(wanted, axis=0).min() > 0.1  # the texts do differ
        np.testing.assert_allclose(together, wanted, rtol=0, atol=1e-4)
        np.testing.assert_allclose(alone, wanted, rtol=0, atol=1e-4)
        np.testing.assert_allclose(onnx.logits(RAGGED), wanted, rtol=0, atol=1e-4)

    def test_gives_the_labels_in_int8(self, deployed: Path) -> None:
        """To 97 of 100 texts that look like those it learnt from, and logits move little."""
        texts = [each.text for each in tiny_corpus(count=25, seed=1).train]
        wanted = load_classifier(deployed / "torch", "torch").logits(texts)

        found = load_classifier(form_of(deployed, "onnx-int8"), "onnx-int8").logits(texts)

        assert (found.argmax(1) == wanted.argmax(1)).mean() >= 0.97
        assert np.abs(found - wanted).max() < 0.1 * np.ptp(wanted)

    @pytest.mark.study
    @pytest.mark.parametrize("form", FORMS)
    def test_answers_each_text_by_itself(self, deployed: Path, form: str) -> None:
        """Whatever stands beside it: the label of a text is its own, in every runtime."""
        runtime = form.partition(" ")[0]
        classifier = load_classifier(form_of(deployed, form), runtime)
        order = np.random.default_rng(0).permutation(len(RAGGED))
        shuffled = [RAGGED[row] for row in order]

        alone = np.concatenate([classifier.logits([text]) for text in RAGGED])[order]
        together = classifier.logits(shuffled)
        as_one_batch = classifier.run(classifier.encode(shuffled))

        # rounding to 8 bits magnifies that of float32 to one of 255 steps, here and there
        nearness = 0.02 * np.ptp(alone) if form == "onnx-int8 static" else 2e-5
        for found in (together, as_one_batch):
            assert np.array_equal(found.argmax(1), alone.argmax(1))
            np.testing.assert_allclose(found, alone, rtol=0, atol=nearness)

    @pytest.mark.study
    @given(texts=st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=8))
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_reads_any_texts_alike_in_a_batch_and_alone(
        self, deployed: Path, onnx_of: Callable[[Path], Any], texts: list[str]
    ) -> None:
        onnx = onnx_of(form_of(deployed, "onnx"))

        together = onnx.run(onnx.encode(texts))

        alone = np.concatenate([onnx.run(onnx.encode([text])) for text in texts])
        np.testing.assert_allclose(together, alone, rtol=0, atol=2e-5)
        assert np.isfinite(together).all()


@pytest.fixture(scope="module")
def onnx_of() -> Callable[[Path], Any]:
    """Loads an exported folder, once."""
    return cache(lambda folder: load_classifier(folder, "onnx"))


CHOICES = [
    (kind, option)
    for kind, entry in registry.students.entries().items()
    for option, (_, default) in option_fields(entry).items()
    if default is not ...
]
# of any option, whatever its type: the first that it takes, that can be built, and is no default
TRIED = (7, 2, 0.125, [1, 4], [1], True, False)


def another(kind: str, option: str, build: Build) -> Any:
    """Returns a value of a student's option that is not its default."""
    wanted, default = option_fields(registry.students.get(kind))[option]
    named = [mark.words for mark in getattr(wanted, "__metadata__", ()) if hasattr(mark, "words")]
    for value in (*TRIED, *itertools.chain(get_args(wanted), *named)):
        with suppress(ValidationError, ModelError, TypeError):
            read = TypeAdapter(wanted).validate_python(value)
            if read != default:
                build(**{option: read})
                return value
    raise AssertionError(f"no value is known for {option} of {kind}: {wanted}; add one to TRIED")


@torch.no_grad()
def state_of(model: Any) -> tuple[Any, ...]:
    """Returns what options shape: layers, a configuration of the model's own, weights, answers."""
    config = {name: each for name, each in model.config.to_dict().items() if name != "options"}
    weights = {name: each.tolist() for name, each in model.state_dict().items()}
    ids = torch.arange(7, 15).unsqueeze(0)  # [1, 8]
    logits = model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    return repr(model), config, weights, logits.tolist()


def load_with_student(write_recipe: WriteRecipe, section: dict[str, Any]) -> Recipe:
    """Returns the tiny recipe with another student section in place of its own."""
    path = write_recipe()
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**data, "student": section}), encoding="utf-8")
    return load_study(str(path)).variants[0].recipe


class TestOptionsOfARecipe:
    @every_student
    def test_are_the_constructors_keyword_only_parameters(
        self, kind: str, needed: dict[str, Any], write_recipe: WriteRecipe
    ) -> None:
        """What a recipe leaves out is the signature's default; what it misspells is refused."""
        plain = load_with_student(write_recipe, {"kind": kind, **needed})
        entry = registry.students.get(kind)

        defaults = {name: default for name, (_, default) in option_fields(entry).items()}
        assert options_of(plain.student) == {**defaults, **needed}
        with pytest.raises(RecipeError, match=r"student\.layerz: unknown key"):
            load_with_student(write_recipe, {"kind": kind, **needed, "layerz": 3})

    @pytest.mark.parametrize(("kind", "option"), CHOICES)
    def test_reach_the_student(
        self,
        kind: str,
        option: str,
        needed: dict[str, Any],
        write_recipe: WriteRecipe,
        build: Build,
    ) -> None:
        """Each of them alone shapes what is built."""
        value = another(kind, option, build)
        recipe = load_with_student(write_recipe, {"kind": kind, **needed, option: value})
        plain = load_with_student(write_recipe, {"kind": kind, **needed})

        assert options_of(recipe.student) != options_of(plain.student)
        assert state_of(build(**options_of(recipe.student))) != state_of(
            build(**options_of(plain.student))
        )

    @pytest.mark.parametrize(
        ("kind", "option"),
        [each for each in CHOICES if registry.students.get(each[0]).is_module],
    )
    def test_are_in_the_saved_folder(
        self, kind: str, option: str, build: Build, context: BuildContext, tmp_path: Path
    ) -> None:
        """A student with an option of its own loads without being told it again."""
        model = build(**{option: another(kind, option, build)})
        save_model(tmp_path, model, context.vocabulary)

        loaded = load_model(tmp_path).model

        shapes = {name: tensor.shape for name, tensor in loaded.state_dict().items()}
        assert shapes == {name: tensor.shape for name, tensor in model.state_dict().items()}
