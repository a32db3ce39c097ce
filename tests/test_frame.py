"""The results of studies as one tidy frame."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from tiny_results import one_student, one_student_deployed, parity_of, two_students

import kdzoo as package
from kdzoo.errors import StoreError
from kdzoo.report import make_table, read_report, text_files
from kdzoo.results import Member, Store

ONE_LINE = ["study", "row", "key", "runtime", "split", "metric"]


@pytest.fixture
def deployed(tmp_path: Path) -> Store:
    return one_student_deployed(tmp_path / "deployed").finish("deployed")


def value(frame: pd.DataFrame, **wanted: str) -> float:
    """Returns the one value whose line has these words."""
    for column, word in wanted.items():
        frame = frame[frame[column] == word]
    (found,) = frame["value"]
    return float(found)


class TestFrame:
    def test_has_a_line_per_model_runtime_split_and_metric(self, deployed: Store) -> None:
        frame = package.read_results(deployed.root)

        assert list(frame.columns) == [
            "study", "row", "role", "kind", "road", "variant", "seed", "key", "runtime", "machine",
            "split", "metric", "value",
        ]  # fmt: skip
        assert not frame.duplicated(ONE_LINE).any()
        assert set(frame["study"]) == {"deployed"}
        assert set(frame["role"]) == {"teacher", "student", "control", "baseline"}
        assert set(frame["split"]) == {"test", "deployed"}
        timed = frame["metric"].str.contains("latency|times_faster")
        assert set(frame[timed]["machine"]) == {"Some CPU @ 2 GHz, 2 cores"}
        assert set(frame[~timed]["machine"]) == {""}
        assert frame["value"].notna().all()

    def test_quality_is_that_of_the_form(self, deployed: Store) -> None:
        """An exported model has figures of its own; the trained one's stand under torch."""
        frame = package.read_results(deployed.root)

        quality = frame[frame["split"] == "test"]
        for line in quality[quality["runtime"].isin(["torch", "pipeline", "sklearn"])].itertuples():
            assert line.value == deployed.read(line.key).quality["test"][line.metric]
        for line in quality[quality["runtime"].isin(["onnx", "onnx-int8"])].itertuples():
            form = deployed.read_form(line.key, line.runtime)
            assert form is not None
            assert line.value == form.quality["test"][line.metric]
        wanted = {"row": "tiny", "role": "student", "split": "test", "metric": "accuracy"}
        assert value(frame, **wanted, runtime="torch") == pytest.approx(0.80)
        assert value(frame, **wanted, runtime="onnx-int8") == pytest.approx(0.79)
        control = frame[frame["role"] == "control"]
        assert set(control["runtime"]) == {"torch"}
        assert set(control["row"]) == {"tiny"}

    def test_costs_are_those_of_the_csv_by_the_same_names(self, deployed: Store) -> None:
        frame = package.read_results(deployed.root)
        table = csv.DictReader(text_files(make_table(deployed))["table.csv"].splitlines())

        costs = frame[(frame["split"] == "deployed") & (frame["role"] != "control")]
        seen = 0
        for line in table:
            own = costs[(costs["row"] == line["model"]) & (costs["runtime"] == line["runtime"])]
            for cost in own.itertuples():
                assert f"{cost.value:.6g}" == f"{float(line[cost.metric]):.6g}"
                seen += 1
        assert seen == len(costs)
        assert {"size_bytes", "latency_p50_ms", "times_faster", "parameters"} <= set(
            costs["metric"]
        )

    def test_of_seeds_has_sizes_of_all_and_latency_of_the_timed_one(self, tmp_path: Path) -> None:
        study = one_student(tmp_path)
        study.model("2" * 16, range(22), seed=1)
        members = (*study.rows[1].members, Member(seed=1, key="2" * 16, teacher_key="t" * 16))
        study.rows[1] = study.rows[1].model_copy(update={"members": members})

        frame = package.read_results(study.finish().root)

        student = frame[frame["role"] == "student"]
        assert set(student[student["metric"] == "size_bytes"]["seed"]) == {0, 1}
        assert set(student[student["metric"] == "latency_p50_ms"]["seed"]) == {0}
        assert set(student[student["metric"] == "accuracy"]["seed"]) == {0, 1}

    def test_a_form_that_failed_has_no_line(self, tmp_path: Path) -> None:
        study = one_student_deployed(tmp_path)
        study.form("s" * 16, "onnx", failure="no such operator")
        study.form("s" * 16, "onnx-int8", parity=parity_of(passed=False))

        frame = package.read_results(study.finish().root)

        own = frame[(frame["row"] == "tiny") & (frame["role"] == "student")]
        assert set(own["runtime"]) == {"torch", "onnx-int8"}

    def test_of_several_studies_is_theirs_together(self, tmp_path: Path, deployed: Store) -> None:
        other = one_student(tmp_path / "other").finish("other")

        both = package.read_results(deployed.root, str(other.root))

        alone = [package.read_results(store.root) for store in (deployed, other)]
        pd.testing.assert_frame_equal(both, pd.concat(alone, ignore_index=True))
        assert not both.duplicated(ONE_LINE).any()

    def test_of_a_finished_study_holds_every_figure_of_its_records(
        self, finished_study: Path
    ) -> None:
        frame, store = package.read_results(finished_study), Store(finished_study)

        quality = frame[(frame["split"] != "deployed") & (frame["runtime"] != "pipeline")]
        found = {(line.key, line.split, line.metric): line.value for line in quality.itertuples()}
        assert set(frame["role"]) == {"teacher", "student", "control", "baseline"}
        assert found == {
            (key, split, metric): figure
            for key in set(frame["key"])
            for split, figures in store.read(key).quality.items()
            for metric, figure in figures.items()
        }

    def test_of_no_study_is_a_message(self, tmp_path: Path, deployed: Store) -> None:
        with pytest.raises(StoreError, match=r"study\.json"):
            package.read_results(deployed.root, tmp_path / "none")


