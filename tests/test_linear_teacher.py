"""A frozen encoder with a linear head: fitted once, one model, a teacher like any other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from tiny_models import context_of, pruned_vocabulary, some_texts, tiny_corpus
from tiny_sentences import sentence_folder
from tiny_teachers import save_teacher
from tiny_world import LABELS, RunCommand, WriteRecipe
from transformers import AutoModel, AutoTokenizer, pipeline

from kdzoo.data import Corpus, Example, fingerprint
from kdzoo.digest import content_hash
from kdzoo.errors import KdzooError, TeacherError
from kdzoo.model import build_student, load_model
from kdzoo.progress import Silent
from kdzoo.results import Store
from kdzoo.runtime import load_classifier
from kdzoo.runtime.export import export_model
from kdzoo.runtime.forms import ExportSettings
from kdzoo.steps import fitting
from kdzoo.steps.context import MODEL_FORMAT
from kdzoo.task import MULTI_LABEL
from kdzoo.teacher import (
    SentenceEncoder,
    Teacher,
    cache,
    cache_contents,
    find_model,
    fit_head,
    linear,
    open_member,
    open_sentence_encoder,
    refuse_few,
    save_linear,
    sentences,
)

CPU = torch.device("cpu")
TEXTS = some_texts(24)
LINEAR = {"fine_tune": None, "head": "linear"}


def pair_corpus() -> Corpus:
    """Returns a corpus in which the pair's label is whether its texts are of one kind."""
    single = tiny_corpus(10)
    pairs: dict[str, tuple[Example, ...]] = {}
    for split in ("train", "validation"):
        examples = single.split(split)
        half = len(examples) // 2
        pairs[split] = tuple(
            Example(first.text, second.text, int(first.label == second.label))
            for first, second in zip(examples, [*examples[1:half], *examples], strict=False)
        )
    return Corpus(("no", "yes"), pairs["train"], pairs["validation"], pairs["validation"])


