"""A study of texts with any number of labels, from the recipe to who asks the exported folder."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import average_precision_score, f1_score
from tiny_repositories import caught_upload
from tiny_sets import NAMES, save_sets, set_recipe_data
from tiny_world import RunCommand, save_tiny_bert

from kdzoo import api
from kdzoo.data import load_corpus
from kdzoo.errors import DataError, KdzooError, StoreError
from kdzoo.recipe.data import Data
from kdzoo.report import read_report
from kdzoo.results import Store
from kdzoo.runtime import load_classifier
from kdzoo.runtime.usage import snippet_of
from kdzoo.task import MULTI_LABEL

pytestmark = pytest.mark.study

ASKED = ["play a loud song", "will it rain", "the a what", "wake me early with jazz"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data with lists of labels."""
    return save_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, data: Path, tiny_encoder: Path) -> Path:
    """The folder of a finished study, with a linear teacher and one exported form."""
    folder = tmp_path_factory.mktemp("study")
    recipe = set_recipe_data(data, tiny_encoder)
    recipe["teacher"] = {"model": str(tiny_encoder), "max_length": 32, "head": "linear"}
    recipe["objective"]["alpha"] = 0.5
    recipe["training"] |= {"steps": 200, "class_weights": "balanced"}
    recipe["measure"]["runtimes"] = ["torch", "onnx"]
    (folder / "sets.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(folder / "cache"))
        return api.run(str(folder / "sets.yaml"), out=folder / "runs" / "sets").root


@pytest.fixture(scope="module")
def form(study: Path) -> Path:
    """The folder of the student's exported form."""
    return next((study / "models").glob("sets--s0--*")) / "onnx"


def recorded(study: Path, role: str) -> Any:
    """Returns the record of the study's model of that role."""
    store = Store(study)
    return next(each for each in map(store.read, store.manifest().keys) if each.role == role)


def test_every_model_is_read_as_scikit_learn_would(study: Path, data: Path) -> None:
    corpus, store = load_corpus(Data(files=str(data))), Store(study)

    for role in ("teacher", "student", "control", "baseline"):
        record = recorded(study, role)
        frame = store.outcomes(record.key)
        for split in ("validation", "test"):
            own = frame[frame["split"] == split]
            answers = MULTI_LABEL.sets(own["prediction"], len(NAMES))
            gold, told = corpus.gold(split), record.quality[split]

            assert np.array_equal(MULTI_LABEL.sets(own["gold"], len(NAMES)), gold)
            assert told["macro_f1"] == pytest.approx(f1_score(gold, answers, average="macro"))
            assert told["micro_f1"] == pytest.approx(f1_score(gold, answers, average="micro"))
            assert told["accuracy"] == pytest.approx((answers == gold).all(1).mean())
            assert told["hamming_loss"] == pytest.approx((answers != gold).mean())
            assert told["macro_f1_low"] <= told["macro_f1"] <= told["macro_f1_high"]


def test_the_mean_average_precision_is_that_of_its_probabilities(study: Path, data: Path) -> None:
    record, corpus = recorded(study, "student"), load_corpus(Data(files=str(data)))
    classifier = load_classifier(Store(study).finished(record.key), "torch")

    logits = classifier.logits([each.text for each in corpus.test])

    wanted = average_precision_score(corpus.gold("test"), logits)
    assert record.quality["test"]["average_precision"] == pytest.approx(wanted, abs=1e-6)


def test_the_baseline_finds_the_words(study: Path) -> None:
    assert recorded(study, "baseline").quality["test"]["macro_f1"] > 0.9


def test_the_student_has_learnt(study: Path) -> None:
    """More than who gives all labels to all texts."""
    assert recorded(study, "student").quality["test"]["macro_f1"] > 0.62


def test_records_say_which_task_it_is(study: Path) -> None:
    record = recorded(study, "student")

    assert record.data.task == MULTI_LABEL.name
    config = json.loads((Store(study).finished(record.key) / "config.json").read_text("utf-8"))
    assert config["problem_type"] == "multi_label_classification"


def test_thresholds_lie_beside_each_form_and_are_its_own(study: Path, form: Path) -> None:
    for folder in (form, form.parent):
        told = json.loads((folder / "decision.json").read_text("utf-8"))
        assert [*told["thresholds"]] == [*NAMES]
        assert told["threshold_rule"] == "per_label"


def test_a_form_answers_as_its_record_and_as_its_own_code(
    study: Path, form: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snippet is all that a bare environment has."""
    texts = [e.text for e in load_corpus(Data(files=str(data))).test]
    frame = Store(study).outcomes(recorded(study, "student").key, "onnx")
    stored = MULTI_LABEL.sets(frame[frame["split"] == "test"]["prediction"], len(NAMES))
    wanted = [{NAMES[n] for n in np.flatnonzero(row)} for row in stored]

    found = list(api.predict(form, texts))
    own: dict[str, Any] = {}
    monkeypatch.chdir(form)
    exec(snippet_of(MULTI_LABEL), own)  # noqa: S102 - kdzoo's own

    assert [{*each.labels} for each in found if each.labels is not None] == wanted
    assert [{*each} for each in own["classify"](texts)] == wanted


@pytest.mark.parametrize("role", ["teacher", "student"])
def test_a_form_is_compared_by_macro_f1_as_its_record_tells_it(study: Path, role: str) -> None:
    """At the thresholds that are fitted for either, on validation."""
    record = recorded(study, role)
    form = Store(study).read_form(record.key, "onnx")
    assert form is not None
    assert form.parity is not None
    own, other = (each.quality["validation"]["macro_f1"] for each in (form, record))

    assert form.parity.leading_change == pytest.approx(own - other, abs=1e-6)


def test_predictions_tell_all_labels_that_are_given(form: Path) -> None:
    """However few of the most probable ones are asked for; the most probable first."""
    for found in api.predict(form, ASKED, top=1):
        assert found.labels is not None
        assert [label for label, _ in found.chosen] == [*found.labels]
        assert {*found.labels} <= {label for label, _ in found.top}
        probabilities = [probability for _, probability in found.chosen]
        assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_written_answers_are_data_that_can_be_read_again(
    form: Path, data: Path, suffix: str, tmp_path: Path
) -> None:
    output = tmp_path / f"labelled{suffix}"

    count = api.write_predictions(form, data / "train.jsonl", output)

    said = {"label": "labels", "split": {"validation": "0.2 of train", "test": "0.2 of train"}}
    if suffix == ".csv":
        said["label_separator"] = "|"
    corpus = load_corpus(Data(files=str(output), **said))  # type: ignore[arg-type]
    found = {e.text: e.labels for e in _answered(form, data)}
    read = [e for name in ("train", "validation", "test") for e in corpus.split(name)]
    assert count == len(read) == 150
    for each in read:
        assert isinstance(each.label, tuple)
        assert {corpus.labels[n] for n in each.label} == {*found[each.text]}


def test_labels_that_a_table_cannot_hold_are_refused_before_any_text_is_read(
    form: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What parts labels in a cell stands in one of them."""
    load = api.models.load

    def renamed(*args: Any, **options: Any) -> Any:
        predictor = load(*args, **options)
        predictor.labels = ("a|b", *predictor.labels[1:])
        return predictor

    monkeypatch.setattr(api.models, "load", renamed)

    def unread() -> Iterator[str]:
        raise AssertionError("a text was read")
        yield ""

    with pytest.raises(DataError, match=r"'a\|b' holds a '\|'"):
        api.write_predictions(form, unread(), tmp_path / "out.csv")
    assert api.write_predictions(form, ["one text"], tmp_path / "out.jsonl") == 1


class _Answered:
    def __init__(self, text: str, labels: tuple[str, ...]) -> None:
        self.text, self.labels = text, labels


def _answered(form: Path, data: Path) -> list[_Answered]:
    lines = (data / "train.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    found = api.predict(form, texts)
    return [_Answered(t, each.labels or ()) for t, each in zip(texts, found, strict=True)]


def test_the_command_line_shows_them(kdzoo: RunCommand, form: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(ASKED), encoding="utf-8")

    many = kdzoo("predict", str(form), "texts.txt")
    one = kdzoo("predict", str(form), ASKED[0])

    found = list(api.predict(form, ASKED))
    assert [line.partition("\t")[0] for line in many.out.splitlines()] == [
        "|".join(each.labels or ()) for each in found
    ]
    given = [line.split()[1] for line in one.out.splitlines() if line.endswith("(given)")]
    assert given == [*(found[0].labels or ())]


def test_the_report_leads_with_macro_f1(study: Path) -> None:
    table = (study / "table.md").read_text("utf-8")

    head = next(line for line in table.splitlines() if line.startswith("| model"))
    heads = [each.strip() for each in head.strip("|").split("|")]
    assert heads[2:7] == ["macro-F1", "micro-F1", "mAP", "subset accuracy", "Hamming loss"]
    assert "points of macro-F1" in table
    assert "3 labels, any number a text" in table
    page = (study / "report.html").read_text("utf-8")
    assert "test macro-F1, %" in page


def test_verdicts_are_of_macro_f1(study: Path) -> None:
    table = read_report(Store(study)).table
    rows = {row.name: finding for row, finding in table.judged}
    student, teacher = (
        recorded(study, role).quality["test"]["macro_f1"] for role in ("student", "teacher")
    )

    compared = rows["sets"].standing

    assert compared is not None
    assert compared.comparison.difference.value == pytest.approx(student - teacher)
    assert rows["sets"].over_texts.value == pytest.approx(student)


@pytest.mark.study
def test_published_results_say_the_same(study: Path, tmp_path: Path) -> None:
    shown = tmp_path / "shown"

    api.make_report(study, publish=shown)

    assert api.check_report(shown) == []
    assert (shown / "table.md").read_text("utf-8") == (study / "table.md").read_text("utf-8")


def test_results_merge_with_themselves(study: Path, tmp_path: Path) -> None:
    other = shutil.copytree(study, tmp_path / "other")

    merged = api.merge([study, other], tmp_path / "merged")

    assert [row.name for row in Store(merged.root).manifest().rows] == [
        row.name for row in Store(study).manifest().rows
    ]


@pytest.mark.parametrize(
    ("column", "cell"),
    [("prediction", "9"), ("gold", "1 0"), ("teacher_prediction", "x"), ("prediction", None)],
)
def test_outcomes_that_are_no_sets_of_its_labels_are_refused(
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


def test_a_model_card_tells_how_labels_are_given(study: Path) -> None:
    card = next((study / "models").glob("sets--s0--*")).joinpath("README.md").read_text("utf-8")

    assert "any number of labels, none too" in card
    assert "- multi-label" in card
    assert "print(found.chosen)" in card
    assert "choose(session.run" in card


def test_a_student_of_several_labels_is_pushed_with_its_forms_and_what_the_hub_calls_it(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = caught_upload(monkeypatch)

    api.push(study, "user/a_student_of_several_labels", model="sets")

    card = sent["README.md"]
    assert isinstance(card, bytes)
    assert "pipeline_tag: text-classification" in card.decode()
    assert {
        "model.safetensors",
        "config.json",
        "onnx/model.onnx",
        "onnx/labels.json",
        "decision.json",
        "onnx/decision.json",
    } <= {*sent}


def test_a_second_run_trains_nothing(study: Path) -> None:
    recipe = study.parent.parent / "sets.yaml"
    before = {path: path.read_bytes() for path in study.rglob("*.json")}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(study.parent.parent / "cache"))
        api.run(str(recipe), out=study)

    models = {path: each for path, each in before.items() if "models" in path.parts}
    assert {path: path.read_bytes() for path in models} == models


class TestTeachers:
    def test_a_file_of_probabilities_teaches_as_who_wrote_it(
        self, study: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each by itself: they sum to anything."""
        from kdzoo.progress import Silent
        from kdzoo.recipe.teacher import Teacher
        from kdzoo.teacher import open_outputs_teacher

        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))
        model = Store(study).finished(recorded(study, "teacher").key)
        written = tmp_path / "said.parquet"
        api.label(str(model), data / "train.jsonl", written)
        frame = pd.read_parquet(written)
        bare = frame.drop(columns=["logits"])
        bare.to_parquet(tmp_path / "bare.parquet")
        section = Teacher(outputs=str(tmp_path / "bare.parquet"), labels=[*NAMES])

        opened = open_outputs_teacher(section, NAMES, Silent(), MULTI_LABEL)

        import torch

        corpus = load_corpus(Data(files=str(data)))
        found = opened.label(corpus.train, Silent(), torch.device("cpu"))[:]
        by_text = dict(zip(frame["text"], frame["logits"], strict=True))
        wanted = np.stack([by_text[each.text] for each in corpus.train])
        np.testing.assert_allclose(found.astype(np.float32), wanted, atol=0.01)
        chosen = [[NAMES[n] for n in np.flatnonzero(row > 0)] for row in frame["logits"]]
        assert [list(each) for each in frame["label"]] == chosen

    def test_bare_labels_in_a_file_are_refused(self, tmp_path: Path) -> None:
        from kdzoo.progress import Silent
        from kdzoo.recipe.teacher import Teacher
        from kdzoo.teacher import open_outputs_teacher

        (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "music"}\n', encoding="utf-8")

        with pytest.raises(KdzooError, match="holds bare labels"):
            open_outputs_teacher(
                Teacher(outputs=str(tmp_path / "a.jsonl")), NAMES, Silent(), MULTI_LABEL
            )

    @pytest.mark.parametrize(
        ("problem", "several", "message"),
        [
            ("multi_label_classification", False, "gives several labels at once"),
            ("single_label_classification", True, "chooses one label"),
            (None, True, "problem_type not said"),
        ],
    )
    def test_one_of_another_problem_is_refused(
        self, problem: str | None, several: bool, message: str, data: Path, tmp_path: Path
    ) -> None:
        from kdzoo.steps import refuse_other_kind

        teacher = save_tiny_bert(tmp_path / "teacher", NAMES)
        config = json.loads((teacher / "config.json").read_text("utf-8"))
        (teacher / "config.json").write_text(
            json.dumps(config | {"problem_type": problem}), "utf-8"
        )
        corpus = load_corpus(Data(files=str(data if several else _one_a_text(tmp_path))))

        with pytest.raises(KdzooError, match=message):
            refuse_other_kind(teacher, corpus)


def _one_a_text(folder: Path) -> Path:
    """Writes data with one label a text and returns their folder."""
    (folder / "one").mkdir()
    for split in ("train", "validation", "test"):
        lines = [json.dumps({"text": f"{split} {n}", "label": NAMES[n % 3]}) for n in range(12)]
        (folder / "one" / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder / "one"


class TestRefused:
    @pytest.mark.parametrize(
        ("said", "message"),
        [
            ({"objective": {"kind": "dkd"}}, "not for multi-label data; write kl or mse"),
            ({"objective": {"kind": "dist"}}, "not for multi-label data; write kl or mse"),
            ({"objective": {"kind": "kl", "gold_for": ["music"]}}, "objective.gold_for"),
            ({"measure": {"reject": {"max_false_rejections": 0.1}}}, "measure.reject"),
            ({"measure": {"escalate": {"max_loss": 0.1}}}, "measure.escalate"),
            ({"training": {"select_by": "in_scope_accuracy"}}, "training.select_by"),
            (
                {"teacher": {"fine_tune": {"select_by": "in_scope_accuracy"}}},
                "teacher.fine_tune.select_by",
            ),
            ({"teacher": {"folds": 3}}, "teacher.folds"),
        ],
    )
    def test_what_is_for_one_label_a_text(
        self, said: dict[str, Any], message: str, data: Path, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        recipe = set_recipe_data(data, tiny_encoder)
        for name, section in said.items():
            recipe[name] = {**recipe[name], **section}
        if said.get("objective", {}).get("kind") == "dist":
            recipe["objective"] = said["objective"]
        (tmp_path / "sets.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")

        with pytest.raises(KdzooError, match=message):
            api.check(str(tmp_path / "sets.yaml"))

    @pytest.mark.parametrize(
        "said",
        [
            {"training": {"select_by": "micro_f1"}},
            {"training": {"select_by": "average_precision"}},
            {"measure": {"thresholds": "shared"}},
        ],
    )
    def test_what_is_for_several(
        self, said: dict[str, Any], write_recipe: Any, tmp_path: Path
    ) -> None:
        with pytest.raises(KdzooError, match=r"one label each|several labels"):
            api.check(str(write_recipe(**said)))

    def test_quality_in_a_bench(self, form: Path, data: Path, tmp_path: Path) -> None:
        with pytest.raises(KdzooError, match="remove --labels"):
            _bench(form, data, tmp_path)


def _bench(form: Path, data: Path, out: Path) -> None:
    one = _one_a_text(out) / "test.jsonl"
    with contextlib.redirect_stderr(io.StringIO()):
        api.benchmark([os.fspath(form)], one, labels="label", rounds=1, out=out / "bench")
