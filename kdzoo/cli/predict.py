"""The command that asks a trained model: predict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from kdzoo import api
from kdzoo.cli.app import (
    CsvLayout,
    Students,
    TextPair,
    app,
    csv_of,
    err_console,
    quiet_libraries,
    say,
)
from kdzoo.console import ConsoleProgress
from kdzoo.errors import DataError
from kdzoo.plain import cell

if TYPE_CHECKING:
    from kdzoo.progress import Progress
    from kdzoo.recipe.csv import Csv
    from kdzoo.runtime.predictor import Prediction


class Reading(TypedDict):
    """What both ways of asking a model are told."""

    text: str
    text_pair: str | None
    csv: Csv
    calibrated: bool
    reject: bool
    model: str | None
    seed: int | None
    students: str | None
    progress: Progress


@app.command(
    epilog="""Examples:

`kdzoo predict runs/quickstart --model bilstm "i need a taxi to the airport"`

`kdzoo predict deployed/ reviews.csv --text review -o labelled.csv`

`cat texts.txt | kdzoo predict deployed/ -`

pairs: `kdzoo predict runs/sick --model bilstm "a man sings" --pair "nobody sings"`; in a .txt and
on standard input, a tab stands between the two"""
)
def predict(
    run: Annotated[
        Path,
        typer.Argument(help="Model folder, exported or not, or study folder (then with --model)."),
    ],
    text: Annotated[
        str,
        typer.Argument(
            help="A text, or a file of texts: .txt (one per line), .jsonl, .json, .csv, .tsv or "
            ".parquet. Write - for one text per line from standard input."
        ),
    ],
    pair: Annotated[str | None, typer.Option(help="Second text of a sentence pair.")] = None,
    column: Annotated[str, typer.Option("--text", help="Column of the text.")] = "text",
    column_pair: TextPair = None,
    csv: CsvLayout = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write: .jsonl, .csv or .parquet."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Number of labels shown for a single text.")] = 5,
    calibrated: Annotated[
        bool,
        typer.Option(
            "--calibrated",
            help="Calibrate probabilities with the temperature fitted on validation.",
        ),
    ] = False,
    reject: Annotated[
        bool,
        typer.Option(
            "--reject", help="Reject texts as out of scope by the threshold tuned on validation."
        ),
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="Model to take from a study: a row of its table.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed to take [default: the first].")] = None,
    students: Students = None,
) -> None:
    """Label texts with a trained or exported model; files of any length, in their order."""
    from kdzoo.data.stream import names_file

    many = pair is None and (text == "-" or names_file(text))
    if output is not None and not many:
        raise DataError(
            f"-o {output}: what is written are labels of a file of texts, or of -; remove -o"
        )
    if _is_trained(run):
        quiet_libraries()
    source = sys.stdin if text == "-" else Path(text)
    reading = Reading(
        text=column,
        text_pair=column_pair,
        csv=csv_of(csv),
        calibrated=calibrated,
        reject=reject,
        model=model,
        seed=seed,
        students=students,
        progress=ConsoleProgress(err_console),
    )
    if output is not None:
        count = api.write_predictions(run, source, output, **reading)
        say(f"{count:,} texts labelled in {output}")
    elif many:
        for found in api.predict(run, source, top=1, **reading):
            by = "" if found.by is None else f"\t{found.by}"
            typer.echo(f"{_line(found)}{by}")
    else:
        (found,) = api.predict(run, [text if pair is None else (text, pair)], top=top, **reading)
        for entity in found.entities or ():
            place = f"{entity.start}-{entity.end}"
            typer.echo(
                f"{entity.probability:.4f}  {cell(entity.label)}  {place}  {cell(entity.text)}"
            )
        if found.entities == ():
            say("no entity found", err_console)
        for label, probability in found.top:
            given = "  (given)" if found.labels is not None and label in found.labels else ""
            typer.echo(f"{probability:.4f}  {cell(label)}{given}")


def _line(found: Prediction) -> str:
    """Returns the label and its probability; of several, a bar between, and nothing of none.

    Of entities it is the type of each with its place, ``person 0-6``, and its probability.
    """
    if found.entities is not None:
        places = (f"{cell(e.label)} {e.start}-{e.end}" for e in found.entities)
        return f"{'|'.join(places)}\t{'|'.join(f'{e.probability:.4f}' for e in found.entities)}"
    if found.labels is None:
        return f"{cell(found.label)}\t{found.probability:.4f}"
    labels = "|".join(cell(label) for label, _ in found.chosen)
    return f"{labels}\t{'|'.join(f'{probability:.4f}' for _, probability in found.chosen)}"


def _is_trained(folder: Path) -> bool:
    """Whether a model runs in PyTorch, whose libraries would talk; an exported one does not."""
    from kdzoo.runtime.folder import is_exported_form

    known = any((folder / name).is_file() for name in ("config.json", "study.json"))
    return known and not is_exported_form(folder)
