"""The command over recipes: run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kdzoo import api
from kdzoo.cli.app import (
    CsvLayout,
    DataSource,
    MaxNoise,
    Overrides,
    Seeds,
    Students,
    Target,
    app,
    err_console,
    interruptible,
    seed_numbers,
    with_csv,
)
from kdzoo.cli.shown import check_failures, check_noise, show_results
from kdzoo.cli.steps import show_plan, show_steps
from kdzoo.console import ConsoleProgress
from kdzoo.errors import RecipeError


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
    csv: CsvLayout = None,
    students: Students = None,
    out: Annotated[Path | None, typer.Option(help="Study folder [default: runs/STUDY].")] = None,
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Leave the test split unread, as while tuning.")
    ] = False,
    track: Annotated[
        list[str] | None,
        typer.Option(
            help="Experiment trackers to log to: tensorboard, wandb, mlflow, trackio; "
            "comma-separated or repeated."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that work side by side; 1 for a debugger "
            "[default: one for each GPU; without GPUs, as many as there are cores, memory and "
            "steps for]."
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(help="local, ray (a Ray cluster of this machine), ray:HOST:PORT, ray:auto."),
    ] = "local",
    threads: Annotated[
        int | None,
        typer.Option(
            help="Threads of each step [default: 1 for small architectures, all cores for the "
            "teacher, an even share of them for students that are transformers]."
        ),
    ] = None,
    label_parts: Annotated[
        int,
        typer.Option(
            help="Steps into which each labelling is divided, for several machines; what comes out "
            "is the same."
        ),
    ] = 1,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show the steps and what is made already; make nothing.")
    ] = False,
    only: Annotated[
        str | None,
        typer.Option(
            help="Steps to make, and no report: names, numbers (3-7) or kinds (student) of --plan, "
            "spaces in between. With --plan: steps to show.",
            metavar="STEPS",
        ),
    ] = None,
    measure_again: Annotated[
        bool,
        typer.Option(
            "--measure-again",
            help="Measure latency again where this machine has measured it, as after a noisy or "
            "failed session.",
        ),
    ] = False,
    max_noise: MaxNoise = None,
) -> None:
    """Distil, measure and compare: table and picture at the end.

    What is done already is not done again; an interrupted run goes on where it was. Where a row
    fails, the others finish, its reason stands below the table, and the exit code is 1.
    """
    if measure_again and (plan or only is not None):
        raise RecipeError(
            "--measure-again is for a whole run, at whose end latency is measured; remove "
            f"{'--plan' if plan else '--only'}"
        )
    study: dict[str, Any] = {
        "overrides": with_csv(overrides, csv),
        "seeds": seed_numbers(seeds),
        "data": data,
        "students": students,
        "out": out,
        "read_test": not no_test,
        "track": tracker_names(track),
        "workers": workers,
        "engine": engine,
        "threads": threads,
        "label_parts": label_parts,
        "progress": ConsoleProgress(err_console),
    }
    if plan:
        show_plan(api.list_steps(target, only, **study), is_whole=only is None)
        return
    if only is not None:
        with interruptible():
            steps = api.make_steps(target, only, **study)
        show_steps(steps)
        return
    with interruptible():
        results = api.run(target, measure_again=measure_again, **study)
    show_results(results)
    check_noise(results.report.table, max_noise, "give the command with --measure-again")
    check_failures(results)


def tracker_names(track: list[str] | None) -> list[str]:
    """Returns what ``--track`` says, however often and with commas."""
    return [name.strip() for names in track or () for name in names.split(",")]
