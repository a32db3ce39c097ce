"""The command that asks a trained model: predict."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from kdzoo.cli.app import (
    PAIR_COLUMN,
    CsvLayout,
    Students,
    TextPair,
    app,
    csv_of,
    err_console,
    quiet_libraries,
    say,
)
from kdzoo.errors import DataError
from kdzoo.plain import cell

if TYPE_CHECKING:
    from kdzoo.data import Input
    from kdzoo.recipe.csv import Csv
    from kdzoo.runtime.predictor import Prediction, Predictor

_PART_BYTES = 1 << 16  # of standard input that are read at most before they are answered
_COLUMNS = ("text", "label", "probability")
_PAIR_COLUMNS = ("text", PAIR_COLUMN, "label", "probability")


@app.command(
    epilog="""Examples:

`kdzoo predict runs/quickstart/models/MODEL "i need a taxi to the airport"`

`kdzoo predict deployed/ reviews.csv --text review -o labelled.csv`

`cat texts.txt | kdzoo predict runs/quickstart/models/MODEL -`

pairs: `kdzoo predict runs/sick/models/MODEL "a man sings" --pair "nobody sings"`; in a .txt and on
standard input, a tab stands between the two"""
)
def predict(
    model: Annotated[
        Path, typer.Argument(help="A model's folder, as in runs/quickstart/models/MODEL.")
    ],
    text: Annotated[
        str,
        typer.Argument(
            help="A text; a file of them: .txt (one a line), .jsonl, .csv, .tsv or .parquet; "
            "or - for one text a line from standard input."
        ),
    ],
    pair: Annotated[str | None, typer.Option(help="The second text, of a pair.")] = None,
    column: Annotated[str, typer.Option("--text", help="The column of the text.")] = "text",
    column_pair: TextPair = None,
    csv: CsvLayout = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The .jsonl, .csv or .parquet to write."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Labels shown for a single text.")] = 5,
    calibrated: Annotated[
        bool,
        typer.Option("--calibrated", help="Probabilities at the temperature fitted on validation."),
    ] = False,
    reject: Annotated[
        bool,
        typer.Option(
            "--reject", help="Out of scope from the threshold on that was tuned on validation."
        ),
    ] = False,
    students: Students = None,
) -> None:
    """Label texts with a trained or exported model; files of any length, in their order."""
    many = pair is None and (text == "-" or _is_file(text))
    if output is not None:
        from kdzoo.data import check_output

        if not many:
            raise DataError(f"-o {output}: what is written are labels of a file of texts, or of -")
        check_output(output)
        if text != "-" and output.exists() and output.samefile(text):
            raise DataError(f"{output} is the file of texts itself; give -o another name")
    from kdzoo.api import load
    from kdzoo.runtime import runtime_of

    if runtime_of(model) == "torch":
        quiet_libraries()
    predictor = load(model, students=students, calibrated=calibrated, reject=reject)
    if many:
        if predictor.reads_pairs and column_pair is None:
            column_pair = PAIR_COLUMN
        _predict_many(predictor, text, column, column_pair, csv_of(csv), output)
        return
    (found,) = predictor.predict([text if pair is None else (text, pair)], top=top)
    for label, probability in found.top:
        typer.echo(f"{probability:.4f}  {cell(label)}")


def _is_file(text: str) -> bool:
    """Whether an argument names a file: one that is there, or it ends like one and has no blank.

    One in a format that is not read is a file too, and refused: its name is nobody's text.
    """
    from kdzoo.data.stream import OTHERS, SUFFIXES

    with suppress(OSError, ValueError):  # a text may be longer than a name can be, or hold a NUL
        if Path(text).is_file():
            return True
    return text.lower().endswith((*SUFFIXES, *OTHERS)) and len(text.split()) == 1


def _predict_many(
    predictor: Predictor,
    source: str,
    column: str,
    column_pair: str | None,
    csv: Csv,
    output: Path | None,
) -> None:
    pairs = column_pair is not None
    if source == "-":
        _put(_answers_at_once(predictor, sys.stdin, pairs=pairs), output, pairs=pairs)
        return
    from kdzoo.console import ConsoleProgress
    from kdzoo.data.stream import read_full_texts
    from kdzoo.runtime.predictor import checked

    file = Path(source)

    def read() -> Iterator[Input]:
        return read_full_texts(file, column, column_pair, csv)  # a label for every line

    # a mistake in the last line is told at once
    count = sum(1 for _ in checked(read(), predictor.reads_pairs))
    if not count:
        raise DataError(f"{file} holds no texts")
    with ConsoleProgress(err_console).task("labelling", count) as task:

        def counted() -> Iterator[Input]:
            for given in read():
                yield given
                task.advance()

        _put(_answers(predictor, counted()), output, pairs=pairs)


def _answers(predictor: Predictor, texts: Iterable[Input]) -> Iterator[tuple[Input, Prediction]]:
    asked, kept = tee(texts)  # they are one chunk of texts apart at most
    for found in predictor.predict(asked, top=1):
        yield next(kept), found


def _answers_at_once(
    predictor: Predictor, stream: TextIO, *, pairs: bool
) -> Iterator[tuple[Input, Prediction]]:
    """Yields an answer per line as the lines come in; those before one that is refused, too."""
    from kdzoo.runtime.predictor import checked

    first = 1
    for lines in _incoming(stream):
        texts: list[Input] = []
        refused = None
        read = (_as_input(line, number, pairs) for number, line in enumerate(lines, start=first))
        try:
            texts.extend(checked(read, predictor.reads_pairs, first))
        except DataError as error:
            refused = error
        yield from _answers(predictor, texts)
        if refused is not None:
            raise refused
        first += len(lines)


def _incoming(stream: TextIO) -> Iterator[list[bytes]]:
    """Yields the lines that are there by now, without waiting for more."""
    # what has no bytes, as a notebook's input, is there as a whole
    source = getattr(stream, "buffer", None) or BytesIO(stream.read().encode())
    rest = b""
    while part := source.read1(_PART_BYTES):
        *lines, rest = (rest + part).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _as_input(line: bytes, number: int, pairs: bool) -> Input:
    from kdzoo.data.lines import two_of

    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r")
    except UnicodeDecodeError:
        raise DataError(
            f"standard input is not UTF-8 text (line {number}); convert it first"
        ) from None
    return two_of(text, f"line {number}") if pairs else text


def _put(answers: Iterable[tuple[Input, Prediction]], output: Path | None, *, pairs: bool) -> None:
    """Prints a line per text, or writes a row."""
    if output is None:
        for _, found in answers:
            typer.echo(f"{cell(found.label)}\t{found.probability:.4f}")
        return
    from kdzoo.data import texts_of, write_rows

    rows = (
        (*texts_of(given), found.label, round(found.probability, 6)) for given, found in answers
    )
    count = write_rows(output, _PAIR_COLUMNS if pairs else _COLUMNS, rows)
    say(f"{count:,} texts labelled in {output}")
