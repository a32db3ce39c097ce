"""What belongs to no teacher stands beside the teacher of each row, whoever it was written for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_results import HandWritten

from kdzoo.report import make_table
from kdzoo.report.figures.rows import TableRow
from kdzoo.results import Member, Role, Store

WRONG = {"t-one": range(10), "t-two": range(30, 50), "base": range(20), "hard": range(5, 15)}
TEXTS = 100


def agreement(one: str, other: str) -> float:
    """Returns the share of texts on which two models answer alike: wrong answers are one each."""
    return 1 - len({*WRONG[one]} ^ {*WRONG[other]}) / TEXTS


@pytest.fixture
def rows(tmp_path: Path) -> dict[str, TableRow]:
    """Two teachers with a student each, which share a baseline and a control."""
    study = HandWritten(Store(tmp_path))
    roles: dict[str, Role] = {
        "t-one": "teacher", "t-two": "teacher", "base": "baseline", "hard": "control",
    }  # fmt: skip
    for key, role in roles.items():
        study.model(key, WRONG[key], role=role, name=key)
    for name in ("one", "two"):
        study.model(f"s-{name}", range(3), name=name)
        study.row(f"teacher of {name}", "teacher", Member(seed=0, key=f"t-{name}"))
        own = Member(seed=0, key=f"s-{name}", teacher_key=f"t-{name}", control_key="hard")
        study.row(name, "student", own, road="change")
        linear = Member(seed=0, key="base", teacher_key=f"t-{name}")
        study.row(f"baseline of {name}", "baseline", linear)
    return {row.name: row for row in make_table(study.finish()).rows}


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_baseline_agrees_with_the_teacher_of_its_row(
    rows: dict[str, TableRow], name: str
) -> None:
    row = rows[f"baseline of {name}"]

    assert row.metrics["agreement"].mean == pytest.approx(agreement("base", f"t-{name}"))
    kappa = row.metrics["kappa"]
    assert kappa.interval is not None
    assert kappa.interval.low is not None
    assert kappa.interval.low < kappa.mean < row.metrics["agreement"].mean
    assert row.finding is not None
    assert row.finding.metrics["agreement"] == row.metrics["agreement"]


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_control_agrees_with_the_teacher_of_its_student(
    rows: dict[str, TableRow], name: str
) -> None:
    found = rows[name].control["agreement"].mean

    assert found == pytest.approx(agreement("hard", f"t-{name}"))


def test_the_divergence_from_a_teacher_it_was_not_read_beside_is_not_known(
    rows: dict[str, TableRow],
) -> None:
    shown = [rows[f"baseline of {name}"] for name in ("one", "two")]

    assert all("divergence" not in row.metrics for row in shown)
    assert all(np.isfinite(row.metrics["accuracy"].mean) for row in shown)
