"""Quality figures are functions of the outcomes: new ones reach results that were made before."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import cohen_kappa_score
from tiny_results import one_student, one_student_deployed, two_students

import kdzoo as package
from kdzoo.report import read_report, text_files, write_report
from kdzoo.report.write import page
from kdzoo.results import OUTCOMES, FormRecord, Record, Store
from kdzoo.statistics import Interval, current, figures, over_examples, quality, resampling
from kdzoo.statistics import kappa as kappa_module
from kdzoo.statistics.quality import kappa

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


def models_of(store: Store) -> dict[str, Record | FormRecord]:
    """Returns all records of a study, by where they lie."""
    found: dict[str, Record | FormRecord] = {}
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
        quality = {"test": {**record.quality["test"], "divergence": 0.123456789, "of_old": 1.0}}
        store.write(store.finished(STUDENT), record.model_copy(update={"quality": quality}))

        for name, model in models_of(current(store)).items():
            before = models_of(store)[name].quality["test"]
            assert before.items() <= model.quality["test"].items()
            kept = [metric for metric in model.quality["test"] if metric in before]
            assert kept == list(before)

    def test_without_outcomes_stay_as_they_are(self, tmp_path: Path) -> None:
        store = one_student(tmp_path).finish()
        (store.finished(STUDENT) / OUTCOMES).unlink()

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
        (store.finished(STUDENT) / OUTCOMES).write_bytes(b"damaged")

        assert current(store).read(STUDENT) == store.read(STUDENT)

    def test_of_the_first_version_are_read(self, tmp_path: Path) -> None:
        """They do not say which figures kdzoo knew then."""
        store = one_student_deployed(tmp_path).finish()
        for path in tmp_path.rglob("record.json"):
            content = json.loads(path.read_text(encoding="utf-8"))
            del content["quality_version"]
            path.write_text(json.dumps(content), encoding="utf-8")

        models = models_of(store)

        assert {model.quality_version for model in models.values()} == {1}
        current_models = models_of(current(store))
        assert {name: model.quality for name, model in current_models.items()} == {
            name: model.quality for name, model in models.items()
        }


class TestKappa:
    @pytest.mark.parametrize("labels", [2, 3, 20])
    @pytest.mark.parametrize("agreeing", [0.0, 0.3, 0.9, 1.0])
    @pytest.mark.parametrize("seeds", [1, 3])
    def test_is_scikit_learns(self, labels: int, agreeing: float, seeds: int) -> None:
        """Mean over seeds, whatever the numbers of the labels."""
        rng = np.random.default_rng(labels * seeds)
        teacher = np.tile(rng.integers(0, labels, 200) * 1_000_003, (seeds, 1))
        other = rng.integers(0, labels, teacher.shape) * 1_000_003
        own = np.where(rng.random(teacher.shape) < agreeing, teacher, other)

        found = kappa(own, teacher)

        wanted = [cohen_kappa_score(*each) for each in zip(own, teacher, strict=True)]
        assert found.value == pytest.approx(np.mean(wanted))
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.value <= found.high

    def test_has_the_interval_of_scipys_bootstrap(self) -> None:
        rng = np.random.default_rng(0)
        teacher = rng.integers(0, 3, 150)
        own = np.where(rng.random(150) < 0.8, teacher, rng.integers(0, 3, 150))

        found = kappa(own[np.newaxis], teacher[np.newaxis])

        expected = bootstrap(
            (own, teacher), cohen_kappa_score, n_resamples=500, paired=True, vectorized=False,
            method="percentile", rng=np.random.default_rng(1),
        ).confidence_interval  # fmt: skip
        assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.02)

    @pytest.mark.parametrize("agrees", [True, False])
    def test_of_few_texts_on_which_all_agree_or_none_leaves_doubt(self, agrees: bool) -> None:
        """By hand: three labels, each of a third of the texts, agree by chance on a third."""
        teacher = np.arange(24)[np.newaxis] % 3
        share = over_examples(np.full((1, 24), agrees))

        found = kappa(teacher if agrees else (teacher + 1) % 3, teacher)

        assert share.low is not None
        assert share.high is not None
        assert found.value == pytest.approx(1 if agrees else -0.5)
        ends = (share.low - 1 / 3) / (2 / 3), (share.high - 1 / 3) / (2 / 3)
        if agrees:
            assert (found.low, found.high) == pytest.approx(ends)
        else:
            assert found.high == pytest.approx(ends[1])

    def test_of_very_many_texts_has_the_interval_of_texts_drawn_one_by_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Few of them are alike: they are drawn in groups."""
        rng = np.random.default_rng(0)
        teacher = np.tile(rng.integers(0, 3, 8_000), (12, 1))
        own = np.where(rng.random(teacher.shape) < 0.5, teacher, rng.integers(0, 3, teacher.shape))

        single = kappa(own, teacher)
        for module in (kappa_module, resampling):
            monkeypatch.setattr(module, "MOST_TEXTS", 4_000)
        grouped = kappa(own, teacher)

        assert grouped.value == single.value
        assert single.low is not None
        assert single.high is not None
        width = single.high - single.low
        assert (grouped.low, grouped.high) != (single.low, single.high)
        assert grouped.low == pytest.approx(single.low, abs=0.08 * width)
        assert grouped.high == pytest.approx(single.high, abs=0.08 * width)

    def test_of_one_label_alone_is_not_known(self) -> None:
        """Two who always say the same agree by chance."""
        found = kappa(np.zeros((2, 5), dtype=int), np.zeros((2, 5), dtype=int))

        assert np.isnan(found.value)
        assert found.low is found.high is None

    def test_of_one_label_alone_is_not_known_beside_another_seed_either(self) -> None:
        """Sums of shares may miss 1 by their rounding: 0 / 0 stays what it is."""
        rng = np.random.default_rng(0)
        for texts in range(40, 60):
            own, teacher = rng.integers(0, 3, (2, 2, texts))
            own[0], teacher[0] = 1, 1

            assert np.isnan(kappa(own, teacher).value)

    def test_is_the_same_however_few_resamples_are_drawn_at_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Many distinct texts are resampled in parts: memory is not asked for all of them."""
        rng = np.random.default_rng(0)
        own, teacher = rng.integers(0, 5, (2, 1, 60))
        whole = kappa(own, teacher)
        monkeypatch.setattr(resampling, "_CELLS", 50)

        assert kappa(own, teacher) == whole

    def test_stands_where_its_column_says(self, tmp_path: Path) -> None:
        """In files and on the page, with its interval; of results made before as well."""
        store = two_students(tmp_path)
        for path in (tmp_path / "models").glob("tiny--*"):
            key = path.name.rpartition("--")[2]
            outcomes = store.outcomes(key)
            store.write_outcomes(path, outcomes.assign(teacher_prediction=outcomes["gold"]))
        for path in tmp_path.rglob("record.json"):
            content = json.loads(path.read_text(encoding="utf-8"))
            for figures_of_split in content["quality"].values():
                for name in ("kappa", "kappa_low", "kappa_high"):
                    figures_of_split.pop(name, None)
            path.write_text(json.dumps({**content, "quality_version": 1}), encoding="utf-8")

        report = read_report(store)

        files = text_files(report.table)
        _, tiny, _ = csv.DictReader(files["table.csv"].splitlines())
        low, mean, high = (float(tiny[f"kappa_{end}"]) for end in ("low", "mean", "high"))
        assert low < mean < high
        assert f"{mean:.3f} ({low:.3f} to {high:.3f})" in page(report)
        assert "Kappa: Cohen" in page(report)
        assert "kappa" not in files["table.md"].lower() + files["table.tex"].lower()
        frame = package.read_results(store.root).query("row == 'tiny' and role == 'student'")
        for metric in ("kappa", "kappa_low", "kappa_high"):
            assert (frame["metric"] == metric).sum() == 2  # seeds


class TestFigures:
    def test_beside_a_teacher_need_one(self) -> None:
        gold = np.array([0, 1, 2, 1])

        alone = figures(frame_of(gold, gold, np.full(4, -1)), None)
        beside = figures(frame_of(gold, gold, np.array([0, 1, 2, 2])), None)

        assert beside["agreement"] == pytest.approx(0.75)
        assert not {"agreement", "divergence"} & alone.keys()
