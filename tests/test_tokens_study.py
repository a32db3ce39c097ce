"""A study of words with tags, from the recipe to who asks the exported folder."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from tiny_repositories import caught_upload
from tiny_tokens import LABELS, TYPES, save_tokens, token_recipe_data
from tiny_world import RunCommand, tiny_recipe_data
from transformers import AutoModelForTokenClassification

from kdzoo import api
from kdzoo.data import Example, load_corpus
from kdzoo.errors import DataError, KdzooError, StoreError
from kdzoo.metrics import entity_quality
from kdzoo.model import load_model
from kdzoo.progress import Silent
from kdzoo.recipe.data import Data
from kdzoo.report import read_report
from kdzoo.results import Store
from kdzoo.runtime import load_classifier, predictor
from kdzoo.runtime.usage import snippet_of
from kdzoo.task import TOKEN_CLASSIFICATION
from kdzoo.task.tags import is_valid
from kdzoo.teacher import Teacher, open_member, reach_of
from kdzoo.text import cut_at, encode

pytestmark = pytest.mark.study

ASKED = [
    "Please  loud song now",
    "is the\train wind what",
    "what is",
    "jazz",
    "\U0001f642",
    "tomorrow " * 60 + "rain",  # longer than the teacher reads
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data with tokens and tags."""
    return save_tokens(tmp_path_factory.mktemp("tokens"))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, data: Path, tiny_encoder: Path) -> Path:
    """The folder of a finished study, with all exported forms."""
    folder = tmp_path_factory.mktemp("study")
    recipe = token_recipe_data(data, tiny_encoder)
    recipe["training"] |= {"steps": 200}
    recipe["measure"]["runtimes"] = ["torch", "onnx"]
    (folder / "tokens.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(folder / "cache"))
        return api.run(str(folder / "tokens.yaml"), out=folder / "runs" / "tokens").root


@pytest.fixture(scope="module")
def model(study: Path) -> Path:
    """The folder of the trained student, with all its exported forms."""
    folder = next((study / "models").glob("tokens--s0--*"))
    api.export(folder, folder / "onnx-int8", runtime="onnx-int8")
    return folder


def recorded(study: Path, role: str) -> Any:
    """Returns the record of the study's model of that role."""
    store = Store(study)
    return next(each for each in map(store.read, store.manifest().keys) if each.role == role)


@pytest.mark.parametrize("role", ["teacher", "student", "control", "baseline"])
def test_figures_are_those_of_the_stored_tags(study: Path, data: Path, role: str) -> None:
    corpus, store = load_corpus(Data(files=str(data))), Store(study)
    record = recorded(study, role)
    frame = store.outcomes(record.key)

    for split in ("validation", "test"):
        own = frame[frame["split"] == split]
        tags = TOKEN_CLASSIFICATION.tags(own["prediction"], len(LABELS))
        gold, told = corpus.gold(split), record.quality[split]

        assert is_valid(tags)
        assert TOKEN_CLASSIFICATION.tags(own["gold"], len(LABELS)).tolist() == gold.tolist()
        for name, value in entity_quality(tags, gold, len(LABELS)).items():
            assert told[name] == pytest.approx(value)
        assert told["entity_f1_low"] <= told["entity_f1"] <= told["entity_f1_high"]


@pytest.mark.parametrize(("role", "least"), [("teacher", 0.2), ("student", 0.9), ("baseline", 0.9)])
def test_models_find_the_words(study: Path, role: str, least: float) -> None:
    assert recorded(study, role).quality["test"]["entity_f1"] > least


def test_every_form_answers_as_pytorch_word_by_word(study: Path, model: Path) -> None:
    form = Store(study).read_form(recorded(study, "student").key, "onnx")
    assert form is not None
    assert form.failure is None
    assert form.parity is not None
    assert form.parity.passed
    assert form.parity.leading_change == pytest.approx(0)
    assert form.parity.long_texts
    texts = ["play the song", "rain", "is it wind now " * 30]
    found = load_classifier(model, "torch").logits([text.strip() for text in texts])
    for runtime in ("pipeline", "onnx"):
        folder = model / runtime if runtime == "onnx" else model
        classifier = load_classifier(folder, runtime)
        other = classifier.logits([text.strip() for text in texts])
        np.testing.assert_allclose(other, found, atol=1e-4)
        batch = classifier.run(classifier.encode(texts[:2]))
        np.testing.assert_allclose(batch, found[:2, :3], atol=1e-4)


@pytest.mark.parametrize("runtime", ["torch", "onnx", "onnx-int8"])
def test_entities_stand_where_the_text_has_them(model: Path, runtime: str) -> None:
    found = list(api.predict(model / runtime if runtime != "torch" else model, ASKED))

    for text, each in zip(ASKED, found, strict=True):
        assert each.entities is not None
        for entity in each.entities:
            assert text[entity.start : entity.end] == entity.text
            assert entity.label in TYPES
            assert 0 < entity.probability <= 1
    assert [(e.label, e.text) for e in found[0].entities or ()] == [("music", "loud song")]
    assert [(e.label, e.text) for e in found[1].entities or ()] == [("weather", "rain wind")]


def test_a_long_text_among_others_does_not_make_them_as_long(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their logits are as long as the longest's, so the longest is answered with few."""
    monkeypatch.setattr(predictor, "_WORDS", 24)
    texts = ["play", "Paris is far", "far " * 30, *["a", "b c"] * 9]
    parts = list(predictor._parts(texts))

    assert [text for part in parts for text, _ in part] == texts
    assert all(
        len(part) == 1 or len(part) * max(len(words.words) for _, words in part) <= 24
        for part in parts
    )
    loaded = api.load(model)

    def spans(asked: list[str]) -> list[list[tuple[str, int, int]]]:
        answered = [found.entities or () for found in loaded.predict(asked)]
        return [[(e.label, e.start, e.end) for e in entities] for entities in answered]

    assert spans(texts) == [*itertools.chain.from_iterable(spans([text]) for text in texts)]


@pytest.mark.parametrize("runtime", ["onnx", "onnx-int8"])
def test_a_folder_says_the_same_by_its_own_code(
    model: Path, runtime: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snippet is all that a bare environment has."""
    texts = [*ASKED, *(e.text for e in load_corpus(Data(files=str(data))).test)]
    found = list(api.predict(model / runtime, texts))
    own: dict[str, Any] = {}
    monkeypatch.chdir(model / runtime)

    exec(snippet_of(TOKEN_CLASSIFICATION), own)  # noqa: S102 - kdzoo's own

    assert own["classify"](texts) == [
        [(e.start, e.end, e.label) for e in each.entities or ()] for each in found
    ]


def test_a_file_of_words_is_asked_of_these_words(model: Path, tmp_path: Path) -> None:
    """Its figures are of them; cut again, an entity would end within a word."""
    words = ["play", "the", "loud", "song!"]
    (tmp_path / "a.jsonl").write_text(json.dumps({"tokens": words}) + "\n", encoding="utf-8")

    (given,) = api.predict(model / "onnx", tmp_path / "a.jsonl")
    (free,) = api.predict(model / "onnx", [" ".join(words)])

    ends = [{each.text for each in found.entities or ()} for found in (given, free)]
    assert "loud song!" in ends[0] - ends[1]
    assert "loud song" in ends[1] - ends[0]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_written_answers_have_each_entity(model: Path, suffix: str, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(ASKED[:3]), encoding="utf-8")
    output = tmp_path / f"found{suffix}"

    api.write_predictions(model / "onnx", tmp_path / "texts.txt", output)

    if suffix == ".jsonl":
        rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    else:
        read = pd.read_csv if suffix == ".csv" else pd.read_parquet
        rows = read(output, **({"keep_default_na": False} if suffix == ".csv" else {})).to_dict(
            "records"
        )
    for text, row, each in zip(ASKED, rows, api.predict(model / "onnx", ASKED[:3]), strict=False):
        wanted = [e.label for e in each.entities or ()], [e.start for e in each.entities or ()]
        cells = row["labels"], row["starts"]
        if suffix == ".csv":
            assert cells == tuple("|".join(map(str, cell)) for cell in wanted)
        else:
            assert tuple(map(list, cells)) == wanted
        assert row["text"] == text.strip()


def test_the_command_line_shows_entities(kdzoo: RunCommand, model: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(ASKED[:3]), encoding="utf-8")

    many = kdzoo("predict", str(model / "onnx"), "texts.txt")
    one, nothing = (kdzoo("predict", str(model / "onnx"), ASKED[number]) for number in (0, 2))

    assert [line.partition("\t")[0] for line in many.out.splitlines()] == [
        "music 8-17", "weather 7-16", "",
    ]  # fmt: skip
    assert one.out.split()[1:] == ["music", "8-17", "loud", "song"]
    assert (nothing.code, nothing.out, nothing.err.strip()) == (0, "", "no entity found")


def test_the_report_leads_with_entity_f1(study: Path) -> None:
    table = (study / "table.md").read_text("utf-8")

    head = next(line for line in table.splitlines() if line.startswith("| model"))
    heads = [each.strip() for each in head.strip("|").split("|")]
    assert heads[2:5] == ["entity F1", "precision", "recall"]
    assert "points of entity F1" in table
    assert "5 tags, one a word" in table
    page = (study / "report.html").read_text("utf-8")
    assert "test entity F1, %" in page
    assert "entities" in page


def test_what_is_wrong_with_entities_stands_in_table_and_page(study: Path) -> None:
    """Of teacher, baseline and student; what is right is the recall."""
    table = pd.read_csv(study / "table.csv").drop_duplicates("model")
    page = (study / "report.html").read_text("utf-8")

    assert set(table["role"]) == {"teacher", "baseline", "student"}
    kinds = table[["right_entities", "boundary_errors", "type_errors",
                   "boundary_and_type_errors", "missed_entities"]]  # fmt: skip
    assert kinds.sum(axis=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    assert table["right_entities"].tolist() == pytest.approx(table["entity_recall_mean"].tolist())
    assert (table["invented_entities"] >= 0).all()
    section = page.partition("What is wrong with entities")[2].partition("<h2")[0]
    assert all(name in section for name in table["model"])
    assert "the students miss" in section


def test_verdicts_are_of_entity_f1(study: Path) -> None:
    rows = {row.name: finding for row, finding in read_report(Store(study)).table.judged}
    student, teacher = (
        recorded(study, role).quality["test"]["entity_f1"] for role in ("student", "teacher")
    )

    compared = rows["tokens"].standing

    assert compared is not None
    assert compared.comparison.difference.value == pytest.approx(student - teacher)
    assert rows["tokens"].over_texts.value == pytest.approx(student)
    assert {loss.label for loss in rows["tokens"].losses} == {1, 3}


def test_published_results_say_the_same_and_merge(study: Path, tmp_path: Path) -> None:
    shown = tmp_path / "shown"

    api.make_report(study, publish=shown)
    merged = api.merge([study, shutil.copytree(study, tmp_path / "other")], tmp_path / "merged")

    assert api.check_report(shown) == []
    assert (shown / "table.md").read_text("utf-8") == (study / "table.md").read_text("utf-8")
    names = [row.name for row in Store(study).manifest().rows]
    assert [row.name for row in Store(merged.root).manifest().rows] == names


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("prediction", "9"),
        ("gold", "2 0"),
        ("teacher_prediction", "x"),
        ("prediction", None),
        ("prediction", "0"),  # fewer tags than words
    ],
)
def test_outcomes_that_are_no_tags_of_its_words_are_refused(
    study: Path, column: str, cell: object, tmp_path: Path
) -> None:
    own = shutil.copytree(study, tmp_path / "own")
    key = recorded(study, "student").key
    path = Store(own).finished(key) / "predictions.parquet"
    frame = pd.read_parquet(path)
    frame[column] = frame[column].astype(object)
    frame.loc[3, column] = cell
    frame.to_parquet(path, index=False)

    with pytest.raises(StoreError, match="damaged, or not that of the record"):
        Store(own).outcomes(key)


def test_a_model_card_tells_of_words(model: Path) -> None:
    card = (model / "README.md").read_text("utf-8")

    assert "pipeline_tag: token-classification" in card
    assert "print(found.entities)" in card
    assert 'pipeline("token-classification"' in card
    assert "A classifier of words with 5 tags" in card
    assert "entity F1" in card


def test_a_student_of_words_is_pushed_with_its_forms_and_what_the_hub_calls_it(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = caught_upload(monkeypatch)

    api.push(study, "user/a_student_of_words", model="tokens")

    card = sent["README.md"]
    assert isinstance(card, bytes)
    assert "pipeline_tag: token-classification" in card.decode()
    assert {"model.safetensors", "config.json", "onnx/model.onnx", "onnx/labels.json"} <= {*sent}


def test_transformers_reads_the_student(model: Path) -> None:
    from transformers import pipeline

    import kdzoo.hf  # noqa: F401 - registers kdzoo's own model type

    tag = pipeline("token-classification", str(model), aggregation_strategy="first")

    assert [each["entity_group"] for each in tag("please loud song now")] == ["music"]


def test_teacher_logits_are_kept_word_by_word(
    study: Path, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In any order, and beside longer sentences, a sentence reads its own."""
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path))
    folder = Store(study).finished(recorded(study, "teacher").key)
    member = open_member(folder, 32, LABELS)
    teacher = Teacher((member,), folder, 32, 16, TOKEN_CLASSIFICATION)
    corpus = load_corpus(Data(files=str(data)))
    long = Example("the rain " * 30 + "end")
    texts = [*corpus.validation, long, *corpus.test]

    table = teacher.label(texts, Silent(), torch.device("cpu"))
    again = teacher.label(texts[::-1], Silent(), torch.device("cpu"))

    order = list(member.columns)
    reference = load_classifier(folder, "torch").logits([each.text for each in texts])[..., order]
    np.testing.assert_allclose(table[:].astype(np.float32), reference, atol=0.02)
    assert (table[:][len(corpus.validation), -1] == 0).all(), "cut: nothing is said of the last"
    chosen = np.array([3, 0, 50])
    words = [len(texts[place].text.split(" ")) for place in chosen]
    assert table[chosen].shape == (3, max(words), len(LABELS))
    for row, place in enumerate(chosen):
        own = table[:][place, : words[row]]
        assert np.array_equal(table[chosen][row, : words[row]], own)
        assert np.array_equal(again[len(texts) - 1 - chosen][row, : words[row]], own)


def test_a_sentence_that_is_too_long_is_cut_at_a_word_and_counted(study: Path) -> None:
    """The words before are read, though the last of them may lack pieces; those behind are not."""
    folder = Store(study).finished(recorded(study, "teacher").key)
    words = ["rain", "umbrellas", "quixotic", "wind"] * 20
    examples = [Example(" ".join(words[:length])) for length in (1, 3, 80, 79)]
    loaded = load_model(folder)
    cut_at(loaded.tokenizer, 32)

    encoded = encode(loaded.tokenizer, examples, loaded.pad_id, by_word=True)

    assert encoded.words is not None
    places = encoded.words.batch(np.arange(4))  # [4, W]
    is_read = places >= 0
    assert is_read.sum(1).tolist()[:2] == [1, 3]
    assert (is_read.sum(1)[2:] > 3).all()
    assert (np.diff(is_read.astype(int), axis=1) <= 0).all(), (
        "a word is read behind one that is not"
    )
    assert (places[is_read] < 31).all()  # the last place is that of [SEP]
    assert encoded.cut == 2
    reach = reach_of(folder, examples, 32)
    assert (reach.texts, reach.cut, reach.limit) == (4, 2, 32)


@pytest.mark.parametrize("is_exported", [False, True])
def test_a_pair_is_refused_by_a_model_from_elsewhere_too(
    study: Path, tmp_path: Path, is_exported: bool
) -> None:
    """It says nothing of pairs; places of entities are those of one sentence."""
    model = in_another_order(study, tmp_path / "other")
    assert not (model / "record.json").exists()
    if is_exported:
        api.export(model, tmp_path / "exported", runtime="onnx")
        model = tmp_path / "exported"

    with pytest.raises(DataError, match="text 1 is a pair"):
        list(api.predict(model, [("wake me", "in oslo")]))


class TestBench:
    def test_forms_that_label_words_are_measured(
        self, model: Path, study: Path, data: Path, tmp_path: Path
    ) -> None:
        """On texts as people write them; a teacher elsewhere may have its tags in any order."""
        texts = tmp_path / "texts.txt"
        texts.write_text("\n".join(each for each in ASKED if each.isascii()), encoding="utf-8")
        other = in_another_order(study, tmp_path / "other")

        written = api.benchmark(
            [str(other), str(model / "onnx")],
            texts,
            runtimes=["torch", "onnx"],
            rounds=1,
            per_visit=1,
            isolation=False,
            out=tmp_path / "bench",
        )

        assert [(form.name, form.runtime) for form in written.bench.forms] == [
            ("other", "torch"), ("other", "onnx"), ("tokens/onnx", "onnx"),
        ]  # fmt: skip
        for form in written.bench.forms:
            assert form.failure is None
            assert form.parity is None or (form.parity.passed and form.parity.other_labels == 0)
        assert all(row.latency is not None for row in written.table.rows)

    @pytest.mark.parametrize(
        ("with_texts", "labels", "message"),
        [
            (True, None, "labels words, and tiny_teacher.* whole texts; measure them apart"),
            (False, "label", "labels words, and bench tells the quality .* remove --labels"),
        ],
    )
    def test_what_is_for_labels_of_texts_is_refused(
        self,
        with_texts: bool,
        labels: str | None,
        message: str,
        model: Path,
        tiny_teacher: Path,
        tiny_data: Path,
        tmp_path: Path,
    ) -> None:
        models = [str(model), *([str(tiny_teacher)] if with_texts else [])]
        with pytest.raises(KdzooError, match=message):
            api.benchmark(
                models, tiny_data / "test.jsonl", labels=labels, rounds=1, out=tmp_path / "bench"
            )
        assert not (tmp_path / "bench").exists()


def in_another_order(study: Path, folder: Path) -> Path:
    """Writes the study's teacher with its tags in another order, as models elsewhere have them."""
    own, order = Store(study).finished(recorded(study, "teacher").key), [3, 0, 4, 2, 1]
    model = AutoModelForTokenClassification.from_pretrained(own)
    for each in (model.classifier.weight, model.classifier.bias):
        each.data = each.data[order]
    model.config.id2label = {place: LABELS[tag] for place, tag in enumerate(order)}
    model.save_pretrained(folder)
    shutil.copy(own / "tokenizer.json", folder)
    shutil.copy(own / "tokenizer_config.json", folder)
    return folder


class TestStudents:
    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["cnn", "distilbert", "bert"])
    def test_others_label_words_too(
        self, kind: str, data: Path, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KDZOO_CACHE", str(study.parent.parent / "cache"))
        recipe = token_recipe_data(data, Path("unused"), kind)
        teacher = Store(study).finished(recorded(study, "teacher").key)
        recipe["teacher"] = {"model": str(teacher), "max_length": 32}
        recipe["training"] |= {"steps": 40}
        recipe["controls"] = {"hard_labels": False, "baseline": False}
        (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")

        report = api.run(str(tmp_path / "r.yaml"), out=tmp_path / "runs")

        assert recorded(report.root, "student").quality["test"]["entity_f1"] > 0.3

    @pytest.mark.slow
    def test_a_teacher_with_labels_in_another_order_is_read_alike_in_every_form(
        self, data: Path, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))
        own = Store(study).finished(recorded(study, "teacher").key)
        other = in_another_order(study, tmp_path / "other")
        recipe = token_recipe_data(data, other)
        recipe["teacher"] = {"model": str(other), "max_length": 32}
        recipe["controls"] = {"hard_labels": False, "baseline": False}
        recipe["training"] |= {"steps": 2, "evaluations": 1}
        recipe["measure"]["runtimes"] = ["torch", "onnx"]
        (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")

        store = Store(api.run(str(tmp_path / "r.yaml"), out=tmp_path / "runs").root)

        record = recorded(tmp_path / "runs", "teacher")
        form = store.read_form(record.key, "onnx")
        assert form is not None
        for found in (record.quality["test"], form.quality["test"]):
            wanted = recorded(study, "teacher").quality["test"]
            assert found["entity_f1"] == pytest.approx(wanted["entity_f1"])
        one, two = (
            [
                (e.label, e.start, e.end)
                for each in api.predict(f, ASKED)
                for e in each.entities or ()
            ]
            for f in (own, other)
        )
        assert one == two

    @pytest.mark.parametrize("kind", ["fasttext", "static", "phrases"])
    def test_who_labels_texts_alone_is_told_what_to_add(
        self, kind: str, data: Path, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        recipe = token_recipe_data(data, tiny_encoder, kind)
        (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")

        with pytest.raises(KdzooError, match=r"encode_tokens\(input_ids, attention_mask\)"):
            api.check(str(tmp_path / "r.yaml"))

    def test_and_init_says_so_of_those_that_the_user_named(
        self, data: Path, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        """Of a usual student it says why there is none: nobody has to mend that."""
        usual = api.init(data, tmp_path / "usual", teacher=str(tiny_encoder))
        named = api.init(
            data, tmp_path / "named", teacher=str(tiny_encoder), students=["static", "cnn"]
        )

        (said,) = [line for line in usual if "no recipe for static" in line]
        (told,) = [line for line in named if "no recipe for static" in line]
        assert said.endswith("labels texts, not words")
        assert told.startswith(said)
        assert "encode_tokens" in told


class TestRefused:
    @pytest.mark.parametrize(
        ("said", "message"),
        [
            ({"objective": {"kind": "kl", "gold_for": ["wrong"]}}, "objective.gold_for"),
            ({"measure": {"reject": {"max_false_rejections": 0.1}}}, "measure.reject"),
            ({"measure": {"escalate": {"max_escalated": 0.1}}}, "measure.escalate"),
            ({"measure": {"thresholds": "shared"}}, "measure.thresholds"),
            ({"training": {"select_by": "in_scope_accuracy"}}, "training.select_by"),
            ({"training": {"select_by": "micro_f1"}}, "training.select_by"),
            ({"teacher": {"folds": 3}}, "teacher.folds"),
            ({"teacher": {"head": "linear", "fine_tune": None}}, "teacher.head is for labels of"),
        ],
        ids=str,
    )
    def test_what_is_for_labels_of_texts(
        self, said: dict[str, Any], message: str, data: Path, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        recipe = token_recipe_data(data, tiny_encoder)
        for name, section in said.items():
            merged = {**recipe[name], **section}
            recipe[name] = {key: value for key, value in merged.items() if value is not None}
        (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")

        with pytest.raises(KdzooError, match=message):
            api.check(str(tmp_path / "r.yaml"))

    def test_a_teacher_of_texts(self, data: Path, tiny_teacher: Path, tmp_path: Path) -> None:
        recipe = token_recipe_data(data, tiny_teacher)
        recipe["teacher"] = {"model": str(tiny_teacher), "max_length": 32}
        (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")

        with pytest.raises(KdzooError, match="labels a text as a whole"):
            api.check(str(tmp_path / "r.yaml"))

    def test_a_teacher_of_words_for_texts(
        self, study: Path, tiny_data: Path, tmp_path: Path
    ) -> None:
        teacher = Store(study).finished(recorded(study, "teacher").key)
        recipe = tiny_recipe_data(tiny_data, teacher)
        recipe["teacher"] = {"model": str(teacher), "max_length": 32}
        (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")

        with pytest.raises(KdzooError, match="labels each word of a sentence"):
            api.check(str(tmp_path / "r.yaml"))

    def test_commands_for_labels_of_texts(self, model: Path, tmp_path: Path) -> None:
        texts = tmp_path / "texts.txt"
        texts.write_text("\n".join(ASKED), encoding="utf-8")
        with pytest.raises(KdzooError, match="labels words, and a file of outputs"):
            api.label(str(model), texts, tmp_path / "out.parquet")
        with pytest.raises(KdzooError, match="threshold"):
            list(api.predict(model, ["a"], reject=True))
