"""Commands over studies: run, report, cache."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kdzoo.cli.app import (
    DataSource,
    MaxNoise,
    Overrides,
    Seeds,
    Students,
    Target,
    app,
    err_console,
    interruptible,
    quiet_libraries,
    say,
    seed_numbers,
)
from kdzoo.cli.shown import check_noise, show_table
from kdzoo.errors import RecipeError

FILES = (
    "report.html",
    "table.md",
    "table.csv",
    "table.tex",
    "accuracy_vs_latency.png",
    "accuracy_vs_size.png",
    "gap_closed.png",
    "latency.png",
    "models/",
)


@app.command(
    epilog="""Examples:

`kdzoo run quickstart`

`kdzoo run clinc150 --data ~/clinc150 --set data.label=label --seeds 0,1`

`kdzoo run clinc150/bilstm --set objective.kind=mse --set training.steps=500`

`kdzoo run my_recipe.yaml --students my_students.py`"""
)
def run(
    target: Target,
    overrides: Overrides = None,
    seeds: Seeds = None,
    data: DataSource = None,
    students: Students = None,
    out: Annotated[
        Path | None, typer.Option(help="The study's folder [default: runs/STUDY].")
    ] = None,
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Do not read the test split (while tuning).")
    ] = False,
    max_noise: MaxNoise = None,
) -> None:
    """Distil, measure and compare: table and picture at the end.

    What is done already is not done again; an interrupted run goes on where it was.
    """
    from kdzoo.recipe import load_study
    from kdzoo.registry import load_students

    with interruptible():
        say(f"reading {target}", err_console)
        if students is not None:
            load_students(students)
        study = load_study(target, overrides=overrides or (), seeds=seed_numbers(seeds), data=data)
        count = sum(len(variant.recipe.seeds) for variant in study.variants)
        names = ", ".join(variant.name for variant in study.variants)
        say(f"{study.name}: {names} ({count} students); starting up", err_console)
        quiet_libraries()
        from kdzoo.console import ConsoleProgress
        from kdzoo.report import make_table
        from kdzoo.study import run_study

        folder = out or Path("runs") / study.name
        store = run_study(
            study, folder, read_test=not no_test, progress=ConsoleProgress(err_console)
        )
        table = make_table(store)
    show_table(table, store.root, FILES)
    check_noise(table, max_noise)


@app.command(
    epilog="""Examples:

`kdzoo report runs/clinc150`

`kdzoo report runs/clinc150 --publish results/clinc150`

`kdzoo report runs/laptop results/server --out results/both`

`kdzoo report results/clinc150 --check --readme README.md`"""
)
def report(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER...",
            help="A study's folder, as in runs/clinc150 or results/clinc150; or several, of the "
            "same data, from any machines.",
        ),
    ],
    publish: Annotated[
        Path | None,
        typer.Option(help="Copy what may be shown here: no texts, no weights, no paths."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where several folders become one, published as with --publish."),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing; exit code 1 where a table is not what was measured."
        ),
    ] = False,
    readme: Annotated[
        Path | None,
        typer.Option(
            help="With --check: a document whose `<!-- table: FILE -->` blocks count too."
        ),
    ] = None,
) -> None:
    """Make tables, pictures and the page again from what was measured. Trains nothing."""
    _refuse_options(len(folders), publish, out, check=check)
    if check:
        _check(folders[0], publish, readme)
        return
    if readme is not None:
        raise RecipeError("--readme belongs to --check")
    from kdzoo.console import ConsoleProgress
    from kdzoo.report import make_table, write_report
    from kdzoo.results import Store, merge
    from kdzoo.results import publish as publish_store

    store = Store(folders[0])
    if out is not None:
        store = merge([Store(each) for each in folders], out, ConsoleProgress(err_console))
    elif publish is not None:
        store = publish_store(store, publish, store.manifest().keys)
    write_report(store)
    show_table(make_table(store), store.root, FILES)


def _refuse_options(count: int, publish: Path | None, out: Path | None, *, check: bool) -> None:
    """Refuses options that do not fit the number of folders."""
    if count == 1 and out is not None:
        raise RecipeError("--out is where several folders become one; copy one with --publish")
    if count > 1 and check:
        raise RecipeError("--check reads one folder; check each of them, or the one they became")
    if count > 1 and (out is None or publish is not None):
        raise RecipeError(
            "several folders become one, published at once: give --out DIR, and no --publish"
        )


def _check(folder: Path, publish: Path | None, readme: Path | None) -> None:
    from kdzoo.report.check import stale_blocks, stale_tables
    from kdzoo.results import Store

    if publish is not None:
        raise RecipeError("--check writes nothing; remove --publish")
    stale = stale_tables(Store(folder))
    stale += [] if readme is None else stale_blocks(readme)
    for line in stale:
        say(line, err_console)
    if stale:
        say("make them again: kdzoo report, then copy the table into its block", err_console)
        sys.exit(1)
    say(f"{folder}: the tables are what was measured")


@app.command(epilog="Examples: `kdzoo cache`, `kdzoo cache clear`")
def cache(
    action: Annotated[
        str | None, typer.Argument(help="clear: remove all cached teacher logits.")
    ] = None,
) -> None:
    """Show, or clear, the cache of teacher logits."""
    from kdzoo.teacher.cache import cache_contents, cache_root, clear_cache

    if action == "clear":
        typer.echo(f"{clear_cache() / 1e6:.1f} MB freed in {cache_root()}")
        return
    if action is not None:
        raise RecipeError(f"kdzoo cache {action}: the only action is clear")
    contents = cache_contents()
    for key, texts, size in contents:
        typer.echo(f"{key}  {texts:>9,} texts  {size / 1e6:8.1f} MB")
    typer.echo(f"{sum(size for *_, size in contents) / 1e6:.1f} MB in {cache_root()}")
