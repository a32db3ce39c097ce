"""Measuring any classifiers side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kdzoo import api
from kdzoo.cli.app import (
    CsvLayout,
    MaxNoise,
    Students,
    TextPair,
    app,
    csv_of,
    err_console,
    interruptible,
)
from kdzoo.cli.shown import check_noise, show_table
from kdzoo.console import ConsoleProgress

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
    with interruptible("no results were written"):
        written = api.benchmark(
            models,
            texts,
            text=text,
            text_pair=text_pair,
            labels=labels,
            csv=csv_of(csv),
            runtimes=[name.strip() for name in runtimes.split(",")],
            threads=threads,
            rounds=rounds,
            per_visit=per_visit,
            cold_starts=cold_starts,
            isolation=isolation,
            out=out,
            students=students,
            progress=ConsoleProgress(err_console),
        )
    show_table(written.table, out, [*(path.name for path in written.files), "forms/"])
    check_noise(written.table, max_noise)
