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
            help="Model folders (Hugging Face, kdzoo or exported) or hub ids. The others are "
            "compared with the first."
        ),
    ],
    texts: Annotated[
        Path,
        typer.Option(
            help="File of real texts: .txt (one per line), .jsonl, .json, .csv, .tsv or .parquet."
        ),
    ],
    text: Annotated[str, typer.Option(help="Column of the text.")] = "text",
    text_pair: TextPair = None,
    labels: Annotated[
        str | None, typer.Option(help="Column of the label; adds accuracy to the table.")
    ] = None,
    csv: CsvLayout = None,
    runtimes: Annotated[
        str, typer.Option(help="Runtimes to measure, for models that are not exported yet.")
    ] = RUNTIMES,
    threads: Annotated[
        int, typer.Option(min=1, max=256, help="Number of CPU threads, the same for every row.")
    ] = 1,
    rounds: Annotated[
        int,
        typer.Option(
            min=1,
            max=10_000,
            help="Number of timing rounds; each visits every row in random order.",
        ),
    ] = 60,
    per_visit: Annotated[
        int, typer.Option(min=1, max=10_000, help="Number of texts timed per visit.")
    ] = 16,
    cold_starts: Annotated[
        int,
        typer.Option(
            min=1, max=10_000, help="Number of fresh processes per row that time the first answer."
        ),
    ] = 3,
    isolation: Annotated[
        bool,
        typer.Option(
            help="Run each row in a process of its own. Without it: quicker, but no memory and "
            "no cold start."
        ),
    ] = True,
    out: Annotated[Path, typer.Option(help="Folder for exports and results.")] = Path("bench"),
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