@pytest.fixture(scope="module", params=["bert", "mpnet", "roberta"])
def encoder(
    request: pytest.FixtureRequest, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An encoder; one with a pooling of its own, one whose padding is id 1, one without types."""
    folder = tmp_path_factory.mktemp("encoders") / request.param
    if request.param == "bert":
        pooling = {"pooling_mode_cls_token": True}
        return sentence_folder(tiny_encoder, folder, ("Pooling", "Normalize"), pooling)
    return save_teacher(request.param, folder)


def fitted(
    folder: Path,
    encoder: Path,
    corpus: Corpus,
    max_length: int = 32,
    lower: Sequence[int] = (),
) -> tuple[SentenceEncoder, Teacher]:
    """Fits a head, saves it in ``folder``, and returns it as a teacher."""
    opened = open_sentence_encoder(
        encoder, None, max_length, 8, lower=lower, reads_pairs=corpus.has_pairs
    )
    save_linear(folder, opened, fit_head(opened, corpus, Silent(), CPU), corpus.labels)
    member = open_member(folder, max_length, corpus.labels, sentences=opened)
    return opened, Teacher((member,), encoder, max_length, 8)


def pipeline_logits(folder: Path, texts: Sequence[Example]) -> Any:
    classify = pipeline("text-classification", str(folder), top_k=None, function_to_apply="none")
    asked = [
        t.text if t.text_pair is None else {"text": t.text, "text_pair": t.text_pair} for t in texts
    ]
    rows = [{each["label"]: each["score"] for each in row} for row in classify(asked, batch_size=4)]
    names = load_model(folder).labels
    return np.array([[row[name] for name in names] for row in rows])


class TestModel:
    @pytest.mark.parametrize("lower", [(), (0, 1)])
    @pytest.mark.parametrize("kind", ["texts", "pairs"])
    def test_is_one_in_every_form(
        self, encoder: Path, tmp_path: Path, kind: str, lower: tuple[int, ...]
    ) -> None:
        """Through vectors in the cache, as a model and in a pipeline: the same logits."""
        corpus = tiny_corpus() if kind == "texts" else pair_corpus()
        _, teacher = fitted(tmp_path / "model", encoder, corpus, lower=lower)
        examples = corpus.validation

        labelled = teacher.label(examples, Silent(), CPU)[:].astype(np.float32)

        own = load_classifier(tmp_path / "model", "torch").logits([e.input for e in examples])
        np.testing.assert_allclose(own, labelled, rtol=5e-3, atol=2e-2)
        piped = pipeline_logits(tmp_path / "model", examples)
        np.testing.assert_allclose(piped, labelled, rtol=5e-3, atol=2e-2)
        assert load_model(tmp_path / "model").reads_pairs is (kind == "pairs")

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["texts", "pairs"])
    def test_exports(self, tiny_encoder: Path, tmp_path: Path, kind: str) -> None:
        """A dense layer and normalising stand in the graph; the texts of a pair are taken apart."""
        corpus = tiny_corpus() if kind == "texts" else pair_corpus()
        inputs = [each.input for each in corpus.validation]
        modules = ("Pooling", "Dense", "Normalize")
        pooling = {"pooling_mode_max_tokens": True}
        encoder = sentence_folder(tiny_encoder, tmp_path / "encoder", modules, pooling)
        fitted(tmp_path / "model", encoder, corpus)
        export_model(tmp_path / "model", tmp_path / "onnx", "onnx", ExportSettings())

        own, exported = (
            load_classifier(tmp_path / place, runtime).logits(inputs)
            for place, runtime in (("model", "torch"), ("onnx", "onnx"))
        )

        np.testing.assert_allclose(exported, own, rtol=1e-4, atol=1e-4)

    @pytest.mark.slow
    @pytest.mark.parametrize("lower", [(), (0, 1)])
    @pytest.mark.parametrize("kind", ["texts", "pairs"])
    def test_of_any_encoder_exports(
        self, encoder: Path, tmp_path: Path, kind: str, lower: tuple[int, ...]
    ) -> None:
        """In float32 to the same labels; in 8 bits nearly to the same logits.

        What such random encoders say of two texts differs by less than 8 bits can hold.
        """
        corpus = tiny_corpus() if kind == "texts" else pair_corpus()
        inputs = [each.input for each in corpus.validation]
        fitted(tmp_path / "model", encoder, corpus, lower=lower)
        own = load_classifier(tmp_path / "model", "torch").logits(inputs)
        for runtime in ("onnx", "onnx-int8"):
            export_model(tmp_path / "model", tmp_path / runtime, runtime, ExportSettings())
            exported = load_classifier(tmp_path / runtime, runtime).logits(inputs)

            exact = runtime == "onnx"
            np.testing.assert_allclose(exported, own, atol=1e-4 if exact else 1.0)
            assert not exact or (exported.argmax(1) == own.argmax(1)).all()

    def test_reads_each_text_of_a_pair_as_alone(self, encoder: Path, tmp_path: Path) -> None:
        """The vectors of a pair are those of its texts, special tokens and positions too."""
        corpus = pair_corpus()
        pairs = open_sentence_encoder(encoder, None, 64, 8, reads_pairs=True)
        single = open_sentence_encoder(encoder, None, 64, 8)

        both = pairs.vectors(corpus.train, Silent(), CPU)[:].astype(np.float32)

        apart = [
            single.vectors([Example(each.input[side]) for each in corpus.train], Silent(), CPU)[:]
            for side in (0, 1)
        ]
        np.testing.assert_allclose(both, np.concatenate(apart, axis=1), rtol=5e-3, atol=5e-3)

    def test_of_many_labels_with_two_texts_each_warns_of_nothing(self, tiny_encoder: Path) -> None:
        """A warning is an error here: that so many classes look like numbers, say."""
        texts = [Example(f"play {word} jazz", label=word % 40) for word in range(80)]
        names = tuple(f"label {number}" for number in range(40))
        corpus = Corpus(names, tuple(texts), tuple(texts[:4]), tuple(texts[:4]))

        head = fit_head(open_sentence_encoder(tiny_encoder, None, 32, 8), corpus, Silent(), CPU)

        assert len(head.bias) == 40

    def test_of_copies_is_told_from_that_of_rows(self, tiny_encoder: Path) -> None:
        """Where no text stands twice, the key is the one of before; C does not see it either."""
        opened, corpus = open_sentence_encoder(tiny_encoder, None, 32, 8), tiny_corpus()
        first = corpus.train[0]
        copied = replace(corpus, train=(*corpus.train, replace(first, text=first.text.upper())))
        keys = [
            content_hash(
                {
                    "format": MODEL_FORMAT,
                    "role": "teacher",
                    "head": "linear",
                    "source": opened.key,
                    "corpus": fingerprint(each.labels, each.train),
                }
            )
            for each in (corpus, copied)
        ]

        assert fitting._linear_key(opened, corpus) == keys[0]
        assert fitting._linear_key(opened, copied) != keys[1]

    def test_chooses_c_by_texts_that_were_not_seen(
        self, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Copies as the leak check tells them."""
        asked: list[Any] = []
        opened, corpus = open_sentence_encoder(tiny_encoder, None, 32, 8), tiny_corpus()
        own = linear.fit_one
        monkeypatch.setattr(linear, "fit_one", lambda *a: asked.append(a[2]) or own(*a))
        copies = tuple(replace(each, text=f"{each.text}!") for each in corpus.train[:3])

        for train in (corpus.train, (*corpus.train, *copies)):
            fit_head(opened, replace(corpus, train=train), Silent(), CPU)

        assert asked[0] is None
        assert asked[1][-3:].tolist() == asked[1][:3].tolist() == [0, 1, 2]

    def test_is_a_logistic_regression_over_the_vectors(
        self, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        """As scikit-learn fits it to vectors that transformers gives, with the chosen C."""
        corpus = tiny_corpus(12)
        opened = open_sentence_encoder(tiny_encoder, None, 32, 8)
        head = fit_head(opened, corpus, Silent(), CPU)
        model = AutoModel.from_pretrained(tiny_encoder).eval()
        tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
        inputs = [tokenizer(each.text, return_tensors="pt") for each in corpus.train]
        with torch.no_grad():
            states = [model(**each).last_hidden_state[0] for each in inputs]  # [T, D] each
        vectors = np.stack([each.mean(0).numpy() for each in states])
        length = np.linalg.norm(vectors, axis=1).mean()
        wanted = LogisticRegression(C=head.strength, max_iter=500).fit(
            vectors / length, corpus.gold("train")
        )

        np.testing.assert_allclose(
            head.logits(vectors), wanted.decision_function(vectors / length), rtol=0.02, atol=0.1
        )

    def test_of_two_labels_has_two_outputs(self, tiny_encoder: Path, tmp_path: Path) -> None:
        corpus = pair_corpus()
        _, teacher = fitted(tmp_path / "model", tiny_encoder, corpus, 64)

        logits = teacher.label(corpus.train, Silent(), CPU)[:]

        assert logits.shape == (len(corpus.train), 2)
        np.testing.assert_allclose(logits[:, 0], -logits[:, 1], rtol=1e-2, atol=1e-2)

    def test_says_nothing_of_where_its_encoder_lay(
        self, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        fitted(tmp_path / "model", tiny_encoder, tiny_corpus())

        written = "".join(each.read_text(encoding="utf-8") for each in tmp_path.rglob("*.json"))
        assert str(tiny_encoder) not in written
        assert str(tmp_path) not in written

    def test_lends_the_encoder_as_it_is(self, tiny_encoder: Path, tmp_path: Path) -> None:
        """A student starts from what its control starts from: nothing was learnt in the layers."""
        _, teacher = fitted(tmp_path / "model", tiny_encoder, tiny_corpus())

        lent, own = teacher.model().base_model.state_dict(), AutoModel.from_pretrained(tiny_encoder)

        assert teacher.outputs is None
        assert all(torch.equal(lent[name], each) for name, each in own.state_dict().items())


@pytest.mark.parametrize("kind", ["bert", "distilbert"])
def test_a_saved_one_lends_its_layers_as_a_finished_teacher(
    tiny_encoder: Path, tmp_path: Path, kind: str
) -> None:
    """The student is of the encoder's build, its head new: it would not read a sentence vector."""
    folder = tmp_path / "model"
    fitted(folder, tiny_encoder, tiny_corpus())
    vocabulary = pruned_vocabulary(folder, TEXTS, special_tokens=True)
    context = replace(context_of(vocabulary, folder), outputs=(0, 1, 2, 3))

    student = build_student(kind, {"layers": [1]}, context, None, seed=0)

    own = AutoModel.from_pretrained(tiny_encoder).encoder.layer[1].output.dense.weight
    assert student.config.model_type == kind
    assert any(torch.equal(each, own) for each in student.parameters())


def _deeper(config: dict[str, Any]) -> None:
    config["encoder"]["num_hidden_layers"] = 10**9


def _code(config: dict[str, Any]) -> None:
    config["encoder"] = {"model_type": "own", "auto_map": {"AutoModel": "own.Model"}}


def _vast_layer(config: dict[str, Any]) -> None:
    step = {"kind": "dense", "inputs": 32, "outputs": 10**15}
    config["pooling"] = {"kind": "mean", "steps": [step]}


def _wide_layer(config: dict[str, Any]) -> None:
    step = {"kind": "dense", "inputs": 32, "outputs": 1 << 20}
    config["pooling"] = {"kind": "mean", "steps": [step]}


def _layer_beyond(config: dict[str, Any]) -> None:
    config["pooling"]["lower"] = [9]


@pytest.mark.parametrize("change", [_deeper, _code, _vast_layer, _wide_layer, _layer_beyond])
def test_a_configuration_that_cannot_be_is_one_message(
    tiny_encoder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    """Whatever a stranger writes there: nothing runs, and nothing vast is built."""
    folder = tmp_path / "model"
    fitted(folder, tiny_encoder, tiny_corpus(), lower=(0,))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    change(config)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")

    with pytest.raises(KdzooError):
        load_model(find_model(str(folder)))


class TestVectors:
    def test_are_computed_once(
        self, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """For the head, for its labels, and for the head of another draw of labelled texts."""
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))
        read: list[int] = []
        predict = sentences.predict_vectors
        monkeypatch.setattr(
            sentences,
            "predict_vectors",
            lambda model, encoded, *rest: (
                read.append(len(encoded)) or predict(model, encoded, *rest)
            ),
        )
        corpus = tiny_corpus()
        opened, teacher = fitted(tmp_path / "model", tiny_encoder, corpus)
        teacher.label([*corpus.train, *TEXTS], Silent(), CPU)
        fit_head(opened, tiny_corpus(), Silent(), CPU)

        distinct = {each.digest for each in [*corpus.train, *TEXTS]}
        assert sum(read) == len(distinct)
        assert cache_contents("vectors")[0][:2] == (opened.key, len(distinct))

    def test_of_many_texts_are_read_in_one_go(
        self, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where labels are asked for: the encoder is loaded once, and one bar shows its end."""
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(cache, "SHARD_ROWS", 8)
        corpus = tiny_corpus()
        _, teacher = fitted(tmp_path / "model", tiny_encoder, corpus)
        told: list[tuple[str, int]] = []

        class Told(Silent):
            def task(self, description: str, total: int, *_: Any, **__: Any) -> Any:
                told.append((description, total))
                return super().task(description, total)

        teacher.label([*corpus.train, *TEXTS], Told(), CPU)

        new = {each.digest for each in TEXTS} - {each.digest for each in corpus.train}
        assert len(new) > 16
        assert told == [("the encoder reads", len(new))]

    def test_go_on_where_they_were_interrupted(
        self, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the same bits in the end, and no text read twice."""
        monkeypatch.setattr(cache, "SHARD_ROWS", 8)
        encoder = open_sentence_encoder(tiny_encoder, None, 32, 8)
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "whole"))
        whole = encoder.vectors(TEXTS, Silent(), CPU)[:]
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "interrupted"))
        predict, calls = sentences.predict_vectors, iter(range(100))

        def interrupted(*arguments: Any) -> Any:
            if next(calls) == 1:
                raise KeyboardInterrupt
            return predict(*arguments)

        monkeypatch.setattr(sentences, "predict_vectors", interrupted)
        with pytest.raises(KeyboardInterrupt):
            encoder.vectors(TEXTS, Silent(), CPU)
        resumed = encoder.vectors(TEXTS, Silent(), CPU)[:]

        np.testing.assert_array_equal(resumed, whole)
        assert next(calls) == len(TEXTS) // 8 + 1

    @pytest.mark.parametrize("kind", ["albert", "bert", "electra", "modernbert", "mpnet"])
    def test_hold_what_transformers_says_of_lower_layers(self, tmp_path: Path, kind: str) -> None:
        """Behind the sentence vector, each of length 1, padding left out."""
        folder = save_teacher(kind, tmp_path / kind)
        opened = open_sentence_encoder(folder, None, 32, 8, lower=(0, 1))
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModel.from_pretrained(folder).eval()

        found = opened.vectors(TEXTS, Silent(), CPU)[:].astype(np.float32)

        for text, vector in zip(TEXTS, found, strict=True):  # one by one: no padding
            read = tokenizer(text.text, truncation=True, max_length=32, return_tensors="pt")
            with torch.inference_mode():
                output = model(**read, output_hidden_states=True)
            states = (output.last_hidden_state, *output.hidden_states[:2])
            means = [state[0].mean(0) for state in states]
            expected = np.concatenate([(mean / mean.norm()).numpy() for mean in means])
            np.testing.assert_allclose(vector, expected, atol=2e-3)

    def test_have_keys_of_what_decides_them(self, tiny_encoder: Path, tmp_path: Path) -> None:
        dense = sentence_folder(tiny_encoder, tmp_path / "dense", ("Pooling", "Dense"))
        normal = sentence_folder(tiny_encoder, tmp_path / "normal", ("Pooling", "Normalize"))
        keys = [
            open_sentence_encoder(tiny_encoder, None, 32, 8).key,
            open_sentence_encoder(tiny_encoder, "cls", 32, 8).key,
            open_sentence_encoder(tiny_encoder, None, 16, 8).key,
            open_sentence_encoder(tiny_encoder, None, 32, 8, reads_pairs=True).key,
            open_sentence_encoder(tiny_encoder, None, 32, 8, lower=(0,)).key,
            open_sentence_encoder(tiny_encoder, None, 32, 8, lower=(1,)).key,
            open_sentence_encoder(dense, None, 32, 8).key,
            open_sentence_encoder(normal, None, 32, 8).key,
        ]

        assert len({*keys}) == len(keys)
        assert open_sentence_encoder(tiny_encoder, "mean", 32, 64).key == keys[0]


