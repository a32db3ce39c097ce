"""Studies, run and finished: run, report, merge, and their results as frames."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.api.reading import folder_of, read_study
from kdzoo.arguments import as_annotated
from kdzoo.errors import RecipeError, StoreError
from kdzoo.files import as_file_errors, check_writable, with_home

if TYPE_CHECKING:
    import pandas as pd

    from kdzoo.progress import Progress
    from kdzoo.report.page.notebook import Results
    from kdzoo.results import Store


@as_annotated
@as_file_errors()
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
    workers: int | None = None,
    engine: str = "local",
    threads: int | None = None,
    label_parts: int = 1,
    measure_again: bool = False,
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
        workers: processes that make the study's steps side by side; by default as many as there are
            cores, memory and steps for. 1 makes them in this process, for a debugger.
        engine: ``local``; ``ray`` for a Ray cluster of this machine, ``ray:HOST:PORT`` or
            ``ray:auto`` for one that is there; its machines share the study's folder and the cache.
        threads: that each step computes with; by default one for small architectures, all cores for
            the teacher, an even share of them for students that are transformers.
        label_parts: steps into which each labelling is divided, so that several machines share it;
            what comes out is the same.
        measure_again: whether latency is measured where this machine has measured it before, as
            after a noisy session.
        progress: told what is being done: this process's stderr by default, which a notebook shows;
            nobody with ``kdzoo.progress.Silent()``.

    Returns:
        The study's results: its store, finished and reported, which a notebook shows. Where a row
        failed, the others are there, and ``failures`` of the results says which and why.

    Raises:
        KdzooError: a mistake in recipe, data or teacher, a tracker that is not there, or a study of
            which no row could be trained.
    """
    from kdzoo.progress import quiet

    study, shown = read_study(target, overrides, seeds, data, students, progress)
    with quiet():
        from kdzoo.engines import Way
        from kdzoo.report.page.notebook import Results
        from kdzoo.study import run_study

        way = Way(
            read_test=read_test,
            track=track,
            workers=workers,
            engine=engine,
            threads=threads,
            label_parts=label_parts,
            measure_again=measure_again,
        )
        folder = folder_of(study, out)
        report = run_study(study, folder, way, progress=shown)
    return Results(folder, report)


@as_annotated
@as_file_errors()
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
    from kdzoo.results import Store
    from kdzoo.results import merge as merge_stores

    stores = [Store(with_home(folder)) for folder in folders]
    if not stores:
        raise StoreError("no study is named; name the folders of at least one")
    stores[0].manifest()  # it is a study, before ``out`` is one that cannot be written
    target = with_home(out)
    check_writable(target, "give a folder that you may write")
    return _reported(merge_stores(stores, target, progress))


@as_annotated
@as_file_errors()
def make_report(
    folder: str | Path,
    *,
    publish: str | Path | None = None,
    examples: bool = False,
    data: str | None = None,
) -> Results:
    """Makes tables, pictures and page of a study again, as ``kdzoo report FOLDER`` does.

    Nothing is trained.

    Args:
        folder: of the study, working or published.
        publish: a folder for a copy of what may be shown: no weights, no texts, no paths. The
            report is made there.
        examples: whether the page shows texts of the classes that lost most, read from the data.
        data: a file or folder in place of the data source, for ``examples``.

    Returns:
        The results where the report was made, which a notebook shows.

    Raises:
        KdzooError: the folder is no study, the report cannot be written, or the options do not go
            together.
    """
    from kdzoo.results import Store
    from kdzoo.results import publish as publish_store

    if data is not None and not examples:
        raise RecipeError("--data belongs to --examples: a report needs no data otherwise")
    if examples and publish is not None:
        raise RecipeError("what is published or checked holds no texts; remove --examples")
    store = Store(with_home(folder))
    keys = store.manifest().keys  # it is a study, before it is one that cannot be written
    if publish is None:
        copy = shlex.join(["kdzoo", "report", str(store.root), "--publish", "FOLDER"])
        check_writable(store.root, f"a report elsewhere: {copy}")
    else:
        target = with_home(publish)
        check_writable(target, "give a folder that you may write")
        store = publish_store(store, target, keys)
    return _reported(store, examples=examples, data=data)


def _reported(store: Store, *, examples: bool = False, data: str | None = None) -> Results:
    """Writes the report of a store and returns what it says."""
    from kdzoo.examples import example_texts
    from kdzoo.report import read_report, write_report
    from kdzoo.report.page.notebook import Results

    report = read_report(store)
    texts = example_texts(store, report.table.split, data) if examples else None
    write_report(store, texts, report)
    return Results(store.root, report)


@as_annotated
@as_file_errors()
def check_report(folder: str | Path, *, readme: str | Path | None = None) -> list[str]:
    """Sees whether written tables are what was measured, as ``kdzoo report --check`` does.

    Args:
        folder: of the study.
        readme: a document whose ``<!-- table: FILE -->`` blocks are looked at too.

    Returns:
        A line for each table that is stale or missing, with the first difference; none where all
        are as they should be.

    Raises:
        StoreError: the folder is no study, or there is no such document.
    """
    from kdzoo.report.check import stale_blocks, stale_tables, without_blocks
    from kdzoo.results import Store

    stale = stale_tables(Store(with_home(folder)))
    if readme is None:
        return stale
    document = with_home(readme)
    return stale + stale_blocks(document) + without_blocks(document)


@as_annotated
@as_file_errors()
def read_results(*folders: str | Path) -> pd.DataFrame:
    """Returns the models of one study, or of several, as a tidy frame.

    There is one line per model, runtime, split and metric. Columns: study, row (of the table; a
    control stands under its student's), role (teacher, student, control or baseline), kind, road
    (the approach), variant, seed, key, runtime, machine (that timed it), split, metric, value.

    The split ``deployed`` holds what a model costs: ``size_bytes``, ``latency_p50_ms``,
    ``memory_peak_bytes`` and whatever else ``table.csv`` has, by the same names. Of a row's seeds
    one was timed. Quality in the runtime ``torch`` is that of the model as it was trained.

    Args:
        folders: of studies, as in ``runs/<study>`` or ``results/<study>``.

    Raises:
        StoreError: a folder is no study, or there is none.
    """
    from kdzoo.report.formats.frame import tidy_frame

    return tidy_frame(*_stores(folders, "read_results"))


@as_annotated
@as_file_errors()
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
        StoreError: a folder is no study, or there is none, or outcomes are missing or damaged.
    """
    from kdzoo.report.formats.frame import verdict_frame

    return verdict_frame(*_stores(folders, "read_verdicts"))


def _stores(folders: Sequence[str | Path], asked_by: str) -> list[Store]:
    from kdzoo.results import Store

    if not folders:
        raise StoreError(f'name the folder of a study, as in kdzoo.{asked_by}("runs/STUDY")')
    return [Store(with_home(folder)) for folder in folders]