class TestVerdicts:
    """The two questions, a line each: as a frame, and as columns of the table."""

    @pytest.mark.parametrize("seeds", [1, 2, 3])
    def test_are_those_of_the_report(self, tmp_path: Path, seeds: int) -> None:
        store = two_students(tmp_path, seeds)
        found = {row.name: found for row, found in read_report(store).table.judged}

        frame = package.read_verdicts(store.root)

        questions = ["This model against the teacher", "This recipe against hard labels"]
        assert list(frame["question"]) == questions * 2
        for line in frame.itertuples():
            finding = found[line.row]
            verdict = finding.standing if line.question == questions[0] else finding.effect
            assert verdict is not None
            assert (line.verdict, line.sentence, line.seeds) == (
                verdict.kind,
                verdict.sentence,
                seeds,
            )
        recipes = frame[frame["question"] == questions[1]]
        assert (recipes["verdict"] == "one seed").all() == (seeds == 1)
        for column in ("low", "high", "p"):
            assert recipes[column].isna().all() == (seeds == 1)
        assert recipes["difference"].tolist() == pytest.approx([0.3, 0.0])

    def test_of_several_studies_are_theirs_together(self, tmp_path: Path) -> None:
        one, two = two_students(tmp_path / "1").root, two_students(tmp_path / "2").root

        assert len(package.read_verdicts(one, two)) == 2 * len(package.read_verdicts(one))

    @pytest.mark.parametrize("seeds", [1, 2])
    def test_stand_in_the_csv(self, tmp_path: Path, seeds: int) -> None:
        store = two_students(tmp_path, seeds)
        report, frame = read_report(store), package.read_verdicts(store.root)

        (_, *lines) = csv.DictReader(text_files(report.table)["table.csv"].splitlines())

        for line in lines:
            model, recipe = frame[frame["row"] == line["model"]].itertuples()
            assert (line["model_verdict"], line["recipe_verdict"]) == (
                model.verdict,
                recipe.verdict,
            )
            assert float(line["model_minus_teacher"]) == pytest.approx(model.difference)
            assert float(line["recipe_minus_hard_labels"]) == pytest.approx(recipe.difference)
            assert (line["recipe_minus_hard_labels_low"] == "") == (seeds == 1)
            assert (line["recipe_minus_hard_labels_p"] == "") == (seeds == 1)
