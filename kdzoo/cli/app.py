"""The application, and what its commands share."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer
from rich.console import Console

from kdzoo.cli.command import Commands
from kdzoo.console import PlainConsole
from kdzoo.errors import EditedCodeWarning, RecipeError

if TYPE_CHECKING:
    from kdzoo.recipe.csv import Csv

app = Commands(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Distil a transformer classifier into small students, and see what each saves and costs.",
    epilog="Begin with: `kdzoo run quickstart`",
)
LOG_WIDTH = 100  # columns where there is no terminal to ask
_COLOURS: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"  # nor bold, dim
out_console = PlainConsole(color_system=_COLOURS)
err_console = PlainConsole(stderr=True, color_system=_COLOURS)
if not out_console.is_terminal and "COLUMNS" not in os.environ:
    out_console.width = LOG_WIDTH


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"kdzoo {version('kdzoo')}")
        raise typer.Exit


@app.callback()
def _before_a_command(
    _: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


Target = Annotated[
    str,
    typer.Argument(
        help="Recipe (clinc150/bilstm), folder of recipes (clinc150, mine/) or .yaml file."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Override a recipe key: key.path=value. Repeatable.", metavar="KEY=VALUE"
    ),
]
Seeds = Annotated[
    str | None, typer.Option(help="Seeds to run, such as 0,1,2 [default: the recipe's].")
]
DataSource = Annotated[
    str | None, typer.Option("--data", help="File or folder to use instead of the recipe's data.")
]
Students = Annotated[
    str | None,
    typer.Option(
        "--students", help="Python file, or folder of files, that registers your own students."
    ),
]

TextPair = Annotated[
    str | None, typer.Option("--text-pair", help="Column of the second text of sentence pairs.")
]
CsvLayout = Annotated[
    list[str] | None,
    typer.Option(
        "--csv",
        help="Format of a .csv or .tsv file: separator, columns (without a header line), "
        'comment or quoted; for example --csv separator=";".',
        metavar="KEY=VALUE",
    ),
]
EscalateTo = Annotated[
    str | None,
    typer.Option(help="Row of the model that is asked where the student is not sure: teacher."),
]
MaxLoss = Annotated[
    float | None,
    typer.Option(help="Share of texts that a cascade may lose to that model, as in 0.005."),
]
MaxEscalated = Annotated[
    float | None,
    typer.Option(help="Share of texts that it may answer in a cascade, as in 0.15."),
]
MaxNoise = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Maximum noise: exit code 1 if the reference row's latency varies by more than "
        "this share between rounds, such as 0.1.",
    ),
]


def say(text: str, console: Console = out_console) -> None:
    """Prints text as it is: nothing in it is markup, and no line of it is broken."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def csv_of(layout: list[str] | None) -> Csv:
    """Returns what ``--csv`` says of files.

    Raises:
        RecipeError: a key is unknown, or its value cannot be.
    """
    from pydantic import ValidationError

    from kdzoo.recipe.csv import Csv
    from kdzoo.recipe.document import Document
    from kdzoo.recipe.problems import problems_of

    for pair in layout or ():
        if "=" not in pair:
            raise RecipeError(f'--csv {pair}: write KEY=VALUE, as in separator=";"')
    said = dict(pair.split("=", 1) for pair in layout or ())
    try:
        return Csv.model_validate(said)
    except ValidationError as error:
        raise RecipeError("--csv", *problems_of(error, Document("--csv", said), Csv)) from None


def with_csv(overrides: list[str] | None, layout: list[str] | None) -> list[str]:
    """Returns what ``--set`` says, and ``--csv`` of the recipes' data."""
    said = csv_of(layout).model_dump(exclude_none=True)
    return [*(overrides or ()), *(f"data.csv.{key}={json.dumps(v)}" for key, v in said.items())]


def seed_numbers(text: str | None) -> list[int] | None:
    """Returns what ``--seeds`` says.

    Raises:
        RecipeError: it is no list of whole numbers.
    """
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise RecipeError(f"--seeds {text}: write whole numbers, as in 0,1,2") from None


@contextmanager
def interruptible(then: str = "the same command again goes on from here") -> Iterator[None]:
    """Ends with one line where the user stops the work.

    Args:
        then: what is left of it.
    """
    try:
        yield
    except KeyboardInterrupt:
        err_console.print(f"\nstopped; {then}")
        sys.exit(130)


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Takes the signal by which systems end a process as Ctrl-C: what it has begun is tidied up."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def use_of(folder: Path, form: Path | None = None) -> str:
    """Returns the command that classifies with what was exported: a text, or both of a pair.

    Args:
        folder: what is deployed.
        form: the exported form in it, where it is not the folder itself.
    """
    from kdzoo.runtime.folder import read_exported_form

    pair = ' --pair "another"' if read_exported_form(form or folder).reads_pairs else ""
    return f'{shlex.join(["kdzoo", "predict", str(folder)])} "a text"{pair}'


def note_edited_code() -> None:
    """Makes a line of the command's own of the warning that a student's code was edited."""
    others = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, EditedCodeWarning):
            say(f"note: {message}", err_console)
        else:
            others(message, category, filename, lineno, file, line)

    warnings.showwarning = show


until_the_end = ExitStack()  # what holds for a whole command; ``main`` closes it


def quiet_libraries() -> None:
    """Keeps the libraries' own progress bars and reports from the screen, to the command's end."""
    from kdzoo.progress import quiet

    until_the_end.enter_context(quiet())
