"""A search finds settings on validation, goes on where it ended, and says what they are worth."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from tiny_world import RunCommand, WriteRecipe, tiny_recipe_data

from kdzoo.api import tune
from kdzoo.errors import FileError, KdzooError, ModelError, RecipeError, StoreError
from kdzoo.model_files import CHECKPOINT
from kdzoo.recipe import load_study
from kdzoo.results import Store
from kdzoo.results.store import HISTORY
from kdzoo.results.whole import RECORD
from kdzoo.steps import reason_of
from kdzoo.tuning import Tuned, finalists, report, search, trying
from kdzoo.tuning import training as tuning_training
from kdzoo.tuning.goals import goals_of
from kdzoo.tuning.report import told
from kdzoo.tuning.space import Source, space_of

SPACE: dict[str, Any] = {
    "objective.temperature": {"low": 1, "high": 20, "log": True},
    "student.dim": {"low": 4, "high": 12},
    "training.learning_rate": [0.01, 0.05],
}
QUICK = {"steps": 6, "batch_size": 8, "evaluations": 2, "learning_rate": 0.01,
         "checkpoint_every": 2}  # fmt: skip


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_encoder: Path) -> Path:
    """A recipe that trains in a moment, with a space."""
    data = {**tiny_recipe_data(tiny_data, tiny_encoder), "training": QUICK, "search": SPACE}
    path = tmp_path_factory.mktemp("tuned") / "tiny.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The cache that all tests share, for what a module shares too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        yield


@pytest.fixture(scope="module")
def tuned(recipe: Path, cache: None) -> Tuned:
    """A search of six trials, the first three of them made by an earlier call."""
    tune(str(recipe), trials=3, out=recipe.parent / "runs" / "search")
    return tune(
        str(recipe), trials=6, out=recipe.parent / "runs" / "search",
        output=recipe.parent / "best.yaml",
    )  # fmt: skip


def failing_once(call: int, error: Exception) -> Callable[..., Any]:
    """Returns what trains a trial, but at one call raises an error."""
    train, calls = tuning_training.train_trial, count(1)

    def failing(*given: Any) -> Any:
        if next(calls) == call:
            raise error
        return train(*given)

    return failing


class TestSearch:
    def test_goes_on_until_there_are_so_many_trials(self, tuned: Tuned) -> None:
        assert [trial.number for trial in tuned.trials] == list(range(6))
        assert all(trial.values.keys() == SPACE.keys() for trial in tuned.trials)

    def test_tries_values_of_the_space_alone(self, tuned: Tuned) -> None:
        for trial in tuned.trials:
            assert 1 <= trial.values["objective.temperature"] <= 20
            assert isinstance(trial.values["student.dim"], int)
            assert 4 <= trial.values["student.dim"] <= 12
            assert trial.values["training.learning_rate"] in (0.01, 0.05)

    def test_leaves_ordinary_models_whose_test_texts_nobody_read(self, tuned: Tuned) -> None:
        store = Store(tuned.folder)
        for trial in tuned.trials:
            for key in trial.keys:
                record = store.read(key)
                assert set(record.quality) == {"validation"}
                assert record.recipe["student"]["dim"] == trial.values["student.dim"]
                assert record.quality["validation"]["accuracy"] == trial.figures[0]
                assert set(store.outcomes(key)["split"]) == {"validation"}

    def test_its_best_is_the_most_accurate(self, tuned: Tuned) -> None:
        finished = [trial.figures[0] for trial in tuned.trials if trial.figures]

        assert tuned.best[0].figures[0] == max(finished)

    def test_writes_the_recipe_that_it_found_whole(self, tuned: Tuned, recipe: Path) -> None:
        """It is read again as what was trained: a run finds the very model."""
        (found,) = load_study(str(recipe.parent / "best.yaml")).variants
        (own,) = load_study(str(recipe)).variants
        best = tuned.best[0]

        assert found.recipe.search is None
        expected = Source(str(recipe)).variant(best.values).recipe
        sections = found.recipe.model_dump(mode="json")
        assert sections == expected.model_dump(mode="json", exclude={"search"})
        assert found.recipe.seeds == own.recipe.seeds
        record = Store(tuned.folder).read(best.keys[0])
        assert all(record.recipe[name] == sections[name] for name in ("student", "objective"))

    def test_writes_values_that_nothing_runs_and_that_stay_where_they_stand(
        self, tuned: Tuned, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A stranger's choices of names may be formulas, or lines of YAML."""
        values = {
            "training.learning_rate": -0.5,
            "data.text": "=1+1",
            "data.label": "a\nseeds: [9]",
        }
        trial = replace(tuned.best[0], values=values)
        odd = replace(tuned, folder=tmp_path, trials=(trial,), best=(trial,))
        monkeypatch.setattr(report, "own_values", lambda _: values)

        report.write_trials(odd)
        (row,) = csv.DictReader((tmp_path / "trials.csv").open(encoding="utf-8"))
        monkeypatch.setattr(Source, "variant", lambda *_: tuned.variant)
        report.write_best(odd, Source(str(recipe)), tmp_path / "best.yaml")

        assert [row[name] for name in values] == ["-0.5", "'=1+1", "a seeds: [9]"]
        written = yaml.safe_load((tmp_path / "best.yaml").read_text("utf-8"))
        assert written["seeds"] == tuned.variant.recipe.seeds

    def test_says_what_was_found_and_that_it_was_chosen_on(self, tuned: Tuned) -> None:
        sentences = " ".join(told(tuned))

        points = (tuned.best[0].figures[0] - tuned.own[0]) * 100
        assert f"{points:+.1f} points beside the recipe as it stands" in sentences
        assert "chosen on these 32 validation texts" in sentences
        assert "luck" in sentences

    @pytest.mark.parametrize("points", [-0.1, 0.0, 0.1])
    def test_says_to_keep_a_recipe_that_no_trial_was_better_than(
        self, tuned: Tuned, points: float
    ) -> None:
        own = (tuned.best[0].figures[0] - points, *tuned.own[1:])

        sentences = " ".join(told(replace(tuned, own=own)))

        assert ("keep that one" in sentences) == (points <= 0)

    @pytest.mark.parametrize(
        ("own", "is_best"),
        [((0.9, 12.0), False), ((0.7, 2.0), False), ((0.9, 2.0), True), ((0.8, 3.0), True)],
    )
    def test_with_two_goals_keeps_a_recipe_that_is_beaten_in_neither(
        self, tuned: Tuned, own: tuple[float, float], is_best: bool
    ) -> None:
        """Two tenths of a point may be a fair price of nine megabytes."""
        front = (replace(tuned.best[0], figures=(0.8, 3.0)),)

        sentences = " ".join(
            told(replace(tuned, own=own, best=front, goals=(*goals_of(["accuracy", "size"]),)))
        )

        assert ("keep that one" in sentences) == is_best

    def test_names_a_next_command_that_works_with_ones_own_students(
        self, kdzoo: RunCommand, recipe: Path, tmp_path: Path
    ) -> None:
        """The recipe goes where it was wanted, into a new folder too."""
        own = tmp_path / "own.py"
        own.write_text("", encoding="utf-8")

        outcome = kdzoo("tune", recipe, "--trials", "1", "--students", own, "--out", "search",
                        "-o", "new/best.yaml")  # fmt: skip

        assert outcome.code == 0, outcome.err
        (line,) = (line for line in outcome.out.splitlines() if line.startswith("next: "))
        assert line.endswith(f"--students {own}")
        assert kdzoo("check", "new/best.yaml", "--students", own).code == 0

    def test_that_could_not_be_written_is_refused_before_the_search(
        self, kdzoo: RunCommand, recipe: Path
    ) -> None:
        Path("file").write_text("in the way", encoding="utf-8")

        outcome = kdzoo("tune", recipe, "--trials", "1", "--out", "search", "-o", "file/best.yaml")

        assert outcome.code == 2
        assert "is a file; give -o a file in a folder" in outcome.err
        assert not Path("search").exists()

    def test_tells_its_trials_as_tables(self, tuned: Tuned) -> None:
        with (tuned.folder / "trials.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["trial"] for row in rows] == [str(number) for number in range(6)]
        assert sum(row[""] == "best" for row in rows) == 1
        shown = (tuned.folder / "trials.md").read_text(encoding="utf-8")
        assert shown.count("\n|") == 2 + 6
        assert (tuned.folder / "trials.png").is_file()

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"overrides": ["search={student.dim: [4, 5]}"]}, "another space"),
            ({"overrides": ["training.steps=7"]}, "another recipe"),
            ({"seeds": [1]}, "another seeds"),
            ({"goals": ["accuracy", "size"]}, "another goals"),
        ],
        ids=str,
    )
    def test_does_not_mix_two_searches(
        self, tuned: Tuned, recipe: Path, changes: dict[str, Any], said: str
    ) -> None:
        before = (tuned.folder / "trials.log").read_bytes()
        with pytest.raises(StoreError, match=said):
            tune(str(recipe), trials=7, out=tuned.folder, **changes)

        assert (tuned.folder / "trials.log").read_bytes() == before

    def test_does_not_go_on_with_other_data(
        self, recipe: Path, tmp_path: Path, tiny_data: Path
    ) -> None:
        """The path is the same, and what stands there is not: accuracies could not be compared."""
        data = Path(shutil.copytree(tiny_data, tmp_path / "data"))
        other = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        other["data"]["files"] = str(data)
        mine = tmp_path / "mine.yaml"
        mine.write_text(yaml.safe_dump(other), encoding="utf-8")
        tune(str(mine), trials=1, out=tmp_path / "search")

        (train,) = data.glob("train.*")
        content = train.read_text(encoding="utf-8")
        swapped = {"music": "alarm", "alarm": "music"}
        train.write_text(re.sub("music|alarm", lambda found: swapped[found[0]], content), "utf-8")

        with pytest.raises(StoreError, match="other data, another teacher or other files"):
            tune(str(mine), trials=2, out=tmp_path / "search")

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("search.json", b"{", "damaged"),
            ("search.json", b"[]", "damaged"),
            ("trials.log", b"no log\n", "damaged"),
        ],
    )
    def test_that_is_damaged_is_refused(
        self, tuned: Tuned, recipe: Path, tmp_path: Path, name: str, content: bytes, says: str
    ) -> None:
        folder = shutil.copytree(tuned.folder, tmp_path / "search")
        (folder / name).write_bytes(content)

        with pytest.raises(StoreError, match=says):
            tune(str(recipe), trials=6, out=folder)

    def test_goes_on_where_its_last_line_was_half_written(
        self, tuned: Tuned, recipe: Path, tmp_path: Path
    ) -> None:
        """As a full disk or a power cut leaves it."""
        folder = shutil.copytree(tuned.folder, tmp_path / "search")
        log = folder / "trials.log"
        log.write_bytes(log.read_bytes()[:-30])

        for trials in (6, 7):
            assert len(tune(str(recipe), trials=trials, out=folder).trials) >= trials

    def test_what_is_measured_changes_no_search(self, tuned: Tuned, recipe: Path) -> None:
        again = tune(
            str(recipe),
            trials=6,
            out=tuned.folder,
            overrides=["measure.rounds=9", "card.license=mit"],
        )
        assert again.trials == tuned.trials


