"""What the report says of a study: verdicts that the outcomes bear out, in words and in figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_results import one_student

from kdzoo.report import make_table, markdown
from kdzoo.report.findings import Finding, find
from kdzoo.report.summary import summary
from kdzoo.results import Member, Store
from kdzoo.statistics import Effect, Standing


def found_in(store: Store) -> dict[str, Finding]:
    return {each.name: each for each in find(store, make_table(store))}


class TestVerdicts:
    def test_of_a_student_that_is_its_control_is_no_measurable_effect(self, tmp_path: Path) -> None:
        store = one_student(
            tmp_path, teacher=range(5), control=range(30), student=range(30)
        ).finish()

        student = found_in(store)["tiny"]

        assert student.effect is not None
        assert student.effect.kind is Effect.NONE
        assert student.effect.sentence.startswith(
            "no measurable effect (difference 0.0, 0.0 to 0.0)"
        )
        assert student.gap is not None
        assert student.gap.closed.value == 0

    def test_of_a_real_gain_is_the_gain(self, tmp_path: Path) -> None:
        """Twenty of a hundred texts more, and none lost."""
        store = one_student(
            tmp_path, teacher=range(5), control=range(30), student=range(10)
        ).finish()

        student = found_in(store)["tiny"]

        assert student.effect is not None
        assert student.effect.kind is Effect.GAIN
        assert student.effect.sentence.startswith("distillation gave +20.0 points over hard labels")
        assert student.gap is not None
        assert student.gap.closed.value == pytest.approx(20 / 25)

    def test_of_a_student_that_answers_as_its_teacher_is_as_good(self, tmp_path: Path) -> None:
        store = one_student(
            tmp_path, teacher=range(10), control=range(40), student=range(10)
        ).finish()

        student = found_in(store)["tiny"]

        assert student.standing is not None
        assert student.standing.kind is Standing.EQUAL
        assert student.standing.sentence.startswith("as good as the teacher (difference 0.0")

    def test_of_one_seed_say_so(self, tmp_path: Path) -> None:
        store = one_student(tmp_path).finish()

        sentence = found_in(store)["tiny"].standing

        assert sentence is not None
        assert "one seed: how much another would differ is not known" in sentence.sentence

    def test_are_corrected_for_all_comparisons(self, tmp_path: Path) -> None:
        """The same comparison counts for less among many."""
        study = one_student(tmp_path, teacher=range(10), control=range(16), student=range(10))
        alone = found_in(study.finish())["tiny"].to_control
        for number in range(8):
            key, control = f"{number}{'1' * 15}", f"{number}{'2' * 15}"
            study.model(key, range(10), name=f"same{number}")
            study.model(control, range(10), role="control", name=f"same{number}-hard-labels")
            member = Member(seed=0, key=key, teacher_key="t" * 16, control_key=control)
            study.row(f"same{number}", "student", member, road="change")

        among = found_in(study.finish())["tiny"].to_control

        assert alone is not None
        assert among is not None
        assert alone.comparison == among.comparison
        assert among.adjusted_p > alone.adjusted_p


class TestFigures:
    def test_of_errors_add_up(self, tmp_path: Path) -> None:
        """Of the teacher's ten errors, the student has six; it loses four of the other ninety."""
        store = one_student(
            tmp_path, teacher=range(10), control=range(40), student=[*range(6), *range(50, 54)]
        ).finish()

        inherited = found_in(store)["tiny"].inherited

        assert inherited is not None
        assert inherited.copied == pytest.approx(0.6)
        assert inherited.corrected == pytest.approx(0.4)
        assert inherited.otherwise_wrong == 0
        assert inherited.lost == pytest.approx(4 / 90)

    def test_of_classes_begin_with_the_worst(self, tmp_path: Path) -> None:
        store = one_student(
            tmp_path, teacher=[], control=range(40), student=[*range(10), 30]
        ).finish()

        losses = found_in(store)["tiny"].losses

        assert [each.loss for each in losses] == sorted((e.loss for e in losses), reverse=True)
        assert sum(each.texts_lost for each in losses) == pytest.approx(11)


class TestText:
    def test_stands_in_the_markdown(self, tmp_path: Path) -> None:
        store = one_student(
            tmp_path, teacher=range(5), control=range(30), student=range(10)
        ).finish()
        table = make_table(store)
        findings = find(store, table)

        text = markdown(table, findings)

        assert "## What it says" in text
        assert "* tiny: " in text
        assert "distillation gave +20.0 points over hard labels" in text
        assert summary(table, findings)[2].startswith(
            "Distilling gave a measurable gain over hard labels to tiny."
        )
