"""What the command line does, for Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kdzoo.errors import ModelError, RecipeError
from kdzoo.registry import load_students, runtimes

if TYPE_CHECKING:
    import pandas as pd

    from kdzoo.hub import Pushed
    from kdzoo.progress import Progress, Task
    from kdzoo.report.notebook import Results
    from kdzoo.runtime import Text
    from kdzoo.runtime.agreement import Agreement
    from kdzoo.runtime.predictor import Predictor


def run(
    target: str,
    *,
    overrides: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    data: str | None = None,
    students: str | Path | None = None,
    out: str | Path | None = None,
    read_test: bool = True,
    track: Sequence[str] = (),
    progress: Progress | None = None,
) -> Results:
    """Runs a recipe, or a folder of them, as ``kdzoo run`` does.

    Args:
        target: a recipe's name (``clinc150/bilstm``), a folder of recipes, or a recipe file.
        overrides: ``key.path=value`` each.
        seeds: instead of the recipes' own.
        data: a file or folder in place of the recipes' data source.
        students: a file or folder of students of your own.
        out: the study's folder; ``runs/<study>`` by default.
        read_test: whether the test split is read at the end.
        track: experiment trackers that get a run per model: ``tensorboard``, ``wandb``, ``mlflow``,
            ``trackio``.
        progress: told what is being done; nobody by default.

    Returns:
        The study's results: its store, finished and reported, which a notebook shows.

    Raises:
        KdzooError: a mistake in recipe, data or teacher, or a tracker that is not there.
    """
    from kdzoo.recipe import load_study
    from kdzoo.report.notebook import Results
    from kdzoo.study import run_study

    if students is not None:
        load_students(students)
    study = load_study(target, overrides=overrides, seeds=seeds, data=data)
    folder = Path(out) if out is not None else Path("runs") / study.name
    store = run_study(study, folder, read_test=read_test, track=track, progress=progress)
    return Results(store.root)


def merge(
    folders: Sequence[str | Path], out: str | Path, *, progress: Progress | None = None
) -> Results:
    """Makes one report of several studies on the same data, as ``kdzoo report A B --out C`` does.

    Args:
        folders: of the studies, working or published, from any machines.
        out: the folder to write: no weights, no texts, no paths; what was published there before is
            replaced.
        progress: told what was kept apart, and why; nobody by default.

    Returns:
        The results in ``out``, reported, which a notebook shows.

    Raises:
        StoreError: a folder cannot be read or holds other data, or ``out`` is another folder.
    """
    from kdzoo.report import write_report
    from kdzoo.report.notebook import Results
    from kdzoo.results import Store
    from kdzoo.results import merge as merge_stores

    store = merge_stores([Store(Path(folder)) for folder in folders], Path(out), progress)
    write_report(store)
    return Results(store.root)


def load(
    folder: str | Path,
    *,
    students: str | Path | None = None,
    calibrated: bool = False,
    reject: bool = False,
) -> Predictor:
    """Returns the model in a folder, ready to predict.

    Args:
        folder: a model's folder, as in ``runs/<study>/models/<model>``, or one that was exported.
        students: the file or folder that brings its architecture, where kdzoo does not have it.
        calibrated: whether logits are divided by the temperature that was fitted on validation.
        reject: whether a text is out of scope from the threshold on that was tuned on validation,
            rather than where that label is the most probable.

    Raises:
        ModelError: the folder is not a whole model, its student is not registered, or it lacks what
            ``calibrated`` or ``reject`` need.
        RecipeError: what runs it is not installed.
    """
    from kdzoo.runtime.predictor import Predictor

    if students is not None:
        load_students(students)
    return Predictor(Path(folder), calibrated=calibrated, reject=reject)


@dataclass(frozen=True)
class Exported:
    """What ``export`` wrote.

    Attributes:
        folder: where it lies.
        runtime: what runs it.
        size_bytes: of what is deployed: graph, tokenizer, labels.
        trained_bytes: of the same in the trained model's folder.
        agreement: with the trained model, where texts were given.
    """

    folder: Path
    runtime: str
    size_bytes: int
    trained_bytes: int
    agreement: Agreement | None


def export(
    run: str | Path,
    out: str | Path,
    *,
    runtime: str = "onnx-int8",
    model: str | None = None,
    seed: int | None = None,
    int8: Literal["dynamic", "static"] = "dynamic",
    texts: str | Path | None = None,
    text: str = "text",
    text_pair: str | None = None,
    students: str | Path | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Writes a folder that deploys, as ``kdzoo export`` does: it needs neither torch nor kdzoo.

    Args:
        run: the folder or hub id of a classifier, kdzoo's or any of Hugging Face's; or a study's.
        out: the folder to write; an exported one that is there is replaced.
        runtime: a registered one that has an export.
        model: the row of a study's table.
        seed: of that row; its first by default.
        int8: whether activations get their ranges as they come, or once, from ``texts``.
        texts: a file of real texts, on which the exported form is compared with the trained one.
        text: its column.
        text_pair: the column of the second text, of pairs.
        students: the file or folder that brings the architecture, where kdzoo does not have it.
        progress: told what is being done; nobody by default.

    Raises:
        KdzooError: there is no such model, it cannot be exported, or ``out`` is another folder.
    """
    from kdzoo.model import size_bytes
    from kdzoo.progress import Silent
    from kdzoo.runtime.folder import deployed_bytes
    from kdzoo.runtime.forms import CALIBRATION_TEXTS, ExportSettings

    progress = progress or Silent()
    if students is not None:
        load_students(students)
    write = _export_of(runtime, int8, texts)
    target = Path(out).expanduser().resolve()
    _refuse_to_overwrite(target)
    folder = _trained_folder(run, model, seed)

    def read() -> Iterator[Text]:
        assert texts is not None  # noqa: S101 - read where there are some
        return _read(texts, text, text_pair, folder)

    count = 0 if texts is None else sum(1 for _ in read())
    calibration: list[Text] = []
    if texts is not None and int8 == "static":
        calibration = list(islice(read(), CALIBRATION_TEXTS))
    progress.say(f"exporting {folder.name} to {runtime}")
    write(folder, target, ExportSettings(int8, calibration))
    found = None
    if texts is not None:
        with progress.task("comparing with PyTorch", count) as task:
            found = _compare(folder, target, runtime, read(), task)
    return Exported(Path(out), runtime, deployed_bytes(target), size_bytes(folder), found)


