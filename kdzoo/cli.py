"""The command line. Heavy imports stay inside the commands: help answers at once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kdzoo.errors import DataError, KdzooError, RecipeError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Distil a transformer classifier into a zoo of small students, "
    "and see what each costs you.",
    epilog="Begin with: `kdzoo run quickstart`",
)
out_console = Console()
err_console = Console(stderr=True)

Target = Annotated[
    str,
    typer.Argument(
        help="A recipe (clinc150/bilstm), a folder of recipes (clinc150, mine/), or a .yaml."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="key.path=value, as often as you like.", metavar="KEY=VALUE"),
]
Students = Annotated[
    str | None,
    typer.Option(
        "--students", help="A Python file, or a folder of them, with students of your own."
    ),
]


def main() -> None:
    """Runs the command line; a user's mistake is one message and exit code 2."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        app()
    except KdzooError as error:
        err_console.print(
            f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(2)
    except (FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        err_console.print(
            f"Error: {error.filename}: {error.strerror}; give another path",
            style="red",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        sys.exit(2)


@app.command(
    epilog="""Examples:

`kdzoo run quickstart`

`kdzoo run clinc150 --data ~/clinc150 --set data.label=label --seeds 0,1`

`kdzoo run clinc150/bilstm --set objective.kind=mse --set training.steps=500`

`kdzoo run my_recipe.yaml --students my_students.py`"""
)
def run(
    target: Target,
    overrides: Overrides = None,
    seeds: Annotated[
        str | None, typer.Option(help="Instead of the recipes' own, as in 0,1,2.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="A file or folder in place of the recipes' data.")
    ] = None,
    students: Students = None,
    out: Annotated[
        Path | None, typer.Option(help="The study's folder [default: runs/STUDY].")
    ] = None,
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Do not read the test split (while tuning).")
    ] = False,
) -> None:
    """Distil, measure and compare: table and picture at the end.

    What is done already is not done again; an interrupted run goes on where it was.
    """
    from kdzoo.recipe import load_study
    from kdzoo.registry import load_students

    with _interruptible():
        err_console.print(f"reading {target}", markup=False, highlight=False)
        if students is not None:
            load_students(students)
        study = load_study(target, overrides=overrides or (), seeds=_numbers(seeds), data=data)
        count = sum(len(variant.recipe.seeds) for variant in study.variants)
        names = ", ".join(variant.name for variant in study.variants)
        err_console.print(
            f"{study.name}: {names} ({count} students); starting up", markup=False, highlight=False
        )
        _quiet_libraries()
        from kdzoo.console import ConsoleProgress
        from kdzoo.study import run_study

        folder = out or Path("runs") / study.name
        store = run_study(
            study, folder, read_test=not no_test, progress=ConsoleProgress(err_console)
        )
    _show_report(store)


@app.command(
    epilog="""Examples:

`kdzoo report runs/clinc150`

`kdzoo report runs/clinc150 --publish results/clinc150`"""
)
def report(
    folder: Annotated[
        Path, typer.Argument(help="A study's folder, as in runs/clinc150 or results/clinc150.")
    ],
    publish: Annotated[
        Path | None,
        typer.Option(help="Copy what may be shown here: no texts, no weights, no paths."),
    ] = None,
) -> None:
    """Make tables and pictures again from what was measured. Trains nothing."""
    from kdzoo.report import write_report
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
    write_report(store)
    _show_report(store)


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
    label: Annotated[str, typer.Option(help="The column of the label.")] = "label",
    oos_label: Annotated[
        str | None, typer.Option(help="The label that means out of scope.")
    ] = None,
    teacher: Annotated[
        str, typer.Option(help="A fine-tuned classifier or a pretrained encoder: folder or hub id.")
    ] = "sentence-transformers/all-MiniLM-L6-v2",
) -> None:
    """Write recipes of the zoo for your own data, checked against it."""
    from kdzoo.scaffold import write_recipes

    _quiet_libraries()
    for line in write_recipes(
        data, output, text=text, label=label, oos_label=oos_label, teacher=teacher
    ):
        out_console.print(line, markup=False, highlight=False)


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
        out_console.print(
            path.read_text(encoding="utf-8"), markup=False, highlight=False, soft_wrap=True
        )


@app.command(epilog="Example: `kdzoo check my_recipe.yaml --students my_students.py`")
def check(
    target: Target,
    overrides: Overrides = None,
    data: Annotated[
        str | None, typer.Option(help="A file or folder in place of the recipes' data.")
    ] = None,
    students: Students = None,
) -> None:
    """Check recipes and read their data, without training anything."""
    from kdzoo.data import describe, load_corpus
    from kdzoo.recipe import load_study
    from kdzoo.registry import load_students

    if students is not None:
        load_students(students)
    study = load_study(target, overrides=overrides or (), data=data)
    corpora: dict[str, Any] = {}
    for variant in study.variants:
        section = variant.recipe.data
        name = section.model_dump_json()
        if name not in corpora:
            corpora[name] = load_corpus(section)
            out_console.print(f"data: {describe(corpora[name])}", markup=False, highlight=False)
            for note in corpora[name].notes:
                out_console.print(f"note: {note}", markup=False, highlight=False)
        out_console.print(f"ok: {variant.name}", markup=False, highlight=False)


@app.command(epilog="Example: `kdzoo new clinc150/bilstm mine.yaml`")
def new(
    recipe: Annotated[
        str, typer.Argument(help="A recipe that comes with kdzoo, as in clinc150/bilstm.")
    ],
    file: Annotated[Path, typer.Argument(help="The file to write.")],
) -> None:
    """Copy a recipe out, to edit."""
    from kdzoo.recipe import find_recipes

    paths = list(find_recipes(recipe)[1].values())
    if len(paths) > 1:
        names = ", ".join(f"{recipe}/{path.stem}" for path in paths)
        raise RecipeError(f"'{recipe}' is a folder of recipes; copy one of them: {names}")
    if file.exists():
        raise RecipeError(f"{file} is there already; choose another name")
    file.parent.mkdir(parents=True, exist_ok=True)
    text = paths[0].read_text(encoding="utf-8")
    file.write_text(text.replace("$schema=../", "$schema=", 1), encoding="utf-8")
    out_console.print(
        f"{file} written; edit it, then: kdzoo run {file}", markup=False, highlight=False
    )


@app.command(epilog="Example: `kdzoo schema > recipe.schema.json`")
def schema(students: Students = None) -> None:
    """Print the JSON schema of recipes, for completion in editors."""
    from kdzoo.recipe import json_schema
    from kdzoo.registry import load_students

    if students is not None:
        load_students(students)
    typer.echo(json.dumps(json_schema(), indent=2))


@app.command(
    epilog="""Examples:

`kdzoo predict runs/quickstart/models/MODEL "i need a taxi to the airport"`

`cat texts.txt | kdzoo predict runs/quickstart/models/MODEL -`"""
)
def predict(
    model: Annotated[
        Path, typer.Argument(help="A model's folder, as in runs/quickstart/models/MODEL.")
    ],
    text: Annotated[
        str, typer.Argument(help="A text, or - for one text a line from standard input.")
    ],
    top: Annotated[int, typer.Option(min=1, help="Labels shown for a single text.")] = 5,
    students: Students = None,
) -> None:
    """Label texts with a trained model."""
    _quiet_libraries()
    from kdzoo.api import load

    predictor = load(model, students=students)
    if text == "-":
        lines = (line.rstrip("\r\n") for line in sys.stdin)
        try:
            for found in predictor.predict(lines, top=1):
                typer.echo(f"{found.label}\t{found.probability:.4f}")
        except UnicodeDecodeError:
            raise DataError("standard input is not UTF-8 text; convert it first") from None
        return
    (found,) = predictor.predict([text], top=top)
    for label, probability in found.top:
        typer.echo(f"{probability:.4f}  {label}")


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


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise RecipeError(f"--seeds {text}: write whole numbers, as in 0,1,2") from None


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        err_console.print("\nstopped; the same command again goes on from here")
        sys.exit(130)


def _quiet_libraries() -> None:
    import warnings

    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module="(accelerate|torch|transformers)\\..*")


def _show_report(store: Any) -> None:
    from kdzoo.console import table
    from kdzoo.report.rows import make_table
    from kdzoo.report.table import caption, short_cells

    made = make_table(store)
    lines = [short_cells(row, has_oos=made.has_oos) for row in made.rows]
    out_console.print(table(list(lines[0]), [list(line.values()) for line in lines]), "")
    out_console.print(caption(made), markup=False, highlight=False)
    out_console.print(f"\nresults in {store.root}:", highlight=False, markup=False)
    for name in ("table.md", "table.csv", "accuracy_vs_latency.png", "models/"):
        if (store.root / name).exists():
            out_console.print(
                f"  {store.root / name}", markup=False, highlight=False, soft_wrap=True
            )
