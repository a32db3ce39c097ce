"""The command over recipes: run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    quiet_libraries,
    say,
    seed_numbers,
    with_csv,
)
from kdzoo.cli.shown import STUDY_FILES, check_failures, check_noise, show_table


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

    What is done already is not done again; an interrupted run goes on where it was. Where a row
    fails, the others finish, its reason stands below the table, and the exit code is 1.
    """
    from kdzoo.recipe import load_study
    from kdzoo.registry import load_students

    with interruptible():
        say(f"reading {target}", err_console)
        if students is not None:
            load_students(students)
        study = load_study(
            target, overrides=with_csv(overrides, csv), seeds=seed_numbers(seeds), data=data
        )
        count = sum(len(variant.recipe.seeds) for variant in study.variants)
        names = ", ".join(variant.name for variant in study.variants)
        say(f"{study.name}: {names} ({count} students); starting up", err_console)
        quiet_libraries()
        from kdzoo.console import ConsoleProgress
        from kdzoo.study import run_study

        folder = out or Path("runs") / study.name
        report = run_study(
            study,
            folder,
            read_test=not no_test,
            track=[name.strip() for each in track or () for name in each.split(",")],
            progress=ConsoleProgress(err_console),
        )
    show_table(report.table, folder, STUDY_FILES)
    check_noise(report.table, max_noise)
    check_failures(report.store)