def _export_of(runtime: str, int8: str, texts: str | Path | None) -> Any:
    """Returns what exports to the runtime, once it is seen that it can."""
    from kdzoo.runtime import require_runtimes

    entry = runtimes.get(runtime)
    if entry.details["export"] is None:
        others = [name for name, each in runtimes.entries().items() if each.details["export"]]
        raise RecipeError(
            f"runtime '{runtime}' reads the trained model's own folder: there is nothing to "
            f"export; runtimes with a form of their own: {', '.join(others)}"
        )
    if int8 == "static" and entry.details["exact"]:
        raise RecipeError(f"--int8 static is for onnx-int8, not for {runtime}")
    if int8 == "static" and texts is None:
        raise RecipeError("--int8 static needs real texts to calibrate on: give --texts FILE")
    require_runtimes([runtime])
    return entry.details["export"]


def _refuse_to_overwrite(target: Path) -> None:
    from kdzoo.runtime.decision import DECISION
    from kdzoo.runtime.folder import DEPLOYED, EXPORT, README

    if target.exists() and not target.is_dir():
        raise ModelError(f"{target} is a file; give --out a folder")
    held = {path.name for path in target.iterdir()} if target.exists() else set()
    if held and (EXPORT not in held or held - {EXPORT, README, DECISION, *DEPLOYED}):
        raise ModelError(
            f"{target} holds other things than an exported model, which would be lost; "
            "give --out a new folder"
        )


def _read(file: str | Path, column: str, column_pair: str | None, folder: Path) -> Iterator[Text]:
    """Returns the file's texts, once each is seen to be what the folder's model reads."""
    from kdzoo.data.stream import read_texts
    from kdzoo.model import reads_pairs
    from kdzoo.runtime.predictor import checked

    texts = read_texts(Path(file).expanduser(), column, column_pair)
    return checked(texts, reads_pairs(folder))


def _compare(
    folder: Path, target: Path, runtime: str, texts: Iterator[Text], task: Task
) -> Agreement:
    from kdzoo.runtime import load_classifier
    from kdzoo.runtime.agreement import agreement

    trained, exported = load_classifier(folder, "torch"), load_classifier(target, runtime)
    return agreement(trained, exported, texts, task.advance)


def _trained_folder(run: str | Path, model: str | None, seed: int | None) -> Path:
    """Returns the folder of a trained model: one that is named, or a row of a study."""
    from kdzoo.results import Store, choose
    from kdzoo.runtime.folder import is_export
    from kdzoo.teacher import find_model

    folder = Path(run).expanduser()
    if (folder / "study.json").is_file():
        return choose(Store(folder), model, seed).folder
    if model is not None or seed is not None:
        raise ModelError(f"--model and --seed choose from a study's table, and {run} is no study")
    if is_export(folder):
        raise ModelError(f"{run} is exported already; name the folder of the trained model")
    if (folder / "baseline.skops").is_file():
        raise ModelError(f"{run} is the classical baseline, which has no other form than its own")
    return find_model(str(run))


def push(
    run: str | Path,
    repository: str,
    *,
    model: str | None = None,
    seed: int | None = None,
    private: bool = False,
    runtimes: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Pushed:
    """Uploads a student to the Hugging Face hub, as ``kdzoo push`` does, in one commit.

    Its weights, tokenizer, model card and exported forms: no texts, predictions or paths.

    Args:
        run: a study's folder, or that of a model in one.
        repository: owner and name; made where it is not there.
        model: the row of the study's table.
        seed: of that row; its first by default.
        private: whether nobody else may see the repository.
        runtimes: whose exported forms go with it; all that there are by default.
        progress: told what is being done; nobody by default.

    Raises:
        KdzooError: there is no such student, no token, no hub in reach, or the hub refuses.
    """
    from kdzoo.hub import push_student
    from kdzoo.progress import Silent

    return push_student(
        run,
        repository,
        model=model,
        seed=seed,
        private=private,
        runtimes=runtimes,
        progress=progress or Silent(),
    )


def read_results(*folders: str | Path) -> pd.DataFrame:
    """Returns the models of one study, or of several, as a tidy frame.

    There is one line per model, runtime, split and metric. Columns: study, row (of the table; a
    control stands under its student's), role (teacher, student, control or baseline), kind, road,
    variant, seed, key, runtime, machine (that timed it), split, metric, value.

    The split ``deployed`` holds what a model costs: ``size_bytes``, ``latency_p50_ms``,
    ``memory_peak_bytes`` and whatever else ``table.csv`` has, by the same names. Of a row's seeds
    one was timed. Quality in the runtime ``torch`` is that of the model as it was trained.

    Args:
        folders: of studies, as in ``runs/<study>`` or ``results/<study>``.

    Raises:
        StoreError: a folder is no study.
    """
    from kdzoo.report.frame import tidy_frame
    from kdzoo.results import Store

    return tidy_frame(*(Store(Path(folder)) for folder in folders))
