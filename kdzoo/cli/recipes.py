"""Commands over recipes: init, list, show, check, new, schema."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

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
    quiet_libraries,
    say,
    with_csv,
)
from kdzoo.errors import RecipeError
from kdzoo.files import check_readable


@app.command(
    epilog="""Examples:

`kdzoo init --data my.csv --text request --label intent --teacher my_finetuned_bert/ -o mine/`

then: `kdzoo run mine/`"""
)
def init(
    data: Annotated[
        Path, typer.Option(help="A file, or a folder with train, validation and test files.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder for the recipes.")],
    text: Annotated[str, typer.Option(help="The column of the text.")] = "text",
    text_pair: TextPair = None,
    label: Annotated[str, typer.Option(help="The column of the label.")] = "label",
    oos_label: Annotated[
        str | None, typer.Option(help="The label that means out of scope.")
    ] = None,
    teacher: Annotated[
        str, typer.Option(help="A fine-tuned classifier or a pretrained encoder: folder or hub id.")
    ] = "sentence-transformers/all-MiniLM-L6-v2",
    csv: CsvLayout = None,
    teacher_labels: Annotated[
        str | None,
        typer.Option(
            help="The names of the teacher's outputs, in their order, as a list: '[yes, no]'. For "
            "a classifier that names them otherwise than the data, or not at all."
        ),
    ] = None,
    fine_tune: Annotated[
        bool,
        typer.Option(
            "--fine-tune", help="Fit the teacher to the data, even if it is a classifier."
        ),
    ] = False,
) -> None:
    """Write recipes of the zoo for your own data, checked against it."""
    from kdzoo.scaffold import write_recipes

    quiet_libraries()
    for line in write_recipes(
        data,
        output,
        text=text,
        text_pair=text_pair,
        label=label,
        oos_label=oos_label,
        teacher=teacher,
        csv=csv_of(csv),
        teacher_labels=teacher_labels,
        fine_tune=fine_tune,
    ):
        say(line)


@app.command(
    "list", epilog="Examples: `kdzoo list`, `kdzoo list students --students my_students.py`"
)
def list_(
    what: Annotated[
        str | None, typer.Argument(help="students, objectives, augmenters, recipes or datasets.")
    ] = None,
    students: Students = None,
) -> None:
    """List what recipes can choose, with options and defaults."""
    from kdzoo.listing import SECTIONS, listing
    from kdzoo.registry import load_students

    if students is not None:
        load_students(students)
    if what is not None and what not in SECTIONS:
        from kdzoo.errors import did_you_mean

        raise RecipeError(f"nothing to list called '{what}'; {did_you_mean(what, SECTIONS)}")
    from kdzoo.console import table

    for section in [what] if what else SECTIONS:
        out_console.print(f"[bold]{section}[/bold]")
        columns, rows = listing(section)
        out_console.print(table(columns, rows, right_from=len(columns)), "")


@app.command(epilog="Example: `kdzoo show clinc150/bilstm`")
def show(target: Target) -> None:
    """Print a recipe as it stands in its file."""
    from kdzoo.recipe import find_recipes

    for path in find_recipes(target)[1].values():
        check_readable(path)
        say(path.read_text(encoding="utf-8"))


@app.command(epilog="Example: `kdzoo check my_recipe.yaml --students my_students.py`")
def check(
    target: Target,
    overrides: Overrides = None,
    data: DataSource = None,
    csv: CsvLayout = None,
    students: Students = None,
) -> None:
    """Check recipes, read their data and look at their teachers, without training anything."""
    from kdzoo.console import ConsoleProgress
    from kdzoo.recipe import load_study
    from kdzoo.registry import load_students
    from kdzoo.steps import Corpora
    from kdzoo.study import check_study

    if students is not None:
        load_students(students)
    study = load_study(target, overrides=with_csv(overrides, csv), data=data)
    quiet_libraries()
    check_study(study, Corpora(ConsoleProgress(out_console)), with_teachers=False)
    for variant in study.variants:
        say(f"ok: {variant.name}")


@app.command(epilog="Example: `kdzoo new clinc150/bilstm mine.yaml`")
def new(
    recipe: Annotated[
        str, typer.Argument(help="A recipe that comes with kdzoo, as in clinc150/bilstm.")
    ],
    file: Annotated[Path, typer.Argument(help="The file to write.")],
) -> None:
    """Copy a recipe out, to edit."""
    from kdzoo.files import write_atomically
    from kdzoo.recipe import find_recipes

    paths = list(find_recipes(recipe)[1].values())
    if len(paths) > 1:
        names = ", ".join(f"{recipe}/{path.stem}" for path in paths)
        raise RecipeError(f"'{recipe}' is a folder of recipes; copy one of them: {names}")
    if file.exists():
        raise RecipeError(f"{file} is there already; choose another name")
    text = paths[0].read_text(encoding="utf-8")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.replace("$schema=../", "$schema=", 1))
    say(f"{file} written; edit it, then: {shlex.join(['kdzoo', 'run', str(file)])}")


@app.command(epilog="Example: `kdzoo schema > recipe.schema.json`")
def schema(students: Students = None) -> None:
    """Print the JSON schema of recipes, for completion in editors."""
    from kdzoo.recipe import json_schema
    from kdzoo.registry import load_students

    if students is not None:
        load_students(students)
    typer.echo(json.dumps(json_schema(), indent=2))
