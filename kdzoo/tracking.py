"""What a training tells experiment trackers: a run of its own for each model."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from kdzoo.errors import Problem, TrackingError, did_you_mean
from kdzoo.progress import Progress, Silent

Note = Callable[[int, Mapping[str, float]], None]  # (step, figures by name)
Scalar = str | int | float | bool
TRACKING = "tracking"  # the folder of trackers that have no place of their own, below a study's


@dataclass(frozen=True)
class _Run:
    """A model's run: the study is what the tracker calls project, experiment or folder."""

    study: str
    name: str
    key: str  # the same model is the same run: one that was interrupted goes on
    folder: Path
    closing: ExitStack  # what is to be done when the run has ended


def _tensorboard(run: _Run) -> dict[str, Any]:
    return {"run_name": run.name, "logging_dir": run.folder / "tensorboard"}


def _wandb(run: _Run) -> dict[str, Any]:
    return {
        "run_name": run.study,  # accelerate's word for the project
        "name": run.name,
        "id": run.key,
        "resume": "allow",
        "dir": run.folder,
    }


def _trackio(run: _Run) -> dict[str, Any]:
    return {"run_name": run.study, "name": run.name, "resume": "allow", "embed": False}


def _mlflow(run: _Run) -> dict[str, Any]:
    import mlflow

    place = None
    if not mlflow.is_tracking_uri_set():
        place = (run.folder / "mlflow").resolve()
        place.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(f"sqlite:///{place / 'mlflow.db'}")
        run.closing.callback(
            mlflow.set_tracking_uri, None
        )  # the next study has a folder of its own
    known = mlflow.search_runs(
        experiment_names=[run.study],
        filter_string=f"tags.kdzoo_key = '{run.key}'",
        output_format="list",
    )
    return {
        "experiment_name": run.study,
        "logging_dir": None if place is None else place.as_uri(),
        "run_id": known[0].info.run_id if known else None,
        "run_name": run.name,
        "tags": {"kdzoo_key": run.key},
        "nested_run": True,  # beside one that the user has open
    }


# By name, which is also that of the package: what accelerate's tracker is made with.
_TRACKERS: dict[str, Callable[[_Run], dict[str, Any]]] = {
    "mlflow": _mlflow,
    "tensorboard": _tensorboard,
    "trackio": _trackio,
    "wandb": _wandb,
}


def check_trackers(names: Sequence[str]) -> None:
    """Looks whether all trackers are known and installed.

    Raises:
        TrackingError: a tracker has another name, or its package is not installed.
    """
    problems = [
        Problem(f"there is no tracker '{name}'; {did_you_mean(name, _TRACKERS)}")
        for name in names
        if name not in _TRACKERS
    ]
    problems += [
        Problem(f"{name} is not installed", cure=f"pip install {name}")
        for name in names
        if name in _TRACKERS and importlib.util.find_spec(name) is None
    ]
    if problems:
        raise TrackingError("--track", *problems)


@dataclass(frozen=True)
class Tracking:
    """Which trackers are told of a study; none by default.

    Attributes:
        names: of the trackers.
        study: the name under which they keep its runs.
        folder: where those write that have no place of their own.
        progress: told what a tracker does not take.
    """

    names: Sequence[str] = ()
    study: str = ""
    folder: Path = Path()
    progress: Progress = field(default_factory=Silent)

    @contextmanager
    def run(self, name: str, key: str, configuration: Mapping[str, Scalar]) -> Iterator[Note]:
        """Opens a model's run and yields what tells it the figures of a step.

        A tracker that fails later on costs its own figures alone: it is told no more of this model,
        and training goes on.

        Args:
            name: of the model's folder.
            key: of the model.
            configuration: what shapes the model.

        Raises:
            TrackingError: a tracker does not start.
        """
        with ExitStack() as stack:
            run = _Run(self.study, name, key, self.folder, stack)
            trackers = {}
            for tracker in dict.fromkeys(self.names):
                trackers[tracker] = _start(tracker, run, configuration)
                stack.callback(self._tell, tracker, trackers[tracker].finish)

            def note(step: int, figures: Mapping[str, float]) -> None:
                for tracker in list(trackers):
                    if not self._tell(
                        tracker, partial(trackers[tracker].log, dict(figures), step=step)
                    ):
                        del trackers[tracker]

            yield note

    def _tell(self, tracker: str, call: Callable[[], object]) -> bool:
        """Returns whether a tracker took what it was told."""
        try:
            call()
        except Exception as error:  # trackers raise whatever their network raises
            self.progress.say(f"note: {tracker} did not take all figures: {error}")
            return False
        return True


def _start(name: str, run: _Run, configuration: Mapping[str, Scalar]) -> Any:
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    try:
        run.folder.mkdir(parents=True, exist_ok=True)
        tracker = LOGGER_TYPE_TO_CLASS[name](**_TRACKERS[name](run))
        tracker.start()
        if name == "tensorboard":  # accelerate would open a second run for the configuration
            tracker.tracker.add_hparams(dict(configuration), {}, run_name=".")
        else:
            tracker.store_init_configuration(dict(configuration))
    except Exception as error:  # a server out of reach, no login, another version
        raise TrackingError(
            f"{name} does not start: {error}; the study runs without --track {name}"
        ) from error
    return tracker
