"""The command that searches for settings: tune."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kdzoo import api
from kdzoo.cli.app import (
    CsvLayout,
    DataSource,
    Overrides,
    Students,
    app,
    err_console,
    interruptible,
    say,
    seed_numbers,
    with_csv,
)
from kdzoo.console import ConsoleProgress


@app.command(
    epilog="""Examples:

`kdzoo tune quickstart/bilstm --trials 30 -o best.yaml`

`kdzoo tune my_recipe.yaml --hours 2 --goals accuracy,size --workers 4`

what is searched stands in the recipe, as in `search: {objective.alpha: {low: 0, high: 0.9}}`"""
)
def tune(
    recipe: Annotated[str, typer.Argument(help="Recipe (clinc150/bilstm) or .yaml file.")],
    trials: Annotated[
        int | None, typer.Option(help="Trials in all [default: 30, without --hours].")
    ] = None,
    hours: Annotated[float | None, typer.Option(help="Hours after which no trial begins.")] = None,
    seeds: Annotated[
        str | None,
        typer.Option(help="Seeds of each trial, such as 0,1 [default: the recipe's first]."),
    ] = None,
    goals: Annotated[
        str, typer.Option(help="Goals with commas between: accuracy, size, flops, latency.")
    ] = "accuracy",
    overrides: Overrides = None,
    data: DataSource = None,
    csv: CsvLayout = None,
    students: Students = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the search [default: runs/tune-RECIPE].")
    ] = None,
    workers: Annotated[
        int, typer.Option(help="Processes that make trials side by side, with a thread each.")
    ] = 1,
    runtime: Annotated[
        str | None,
        typer.Option(help="Runtime in which latency is measured [default: the recipe's last]."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write the best recipe to.")
    ] = None,
) -> None:
    """Search for the best settings of a recipe, on validation alone.

    An interrupted search goes on where it was. Every finished trial is a model like any other.
    """
    with interruptible():
        tuned = api.tune(
            recipe,
            trials=trials,
            hours=hours,
            seeds=seed_numbers(seeds),
            goals=[name.strip() for name in goals.split(",")],
            overrides=with_csv(overrides, csv),
            data=data,
            students=students,
            out=out,
            output=output,
            workers=workers,
            runtime=runtime,
            progress=ConsoleProgress(err_console),
        )
    from kdzoo.tuning.report import told

    for sentence in told(tuned):
        say(f"{sentence}.")
    _show(tuned.folder)
    if output is not None:
        words = ["kdzoo", "run", str(output), "--seeds", "10,11,12"]
        words += [] if students is None else ["--students", str(students)]
        say(f"next: {shlex.join(words)}")


def _show(folder: Path) -> None:
    for name in ("trials.md", "trials.csv", "trials.png"):
        if (folder / name).is_file():
            say(f"  {folder / name}")
