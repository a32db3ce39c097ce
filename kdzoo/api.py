"""What the command line does, for Python."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.files import files_told
from kdzoo.registry import load_students

if TYPE_CHECKING:
    import pandas as pd

    from kdzoo.hub import Pushed
    from kdzoo.progress import Progress
    from kdzoo.report.page.notebook import Results
    from kdzoo.runtime.predictor import Predictor


@files_told()
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
        progress: told what is being done: this process's stderr by default, which a notebook shows;
            nobody with ``kdzoo.progress.Silent()``.

    Returns:
        The study's results: its store, finished and reported, which a notebook shows. Where a row
        failed, the others are there, and ``failures`` of the results says which and why.

    Raises:
        KdzooError: a mistake in recipe, data or teacher, a tracker that is not there, or a study of
            which no row could be trained.
    """
    from rich.console import Console

    from kdzoo.console import ConsoleProgress
    from kdzoo.progress import quiet
    from kdzoo.recipe import load_study
    from kdzoo.report.page.notebook import Results
    from kdzoo.study import run_study

    if students is not None:
        load_students(students)
    study = load_study(target, overrides=overrides, seeds=seeds, data=data)
    folder = Path(out) if out is not None else Path("runs") / study.name
    shown = progress or ConsoleProgress(Console(stderr=True, force_jupyter=False))
    with quiet():
        run_study(study, folder, read_test=read_test, track=track, progress=shown)
    return Results(folder)


@files_told()
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
    from kdzoo.report.page.notebook import Results
    from kdzoo.results import Store
    from kdzoo.results import merge as merge_stores

    store = merge_stores([Store(Path(folder)) for folder in folders], Path(out), progress)
    write_report(store)
    return Results(store.root)


@files_told()
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
    from kdzoo.progress import quiet
    from kdzoo.runtime import runtime_of
    from kdzoo.runtime.predictor import Predictor

    if students is not None:
        load_students(students)
    with quiet() if runtime_of(Path(folder)) == "torch" else nullcontext():
        return Predictor(Path(folder), calibrated=calibrated, reject=reject)


@files_told()
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


@files_told()
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
    from kdzoo.report.formats.frame import tidy_frame
    from kdzoo.results import Store

    return tidy_frame(*(Store(Path(folder)) for folder in folders))


def read_verdicts(*folders: str | Path) -> pd.DataFrame:
    """Returns what the report says of the models of one study, or of several, as a tidy frame.

    There is one line per row of the table and question. ``This model against the teacher``: whether
    the very models that were trained may be deployed, over texts. ``This recipe against hard
    labels``: whether distilling helps, over texts and seeds; of one seed there is no verdict, and
    low, high and p are missing. Columns: study, row, question, seeds, split, verdict (better,
    equal, undecided or worse; gain, none, loss or one seed), difference (in accuracy, -1 to 1), low
    and high (of its 95 % interval), p (corrected for all comparisons of the study), sentence.

    Args:
        folders: of studies, as in ``runs/<study>`` or ``results/<study>``.

    Raises:
        StoreError: a folder is no study, or outcomes are missing or damaged.
    """
    from kdzoo.report.formats.frame import verdict_frame
    from kdzoo.results import Store

    return verdict_frame(*(Store(Path(folder)) for folder in folders))
