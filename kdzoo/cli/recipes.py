"""Commands over recipes: init, list, show, check, new, schema."""

from __future__ import annotations

import json
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
    Target,
    TextPair,
    app,
    csv_of,
    out_console,
    say,
    with_csv,
)
from kdzoo.console import ConsoleProgress, table
from kdzoo.entries import TaskName


@app.command(
    epilog="""Examples:

`kdzoo init --data my.csv --text request --label intent --teacher my_finetuned_bert/ -o mine/`

then: `kdzoo run mine/`"""
)
def init(
    data: Annotated[
        Path, typer.Option(help="Data file, or a folder with train, validation and test files.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the recipes.")],
    text: Annotated[str, typer.Option(help="Column of the text.")] = "text",
    text_pair: TextPair = None,
    label: Annotated[
        str, typer.Option(help="Column of the label; lists in a .jsonl or .parquet are several.")
    ] = "label",
    label_separator: Annotated[
        str | None,
        typer.Option(
            help="Separator between several labels in one cell; the words tab and newline mean "
            "these."
        ),
    ] = None,
    label_columns: Annotated[
        str | None,
        typer.Option(
            help="Columns of 0 and 1, one for each label, as in joy,anger; in place of --label. "
            "Double quotes enclose a name that holds a comma."
        ),
    ] = None,
    task: Annotated[
        TaskName | None, typer.Option(help="Task of the data [default: as its cells show].")
    ] = None,
    oos_label: Annotated[str | None, typer.Option(help="Label that means out of scope.")] = None,
    teacher: Annotated[
        str, typer.Option(help="Fine-tuned classifier or pretrained encoder: folder or hub id.")
    ] = api.ENCODER,
    csv: CsvLayout = None,
    teacher_labels: Annotated[
        str | None,
        typer.Option(
            help="Labels of the teacher's outputs, in order, such as '[yes, no]', if the "
            "classifier names them differently from the data or not at all."
        ),
    ] = None,
    fine_tune: Annotated[
        bool,
        typer.Option(
            "--fine-tune", help="Fit the teacher to the data, even if it is a classifier already."
        ),
    ] = False,
    students: Annotated[
        str | None,
        typer.Option(
            help="The students to write recipes of, as in cnn,bert. A Python file, or a folder as "
            "in mine/, stands for all of your own in it. [default: distilbert or bert, "
            "bilstm, cnn, phrases and static, as far as they fit]"
        ),
    ] = None,
    unlabelled: Annotated[
        Path | None,
        typer.Option(
            help="File or folder of texts for the teacher to label: .txt with a text per line, or "
            "with the column of --text."
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Pretrained model that a finished classifier was fine-tuned from, folder or hub "
            "id: hard-label controls start from it."
        ),
    ] = None,
) -> None:
    """Write recipes of the zoo for your own data, checked against it."""
    from kdzoo.recipe.csv import names_in

    for line in api.init(
        data,
        output,
        text=text,
        text_pair=text_pair,
        label=label,
        label_separator=label_separator,
        label_columns=None if label_columns is None else names_in(label_columns),
        task=task,
        oos_label=oos_label,
        teacher=teacher,
        csv=csv_of(csv),
        teacher_labels=teacher_labels,
        fine_tune=fine_tune,
        students=None if students is None else [part.strip() for part in students.split(",")],
        unlabelled=unlabelled,
        encoder=encoder,
    ):
        say(line)


@app.command(
    "list", epilog="Examples: `kdzoo list`, `kdzoo list students --students my_students.py`"
)
def list_(
    what: Annotated[
        str | None,
        typer.Argument(help="What to list: students, objectives, augmenters, recipes or datasets."),
    ] = None,
    students: Students = None,
) -> None:
    """List what recipes can choose, with options and defaults."""
    for section, rows in api.list_choices(what, students=students).items():
        columns = list(rows[0])
        drawn = table(columns, [list(row.values()) for row in rows], right_from=len(columns))
        out_console.print(f"[bold]{section}[/bold]")
        out_console.print(drawn, "")


@app.command(
    epilog="Examples: `kdzoo show clinc150/bilstm`, `kdzoo show runs/quickstart/models/MODEL`"
)
def show(
    target: Annotated[
        str,
        typer.Argument(help="A recipe (clinc150/bilstm), a .yaml, or a model's folder."),
    ],
    students: Students = None,
) -> None:
    """Print a recipe as it stands in its file; or a model's layers, parameters and FLOPs."""
    for text in api.show(target, students=students).values():
        say(text)


@app.command(epilog="Example: `kdzoo check my_recipe.yaml --students my_students.py`")
def check(
    target: Target,
    overrides: Overrides = None,
    data: DataSource = None,
    csv: CsvLayout = None,
    students: Students = None,
) -> None:
    """Check recipes, read their data and look at their teachers, without training anything."""
    names = api.check(
        target,
        overrides=with_csv(overrides, csv),
        data=data,
        students=students,
        progress=ConsoleProgress(out_console),
    )
    for name in names:
        say(f"ok: {name}")


@app.command(epilog="Example: `kdzoo new clinc150/bilstm mine.yaml`")
def new(
    recipe: Annotated[
        str, typer.Argument(help="Recipe that comes with kdzoo, such as clinc150/bilstm.")
    ],
    file: Annotated[Path, typer.Argument(help="File to write.")],
) -> None:
    """Copy a recipe out, to edit."""
    written = api.new(recipe, file)
    say(f"{written} written; edit it, then: {shlex.join(['kdzoo', 'run', str(written)])}")


@app.command(epilog="Example: `kdzoo schema > recipe.schema.json`")
def schema(students: Students = None) -> None:
    """Print the JSON schema of recipes, for completion in editors."""
    typer.echo(json.dumps(api.schema(students=students), indent=2))
