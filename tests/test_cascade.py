"""A student that asks its teacher where it is not sure: chosen, exported, run, and refused."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_cascades import TEACHER, break_promises, save_forms, sure_study
from tiny_exports import export_to
from tiny_results import CORPUS, HandWritten, one_student
from tiny_world import LABELS, RunCommand

from kdzoo.api import (
    benchmark,
    export_cascade,
    load,
    pick_cascade,
    predict,
    show,
    write_predictions,
)
from kdzoo.errors import KdzooError, ModelError, RecipeError
from kdzoo.measure import outcomes_of
from kdzoo.report import make_table
from kdzoo.report.figures.escalations import PROMISES, Escalation, find_escalations
from kdzoo.report.page.escalation_section import escalation_section
from kdzoo.report.write import page, read_report
from kdzoo.runtime import load_classifier, runtime_of
from kdzoo.runtime.cascade import Cascade, read_cascade, write_cascade
from kdzoo.runtime.decision import Decision
from kdzoo.runtime.folder import CASCADE, DEPLOYED
from kdzoo.runtime.sureness import sureness
from kdzoo.statistics.cascade import promise_in_words
from kdzoo.statistics.escalation import SCORE_COLUMNS

TEXTS = ["wake me at six", "play some jazz", "will it rain", "tell me a joke", "a", "b c d e"]


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    """Exported forms of a student and of the teacher, in float32."""
    return save_forms(tmp_path_factory.mktemp("forms"), tiny_encoder)


def a_rule(score: Any = "confidence", threshold: float | None = 0.3, **more: Any) -> Cascade:
    return Cascade(
        temperature=0.7, score=score, threshold=threshold, escalated=0.5, promise="none", **more
    )


def median_of(student: Path, score: Any) -> float:
    """Returns a threshold that sends some texts to the teacher."""
    logits = load_classifier(student, "onnx").logits(TEXTS)
    return float(np.median(sureness(score, logits, 0.7, LABELS.index("oos"))))


class TestSureness:
    @pytest.mark.parametrize("name", SCORE_COLUMNS)
    def test_is_higher_where_the_answer_is_clearer(self, name: Any) -> None:
        clear, unclear = np.array([[9.0, 0.0, 0.0]]), np.array([[1.0, 0.9, 0.8]])

        assert sureness(name, clear, 1.0, 2)[0] > sureness(name, unclear, 1.0, 2)[0]

    @pytest.mark.parametrize("name", SCORE_COLUMNS)
    @pytest.mark.parametrize("classes", [1, 2, 150])
    def test_is_a_number_whatever_the_logits(self, name: Any, classes: int) -> None:
        logits = np.random.default_rng(0).normal(size=(20, classes)) * 200
        found = sureness(name, logits.astype(np.float32), 0.05, classes - 1)

        assert found.shape == (20,)
        assert np.isfinite(found).all()

    def test_is_what_outcomes_hold_of_each_text(self) -> None:
        """By the columns' names, at the temperature that was fitted."""
        logits = np.random.default_rng(1).normal(size=(len(CORPUS.test), len(LABELS))) * 3
        frame = outcomes_of(
            "test", CORPUS, logits.astype(np.float32), None, Decision(temperature=2.0)
        )

        for name in SCORE_COLUMNS:
            found = sureness(name, logits.astype(np.float32), 2.0, CORPUS.oos)
            assert np.allclose(frame[SCORE_COLUMNS[name]], found)


