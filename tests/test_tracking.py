"""Experiment trackers are told how training goes, and change nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_world import RunCommand, WriteRecipe

import kdzoo as package
from kdzoo.errors import TrackingError
from kdzoo.progress import Silent
from kdzoo.recipe import load_study
from kdzoo.results import Store
from kdzoo.steps.context import configuration_of
from kdzoo.tracking import Tracking, check_trackers
from kdzoo.training import make_accelerator

pytestmark = pytest.mark.trains

# Stands in for a tracker's package: what it is told goes to a file, a line per call.
STAND_IN = """
import json, os
from pathlib import Path

LOG = Path(__file__).with_suffix(".jsonl")

def _say(*what):
    with LOG.open("a") as file:
        file.write(json.dumps(what, default=str) + "\\n")

class _Config:
    def update(self, values, allow_val_change=False):
        _say("config", values)

class _Run:
    def log(self, values, step=None):
        if os.environ.get("STAND_IN_STOPS_AT") == str(step):
            raise KeyboardInterrupt
        if "STAND_IN_FAILS" in os.environ:
            raise OSError("the network is gone")
        _say("log", step, values)

    def finish(self):
        _say("finish")

config = _Config()

def init(project, **settings):
    if "STAND_IN_STARTS_NOT" in os.environ:
        raise RuntimeError("api key not configured")
    _say("init", project, settings)
    return _Run()
"""
MLFLOW = """
import json
from pathlib import Path
from types import SimpleNamespace

LOG = Path(__file__).with_suffix(".jsonl")
_uri, _runs = None, {}
utils = SimpleNamespace(
    validation=SimpleNamespace(MAX_PARAM_VAL_LENGTH=500, MAX_PARAMS_TAGS_PER_BATCH=100)
)

def _say(*what):
    with LOG.open("a") as file:
        file.write(json.dumps(what, default=str) + "\\n")

def is_tracking_uri_set():
    return _uri is not None

def set_tracking_uri(uri):
    global _uri
    _uri = uri
    _say("place", uri)

def search_runs(experiment_names, filter_string, output_format):
    found = _runs.get(filter_string.split("'")[1])
    return [] if found is None else [SimpleNamespace(info=SimpleNamespace(run_id=found))]

def search_experiments(filter_string):
    return []

def create_experiment(name, artifact_location, tags):
    _say("experiment", name, artifact_location)
    return name

def start_run(run_id, experiment_id, run_name, nested, tags, description):
    _runs[tags["kdzoo_key"]] = run_id or f"run{len(_runs)}"
    _say("init", experiment_id, {"name": run_name, "id": run_id})

def log_params(values):
    _say("config", values)

def log_metrics(values, step):
    _say("log", step, values)

