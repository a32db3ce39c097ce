"""The command over finished studies: report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kdzoo import api
from kdzoo.cli.app import DataSource, app, err_console, say
from kdzoo.cli.shown import show_results
from kdzoo.console import ConsoleProgress
from kdzoo.errors import RecipeError


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
            help="Study folder, such as runs/clinc150 or results/clinc150; several are merged "
            "if their data are the same.",
        ),
    ],
    publish: Annotated[
        Path | None,
        typer.Option(help="Folder for a public copy, without texts, weights and paths."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the merged study, in the form of --publish."),
    ] = None,
    examples: Annotated[
        bool,
        typer.Option(
            "--examples",
            help="Show example texts of the classes that lost most on the page; they are read "
            "from the data again.",
        ),
    ] = False,
    data: DataSource = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing; exit code 1 if a table differs from what was measured."
        ),
    ] = False,
    readme: Annotated[
        Path | None,
        typer.Option(
            help="Document to check too, with `<!-- table: FILE -->` blocks; needs --check."
        ),
    ] = None,
) -> None:
    """Make tables, pictures and the page again from what was measured. Trains nothing."""
    _refuse_numbers(len(folders), publish, out, check=check)
    if readme is not None and not check:
        raise RecipeError("--readme belongs to --check: give --check, too, or remove --readme")
    if examples and (check or out is not None):
        raise RecipeError("what is published or checked holds no texts; remove --examples")
    if check and publish is not None:
        raise RecipeError("--check writes nothing; remove --publish")
    if check:
        _show_stale(folders[0], api.check_report(folders[0], readme=readme))
    elif out is not None:
        show_results(api.merge(folders, out, progress=ConsoleProgress(err_console)))
    else:
        show_results(api.make_report(folders[0], publish=publish, examples=examples, data=data))


def _refuse_numbers(count: int, publish: Path | None, out: Path | None, *, check: bool) -> None:
    """Refuses options that do not fit the number of folders."""
    if count == 1 and out is not None:
        raise RecipeError("--out is where several folders become one; copy one with --publish")
    if count > 1 and check:
        raise RecipeError("--check reads one folder; check each of them, or the one they became")
    if count > 1 and (out is None or publish is not None):
        raise RecipeError(
            "several folders become one, published at once: give --out DIR, and no --publish"
        )


def _show_stale(folder: Path, stale: list[str]) -> None:
    """Prints which tables are stale; exit code 1 where there are any."""
    for line in stale:
        say(line, err_console)
    if stale:
        say("make them again: kdzoo report, then copy the table into its block", err_console)
        sys.exit(1)
    say(f"{folder}: the tables are what was measured")
