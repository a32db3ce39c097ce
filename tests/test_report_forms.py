"""What exporting changes: the form's hits beside those of its weights, text by text."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_results import one_student_deployed, parity_of

from kdzoo.report import make_table, write_report
from kdzoo.report.figures.form_findings import find_forms
from kdzoo.report.figures.forms import parity_note
from kdzoo.report.figures.spread import Spread, with_known_intervals
from kdzoo.report.write import PAGE
from kdzoo.statistics import Interval
from kdzoo.task import MULTI_LABEL, TOKEN_CLASSIFICATION, Task


def test_of_known_hits_is_known(tmp_path: Path) -> None:
    """Of 100 texts the teacher's int8 form gets two more wrong, the student's one more."""
    store = one_student_deployed(tmp_path / "study").finish()

    found = {(each.name, each.runtime): each for each in find_forms(store, make_table(store))}

    assert list(found) == [
        ("teacher", "onnx"), ("teacher", "onnx-int8"), ("tiny", "onnx"), ("tiny", "onnx-int8"),
    ]  # fmt: skip
    changes = [each.to_weights.difference.value for each in found.values()]
    assert changes == pytest.approx([0, -0.02, 0, -0.01])
    assert [each.other_labels for each in found.values()] == pytest.approx([0, 0.02, 0, 0.01])
    assert [each.accuracy for each in found.values()] == pytest.approx([0.9, 0.88, 0.8, 0.79])
    assert all(each.adjusted_p == 1 for each in found.values())


def test_leaves_out_a_form_that_could_not_be_made(tmp_path: Path) -> None:
    study = one_student_deployed(tmp_path / "study")
    study.form("s" * 16, "onnx", failure="it cannot be traced")
    store = study.finish()

    found = [(each.name, each.runtime) for each in find_forms(store, make_table(store))]

    assert ("tiny", "onnx") not in found
    assert ("tiny", "onnx-int8") in found


def test_stands_in_the_page(tmp_path: Path) -> None:
    store = one_student_deployed(tmp_path / "study").finish()

    write_report(store)

    assert "What exporting changes" in (store.root / PAGE).read_text(encoding="utf-8")


def test_answers_that_are_the_same_on_another_machine_keep_their_interval() -> None:
    """Others have one of their own, or none that is known."""
    interval = Interval(0.8, 0.7, 0.9)
    known = {"kappa": Spread(0.8, 0.01, 3, interval), "macro_f1": Spread(0.7, 0.01, 3, interval)}
    found = {"kappa": Spread(0.8, 0.01, 3), "macro_f1": Spread(0.6, 0.01, 3)}

    kept = with_known_intervals(found, known)

    assert (kept["kappa"].interval, kept["macro_f1"].interval) == (interval, None)


@pytest.mark.parametrize(
    ("task", "title"), [(MULTI_LABEL, "macro-F1"), (TOKEN_CLASSIFICATION, "entity F1")]
)
def test_that_lose_the_leading_figure_say_how_much(task: Task, title: str) -> None:
    """Beside the accuracy, which hardly changes; one that an older kdzoo compared lacks it."""
    failed = parity_of(passed=False, accuracy_change=-0.002)
    told = parity_note(failed.model_copy(update={"leading_change": -0.211}), task)

    assert told is not None
    assert f"accuracy changes by -0.20 points, {title} -21.10 points" in told
    assert title not in (parity_note(failed, task) or "")
