"""A recipe may ask for rows of cascades: what a student and its teacher come to, and cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tiny_cascades import STUDENT, TEACHER, break_promises, save_forms, sure_study
from tiny_results import CORPUS, HandWritten
from tiny_world import RunCommand, WriteRecipe

from kdzoo.api import pick, pick_cascade
from kdzoo.data import Corpus
from kdzoo.progress import Silent
from kdzoo.recipe.measure import Escalate, Measure
from kdzoo.report import TableRow, make_table
from kdzoo.report.formats.spreadsheet import comma_separated
from kdzoo.report.formats.table import markdown
from kdzoo.report.write import page, read_report
from kdzoo.results import Store, publish
from kdzoo.results import merge as merge_stores
from kdzoo.statistics.cascade import promise_in_words
from kdzoo.steps import StudyContext, StudyData
from kdzoo.steps.cascades import timeable_cascades
from kdzoo.steps.timing import cascade_row, time_rows, timed_rows
from kdzoo.training import make_accelerator

QUICK = {"runtimes": ["onnx"], "rounds": 2, "texts": 3, "isolated": False}


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    """Exported forms of a student and of the teacher, in float32."""
    return save_forms(tmp_path_factory.mktemp("forms"), tiny_encoder)


@pytest.fixture
def study(tmp_path: Path, forms: dict[str, Path]) -> HandWritten:
    """A study whose recipe asks for no cascade."""
    return sure_study(tmp_path / "runs" / "study", forms)


def asking(study: HandWritten, **escalate: float) -> Store:
    """Has the student's recipe ask for cascades; returns the store."""
    study.rows = [
        row.model_copy(update={"escalate": Escalate(**escalate)}) if row.role == "student" else row
        for row in study.rows
    ]
    return study.finish()


def row_of(store: Store, split: str | None = None) -> TableRow:
    """Returns the only row of a cascade."""
    (row,) = (row for row in make_table(store, split).rows if row.cascade is not None)
    return row


