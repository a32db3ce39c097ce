"""Accuracy over texts, labelled or not: a line for models that differ in nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tiny_results import HandWritten

from kdzoo.report import make_table
from kdzoo.report.pictures.budget import LABELS, TEXTS, BudgetLine, budget_lines, draw_budgets
from kdzoo.results import Member, Role, Store, TrainingSummary

AMOUNTS = {20: 40, 50: 30, 200: 10}  # wrong of 100 test texts, by labelled texts


def model(
    study: HandWritten, key: str, role: Role, wrong: int, labelled: int, **recipe: Any
) -> str:
    """Writes a model that learnt from so many labelled texts, of as many a class as that makes."""
    data = {"files": "tiny", "labels_per_class": labelled // 4}
    key = key.ljust(16, "x")
    study.model(key, range(wrong), role=role, name=role, recipe={"data": data, **recipe})
    record = study.store.read(key)
    summary = record.data.model_copy(update={"train": labelled})
    study.store.write(study.store.finished(key), record.model_copy(update={"data": summary}))
    return key


def a_study(
    root: Path, amounts: Mapping[int, int] = AMOUNTS, *, controls: bool = True, **recipes: Any
) -> Store:
    """Returns a study with a teacher for each amount, and each student of it.

    Args:
        root: of the study.
        amounts: wrong texts of students by labelled texts; a teacher has five fewer.
        controls: whether students have one, with five more.
        recipes: sections of each student, by its name.
    """
    study = HandWritten(Store(root))
    for labelled, wrong in amounts.items():
        teacher = model(study, f"t{labelled}", "teacher", wrong - 5, labelled)
        study.row(f"teacher of labels-{labelled}", "teacher", Member(seed=0, key=teacher))
        for name, sections in recipes.items():
            own = model(
                study, f"{name[:3]}{len(name)}{labelled}", "student", wrong, labelled, **sections
            )
            hard = None
            if controls:
                hard = model(
                    study, f"h{name[:3]}{len(name)}{labelled}", "control", wrong + 5, labelled
                )
            member = Member(seed=0, key=own, teacher_key=teacher, control_key=hard)
            study.row(f"{name}/labels-{labelled}", "student", member, road="change")
    return study.finish()


def lines_of(store: Store) -> list[BudgetLine]:
    return budget_lines(LABELS, store, make_table(store))


def figures(line: BudgetLine) -> list[tuple[int, float]]:
    return [(point.amount, pytest.approx(point.quality.mean)) for point in line.points]


def test_a_line_goes_from_few_labels_to_many(tmp_path: Path) -> None:
    """Whatever the order in which they stand in the table; the control's beside the student's."""
    amounts = dict(reversed(AMOUNTS.items()))
    teacher, student = lines_of(a_study(tmp_path, amounts, tiny={"student": {"kind": "tiny"}}))

    assert (teacher.name, student.name) == ("teacher", "tiny")
    assert figures(student) == [(20, 0.6), (50, 0.7), (200, 0.9)]
    assert figures(teacher) == [(20, 0.65), (50, 0.75), (200, 0.95)]
    controls = [point.control.mean for point in student.points if point.control]
    assert controls == pytest.approx([0.55, 0.65, 0.85])


def test_students_that_differ_in_more_than_labels_have_lines_of_their_own(tmp_path: Path) -> None:
    store = a_study(
        tmp_path, one={"student": {"kind": "tiny"}}, two={"student": {"kind": "tiny", "dim": 8}}
    )

    assert [line.name for line in lines_of(store)] == ["teacher", "one", "two"]


def test_variants_of_a_recipe_have_lines_that_are_told_apart(tmp_path: Path) -> None:
    """As of a grid over labels with a variant: each line has the name that its rows share."""
    recipes = {"tiny": {"student": {"kind": "tiny"}}, "tiny/wide": {"student": {"dim": 8}}}

    lines = lines_of(a_study(tmp_path, **recipes))

    assert [line.name for line in lines] == ["teacher", "tiny", "tiny/wide"]


@pytest.mark.parametrize("count", [1, 2])
def test_two_amounts_are_no_line(tmp_path: Path, count: int) -> None:
    amounts = dict(list(AMOUNTS.items())[:count])
    store = a_study(tmp_path, amounts, tiny={"student": {"kind": "tiny"}})
    (tmp_path / "accuracy_over_labels.png").write_bytes(b"of an earlier report")

    assert draw_budgets(store, make_table(store), tmp_path) == []
    assert not list(tmp_path.glob("accuracy_over_labels.*"))


@pytest.mark.study
@pytest.mark.pictures
@pytest.mark.parametrize("controls", [True, False])
def test_the_picture_names_its_lines(tmp_path: Path, *, controls: bool) -> None:
    store = a_study(tmp_path, controls=controls, tiny={"student": {"kind": "tiny"}})

    written = draw_budgets(store, make_table(store), tmp_path)

    assert [path.suffix for path in written] == [".png", ".svg", ".pdf"]
    shown = (tmp_path / "accuracy_over_labels.svg").read_text(encoding="utf-8")
    for words in ("teacher", "tiny", "20", "200", "test accuracy, %"):
        assert f">{words}<" in shown
    assert ("on hard labels" in shown) == controls


REST: dict[str, dict[str, Any]] = {  # of a recipe, by how many texts its student learns from
    "rest": {
        "20": {"data": {"rest_of_train": "dropped"}},
        "70": {"data": {"rest_of_train": 50}},
        "200": {"data": {"rest_of_train": "unlabelled"}},
    },
    "elsewhere": {
        "20": {"transfer": {"unlabelled": None}},
        "70": {"transfer": {"unlabelled": {"files": "more.txt", "max_texts": 50}}},
        "200": {"transfer": {"unlabelled": {"files": "more.txt", "max_texts": 180}}},
        "300": {"transfer": {"unlabelled": {"files": "more.txt", "max_texts": None}}},
    },
}


def more_and_more_texts(root: Path, kind: str) -> Store:
    """Returns a study of one teacher whose student learns from more and more texts."""
    study = HandWritten(Store(root))
    teacher = model(study, "t", "teacher", 5, 20)
    study.row("teacher", "teacher", Member(seed=0, key=teacher))
    hard = model(study, "hard", "control", 50, 20)
    for texts, sections in REST[kind].items():
        own = model(study, f"s{texts}", "student", 40 - int(texts) // 10, 20, **sections)
        record = study.store.read(own)
        learnt = TrainingSummary(
            steps=1, best_step=1, seconds=1, texts=int(texts), augmented=0, augmented_wanted=0
        )
        changed = record.model_copy(update={"training": learnt})
        study.store.write(study.store.finished(own), changed)
        member = Member(seed=0, key=own, teacher_key=teacher, control_key=hard)
        study.row(f"tiny/texts-{texts}", "student", member, road="change")
    return study.finish()


@pytest.mark.parametrize(
    ("kind", "amounts"), [("rest", [20, 70, 200]), ("elsewhere", [70, 200, 300])]
)
def test_a_line_goes_from_few_texts_to_many(tmp_path: Path, kind: str, amounts: list[int]) -> None:
    """Of the training texts or from elsewhere; the teacher that they share is a level beside it."""
    store = more_and_more_texts(tmp_path, kind)

    teacher, student = budget_lines(TEXTS, store, make_table(store))

    assert figures(student) == [(texts, 0.6 + texts // 10 / 100) for texts in amounts]
    assert [point.control.mean for point in student.points if point.control] == [0.5] * 3
    assert [point.quality.mean for point in teacher.points] == [0.95]
    assert lines_of(store) == []


@pytest.mark.study
@pytest.mark.pictures
def test_the_picture_over_texts_has_the_teacher_as_a_level(tmp_path: Path) -> None:
    store = more_and_more_texts(tmp_path, "rest")

    written = draw_budgets(store, make_table(store), tmp_path)

    assert {path.stem for path in written} == {"accuracy_over_texts"}
    shown = (tmp_path / "accuracy_over_texts.svg").read_text(encoding="utf-8")
    for words in ("teacher", "tiny", "20", "70", "200"):
        assert f">{words}<" in shown