class TestFolder:
    @pytest.mark.parametrize("score", SCORE_COLUMNS)
    def test_answers_as_the_student_where_it_is_sure_and_as_the_teacher_elsewhere(
        self, tmp_path: Path, forms: dict[str, Path], score: Any
    ) -> None:
        threshold = median_of(forms["student"], score)
        write_cascade(tmp_path / "c", a_rule(score, threshold, oos_label="oos"), **forms)
        found = list(load(tmp_path / "c").predict(TEXTS))
        own, other = (list(load(form).predict(TEXTS)) for form in forms.values())

        assert {each.by for each in found} == {"student", "teacher"}
        for each, student, teacher in zip(found, own, other, strict=True):
            assert each.top == (student if each.by == "student" else teacher).top

    def test_reads_a_teacher_whose_labels_are_in_another_order(
        self, tmp_path: Path, forms: dict[str, Path]
    ) -> None:
        """A finished teacher has its own; the labels are matched by name."""
        model = Path(shutil.copytree(forms["teacher"].parent / "bert", tmp_path / "model"))
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
        config["id2label"] = {str(i): label for i, label in enumerate(LABELS[::-1])}
        (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
        turned = export_to(model, tmp_path / "turned")
        write_cascade(
            tmp_path / "c", a_rule(threshold=None), student=forms["student"], teacher=turned
        )

        found = [each.label for each in load(tmp_path / "c").predict(TEXTS)]

        assert found == [each.label for each in load(turned).predict(TEXTS)]
        assert found != [each.label for each in load(forms["teacher"]).predict(TEXTS)]

    @pytest.mark.parametrize("score", SCORE_COLUMNS)
    @pytest.mark.parametrize("has_teacher", [True, False])
    def test_its_own_code_decides_alike_without_kdzoo(
        self, tmp_path: Path, forms: dict[str, Path], score: Any, has_teacher: bool
    ) -> None:
        threshold = median_of(forms["student"], score)
        teacher = forms["teacher"] if has_teacher else None
        rule = a_rule(score, threshold, oos_label="oos")
        write_cascade(tmp_path / "c", rule, forms["student"], teacher)
        told = (tmp_path / "c" / "README.md").read_text(encoding="utf-8")
        code = re.search(r"```python\n(.*?)```", told, re.DOTALL)
        assert code is not None
        code_of = f"{code[1]}\nprint(json.dumps([classify(text) for text in {TEXTS!r}]))"
        done = subprocess.run(
            [sys.executable, "-I", "-c", code_of],
            cwd=tmp_path / "c", capture_output=True, text=True, check=True,
        )  # fmt: skip

        found = [(each.label, each.by) for each in load(tmp_path / "c").predict(TEXTS)]
        named = [(label, "send it on" if by == "escalate" else by) for label, by in found]
        assert [tuple(each) for each in json.loads(done.stdout)] == named

    @pytest.mark.parametrize(
        ("threshold", "by"), [(-1.0, "student"), (2.0, "teacher"), (None, "teacher")]
    )
    def test_one_may_answer_all(
        self, tmp_path: Path, forms: dict[str, Path], threshold: float | None, by: str
    ) -> None:
        write_cascade(tmp_path / "c", a_rule(threshold=threshold), **forms)

        assert {each.by for each in predict(tmp_path / "c", TEXTS)} == {by}

    @pytest.mark.study
    def test_is_measured_beside_its_parts(self, tmp_path: Path, forms: dict[str, Path]) -> None:
        """In one session: its size is that of both, its accuracy that of its answers."""
        threshold = median_of(forms["student"], "confidence")
        write_cascade(tmp_path / "c", a_rule(threshold=threshold), **forms)
        answers = [each.label for each in predict(tmp_path / "c", TEXTS)]
        lines = (
            json.dumps({"text": text, "label": label})
            for text, label in zip(TEXTS, answers, strict=True)
        )
        (tmp_path / "texts.jsonl").write_text("\n".join(lines), encoding="utf-8")
        folders = [tmp_path / "c" / part for part in ("teacher", ".", "student")]
        written = benchmark(
            [str(folder) for folder in folders], tmp_path / "texts.jsonl", labels="label",
            rounds=2, per_visit=3, isolation=False, out=tmp_path / "bench",
        )  # fmt: skip

        teacher, both, student = written.table.rows
        assert not both.notes
        assert both.size_bytes == teacher.size_bytes + student.size_bytes
        assert both.metrics["accuracy"].mean == 1.0
        assert both.latency is not None

    @pytest.mark.parametrize("lost", ["student", "teacher"])
    def test_is_refused_where_a_part_of_it_was_lost(
        self, tmp_path: Path, forms: dict[str, Path], lost: str
    ) -> None:
        """It does not pass for one whose teacher is elsewhere."""
        write_cascade(tmp_path / "c", a_rule(threshold=2.0), **forms)
        shutil.rmtree(tmp_path / "c" / lost)

        with pytest.raises(ModelError, match=f"lacks the folder {lost}.*export the cascade again"):
            load(tmp_path / "c")

    def test_of_an_older_kdzoo_is_read(self, tmp_path: Path, forms: dict[str, Path]) -> None:
        write_cascade(tmp_path / "c", a_rule(threshold=2.0), **forms)
        file = tmp_path / "c" / "cascade.json"
        said = json.loads(file.read_text(encoding="utf-8"))
        del said["has_teacher"]
        file.write_text(json.dumps(said), encoding="utf-8")

        assert {each.by for each in predict(tmp_path / "c", TEXTS)} == {"teacher"}

    def test_is_shown_part_by_part(self, tmp_path: Path, forms: dict[str, Path]) -> None:
        write_cascade(tmp_path / "c", a_rule(), **forms)
        (text,) = show(str(tmp_path / "c")).values()

        assert text.index("student: exported for onnx") < text.index("teacher: exported for onnx")

    def test_answers_batches_as_it_answers_texts(
        self, tmp_path: Path, forms: dict[str, Path]
    ) -> None:
        write_cascade(tmp_path / "c", a_rule(), **forms)
        classifier = load_classifier(tmp_path / "c", runtime_of(tmp_path / "c"))

        batches = classifier.run(classifier.encode(TEXTS))
        assert np.allclose(classifier.logits(TEXTS), batches, atol=1e-5)

    def test_predict_says_how_many_were_escalated_and_marks_them(
        self, kdzoo: RunCommand, tmp_path: Path, forms: dict[str, Path]
    ) -> None:
        threshold = median_of(forms["student"], "confidence")
        write_cascade(tmp_path / "c", a_rule(threshold=threshold), forms["student"], None)
        (tmp_path / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
        outcome = kdzoo("predict", tmp_path / "c", tmp_path / "texts.txt")

        marks = [line.split("\t")[2] for line in outcome.out.splitlines()]
        assert set(marks) == {"student", "escalate"}
        asked = marks.count("escalate")
        assert f"{asked} of {len(TEXTS)} texts ({asked / len(TEXTS) * 100:.1f} %)" in outcome.err
        write_predictions(tmp_path / "c", tmp_path / "texts.txt", tmp_path / "out.jsonl")
        lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["by"] for line in lines] == marks

    @pytest.mark.parametrize("options", [{"calibrated": True}, {"reject": True}])
    def test_has_no_other_decision(
        self, tmp_path: Path, forms: dict[str, Path], options: Any
    ) -> None:
        write_cascade(tmp_path / "c", a_rule(), **forms)

        with pytest.raises(ModelError, match="is a cascade"):
            load(tmp_path / "c", **options)

    @pytest.mark.parametrize(
        "change",
        [
            {"threshold": "x"}, {"threshold": float("nan")}, {"temperature": 0}, {"score": "luck"},
            {"schema_version": 2}, {"oos_label": "nobody"}, {"more": 1}, {"promise": "x" * 10_000},
        ],
        ids=str,
    )  # fmt: skip
    def test_of_a_stranger_is_refused_where_it_is_damaged(
        self, tmp_path: Path, forms: dict[str, Path], change: dict[str, Any]
    ) -> None:
        write_cascade(tmp_path / "c", a_rule(), **forms)
        told = json.loads((tmp_path / "c" / CASCADE).read_text(encoding="utf-8"))
        (tmp_path / "c" / CASCADE).write_text(json.dumps(told | change), encoding="utf-8")

        with pytest.raises(ModelError, match="export"):
            load(tmp_path / "c")

    @pytest.mark.parametrize("part", ["student", "teacher"])
    @pytest.mark.parametrize("name", DEPLOYED)
    def test_a_changed_form_in_it_is_refused(
        self, tmp_path: Path, forms: dict[str, Path], part: str, name: str
    ) -> None:
        write_cascade(tmp_path / "c", a_rule(), **forms)
        (tmp_path / "c" / part / name).write_bytes(b"{}")

        with pytest.raises(ModelError, match="export"):
            load(tmp_path / "c")


@pytest.fixture
def study(tmp_path: Path, forms: dict[str, Path]) -> HandWritten:
    """A study whose student is right where it is sure; every text is read many times over."""
    return sure_study(tmp_path / "runs" / "study", forms)


class TestPage:
    @pytest.mark.parametrize("max_loss", PROMISES)
    def test_says_of_each_promise_what_pick_finds(
        self, study: HandWritten, max_loss: float
    ) -> None:
        (line,) = pick_cascade(study.store.root, "teacher", max_loss=max_loss)

        found = {each.max_loss: each for each in find_escalations(study.store, "test")}

        assert found[max_loss].read == line.test
        assert (found[max_loss].name, found[max_loss].runtime) == (line.name, line.runtime)

    def test_opens_with_the_student_that_asks_least(self, study: HandWritten) -> None:
        table = make_table(study.store)
        section = escalation_section(find_escalations(study.store, "test"), table)

        assert section is not None
        assert section.answer.startswith("Where tiny answers what it is sure of")
        assert [line.cells[0] for line in section.tables[0].lines] == ["tiny"]
        assert f">{section.title}<" in page(read_report(study.store))

    def test_promises_nothing_where_validation_is_too_small(self, study: HandWritten) -> None:
        few = [Escalation("tiny", "onnx", max_loss, None) for max_loss in PROMISES]

        section = escalation_section(few, make_table(study.store))

        assert section is not None
        assert section.answer.startswith("Nothing can be promised")
        assert section.tables[0].lines[0].cells[1] == "too few texts"

    @pytest.mark.parametrize("is_shifted", [True, False])
    def test_says_where_more_is_lost_than_was_promised_and_why_that_may_be(
        self, study: HandWritten, is_shifted: bool
    ) -> None:
        """Beside the figure that it is, once in words, and whether test is like validation."""
        table = make_table(study.store)
        whole = escalation_section(find_escalations(study.store, "test"), table)
        break_promises(study.store, is_shifted=is_shifted)
        section = escalation_section(find_escalations(study.store, "test"), table)

        assert whole is not None
        assert section is not None
        assert whole.paragraphs == []
        assert not [cell for cell in whole.tables[0].lines[0].cells if ">" in cell]
        (said,) = section.paragraphs
        assert said.startswith("On test more is lost than was promised; ")
        assert ("of test)" if is_shifted else "chance") in said
        cells = dict(zip(section.tables[0].titles, section.tables[0].lines[0].cells, strict=True))
        assert cells["lost, 1 point"] == "10.00 > 1"
        assert "of texts like those of validation" in section.tables[0].caption

    def test_has_no_such_section_without_a_teachers_answers(self, tmp_path: Path) -> None:
        store = one_student(tmp_path).finish()  # validation was not kept

        assert find_escalations(store, "test") == []
        assert escalation_section([], make_table(store)) is None


class TestChoice:
    def test_escalates_what_the_student_would_lose(self, study: HandWritten) -> None:
        (line,) = pick_cascade(study.store.root, "teacher", max_loss=0.02)

        assert (line.name, line.runtime) == ("tiny", "onnx")
        assert line.validation.lost == 0
        assert line.validation.escalated == pytest.approx(0.1, abs=0.02)
        assert line.test is not None
        assert line.test.accuracy == 1.0
        assert line.test.at_random == pytest.approx(0.9 + line.test.escalated * 0.1)

    def test_within_a_budget_spends_no_more(self, study: HandWritten) -> None:
        (line,) = pick_cascade(study.store.root, "teacher", max_escalated=0.05)

        assert line.validation.escalated <= 0.05

    def test_is_told_with_its_promise_its_cost_and_what_comes_next(
        self, kdzoo: RunCommand, study: HandWritten, tmp_path: Path
    ) -> None:
        """And the command that comes next works as it is written."""
        outcome = kdzoo(
            "pick", study.store.root, "--escalate-to", "teacher", "--max-loss", 0.02,
            "--price-per-1000-texts", 0.5,
        )  # fmt: skip

        assert outcome.code == 0, outcome.err
        of_one = promise_in_words(0.02, "teacher")
        assert of_one in outcome.out
        (line_of_it,) = pick_cascade(study.store.root, "teacher", max_loss=0.02)
        lost = f"{line_of_it.validation.lost * 100:.2f} %"  # which is what is promised
        assert re.search(rf"lost.*\n.* {lost} ", outcome.out)
        assert re.search(r"\b50\.00$", outcome.out, re.MULTILINE)
        line = next(line for line in outcome.out.splitlines() if line.startswith("next: "))
        words = shlex.split(line.removeprefix("next: "))[1:]
        exported = kdzoo(*words)
        assert exported.code == 0, exported.err
        written = read_cascade(Path("deployed"))
        assert written.escalated == pytest.approx(0.1, abs=0.02)
        assert written.promise.startswith(f"P{promise_in_words(0.02)[1:]}, so that accuracy")
        assert kdzoo("predict", "deployed", "wake me").code == 0

    def test_that_loses_more_on_test_than_was_promised_is_told_with_what_that_may_be(
        self, kdzoo: RunCommand, study: HandWritten
    ) -> None:
        """By pick and by export; of a budget nothing was promised."""
        words = ["--escalate-to", "teacher", "--max-loss", "0.02"]
        before = kdzoo("pick", study.store.root, *words)
        break_promises(study.store, is_shifted=True)
        after = kdzoo("pick", study.store.root, *words)
        exported = kdzoo("export", study.store.root, "--model", "tiny", "--runtime", "onnx",
                         *words, "--out", "deployed")  # fmt: skip
        budget = kdzoo("pick", study.store.root, *words[:2], "--max-escalated", "0.2")

        said = "on test more is lost than was promised; test is not like validation (out of scope"
        assert said not in before.out
        assert after.out.count(said) == 1
        assert said in exported.out
        assert said not in budget.out

    def test_is_exported_with_the_risk_that_it_was_chosen_with(
        self, kdzoo: RunCommand, study: HandWritten, tmp_path: Path
    ) -> None:
        """One of many shares the risk with them; of one student's alone, the command says so."""
        asked: dict[str, Any] = {"model": "tiny", "runtime": "onnx", "max_loss": 0.02}
        export_cascade(study.store.root, tmp_path / "alone", "teacher", **asked)
        with pytest.raises(RecipeError, match="too few"):  # for the share of a milliard of them
            export_cascade(study.store.root, tmp_path / "many", "teacher", **asked, among=10**9)

        outcome = kdzoo("pick", study.store.root, "--escalate-to", "teacher", "--max-loss", 0.02,
                        "--model", "tiny")  # fmt: skip

        assert "--among 1 --out deployed" in outcome.out

    def test_without_a_promise_says_of_which_texts_its_share_of_wrong_answers_is(
        self, study: HandWritten, tmp_path: Path
    ) -> None:
        """Of all of them, and not of those that go to the teacher."""
        found = export_cascade(study.store.root, tmp_path / "deployed", "teacher", model="tiny",
                               runtime="onnx", max_escalated=0.1)  # fmt: skip

        lost = f"{found.line.validation.lost:.2%}".replace("%", " %")
        said = f"; {lost} of all of them get a wrong answer where the teacher's is right"
        assert said in read_cascade(tmp_path / "deployed").promise

    def test_is_exported_over_itself_and_over_nothing_else(
        self, study: HandWritten, tmp_path: Path
    ) -> None:
        def write(folder: Path) -> None:
            export_cascade(study.store.root, folder, "teacher", model="tiny", runtime="onnx",
                           max_loss=0.02)  # fmt: skip

        write(tmp_path / "deployed")
        write(tmp_path / "deployed")
        other = tmp_path / "other"
        other.mkdir()
        (other / "precious.txt").write_text("mine", encoding="utf-8")
        for folder in (other, study.store.root):
            with pytest.raises(ModelError, match="would be lost"):
                write(folder)
        assert not list(tmp_path.glob(".*partial"))

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--escalate-to", "teacher"], "needs a promise"),
            (["--escalate-to", "teacher", "--max-loss", "0.1", "--max-escalated", "0.1"],
             "needs a promise"),
            (["--escalate-to", "teacher", "--max-loss", "0"], "between 0 and 1"),
            (["--escalate-to", "teacher", "--max-loss", "-0.01"], "between 0 and 1"),
            (["--escalate-to", "teacher", "--max-loss", "2"], "as in 0.02"),
            (["--escalate-to", "teacher", "--max-loss", "nan"], "between 0 and 1"),
            (["--escalate-to", "teacher", "--max-escalated", "1"], "between 0 and 1"),
            (["--escalate-to", "teacher", "--max-loss", "0.0001"], "would do at least"),
            (["--escalate-to", "teecher", "--max-loss", "0.1"], "teacher"),
            (["--escalate-to", "tiny", "--max-loss", "0.1", "--model", "tiny"], "to itself"),
            (["--escalate-to", "teacher", "--max-loss", "0.1", "--model", "bert"], "no student"),
            (["--escalate-to", "teacher", "--max-loss", "0.1", "--price-per-1000-texts", "-1"],
             "a price is 0 or more"),
            (["--max-loss", "0.1"], "add --escalate-to"),
            (["--max-escalated", "0.1"], "add --escalate-to"),
            (["--price-per-1000-texts", "0"], "add --escalate-to"),
            (["--escalate-to", "teacher", "--max-loss", "0.1", "--min-accuracy", "0.9"],
             "does not go with"),
            (["--escalate-to", "teacher", "--max-loss", "0.1", "--max-size-mb", "9"],
             "does not go with"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )  # fmt: skip
    def test_what_cannot_be_promised_is_refused(
        self, kdzoo: RunCommand, study: HandWritten, options: list[str], said: str
    ) -> None:
        outcome = kdzoo("pick", study.store.root, *options)

        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.err

    def test_a_validation_too_small_names_a_promise_that_it_can_keep(
        self, study: HandWritten
    ) -> None:
        with pytest.raises(KdzooError) as refused:
            pick_cascade(study.store.root, "teacher", max_loss=0.001)
        found = re.search(r"--max-loss ([\d.]+)$", str(refused.value))

        assert found is not None
        assert pick_cascade(study.store.root, "teacher", max_loss=float(found[1]))

    def test_student_and_teacher_with_other_labels_are_refused(self, study: HandWritten) -> None:
        store = study.store
        record = store.read(TEACHER)
        data = record.data.model_copy(update={"labels": (*LABELS[:-1], "other")})
        store.write(store.finished(TEACHER), record.model_copy(update={"data": data}))

        with pytest.raises(ModelError, match="other labels"):
            pick_cascade(store.root, "teacher", max_loss=0.1, model="tiny")

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--runtime", "torch"], "onnx, onnx-int8"),
            (["--runtime", "onnx-int8"], "measure.runtimes"),
            (["--model", "bert"], "no student"),
            (["--seed", "0"], "does not go with"),
            (["--int8", "static"], "does not go with"),
        ],
    )
    def test_an_export_that_cannot_be_is_refused(
        self, kdzoo: RunCommand, study: HandWritten, options: list[str], said: str
    ) -> None:
        basic = {"--model": "tiny", "--runtime": "onnx", options[0]: options[1]}
        words = [word for pair in basic.items() for word in pair]
        outcome = kdzoo("export", study.store.root, "--escalate-to", "teacher", "--max-loss", "0.1",
                        *words, "--out", "deployed")  # fmt: skip

        assert outcome.code == 2
        assert said in outcome.err
        assert not Path("deployed").exists()

    def test_a_teacher_that_is_a_file_leaves_its_texts_to_be_sent_on(
        self, study: HandWritten, tmp_path: Path
    ) -> None:
        store = study.store
        record = store.read(TEACHER)
        store.write(store.finished(TEACHER), record.model_copy(update={"kind": "outputs"}))
        shutil.rmtree(store.form(TEACHER, "onnx"))
        found = export_cascade(store.root, tmp_path / "deployed", "teacher", model="tiny",
                               runtime="onnx", max_loss=0.02)  # fmt: skip

        assert not found.has_teacher
        assert "send it on" in (tmp_path / "deployed" / "README.md").read_text(encoding="utf-8")
        assert {each.by for each in predict(tmp_path / "deployed", TEXTS)} <= {
            "student",
            "escalate",
        }