def time_all(store: Store, corpus: Corpus = CORPUS, **measure: Any) -> None:
    """Times the cascades of a study beside the teacher's exported form, as a run does."""
    section = Measure(**QUICK, **measure)
    context = StudyContext(store, make_accelerator(), StudyData(Silent()))
    rows = [
        row
        for row in timed_rows(TEACHER, store.finished(TEACHER), section, context)
        if row.runtime == "onnx"
    ]
    cascades = [cascade_row(each) for each in timeable_cascades(store).get("tiny", ())]
    time_rows([*rows, *cascades], corpus, section, context)


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves FLOPs out: the hand-written study has no weights."""
    monkeypatch.setattr("kdzoo.steps.timing.load_model", lambda _: None)
    monkeypatch.setattr("kdzoo.steps.timing.work_per_text", lambda *_: None)


class TestRow:
    @pytest.mark.parametrize("split", ["test", "validation"])
    @pytest.mark.parametrize(
        "wanted", [{"max_loss": 0.02}, {"max_loss": 0.1}, {"max_escalated": 0.05},
                   {"max_escalated": 0.3}], ids=str,
    )  # fmt: skip
    def test_says_what_pick_finds(
        self, study: HandWritten, wanted: dict[str, float], split: str
    ) -> None:
        row = row_of(asking(study, **wanted), split)
        (line,) = pick_cascade(study.store.root, "teacher", **wanted)
        found = line.test if split == "test" else line.validation

        assert found is not None
        assert (row.name, row.runtime, row.role) == ("tiny + teacher", "onnx", "cascade")
        assert row.metrics["accuracy"].mean == found.accuracy
        assert row.cascade is not None
        assert row.cascade.escalated == found.escalated
        assert not row.notes

    @pytest.mark.parametrize("price", [0.0, 0.5, 40.0])
    def test_tells_the_cost_of_a_million_texts(self, study: HandWritten, price: float) -> None:
        store = asking(study, max_loss=0.02, price_per_1000_texts=price)
        row = row_of(store)

        assert row.cascade is not None
        assert row.cascade.escalated is not None
        assert row.cascade.cost_per_million_texts == pytest.approx(
            price * 1000 * row.cascade.escalated
        )
        assert "cost / million" in markdown(make_table(store))

    def test_tells_no_cost_without_a_price(self, study: HandWritten) -> None:
        assert "cost / million" not in markdown(make_table(asking(study, max_loss=0.02)))

    @pytest.mark.parametrize("max_loss", [0.0001, 0.001, 0.002])
    def test_says_how_many_texts_a_promise_would_need(
        self, study: HandWritten, max_loss: float
    ) -> None:
        """And has no figures; the other rows have theirs."""
        row = row_of(asking(study, max_loss=max_loss))
        (note,) = row.notes

        assert "validation has 1,200 texts, too few" in note
        assert not row.metrics
        assert row.cascade is not None
        assert row.cascade.escalated is None

    @pytest.mark.parametrize("key", [STUDENT, TEACHER])
    def test_of_a_form_that_answers_otherwise_says_so(self, study: HandWritten, key: str) -> None:
        """The student's, or the teacher's: what PyTorch answers is not what would be deployed."""
        form = study.store.read_form(key, "onnx")
        assert form is not None
        assert form.parity is not None
        broken = form.parity.model_copy(update={"passed": False})
        study.store.write_form(form.model_copy(update={"parity": broken}))

        (note,) = row_of(asking(study, max_loss=0.02)).notes
        assert "no cascade" in note

    def test_says_what_was_promised(self, study: HandWritten) -> None:
        store = asking(study, max_loss=0.02)

        assert promise_in_words(0.02) in markdown(make_table(store))
        assert "tiny + teacher" in page(read_report(store))

    @pytest.mark.parametrize("wanted", [{"max_loss": 0.02}, {"max_escalated": 0.1}], ids=str)
    def test_says_once_where_more_is_lost_than_was_promised(
        self, study: HandWritten, wanted: dict[str, float]
    ) -> None:
        """With how much that is, and why it may be; without a promise there is nothing to say."""
        store = asking(study, **wanted)
        before = make_table(store).remarks
        break_promises(store, is_shifted=True)
        after = make_table(store).remarks

        assert before == ()
        assert len(after) == ("max_loss" in wanted)
        for remark in after:
            assert remark.startswith("tiny + teacher, onnx (10.00 %): on test more is lost than")
            assert "test is not like validation (out of scope: " in remark
            assert remark in markdown(make_table(store))

    def test_is_chosen_by_its_promise_alone(self, study: HandWritten) -> None:
        """By pick --escalate-to; pick without it chooses single models."""
        picked = pick(asking(study, max_loss=0.02).root)

        assert any(row.cascade for row in picked.tested.rows)
        assert not any(row.cascade for row in picked.chosen.front)

    def test_is_not_there_where_no_recipe_asks(self, study: HandWritten) -> None:
        table = make_table(study.finish())

        assert not table.has_cascades
        text = markdown(table) + comma_separated(table)
        told = ("escalated", "mean, ms", "latency_mean", "cost", "+ teacher")
        assert not [word for word in told if word in text]
        assert "escalate" not in (study.store.root / "study.json").read_text(encoding="utf-8")

    def test_stays_where_results_are_published_and_merged(
        self, study: HandWritten, tmp_path: Path
    ) -> None:
        store = asking(study, max_loss=0.02, price_per_1000_texts=0.4)
        public = publish(store, tmp_path / "public", store.manifest().keys)
        merged = merge_stores([store, public], tmp_path / "merged")

        own = row_of(store).cascade
        assert row_of(public).cascade == own
        assert row_of(merged).cascade == own


@pytest.mark.study
@pytest.mark.usefixtures("uncounted")
class TestTiming:
    def test_is_of_both_in_one_process_on_the_real_mix_of_texts(self, study: HandWritten) -> None:
        store = asking(study, max_loss=0.02)
        assert row_of(store).latency is None
        time_all(store)
        row = row_of(store)

        assert row.latency is not None
        assert row.latency.mean_ms is not None
        assert 0 < row.latency.p50_ms <= row.latency.p90_ms
        assert row.latency.to_teacher is not None
        assert row.size_bytes == sum(
            form.size_bytes
            for key in (STUDENT, TEACHER)
            if (form := store.read_form(key, "onnx")) is not None
        )
        assert not (store.root / ".cascades").exists()

    def test_is_not_repeated_where_only_the_price_changes(self, study: HandWritten) -> None:
        time_all(asking(study, max_loss=0.02))
        time_all(asking(study, max_loss=0.02, price_per_1000_texts=3))

        assert len(study.store.sessions()) == 1

    def test_is_of_its_threshold_alone(self, study: HandWritten) -> None:
        """What was timed at another one is not shown, and is timed anew."""
        time_all(asking(study, max_loss=0.02))
        other = asking(study, max_escalated=0.05)
        assert row_of(other).latency is None
        time_all(other)

        assert row_of(other).latency is not None
        assert len(study.store.sessions()) == 2

    def test_leaves_the_forms_as_they_are(self, study: HandWritten) -> None:
        """Though the folder that is timed shares their files."""
        folder = study.store.form(TEACHER, "onnx")
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        time_all(asking(study, max_loss=0.02))

        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    def test_needs_the_teachers_graph(self, study: HandWritten) -> None:
        store = asking(study, max_loss=0.02)
        (store.form(TEACHER, "onnx") / "export.json").unlink()

        assert timeable_cascades(store) == {}
        assert row_of(store).cascade is not None


class TestRecipe:
    @pytest.mark.parametrize(
        ("escalate", "said"),
        [
            ({}, "either max_loss"),
            ({"max_loss": 0.01, "max_escalated": 0.1}, "either max_loss"),
            ({"price_per_1000_texts": 1}, "either max_loss"),
            ({"max_loss": 0}, "greater than 0"),
            ({"max_loss": -0.01}, "greater than 0"),
            ({"max_loss": 1}, "less than 1"),
            ({"max_loss": float("nan")}, "finite"),
            ({"max_escalated": 0}, "greater than 0"),
            ({"max_escalated": 1.5}, "less than 1"),
            ({"max_loss": 0.01, "price_per_1000_texts": -1}, "greater than or equal to 0"),
            ({"max_loss": 0.01, "price_per_1000_texts": float("inf")}, "finite"),
            ({"max_loss": "much"}, "a number"),
            ({"max_loss": 0.01, "teacher": "me"}, "Extra inputs"),
        ],
        ids=str,
    )
    def test_that_cannot_be_is_refused(self, escalate: dict[str, Any], said: str) -> None:
        with pytest.raises(ValidationError, match=said):
            Measure(escalate=escalate)

    @pytest.mark.parametrize("runtimes", [["torch"], ["torch", "pipeline"]], ids=str)
    def test_without_an_exported_form_is_refused_before_anything_is_trained(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, runtimes: list[str]
    ) -> None:
        measure = {"runtimes": runtimes, "escalate": {"max_loss": 0.05}}
        outcome = kdzoo("check", write_recipe(measure=measure))

        assert outcome.code == 2
        assert "measure.runtimes, as in [torch, onnx-int8]" in outcome.err

    def test_that_promises_more_than_validation_can_is_told_at_once(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        measure = {"runtimes": ["onnx"], "escalate": {"max_loss": 0.005}}
        outcome = kdzoo("check", write_recipe(measure=measure))

        assert outcome.code == 0, outcome.err
        assert "too few for measure.escalate.max_loss 0.005" in outcome.out

    def test_is_in_no_key(self) -> None:
        """A recipe without it is written down as before."""
        assert "escalate" not in Measure().model_dump()
