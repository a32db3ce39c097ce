"""Commands for teachers that are files: label, texts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from kdzoo import api
from kdzoo.cli.app import (
    CsvLayout,
    DataSource,
    Overrides,
    Seeds,
    Students,
    Target,
    TextPair,
    app,
    csv_of,
    err_console,
    interruptible,
    say,
    seed_numbers,
    with_csv,
)
from kdzoo.console import ConsoleProgress


@app.command(
    epilog="""Examples:

`kdzoo label my_finetuned_bert/ texts.txt -o outputs.parquet`

`kdzoo label owner/name reviews.csv --text review --max-length 256 -o outputs.parquet`

then, in a recipe: `teacher: {outputs: outputs.parquet}`"""
)
def label(
    teacher: Annotated[
        str, typer.Argument(help="Finished classifier, from kdzoo or elsewhere: folder or hub id.")
    ],
    file: Annotated[
        Path,
        typer.Argument(
            help="File of texts: .txt (one per line), .jsonl, .json, .csv, .tsv or .parquet."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .parquet.")],
    text: Annotated[str, typer.Option(help="Column of the text.")] = "text",
    text_pair: TextPair = None,
    csv: CsvLayout = None,
    max_length: Annotated[
        int, typer.Option(min=4, help="Maximum length in tokens; longer texts are cut.")
    ] = 128,
    batch_size: Annotated[int, typer.Option(min=1, help="Number of texts labelled at once.")] = 128,
    students: Students = None,
) -> None:
    """Write what a classifier says of each text: label, logits and probabilities.

    An interrupted labelling goes on where it was.
    """
    import yaml

    with interruptible():
        say(f"reading {file}", err_console)
        count = api.label(
            teacher,
            file,
            output,
            text=text,
            text_pair=text_pair,
            csv=csv_of(csv),
            max_length=max_length,
            batch_size=batch_size,
            students=students,
            progress=ConsoleProgress(err_console),
        )
    section = yaml.safe_dump({"outputs": str(output)}, default_flow_style=True, width=math.inf)
    say(f"{count:,} texts labelled in {output}; as a teacher: teacher: {section.strip()}")


@app.command(
    epilog="""Examples:

`kdzoo texts my_recipe.yaml -o texts.jsonl`

`kdzoo texts mine/ -o texts.csv --evaluation`"""
)
def texts(
    target: Target,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: .jsonl, .csv or .parquet.")
    ],
    overrides: Overrides = None,
    seeds: Seeds = None,
    data: DataSource = None,
    csv: CsvLayout = None,
    students: Students = None,
    evaluation: Annotated[
        bool,
        typer.Option(
            "--evaluation", help="Include validation and test texts, for the teacher's own figures."
        ),
    ] = False,
) -> None:
    """List the texts that recipes want labelled, each once, for a teacher that is a file.

    What the recipe's teacher.outputs covers already is left out.
    """
    with interruptible():
        say(f"reading {target}", err_console)
        count = api.texts(
            target,
            output,
            overrides=with_csv(overrides, csv),
            seeds=seed_numbers(seeds),
            data=data,
            students=students,
            evaluation=evaluation,
            progress=ConsoleProgress(err_console),
        )
    said = f"{count:,} texts to label in {output}" if count else "no text is left to label"
    say(said)
