"""What the report says of a study: verdicts that the outcomes bear out, in words and in figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_results import CORPUS, one_student

from kdzoo.report import make_table, markdown
from kdzoo.report.figures.findings import Finding
from kdzoo.report.formats.summary import summary
from kdzoo.report.page.sections import verdict_section
from kdzoo.results import Member, Store
from kdzoo.statistics import Effect, Standing


def found_in(store: Store) -> dict[str, Finding]:
    return {row.name: found for row, found in make_table(store).judged}


class TestVerdicts:
    def test_of_a_student_that_is_its_control_is_no_measurable_effect(self, tmp_path: Path) -> None:
        store = one_student(
            tmp_path, teacher=range(5), control=range(30), student=range(30), seeds=3
        ).finish()

        student = found_in(store)["tiny"]

        assert student.effect is not None
        assert student.effect.kind is Effect.NONE
        assert student.effect.sentence.startswith(
            "no measurable effect (0.0 points; 95 % interval -1.9 to 1.9)"
        )
        assert student.gap is not None
        assert student.gap.closed.value == 0

    def test_of_a_real_gain_is_the_gain(self, tmp_path: Path) -> None:
        """Twenty of a hundred texts more, and none lost."""
        store = one_student(
            tmp_path, teacher=range(5), control=range(30), student=range(10), seeds=3
        ).finish()

        student = found_in(store)["tiny"]

        assert student.effect is not None
        assert student.effect.kind is Effect.GAIN
        assert student.effect.sentence.startswith("distilling gave +20.0 points over hard labels")
        assert student.gap is not None
        assert student.gap.closed.value == pytest.approx(20 / 25)

    def test_of_the_gap_in_scope_is_none_where_the_models_differ_out_of_scope_alone(
        self, tmp_path: Path
    ) -> None:
        """Of the hundred texts, 50 to 74 are out of scope."""
        sides = {"teacher": [], "control": range(52, 74), "student": range(52, 60)}
        store = one_student(
            tmp_path, seeds=3, **{role: [*range(5), *wrong] for role, wrong in sides.items()}
        ).finish()

        student = found_in(store)["tiny"]

        assert student.gap is not None
        assert student.gap.closed.value == pytest.approx(14 / 22)
        assert student.gap_in_scope is None

    @pytest.mark.parametrize(
        ("out_of_scope", "in_scope", "seeds", "shown"),
        [
            (25, 20, 3, "80 %"),
            (25, 1, 3, "unclear"),
            (1, 20, 3, "80 %"),
            (25, 20, 1, "one seed"),
            (25, 0, 3, "unclear"),
        ],
    )
    def test_of_the_gap_in_scope_is_that_of_the_texts_in_scope(
        self, tmp_path: Path, out_of_scope: int, in_scope: int, seeds: int, shown: str
    ) -> None:
        """Distilling mends so many of 25 errors on either side; the teacher makes none of them."""
        errors = [*range(25), *range(50, 75)]
        student = [*range(in_scope, 25), *range(50 + out_of_scope, 75)]
        store = one_student(
            tmp_path, teacher=[], control=errors, student=student, seeds=seeds
        ).finish()

        lines = markdown(make_table(store)).splitlines()

        titles, _, *rows = (
            [cell.strip() for cell in line.split("|")] for line in lines if "|" in line
        )
        row = dict(zip(titles, rows[1], strict=True))
        assert row["in-scope gap"] == shown
        assert row["gap closed"] == (
            "one seed" if seeds == 1 else f"{2 * (in_scope + out_of_scope)} %"
        )

    def test_of_the_gap_in_scope_are_corrected_by_themselves(self, tmp_path: Path) -> None:
        """The texts in scope are another question, which says nothing of the others."""
        store = one_student(tmp_path, control=range(24), student=range(17), seeds=2).finish()

        student = found_in(store)["tiny"]

        assert student.effect is not None
        assert student.effect_in_scope is not None
        assert student.effect_in_scope.adjusted_p == student.effect_in_scope.comparison.p_value
        assert student.effect_in_scope.comparison.difference.value == pytest.approx(7 / 75)

    def test_of_texts_out_of_scope_alone_have_no_gap_in_scope(self, tmp_path: Path) -> None:
        """A test split may have no others."""
        store = one_student(tmp_path, seeds=2).finish()
        oos = CORPUS.oos
        assert oos is not None
        for key in store.manifest().keys:
            frame = store.outcomes(key)
            is_right = frame["gold"] == frame["prediction"]
            answers = np.where(is_right, oos, oos - 1)
            store.write_outcomes(store.finished(key), frame.assign(gold=oos, prediction=answers))

        student = found_in(store)["tiny"]

        assert student.gap is not None
        assert student.gap_in_scope is None
        assert student.effect_in_scope is None

    def test_of_a_student_that_answers_as_its_teacher_on_a_hundred_texts_is_not_yet_as_good(
        self, tmp_path: Path
    ) -> None:
        store = one_student(
            tmp_path, teacher=range(10), control=range(40), student=range(10)
        ).finish()

        student = found_in(store)["tiny"]

        assert student.standing is not None
        assert student.standing.kind is Standing.UNDECIDED
        assert "(0.0 points; 95 % interval -1.9 to 1.9)" in student.standing.sentence

    def test_of_one_seed_say_so(self, tmp_path: Path) -> None:
        store = one_student(tmp_path).finish()

        student = found_in(store)["tiny"]

        assert student.standing is not None
        assert student.standing.sentence.endswith("this model of one seed; another would differ")
        assert student.effect is not None
        assert student.effect.kind is Effect.ONE_SEED
        assert student.effect.adjusted_p is None

    def test_are_corrected_for_all_comparisons(self, tmp_path: Path) -> None:
        """The same comparison counts for less among many."""
        study = one_student(tmp_path, control=range(24), student=range(17), seeds=2)
        alone = found_in(study.finish())["tiny"]
        for number in range(8):
            members = []
            for seed in (0, 1):
                key, control = f"{number}{seed}{'1' * 14}", f"{number}{seed}{'2' * 14}"
                study.model(key, range(10), name=f"same{number}", seed=seed)
                study.model(control, range(10), role="control", name=f"hard{number}", seed=seed)
                members.append(
                    Member(seed=seed, key=key, teacher_key="t" * 16, control_key=control)
                )
            study.row(f"same{number}", "student", *members, road="change")

        among = found_in(study.finish())["tiny"]

        for one, other in (
            (alone.standing, among.standing),
            (alone.effect, among.effect),
        ):
            assert one is not None
            assert other is not None
            assert one.comparison.difference.value == other.comparison.difference.value
            assert one.adjusted_p is not None
            assert other.adjusted_p is not None
            assert other.adjusted_p > one.adjusted_p


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
        assert sum(each.loss * each.texts for each in losses) == pytest.approx(11)


class TestText:
    def test_stands_in_the_markdown(self, tmp_path: Path) -> None:
        store = one_student(
            tmp_path, teacher=range(5), control=range(30), student=range(10), seeds=3
        ).finish()
        table = make_table(store)

        text = markdown(table)

        assert "## This model against the teacher" in text
        assert "## This recipe against hard labels" in text
        assert text.count("* tiny: ") == 2
        assert "distilling gave +20.0 points over hard labels" in text
        assert summary(table)[2].startswith(
            "Distilling gave a measurable gain over hard labels to tiny."
        )

    @pytest.mark.parametrize("seeds", [1, 3])
    def test_of_the_two_questions_stands_apart_on_the_page(
        self, tmp_path: Path, seeds: int
    ) -> None:
        """With how each was answered, and whose method that is."""
        store = one_student(tmp_path, seeds=seeds).finish()
        table = make_table(store)
        ((_, student),) = [each for each in table.judged if each[0].role == "student"]

        section = verdict_section(table)

        assert section is not None
        assert student.standing is not None
        assert student.effect is not None
        verdicts, figures = section.tables
        assert dict(zip(verdicts.titles, verdicts.lines[0].cells, strict=True)) == {
            "model": "tiny",
            "this model against the teacher": student.standing.sentence,
            "this recipe against hard labels": student.effect.sentence,
        }
        of_model, of_recipe = section.method
        assert "texts like these" in of_model
        assert "other texts and other seeds" in of_recipe
        assert "Bancroft, 1944" in of_recipe
        shown = dict(zip(figures.titles, figures.lines[-1].cells, strict=True))
        assert (shown["p, hard labels"] == "–") == (seeds == 1)
        assert (shown["luck"] == "–") == (seeds == 1)
        assert len(shown["p by seed"].split()) == seeds