@pytest.mark.usefixtures("cache")
class TestTrial:
    @pytest.mark.trains
    def test_one_that_is_pruned_leaves_its_history_and_no_model(
        self, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def prune(*_: Any) -> bool:
            return True

        monkeypatch.setattr("optuna.trial.Trial.should_prune", prune)
        with pytest.raises(KdzooError):  # none is left to be the best
            tune(str(recipe), trials=2, out=tmp_path / "search")

        folders = list((tmp_path / "search" / "models").glob("tiny--*"))
        pruned = [folder for folder in folders if not (folder / RECORD).is_file()]
        assert len(folders) - len(pruned) == 1  # the recipe as it stands
        assert pruned
        for folder in pruned:
            assert [path.name for path in folder.iterdir()] == [HISTORY]
            assert json.loads((folder / HISTORY).read_text(encoding="utf-8"))[0]["step"] == 3
            assert not (folder / CHECKPOINT).exists()

    def test_one_that_was_interrupted_is_tried_again(
        self, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the same values, whatever ended it."""
        seen: list[dict[str, Any]] = []
        train = tuning_training.train_trial

        def stopping(variant: Any, *rest: Any) -> Any:
            seen.append({"dim": variant.recipe.student.dim, "rate": variant.recipe.training})
            if len(seen) == 3:
                raise KeyboardInterrupt
            return train(variant, *rest)

        monkeypatch.setattr(trying, "train_trial", stopping)
        with pytest.raises(KeyboardInterrupt):
            tune(str(recipe), trials=3, out=tmp_path / "search")
        found = tune(str(recipe), trials=3, out=tmp_path / "search")

        assert seen[3] == seen[2]
        assert len(found.trials) == 3
        assert {trial.state for trial in found.trials} <= {"finished", "pruned"}

    @pytest.mark.parametrize(
        "error", [KdzooError("the loss is nan"), RuntimeError("out of memory")], ids=repr
    )
    def test_one_that_cannot_be_trained_is_told_and_the_others_go_on(
        self, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        monkeypatch.setattr(trying, "train_trial", failing_once(2, error))
        found = tune(str(recipe), trials=2, out=tmp_path / "search")

        reasons = [trial.reason for trial in found.trials]
        assert [reason.partition(" (")[0] for reason in reasons] == [
            reason_of(error).partition(" (")[0], ""
        ]  # fmt: skip

    def test_one_whose_values_do_not_go_together_is_told_and_the_others_go_on(
        self, write_recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        """Each value is fine alone: mse knows no temperature."""
        recipe = write_recipe(
            training={"steps": 2},
            search={"objective.kind": ["kl", "mse"], "objective.temperature": [1.0, 2.0]},
        )

        found = tune(str(recipe), trials=6, out=tmp_path / "search")

        kinds = {trial.values["objective.kind"]: trial for trial in found.trials}
        assert kinds["mse"].state == "failed"
        assert "temperature" in kinds["mse"].reason
        assert kinds["kl"].state == "finished"

    @pytest.mark.parametrize("error", [FileError("the disk is full"), OSError(28, "no space")])
    def test_one_whose_disk_is_full_is_tried_again(
        self, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        """It is no fault of its values, and uses up no trial."""
        monkeypatch.setattr(trying, "train_trial", failing_once(3, error))
        with pytest.raises((FileError, OSError)):
            tune(str(recipe), trials=2, out=tmp_path / "search")
        found = tune(str(recipe), trials=2, out=tmp_path / "search")

        assert [trial.reason for trial in found.trials] == ["", ""]

    def test_several_goals_give_a_front(self, recipe: Path, tmp_path: Path) -> None:
        found = tune(str(recipe), trials=4, out=tmp_path / "search",
                     goals=["flops", "accuracy", "size"])  # fmt: skip

        assert [goal.name for goal in found.goals] == ["accuracy", "size", "flops"]
        assert {trial.state for trial in found.trials} == {"finished"}
        for one in found.best:
            for other in found.trials:
                better = (other.figures[0], -other.figures[1], -other.figures[2])
                mine = (one.figures[0], -one.figures[1], -one.figures[2])
                assert not (all(a >= b for a, b in zip(better, mine, strict=True))
                            and better != mine)  # fmt: skip

    @pytest.mark.parametrize(
        "runtime", ["torch", pytest.param("onnx-int8", marks=pytest.mark.slow)]
    )
    def test_of_low_latency_is_measured_alone_at_the_end(
        self, recipe: Path, tmp_path: Path, runtime: str
    ) -> None:
        """The best are, and the recipe as it stands; the others stay estimated, and it says so."""
        quick = ["measure.rounds=2", "measure.texts=3", "measure.isolated=false"]
        asked: dict[str, Any] = {"trials": 3, "out": tmp_path / "search", "runtime": runtime,
                                 "goals": ["accuracy", "latency"], "overrides": quick}  # fmt: skip
        found = tune(str(recipe), **asked)

        assert found.measured is not None
        assert set(found.measured.by_trial) == {trial.number for trial in found.best}
        assert found.measured.own_ms is not None
        assert min(*found.measured.by_trial.values(), found.measured.own_ms) > 0
        with (found.folder / "trials.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        told_as = f"ms in {runtime}, measured"
        assert [bool(row[told_as]) for row in rows] == [row[""] == "best" for row in rows]
        assert all(float(row["ms a text, estimated"]) > 0 for row in rows)
        assert f"measured alone in {runtime}, on validation texts" in " ".join(told(found))
        store = Store(found.folder)
        assert set(store.outcomes(found.best[0].keys[0])["split"]) == {"validation"}
        assert tune(str(recipe), **asked).measured == found.measured
        assert len(store.sessions()) == 1

    @pytest.mark.parametrize("lost", ["recipe", "trial"])
    def test_of_low_latency_that_cannot_be_measured_is_left_out(
        self, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
    ) -> None:
        """The search's files are written all the same, with what the others took."""
        usual = finalists._candidate

        def candidate(finalist: finalists.Finalist, *rest: Any) -> Any:
            if lost in finalist.name:
                raise ModelError(f"{finalist.name} has no form for torch")
            return usual(finalist, *rest)

        monkeypatch.setattr(finalists, "_candidate", candidate)
        quick = ["measure.rounds=2", "measure.texts=3", "measure.isolated=false"]
        found = tune(str(recipe), trials=2, out=tmp_path / "search", runtime="torch",
                     goals=["accuracy", "latency"], overrides=quick)  # fmt: skip

        assert found.measured is not None
        assert (found.measured.own_ms is None) == (lost == "recipe")
        assert bool(found.measured.by_trial) == (lost == "recipe")
        assert (found.folder / "trials.csv").is_file()
        assert ("none of the best could be measured" in " ".join(told(found))) == (lost == "trial")

    def test_of_low_latency_is_estimated_from_work_and_weights(
        self, recipe: Path, tmp_path: Path
    ) -> None:
        """A student that does more is taken for slower, whatever the words that it knows."""
        found = tune(str(recipe), trials=4, out=tmp_path / "search",
                     goals=["accuracy", "latency", "flops"],
                     overrides=["measure.isolated=false", "measure.rounds=1"])  # fmt: skip

        by_flops = sorted(found.trials, key=lambda trial: trial.figures[1])
        estimates = [trial.figures[2] for trial in by_flops]
        assert estimates == sorted(estimates)

    def test_is_the_mean_over_its_seeds(self, recipe: Path, tmp_path: Path) -> None:
        found = tune(str(recipe), trials=1, out=tmp_path / "search", seeds=[0, 1])
        (trial,) = found.trials

        store = Store(tmp_path / "search")
        accuracies = [store.read(key).quality["validation"]["accuracy"] for key in trial.keys]
        assert len(accuracies) == 2
        assert trial.figures[0] == pytest.approx(sum(accuracies) / 2)


class TestMattered:
    @pytest.mark.parametrize("key", ["a", "b", "c"])
    @pytest.mark.parametrize("others", [[], ["minimize"], ["minimize", "minimize"]], ids=len)
    def test_is_what_accurate_trials_share(self, key: str, others: list[str]) -> None:
        """Where one key alone decides of accuracy, it gets the largest share, whatever the rest."""
        study = optuna.create_study(
            directions=["maximize", *others], sampler=optuna.samplers.RandomSampler(seed=0)
        )
        for _ in range(60):
            trial = study.ask()
            values = {name: trial.suggest_float(name, 0, 1) for name in ("a", "b", "c")}
            near = values[key] > 0.8  # good in a corner, and elsewhere alike bad
            accuracy = 0.9 + values[key] / 100 if near else 0.5 + values["a"] / 1e4
            study.tell(trial, [accuracy, *(values["b"] for _ in others)])
        tried = [search._trial(trial) for trial in study.trials]
        shares = search._mattered(study, tried)

        assert max(shares, key=lambda name: shares[name]) == key
        assert shares[key] > 0.6


class TestSpace:
    def test_is_a_sensible_one_where_the_recipe_has_none(
        self, write_recipe: WriteRecipe, recipe: Path
    ) -> None:
        source = Source(str(write_recipe()))
        found = space_of(source, source.variant())

        assert {"objective.temperature", "objective.alpha", "training.learning_rate"} <= set(found)

    def test_of_a_recipe_of_hard_labels_has_no_objective(self, write_recipe: WriteRecipe) -> None:
        source = Source(str(write_recipe(objective={"alpha": 1.0})))

        assert not [key for key in space_of(source, source.variant()) if "objective" in key]

    @pytest.mark.parametrize(
        ("space", "said"),
        [
            ({"objective.temprature": [1, 2]}, "did you mean"),
            ({"student.layers": {"low": 1, "high": 2}}, "unknown key"),
            ({"nothing.at.all": [1, 2]}, "unknown key"),
            ({"objective.temperature": {"low": 5, "high": 5}}, "less than high"),
            ({"objective.temperature": {"low": 9, "high": 1}}, "less than high"),
            ({"objective.temperature": {"low": 0, "high": 1, "log": True}}, "above 0"),
            ({"objective.temperature": {"low": -3, "high": 2}}, "greater than or equal to 0.01"),
            ({"objective.temperature": {"low": 1}}, "high"),
            ({"objective.temperature": {"low": 1, "high": float("inf")}}, "finite"),
            ({"objective.alpha": {"low": 0, "high": 2}}, "less than or equal to 1"),
            ({"objective.temperature": [1]}, "at least 2"),
            ({"objective.temperature": [1, 1]}, "twice"),
            ({"student.kind": ["fasttext", "no such student"]}, "no such student"),
            ({"training.select_by": ["accuracy", "luck"]}, "luck"),
            ({"training.steps": {"low": 0, "high": 10}}, "greater than 0"),
            ({"data.oos_label": ["a", "b"]}, "not searched"),
            ({"teacher.max_length": [8, 16]}, "not searched"),
            ({"seeds": [0, 1]}, "not searched"),
            ({}, "at least 1"),
        ],
        ids=str,
    )  # fmt: skip
    def test_that_cannot_be_is_refused_before_anything_is_trained(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, space: dict[str, Any], said: str
    ) -> None:
        path = write_recipe()
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({**data, "search": space}), encoding="utf-8")
        outcome = kdzoo("tune", path, "--trials", 1, "--out", "search")
        checked = kdzoo("check", path)

        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.err
        assert (checked.code, checked.err) == (2, outcome.err)
        assert not Path("search").exists()

    def test_whole_numbers_stay_whole_where_the_key_wants_them(self, recipe: Path) -> None:
        source = Source(str(recipe))
        found = space_of(source, source.variant())

        assert found["student.dim"].low == 4  # type: ignore[union-attr]
        assert isinstance(found["student.dim"].low, int)  # type: ignore[union-attr]
        assert isinstance(found["objective.temperature"].low, float)  # type: ignore[union-attr]


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--trials", "0"], "at least 1"),
            (["--trials", "-3"], "at least 1"),
            (["--hours", "0"], "more than 0"),
            (["--hours", "nan"], "more than 0"),
            (["--goals", "speed"], "no goal 'speed'"),
            (["--goals", "size"], "accuracy has to be"),
            (["--goals", "accuracy,accuracy"], "twice"),
            (["-o", "best.json"], "is no .yaml"),
            (["-o", "there.yaml"], "there already"),
            (["--out", "study"], "is a study's folder"),
            (["--set", "grid={training.steps: [5, 6]}"], "a search is of one"),
            (["--runtime", "onnx"], "add --goals accuracy,latency"),
            (["--runtime", "onnx", "--goals", "accuracy,size"], "add --goals accuracy,latency"),
            (["--goals", "accuracy,latency", "--runtime", "onxn"], "did you mean 'onnx'"),
            (["--goals", "accuracy,latency", "--runtime", "cascade"], "no student runs in it"),
            (["--goals", "accuracy,latency", "--runtime", "sklearn"], "no student runs in it"),
            (["--goals", "accuracy,latency", "--set", "measure.rounds=0"], "greater than 0"),
        ],
        ids=str,
    )
    def test_that_cannot_be_are_refused(
        self, kdzoo: RunCommand, recipe: Path, tmp_path: Path, options: list[str], said: str
    ) -> None:
        (tmp_path / "there.yaml").write_text("mine", encoding="utf-8")
        (tmp_path / "study").mkdir()
        (tmp_path / "study" / "study.json").write_text("{}", encoding="utf-8")
        outcome = kdzoo("tune", recipe, *options)

        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.err
        assert (tmp_path / "there.yaml").read_text(encoding="utf-8") == "mine"

    def test_where_optuna_is_not_installed_the_way_to_it_is_told(
        self, recipe: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
        with pytest.raises(RecipeError, match=r"pip install \"kdzoo\[tune\]\""):
            tune(str(recipe))


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_after_kill_9_the_same_command_goes_on(recipe: Path, tmp_path: Path) -> None:
    """At several moments; each restart loses no finished trial and trains none twice."""
    line = [sys.executable, "-I", "-m", "kdzoo", "tune", str(recipe), "--trials", "12", "--out",
            "search", "--set", "training.steps=40"]  # fmt: skip
    for seconds in (9.0, 11.0, 12.0):
        process = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.DEVNULL,
                                   start_new_session=True)  # fmt: skip
        time.sleep(seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "12 trials ended" in done.stdout
