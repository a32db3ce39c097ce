"""The sentences that a table's reader gets first say what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_findings import a_finding
from tiny_results import CORPUS, one_student, one_student_deployed

from kdzoo.measure import Ratio
from kdzoo.report import make_table
from kdzoo.report.figures.latency import Latency
from kdzoo.report.figures.rows import Table, TableRow, standing_of
from kdzoo.report.figures.spread import Spread
from kdzoo.report.formats.data import data_caption
from kdzoo.report.formats.summary import summary
from kdzoo.results import Member, Store
from kdzoo.statistics import (
    Comparison,
    Effect,
    Interval,
    RecipeComparison,
    Standing,
    against_teacher,
)
from kdzoo.statistics.verdict import Verdict

ALIKE = Comparison(Interval(0.0), 1.0, (1.0,), (0.0,))
RECIPES_ALIKE = RecipeComparison(Interval(0.0), 1.0, (0.0,))


def a_row(
    name: str, accuracy: float, p50_ms: float, standing: Standing, **more: object
) -> TableRow:
    verdict = Verdict(standing, f"{standing} than it was", ALIKE, 1.0, "it")
    finding = replace(a_finding(0.5), standing=verdict)
    row = TableRow(
        name=name,
        role="student",
        kind="tiny",
        road="change",
        runtime="onnx",
        metrics={"accuracy": Spread(accuracy, 0.01, 3)},
        latency=Latency(p50_ms, p50_ms, None, 1, "Some CPU"),
        finding=finding,
        is_first=True,
    )
    return replace(row, **more)  # type: ignore[arg-type]


def advice(*rows: TableRow, **more: object) -> str:
    table = Table("study", "test", rows, "files:tiny", 4, (100, 100), (0, 0), 700, False)
    return summary(replace(table, **more))[-1]  # type: ignore[arg-type]


def test_the_most_accurate_student_is_that_of_any_sound_form() -> None:
    """Its first runtime may have failed where it was timed."""
    good = a_row("good", 0.9, 0.5, Standing.WORSE, is_first=False)
    failed = replace(good, runtime="torch", is_first=True, notes=("it ran out of memory",))
    rows = (failed, good, a_row("other", 0.8, 0.4, Standing.WORSE))
    table = Table("study", "test", rows, "files:tiny", 4, (100, 100), (0, 0), 700, False)

    assert any("The most accurate student, good" in each for each in summary(table))


def test_the_fastest_student_is_the_most_accurate_of_those_that_are_as_fast() -> None:
    """A difference of speed that is chance chooses nothing, and both have their figure."""
    rows = [
        timed(a_row("best", 0.9, 2.0, Standing.WORSE), 4.0),
        timed(a_row("quick", 0.7, 0.50, Standing.EQUAL), 17.7),
        timed(a_row("quick too", 0.8, 0.51, Standing.WORSE), 17.4),
    ]
    table = Table("study", "test", tuple(rows), "files:tiny", 4, (100, 100), (0, 0), 700, False)

    (said,) = (each for each in summary(table) if each.startswith("The most accurate student"))

    assert "The most accurate student, best (onnx: 90.0 %, 2.00 ms" in said
    assert "the fastest, quick too (onnx: 80.0 %, 0.510 ms" in said


def timed(row: TableRow, times: float) -> TableRow:
    """Returns the row, so many times faster than its teacher, give or take a twentieth."""
    assert row.latency is not None
    ratio = Ratio(times, times * 0.95, times * 1.05)
    return replace(row, latency=replace(row.latency, to_fastest=ratio))


class TestAdvice:
    def test_is_the_fastest_of_those_as_good_as_the_teacher(self) -> None:
        said = advice(
            a_row("slow", 0.9, 2.0, Standing.BETTER),
            a_row("fast", 0.8, 0.5, Standing.EQUAL),
            a_row("faster", 0.7, 0.1, Standing.WORSE),
        )

        assert "deploy fast (onnx)" in said

    def test_is_one_as_good_although_it_was_not_timed_here(self) -> None:
        """Results of two machines together, or of a run that was stopped before it timed."""
        said = advice(
            a_row("good", 0.9, 0.5, Standing.EQUAL, latency=None),
            a_row("better", 0.95, 0.5, Standing.UNDECIDED),
            a_row("worse", 0.7, 0.1, Standing.WORSE),
        )

        assert "deploy good (onnx), not timed here, which is as good as" in said

    def test_names_the_most_accurate_candidate_where_nothing_is_sure(self) -> None:
        said = advice(
            a_row("near", 0.8, 0.5, Standing.UNDECIDED),
            a_row("nearer", 0.85, 0.6, Standing.UNDECIDED),
            a_row("worse", 0.7, 0.1, Standing.WORSE),
        )

        assert "take nearer (onnx) as the candidate" in said
        assert "700 test texts are too few" in said

    def test_judges_the_form_that_it_names(self) -> None:
        """In 8 bits a student may be worse than its teacher, though its weights are as good."""
        weights = a_row("small", 0.9, 0.5, Standing.EQUAL)
        worse = Verdict(Standing.WORSE, "worse than the teacher (as it is)", ALIKE, 0.01, "it")
        int8 = a_row("small", 0.8, 0.1, Standing.EQUAL, runtime="onnx-int8", is_first=False)
        int8 = replace(int8, finding=None, form_standing=worse)

        said = advice(weights, int8)

        assert "deploy small (onnx), " in said
        table = Table(
            "study", "test", (weights, int8), "files:tiny", 4, (100, 100), (0, 0), 700, False
        )
        of_students = next(each for each in summary(table) if "most accurate student" in each)
        assert "small (onnx-int8: 80.0 %, 0.100 ms" in of_students
        assert "is worse than the teacher (as it is)." in of_students

    def test_takes_no_verdict_of_the_weights_for_that_of_a_form_in_8_bits(self) -> None:
        """Its answers there may not be known, as those on another machine."""
        weights = a_row("small", 0.9, 0.5, Standing.EQUAL)
        unknown = a_row("small", 0.9, 0.1, Standing.EQUAL, runtime="onnx-int8", is_first=False)

        assert "deploy small (onnx), " in advice(weights, replace(unknown, finding=None))

    def test_is_to_train_more_seeds_where_these_differ_too_much(self) -> None:
        """Texts tell it apart from its teacher, but one seed is better and another worse."""
        differences = (0.008, -0.018, -0.061)
        torn = Comparison(Interval(-0.024, -0.064, 0.011), 2e-12, (0.07, 2e-5, 1e-9), differences)
        undecided = against_teacher(torn, 2e-12)
        row = a_row("torn", 0.9, 0.1, Standing.UNDECIDED, form_standing=undecided)
        steady = a_row("steady", 0.8, 0.5, Standing.UNDECIDED)

        assert undecided.kind is Standing.UNDECIDED
        assert "the seeds differ too much to say" in undecided.sentence
        assert "train torn with more seeds" in advice(row)
        assert "take steady (onnx) as the candidate" in advice(row, steady)

    @pytest.mark.parametrize("standing", [*Standing])
    @pytest.mark.parametrize("has_unlabelled", [True, False])
    def test_is_to_give_texts_without_labels_where_nothing_is_as_good_and_none_were_given(
        self, standing: Standing, has_unlabelled: bool
    ) -> None:
        said = advice(a_row("small", 0.8, 0.5, standing), has_unlabelled=has_unlabelled)

        is_said = standing is Standing.WORSE and not has_unlabelled
        assert ("Texts without labels" in said) == is_said

    @pytest.mark.parametrize(
        ("study", "has_unlabelled"),
        [("clinc150-few", True), ("sst2-mpnet", True), ("clinc150", False), ("sick", False)],
        ids=["the data's own", "other files", "augmented ones alone", "pairs put together anew"],
    )
    def test_knows_of_a_study_whether_such_texts_were_given(
        self, study: str, has_unlabelled: bool
    ) -> None:
        store = Store(Path(__file__).parents[1] / "results" / study)

        assert make_table(store).has_unlabelled == has_unlabelled

    @pytest.mark.parametrize("standing", [*Standing])
    @pytest.mark.parametrize("times", [0.7, 1.0, 1.4])
    def test_is_to_keep_the_teacher_where_no_other_form_is_faster_than_its_own(
        self, standing: Standing, times: float
    ) -> None:
        """A student that is better than the teacher is worth its time, a worse one is not asked."""
        row = a_row("small", 0.8, 0.5, standing)
        assert row.latency is not None
        timed = replace(row.latency, to_fastest=Ratio(times, times, times))
        teacher = a_row("teacher", 0.8, 0.4, standing, role="teacher", runtime="onnx-int8")

        said = advice(teacher, replace(row, latency=timed))

        is_kept = times <= 1 and standing in (Standing.EQUAL, Standing.UNDECIDED)
        assert ("keep the teacher (onnx-int8)" in said) == is_kept
        assert ("small (onnx)" in said) == (not is_kept and standing is not Standing.WORSE)

    @pytest.mark.parametrize("standing", [*Standing])
    @pytest.mark.parametrize("effect", [*Effect])
    def test_names_those_that_hard_labels_teach_better(
        self, standing: Standing, effect: Effect
    ) -> None:
        row = a_row("small", 0.8, 0.5, standing)
        assert row.finding is not None
        finding = replace(row.finding, effect=Verdict(effect, "as it is", RECIPES_ALIKE, 1.0, "it"))

        said = advice(replace(row, finding=finding))

        assert ("Train small on hard labels instead" in said) == (effect is Effect.LOSS)

    @pytest.mark.parametrize("standing", [*Standing])
    @pytest.mark.parametrize("of_student", [*Standing])
    def test_is_to_look_at_a_teacher_that_the_baseline_beats(
        self, standing: Standing, of_student: Standing
    ) -> None:
        """A student that is as good as a teacher that knows nothing is not one to deploy."""
        said = advice(
            a_row("copy", 0.04, 0.1, of_student),
            a_row("words", 0.62, 1.0, standing, role="baseline"),
        )

        assert said.startswith("What to do: look at the teacher first. words") == (
            standing is Standing.BETTER
        )
        if standing is Standing.BETTER:
            assert "deploy" not in said

    @pytest.mark.parametrize("accuracy", [0.6, 0.95])
    def test_names_a_baseline_that_is_more_accurate_than_every_student(
        self, accuracy: float
    ) -> None:
        said = advice(
            a_row("one", 0.9, 0.1, Standing.WORSE),
            a_row("other", 0.8, 0.1, Standing.WORSE),
            a_row("words", accuracy, 1.0, Standing.WORSE, role="baseline"),
        )

        assert said.endswith("words has a higher accuracy than every student.") == (accuracy > 0.9)

    @pytest.mark.parametrize("of_the_best", [None, *Standing])
    def test_is_of_the_students_of_the_best_of_several_teachers(
        self, of_the_best: Standing | None
    ) -> None:
        """As good as the weaker one is not as good as the other, which is there to be had."""
        weaker = a_row("small", 0.7, 0.1, Standing.EQUAL, teacher="weak: teacher")
        other = a_row("big", 0.85, 0.5, of_the_best or Standing.EQUAL, teacher="strong: teacher")

        said = advice(
            a_row("weak: teacher", 0.7, 3.0, Standing.EQUAL, role="teacher"),
            a_row("strong: teacher", 0.9, 3.0, Standing.EQUAL, role="teacher"),
            *[weaker, other][: 1 if of_the_best is None else 2],
        )

        assert "small" not in said.partition("What to do")[2]
        assert ("strong: teacher" in said.partition("What to do")[2]) == (of_the_best is not None)

    @pytest.mark.parametrize("behind", [0.005, 0.02])
    def test_takes_teachers_that_are_within_a_point_for_as_good(self, behind: float) -> None:
        said = advice(
            a_row("one", 0.9, 3.0, Standing.EQUAL, role="teacher"),
            a_row("other", 0.9 - behind, 3.0, Standing.EQUAL, role="teacher"),
            a_row("small", 0.8, 0.1, Standing.EQUAL, teacher="other"),
            a_row("big", 0.9, 0.5, Standing.EQUAL, teacher="one"),
        )

        student, teacher = ("small", "other") if behind < 0.01 else ("big", "one")
        assert f"deploy {student} (onnx)" in said
        assert f"as good as its teacher, the {teacher}." in said

    def test_sends_to_pick_where_all_are_worse(self) -> None:
        assert "kdzoo pick" in advice(a_row("worse", 0.7, 0.1, Standing.WORSE))

    @pytest.mark.parametrize("standing", [Standing.BETTER, Standing.UNDECIDED])
    def test_is_never_a_form_with_something_wrong(self, standing: Standing) -> None:
        said = advice(
            a_row("broken", 0.9, 0.1, standing, notes=("not as accurate as in torch",)),
            a_row("sound", 0.8, 0.5, standing),
        )

        assert "broken" not in said
        assert "sound" in said


def test_of_several_teachers_each_student_is_beside_its_own(tmp_path: Path) -> None:
    """In words, in the advice and in the caption, from the records of a study."""
    study = one_student(tmp_path, student=range(60))
    study.corpus = replace(study.corpus, train=study.corpus.train[:2])
    study.model("w" * 16, range(50), role="teacher", name="weak")
    study.row("weak teacher", "teacher", Member(seed=0, key="w" * 16))
    study.model("v" * 16, range(38), name="copy")
    member = Member(seed=0, key="v" * 16, teacher_key="w" * 16)
    study.row("copy", "student", member, road="change")

    table = make_table(study.finish())

    taught = {row.name: row.teacher for row in table.rows if row.role == "student"}
    assert taught == {"tiny": "teacher", "copy": "weak teacher"}
    findings = {row.name: finding for row, finding in table.judged}
    standing = findings["copy"].standing
    assert standing is not None
    assert standing.kind is Standing.BETTER
    assert standing.sentence.startswith("better than its teacher")
    assert "What to do: no student of the teacher is as good as it" in " ".join(summary(table))
    assert f"2 to {len(CORPUS.train)} labelled training texts" in data_caption(table)


@pytest.mark.parametrize("wrong", [12, 90])
def test_a_form_in_8_bits_has_the_verdict_of_its_own_answers(tmp_path: Path, wrong: int) -> None:
    """The weights are as they were; only what the form answers differs."""
    study = one_student_deployed(tmp_path)
    study.form("s" * 16, "onnx-int8", range(wrong), graph_bytes=30_000)

    table = make_table(study.finish())

    own = {row.runtime: standing_of(row, table) for row in table.rows if row.name == "tiny"}
    weights, alike, int8 = (own[runtime] for runtime in ("torch", "onnx", "onnx-int8"))
    assert weights is not None
    assert int8 is not None
    assert alike == weights
    wanted = -(wrong - 10) / len(CORPUS.test)
    assert int8.comparison.difference.value == pytest.approx(wanted)
    assert (int8.kind is Standing.WORSE) == (wrong == 90)
