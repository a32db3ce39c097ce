"""The command over finished studies: report."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from kdzoo.cli.app import DataSource, app, err_console, say
from kdzoo.cli.shown import STUDY_FILES, show_table
from kdzoo.errors import RecipeError
from kdzoo.files import check_writable


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
    _refuse_numbers(len(folders), publish, out, check=check)
    if readme is not None and not check:
        raise RecipeError("--readme belongs to --check")
    if data is not None and not examples:
        raise RecipeError("--data belongs to --examples: a report needs no data otherwise")
    if examples and (check or publish is not None or out is not None):
        raise RecipeError("what is published or checked holds no texts; remove --examples")
    if check:
        _check(folders[0], publish, readme)
    else:
        _make(folders, publish, out, examples=examples, data=data)


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


def _make(
    folders: list[Path], publish: Path | None, out: Path | None, *, examples: bool, data: str | None
) -> None:
    from kdzoo.console import ConsoleProgress
    from kdzoo.examples import example_texts
    from kdzoo.report import read_report, write_report
    from kdzoo.results import Store, merge
    from kdzoo.results import publish as publish_store

    store = Store(folders[0])
    if publish is None and out is None:
        store.manifest()  # it is a study, before it is one that cannot be written
        copy = shlex.join(["kdzoo", "report", str(store.root), "--publish", "FOLDER"])
        check_writable(store.root, f"a report elsewhere: {copy}")
    else:
        check_writable(out or publish or store.root, "give a folder that you may write")
    if out is not None:
        store = merge([Store(each) for each in folders], out, ConsoleProgress(err_console))
    elif publish is not None:
        store = publish_store(store, publish, store.manifest().keys)
    known = read_report(store)
    texts = example_texts(store, known.table.split, data) if examples else None
    write_report(store, texts, known)
    show_table(known.table, store.root, STUDY_FILES)


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