def end_run():
    _say("finish")
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of packages that have the trackers' names; each writes <name>.jsonl there."""
    folder = tmp_path / "site"
    folder.mkdir()
    for name in ("wandb", "trackio"):
        (folder / f"{name}.py").write_text(STAND_IN, encoding="utf-8")
    (folder / "mlflow.py").write_text(MLFLOW, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    for name in ("wandb", "trackio", "mlflow"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder


def reported(folder: Path, name: str) -> Iterator[list[Any]]:
    for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def weights(study: Path) -> dict[str, bytes]:
    """Returns the bytes of all models of a study; their folders' names hold the keys."""
    return {
        path.parent.name: path.read_bytes() for path in study.glob("models/*/model.safetensors")
    }


def histories(study: Path) -> dict[str, list[dict[str, float]]]:
    return {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in study.glob("models/*/history.json")
    }


class TestTensorboard:
    @pytest.mark.study
    def test_shows_every_training_and_changes_no_byte(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        finished_study: Path,
        tmp_path: Path,
    ) -> None:
        """A run per trained model, under its folder's name, with the curves of its history."""
        pytest.importorskip("tensorboard")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        assert kdzoo("run", write_recipe(), "--track", "tensorboard", "--no-test").code == 0

        study = tmp_path / "runs" / "tiny"
        assert weights(study) == weights(finished_study)
        runs = study / "tracking" / "tensorboard"
        assert {folder.name for folder in runs.iterdir()} == set(weights(study))
        for name, history in histories(study).items():
            seen = EventAccumulator(str(runs / name)).Reload()
            for key in ("loss", "validation/accuracy", "validation/macro_f1"):
                curve = [(event.step, event.value) for event in seen.Scalars(key)]
                figure = key.removeprefix("validation/")
                assert curve == [
                    (point["step"], pytest.approx(point[figure], rel=1e-6)) for point in history
                ]

    def test_has_one_run_a_model_and_none_for_its_configuration(self, tmp_path: Path) -> None:
        pytest.importorskip("tensorboard")
        make_accelerator()

        with Tracking(["tensorboard"], "study", tmp_path).run("cnn--s0--k", "k", {"a": 1}) as note:
            note(5, {"loss": 1.0})

        assert [path.name for path in tmp_path.rglob("*") if path.is_dir()] == [
            "tensorboard", "cnn--s0--k"
        ]  # fmt: skip


class TestOthers:
    @pytest.mark.parametrize(
        "tracker",
        ["mlflow", *(pytest.param(name, marks=pytest.mark.study) for name in ("wandb", "trackio"))],
    )
    def test_get_a_run_a_model_with_its_configuration_and_curves(
        self, stand_in: Path, write_recipe: WriteRecipe, tmp_path: Path, tracker: str
    ) -> None:
        study = tmp_path / "runs" / "tiny"
        package.run(str(write_recipe()), out=study, track=[tracker], read_test=False)

        said = list(reported(stand_in, tracker))
        begun = [line for line in said if line[0] == "init"]
        assert {project for _, project, _ in begun} == {"tiny"}
        assert [settings["name"] for *_, settings in begun] == [
            name for role in ("teacher", "tiny--", "tiny-hard") for name in sorted(weights(study))
            if name.startswith(role)
        ]  # fmt: skip
        roles = [values["role"] for kind, values in (e for e in said if e[0] == "config")]
        assert roles == ["teacher", "student", "control"]
        assert sum(line[0] == "finish" for line in said) == 3
        curves = [(step, values["loss"]) for kind, step, values in
                  (line for line in said if line[0] == "log")]  # fmt: skip
        known = [histories(study)[name] for name in sorted(histories(study), reverse=True)]
        points = {(point["step"], point["loss"]) for history in known for point in history}
        assert points <= set(curves)
        assert len(curves) == 4 + 3 + 3  # the teacher's epochs, then both students' evaluations

    @pytest.mark.study
    @pytest.mark.parametrize("read_test", [True, False])
    def test_get_the_final_test_figures_in_the_models_own_run(
        self, stand_in: Path, write_recipe: WriteRecipe, tmp_path: Path, read_test: bool
    ) -> None:
        """Those of its record, at its last step; a run again has nothing to add."""
        recipe, study = str(write_recipe(training={"steps": 6})), tmp_path / "runs" / "tiny"
        package.run(recipe, out=study, track=["wandb"], read_test=read_test)
        said = list(reported(stand_in, "wandb"))
        package.run(recipe, out=study, track=["wandb"], read_test=read_test)

        assert list(reported(stand_in, "wandb")) == said
        store, told = Store(study), {}
        for kind, *rest in said:
            if kind == "init":
                key = rest[1]["id"]
            elif kind == "log" and "test/accuracy" in rest[1]:
                told[key] = rest
        trained = [key for key in store.manifest().keys if store.read(key).training is not None]
        assert set(told) == ({*trained} if read_test else set())
        for key, (step, figures) in told.items():
            record = store.read(key)
            assert record.training is not None
            assert step == record.training.steps
            assert figures["test/accuracy"] == record.quality["test"]["accuracy"]

    def test_that_run_on_no_server_write_below_the_study(
        self, stand_in: Path, tmp_path: Path
    ) -> None:
        """A tracker that was given a place keeps it; the next study has a place of its own."""
        make_accelerator()
        for study in ("one", "two"):
            folder = tmp_path / study / "tracking"
            for _ in range(2):
                with Tracking(["mlflow"], study, folder).run("cnn--s0--k", f"k{study}", {}):
                    pass

        said = list(reported(stand_in, "mlflow"))
        places = [line[1] for line in said if line[0] == "place" and line[1] is not None]
        assert places == [
            f"sqlite:///{tmp_path / study / 'tracking' / 'mlflow' / 'mlflow.db'}"
            for study in ("one", "one", "two", "two")
        ]
        ids = [line[2]["id"] for line in said if line[0] == "init"]
        assert ids == [None, "run0", None, "run1"]  # the same model goes on with the same run

    @pytest.mark.study
    def test_several_are_told_the_same(
        self, kdzoo: RunCommand, stand_in: Path, write_recipe: WriteRecipe
    ) -> None:
        """Named with commas or one by one; one that is named twice is told once."""
        recipe = write_recipe(controls={"hard_labels": False, "baseline": False})
        outcome = kdzoo(
            "run", recipe, "--no-test", "--track", "wandb, trackio", "--track", "wandb"
        )  # fmt: skip

        assert outcome.code == 0
        first, second = (
            [line for line in reported(stand_in, name) if line[0] != "init"]
            for name in ("wandb", "trackio")
        )
        assert first == second
        assert sum(line[0] == "finish" for line in first) == 2

    @pytest.mark.study
    def test_an_interrupted_training_goes_on_in_the_same_run(
        self,
        kdzoo: RunCommand,
        stand_in: Path,
        write_recipe: WriteRecipe,
        finished_study: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        recipe, study = write_recipe(), tmp_path / "runs" / "tiny"
        monkeypatch.setenv("STAND_IN_STOPS_AT", "60")  # the student's last step, or its control's
        stopped = kdzoo("run", recipe, "--no-test", "--track", "wandb")
        monkeypatch.delenv("STAND_IN_STOPS_AT")
        went_on = kdzoo("run", recipe, "--no-test", "--track", "wandb")

        assert (stopped.code, went_on.code) == (130, 0)
        assert "resumed at step 40" in went_on.err
        assert weights(study) == weights(finished_study)
        begun = [settings for kind, _, settings in
                 (line for line in reported(stand_in, "wandb") if line[0] == "init")]  # fmt: skip
        ids = [settings["id"] for settings in begun if settings["name"].startswith("tiny--s0")]
        assert len(ids) == 2
        assert len(set(ids)) == 1
        assert all(settings["resume"] == "allow" for settings in begun)


class TestMistakes:
    def test_an_unknown_tracker_is_refused_with_the_nearest(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        outcome = kdzoo("run", write_recipe(), "--track", "tensorbord")

        assert outcome.code == 2
        assert "there is no tracker 'tensorbord'; did you mean 'tensorboard'?" in outcome.err
        assert not (tmp_path / "runs").exists()

    def test_one_that_is_not_installed_is_refused_before_anything_is_trained(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

        outcome = kdzoo("run", write_recipe(), "--track", "tensorboard")

        assert outcome.code == 2
        assert "tensorboard is not installed" in outcome.err
        assert "pip install tensorboard" in outcome.err
        assert "Traceback" not in outcome.err
        assert not (tmp_path / "runs").exists()

    def test_all_are_told_at_once(self) -> None:
        with pytest.raises(TrackingError, match="2 problems"):
            check_trackers(["tensorbord", "wandbb"])

    def test_one_that_does_not_start_ends_the_run_with_a_message(
        self,
        kdzoo: RunCommand,
        stand_in: Path,
        write_recipe: WriteRecipe,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """No login, no server: said before the first training, which a later start then makes."""
        monkeypatch.setenv("STAND_IN_STARTS_NOT", "1")

        outcome = kdzoo("run", write_recipe(), "--track", "wandb")

        assert outcome.code == 2
        assert "wandb does not start: api key not configured" in outcome.err
        assert "without --track wandb" in outcome.err
        assert weights(tmp_path / "runs" / "tiny") == {}

    def test_one_that_fails_later_costs_its_own_figures_alone(
        self,
        stand_in: Path,
        write_recipe: WriteRecipe,
        finished_study: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("STAND_IN_FAILS", "1")
        said: list[str] = []

        class Listens(Silent):
            def say(self, message: str) -> None:
                said.append(message)

        study = tmp_path / "runs" / "tiny"
        package.run(
            str(write_recipe()), out=study, track=["wandb"], read_test=False, progress=Listens()
        )

        assert "note: wandb did not take all figures: the network is gone" in said
        assert weights(study) == weights(finished_study)


class TestPrivacy:
    def test_a_configuration_is_flat_and_holds_no_path_and_no_text(
        self, write_recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        augment = {"kind": "mask", "copies": 2}
        recipe = write_recipe(transfer={"augment": augment})
        (variant,) = load_study(str(recipe)).variants

        found = configuration_of(variant.recipe, "student", 3)

        assert (found["role"], found["seed"], found["student.kind"]) == ("student", 3, "fasttext")
        assert found["transfer.augment.kind"] == "mask"
        assert not [value for value in found.values() if isinstance(value, dict | list)]
        assert not [value for value in found.values() if str(tmp_path.parent) in str(value)]

    def test_without_a_tracker_there_is_no_folder_of_one(self, finished_study: Path) -> None:
        assert not (finished_study / "tracking").exists()