class TestStudy:
    @pytest.mark.study
    @pytest.mark.trains
    def test_has_a_teacher_that_is_measured_like_any(
        self, write_recipe: WriteRecipe, kdzoo: RunCommand
    ) -> None:
        """It stands in the table, and a second run fits nothing."""
        recipe = write_recipe(
            teacher=LINEAR,
            training={"steps": 5, "evaluations": 1},
            controls={"hard_labels": False, "baseline": False},
        )

        first, second = kdzoo("run", str(recipe)), kdzoo("run", str(recipe))

        assert (first.code, second.code) == (0, 0), first.err + second.err
        assert "teacher fitted: a linear head, C " in first.out + first.err
        assert "teacher fitted" not in second.out + second.err
        store = Store(Path("runs/tiny"))
        (row,) = (each for each in store.manifest().rows if each.role == "student")
        teacher = store.read(str(row.members[0].teacher_key))
        assert teacher.role == "teacher"
        assert teacher.quality["test"]["accuracy"] > 0.5
        table = Path("runs/tiny/table.csv").read_text(encoding="utf-8")
        assert ",teacher,torch,teacher," in table

    @pytest.mark.parametrize(
        ("teacher", "words"),
        [
            ({"head": "linear"}, "remove fine_tune"),
            ({"head": "linear", "fine_tune": None, "labels": [*LABELS]}, "remove them or head"),
            ({"pooling": "cls"}, "pooling belongs to head: linear"),
            ({"lower_layers": [0]}, "lower_layers belong to head: linear"),
            ({**LINEAR, "lower_layers": [1, 0]}, "write each layer once, the lowest first"),
            ({**LINEAR, "lower_layers": [-1]}, "greater than or equal to 0"),
            ({**LINEAR, "lower_layers": [9]}, "write 0, which is the embeddings, to 1"),
            ({"head": "square", "fine_tune": None}, "linear"),
            ({**LINEAR, "pooling": "last"}, "Known: cls, max, mean"),
        ],
    )
    def test_contradictions_are_told(
        self, write_recipe: WriteRecipe, kdzoo: RunCommand, teacher: dict[str, Any], words: str
    ) -> None:
        outcome = kdzoo("check", str(write_recipe(teacher=teacher)))

        assert outcome.code == 2
        assert words in outcome.err

    def test_a_pooling_serves_where_one_recipe_of_the_study_reads_vectors(
        self, write_recipe: WriteRecipe, kdzoo: RunCommand
    ) -> None:
        variants = {"hidden": {"objective": {"kind": "kl", "hidden": 1.0}}}
        recipe = write_recipe(variants=variants)

        outcome = kdzoo("check", str(recipe), "--set", "teacher.pooling=mean")

        assert outcome.code == 0, outcome.err

    def test_a_file_of_outputs_has_no_head(
        self, write_recipe: WriteRecipe, kdzoo: RunCommand
    ) -> None:
        teacher = {"model": None, "outputs": "x.parquet", **LINEAR}

        assert "remove head" in kdzoo("check", str(write_recipe(teacher=teacher))).err

    def test_an_encoder_is_looked_at_first(
        self, write_recipe: WriteRecipe, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        """And the cure that is told does it."""
        folder = sentence_folder(tiny_encoder, tmp_path / "encoder", ("Pooling",), {})
        recipe = write_recipe(teacher={**LINEAR, "model": str(folder)})

        outcome = kdzoo("check", str(recipe))

        assert outcome.code == 2
        assert "--set teacher.pooling=mean" in outcome.err
        assert kdzoo("check", str(recipe), "--set", "teacher.pooling=mean").code == 0

    def test_a_label_with_one_text_is_refused_before_anything_is_fitted(
        self, write_recipe: WriteRecipe, kdzoo: RunCommand, tiny_data: Path, tmp_path: Path
    ) -> None:
        data = Path(shutil.copytree(tiny_data, tmp_path / "few"))
        lines = (data / "train.jsonl").read_text(encoding="utf-8").splitlines()
        others = [line for line in lines if json.loads(line)["label"] != "music"]
        rows = [*others, json.dumps({"text": "play it", "label": "music"})]
        (data / "train.jsonl").write_text("\n".join(rows), encoding="utf-8")

        outcome = kdzoo("run", str(write_recipe(teacher=LINEAR, data={"files": str(data)})))

        assert outcome.code == 2
        assert "the label 'music' has one training text" in outcome.err

    def test_one_text_with_several_labels_is_refused_before_anything_is_fitted(self) -> None:
        examples = (Example("play it", label=(0, 1)),)
        corpus = Corpus(("a", "b"), examples, examples, examples, task=MULTI_LABEL)

        with pytest.raises(TeacherError, match="there is one training text"):
            refuse_few(corpus)
        refuse_few(replace(corpus, train=(*examples, Example("stop it", label=(1,)))))
