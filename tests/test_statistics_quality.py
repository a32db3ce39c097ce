"""Quality figures are functions of the outcomes: new ones reach results that were made before."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from tiny_results import one_student, one_student_deployed

import kdzoo as package
from kdzoo.report import read_report, write_report
from kdzoo.results import PREDICTIONS, Deployed, Record, Store
from kdzoo.statistics import Interval, current, figures, quality

STUDENT, TEACHER = "s" * 16, "t" * 16
Ids = npt.NDArray[np.integer[Any]]


def frame_of(prediction: Ids, gold: Ids, teacher: Ids) -> pd.DataFrame:
    """Returns outcomes as far as figures read them."""
    return pd.DataFrame(
        {"prediction": prediction, "gold": gold, "teacher_prediction": teacher, "divergence": 0.1}
    )


@pytest.fixture
def tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kdzoo that knows two figures more: one plain, one with an interval."""
    more = {
        "doubt": lambda own, teacher: float((own != teacher).mean()),
        "doubt_about": lambda own, teacher: Interval(float((own != teacher).mean()), 0.0, 1.0),
    }
    monkeypatch.setattr(quality, "WITH_TEACHER", {**quality.WITH_TEACHER, **more})
    monkeypatch.setattr(quality, "QUALITY_VERSION", quality.QUALITY_VERSION + 1)


def models_of(store: Store) -> dict[str, Record | Deployed]:
    """Returns all records of a study, by where they lie."""
    found: dict[str, Record | Deployed] = {}
    for key in store.manifest().keys:
        found[key] = store.read(key)
        found |= {f"{key} {form.name}": form for form in store.forms_everywhere(key)}
    return found


@pytest.mark.usefixtures("tomorrow")
class TestOlderRecords:
    def test_get_the_figures_that_they_lack(self, tmp_path: Path) -> None:
        """Models, controls and exported forms; a teacher is beside none."""
        store = one_student_deployed(tmp_path).finish()

        models = models_of(current(store))

        assert {"doubt", "doubt_about", "doubt_about_low"} <= models[STUDENT].quality["test"].keys()
        assert "doubt" in models[f"{STUDENT} onnx-int8"].quality["test"]
        assert "doubt" in models["c" * 16].quality["test"]
        assert "doubt" not in models[TEACHER].quality["test"]

    def test_keep_what_they_told(self, tmp_path: Path) -> None:
        """To the last digit, in the same order: stored outcomes are rounded, figures were not."""
        store = one_student_deployed(tmp_path).finish()
        record = store.read(STUDENT)
        told = {"test": {**record.quality["test"], "divergence": 0.123456789, "of_old": 1.0}}
        store.write(store.finished(STUDENT), record.model_copy(update={"quality": told}))

        for name, model in models_of(current(store)).items():
            before = models_of(store)[name].quality["test"]
            assert before.items() <= model.quality["test"].items()
            kept = [metric for metric in model.quality["test"] if metric in before]
            assert kept == list(before)

    def test_without_outcomes_stay_as_they_are(self, tmp_path: Path) -> None:
        store = one_student(tmp_path).finish()
        (store.finished(STUDENT) / PREDICTIONS).unlink()

        assert current(store).read(STUDENT) == store.read(STUDENT)

    def test_are_written_anew_with_the_report(self, tmp_path: Path) -> None:
        """Once: the next reader finds the figures, and reads no outcomes for them."""
        store = one_student_deployed(tmp_path).finish()

        write_report(store)

        for name, model in models_of(store).items():
            assert model.quality_version == quality.QUALITY_VERSION, name
        assert "doubt" in store.read(STUDENT).quality["test"]
        assert current(store).read(STUDENT) == store.read(STUDENT)

    @pytest.mark.parametrize("read", [read_report, lambda store: package.read_results(store.root)])
    def test_are_not_touched_by_who_only_reads(self, tmp_path: Path, read: Any) -> None:
        store = one_student_deployed(tmp_path).finish()
        before = models_of(store)

        read(store)

        assert models_of(store) == before

    def test_of_a_folder_that_cannot_be_written_are_worked_out_in_memory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = one_student(tmp_path).finish()
        before = models_of(store)
        monkeypatch.setattr(os, "access", lambda *_: False)

        known = current(store)
        found = models_of(known)
        known.keep()

        assert "doubt" in found[STUDENT].quality["test"]
        assert models_of(store) == before


class TestRecords:
    def test_that_are_current_are_believed(self, tmp_path: Path) -> None:
        """Their outcomes are not read for their figures."""
        store = one_student(tmp_path).finish()
        (store.finished(STUDENT) / PREDICTIONS).write_bytes(b"damaged")

        assert current(store).read(STUDENT) == store.read(STUDENT)

    def test_of_the_first_version_are_read(self, tmp_path: Path) -> None:
        """They do not say which figures kdzoo knew then."""
        store = one_student_deployed(tmp_path).finish()
        for path in tmp_path.rglob("record.json"):
            told = json.loads(path.read_text(encoding="utf-8"))
            del told["quality_version"]
            path.write_text(json.dumps(told), encoding="utf-8")

        models = models_of(store)

        assert {model.quality_version for model in models.values()} == {1}
        current_models = models_of(current(store))
        assert {name: model.quality for name, model in current_models.items()} == {
            name: model.quality for name, model in models.items()
        }


class TestFigures:
    def test_beside_a_teacher_need_one(self) -> None:
        gold = np.array([0, 1, 2, 1])

        alone = figures(frame_of(gold, gold, np.full(4, -1)), None)
        beside = figures(frame_of(gold, gold, np.array([0, 1, 2, 2])), None)

        assert beside["agreement"] == pytest.approx(0.75)
        assert not {"agreement", "divergence"} & alone.keys()
