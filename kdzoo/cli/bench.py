"""Measuring any classifiers side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdzoo.cli.app import (
    CsvLayout,
    MaxNoise,
    Students,
    TextPair,
    app,
    csv_of,
    err_console,
    interruptible,
    quiet_libraries,
    say,
)
from kdzoo.cli.shown import check_noise, show_table
from kdzoo.files import alone_in

if TYPE_CHECKING:
    from kdzoo.data import Input
    from kdzoo.recipe.csv import Csv

RUNTIMES = "torch,onnx,onnx-int8"


@app.command(
    epilog="""Examples:

`kdzoo bench my_bert/ runs/mine/models/cnn--s0--KEY/ --texts queries.txt`

`kdzoo bench my_bert/ deployed/ owner/name --texts test.csv --labels intent --runtimes onnx`"""
)
def bench(
    models: Annotated[
        list[str],
        typer.Argument(
            help="Folders (Hugging Face classifiers, kdzoo's, exported ones) or hub ids. The first "
            "is what the others are compared with."
        ),
    ],
    texts: Annotated[
        Path, typer.Option(help="Real texts: .txt (one a line), .jsonl, .csv, .tsv or .parquet.")
    ],
    text: Annotated[str, typer.Option(help="The column of the text.")] = "text",
    text_pair: TextPair = None,
    labels: Annotated[
        str | None, typer.Option(help="The column of the label: adds quality.")
    ] = None,
    csv: CsvLayout = None,
    runtimes: Annotated[
        str, typer.Option(help="For models that are not exported already.")
    ] = RUNTIMES,
    threads: Annotated[
        int, typer.Option(min=1, max=256, help="CPU threads, the same for every row.")
    ] = 1,
    rounds: Annotated[
        int, typer.Option(min=1, max=10_000, help="Visits to every row, in random order.")
    ] = 60,
    per_visit: Annotated[int, typer.Option(min=1, max=10_000, help="Texts timed per visit.")] = 16,
    cold_starts: Annotated[
        int, typer.Option(min=1, max=10_000, help="Fresh processes per row.")
    ] = 3,
    isolation: Annotated[
        bool,
        typer.Option(
            help="A process per row. Without, all run in this one: quicker, and nothing is known "
            "of memory and cold start."
        ),
    ] = True,
    out: Annotated[Path, typer.Option(help="The folder for exports and results.")] = Path("bench"),
    max_noise: MaxNoise = None,
    students: Students = None,
) -> None:
    """Measure classifiers as they would be deployed: latency, memory, size; quality with labels."""
    from kdzoo.registry import load_students

    with interruptible("no results were written"):
        say(f"reading {texts}", err_console)
        if students is not None:
            load_students(students)
        read, gold = _read(texts, text, text_pair, labels, csv_of(csv))
        quiet_libraries()
        from kdzoo.bench import FORMS, bench_table, check_folder, run_bench, write_bench
        from kdzoo.console import ConsoleProgress
        from kdzoo.measure import MeasureSettings

        settings = MeasureSettings(
            threads=threads,
            rounds=rounds,
            texts=per_visit,
            cold_starts=cold_starts,
            is_isolated=isolation,
        )
        check_folder(out)
        with alone_in(out, "bench"):
            measured = run_bench(
                models,
                read,
                gold=gold,
                runtimes=[name.strip() for name in runtimes.split(",")],
                settings=settings,
                exports=out / FORMS,
                progress=ConsoleProgress(err_console),
            )
            written = write_bench(measured, out)
    table = bench_table(measured)
    show_table(table, out, [*(path.name for path in written), f"{FORMS}/"])
    check_noise(table, max_noise)


def _read(
    file: Path, text: str, text_pair: str | None, label: str | None, csv: Csv
) -> tuple[list[Input], list[str] | None]:
    """Returns the texts, each with a word in it, and a label for each if a column is named."""
    from kdzoo.data.stream import read_full_texts, read_labelled
    from kdzoo.runtime.predictor import checked

    read, gold = (
        (read_full_texts(file, text, text_pair, csv), None)
        if label is None
        else read_labelled(file, text, label, text_pair, csv)
    )
    return list(checked(read, None)), gold
