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
    "latency.png",
    "models/",
)


@app.command(
    epilog="""Examples:

`kdzoo run quickstart`

`kdzoo run clinc150 --data ~/clinc150 --set data.label=label --seeds 0,1`

`kdzoo run clinc150/bilstm --set objective.kind=mse --set training.steps=500`

`kdzoo run my_recipe.yaml --students my_students.py`

`kdzoo run quickstart --track tensorboard`"""
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
    track: Annotated[
        list[str] | None,
        typer.Option(
            help="Tell an experiment tracker how training goes: tensorboard, wandb, mlflow, "
            "trackio; as often as you like, or with commas."
        ),
    ] = None,
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
        from kdzoo.report.findings import find
        from kdzoo.study import run_study

        folder = out or Path("runs") / study.name
        store = run_study(
            study,
            folder,
            read_test=not no_test,
            track=[name.strip() for each in track or () for name in each.split(",")],
            progress=ConsoleProgress(err_console),
        )
        table = make_table(store)
        findings = find(store, table)
    show_table(table, store.root, FILES, findings)
    check_noise(table, max_noise)


@app.command(
    epilog="""Examples:

`kdzoo report runs/clinc150`

`kdzoo report runs/clinc150 --publish results/clinc150`

`kdzoo report results/clinc150 --check --readme README.md`"""
)
def report(
    folder: Annotated[
        Path, typer.Argument(help="A study's folder, as in runs/clinc150 or results/clinc150.")
    ],
    publish: Annotated[
        Path | None,
        typer.Option(help="Copy what may be shown here: no texts, no weights, no paths."),
    ] = None,
    examples: Annotated[
        bool,
        typer.Option(
            "--examples",
            help="Show texts of the classes that lost most in the page, read again from the data.",
        ),
    ] = False,
    data: DataSource = None,
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
    if check:
        _check(folder, publish, readme)
        return
    _refuse_misfits(examples, data, publish, readme)
    from kdzoo.report import example_texts, make_table, write_report
    from kdzoo.report.findings import find
    from kdzoo.results import Store
    from kdzoo.results import publish as publish_store

    store = Store(folder)
    keys = [
        key
        for row in store.manifest().rows
        for member in row.members
        for key in (member.key, member.control_key)
        if key is not None
    ]
    if publish is not None:
        store = publish_store(store, publish, keys)
    table = make_table(store)
    write_report(store, example_texts(store, table.split, data) if examples else None)
    show_table(table, store.root, FILES, find(store, table))


def _refuse_misfits(
    examples: bool, data: str | None, publish: Path | None, readme: Path | None
) -> None:
    if readme is not None:
        raise RecipeError("--readme belongs to --check")
    if data is not None and not examples:
        raise RecipeError("--data belongs to --examples: a report needs no data otherwise")
    if examples and publish is not None:
        raise RecipeError("what is published holds no texts; remove --examples, or --publish")


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
