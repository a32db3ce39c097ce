"""The table at the end of a command, and where the rest lies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.amounts import percent
from kdzoo.cli.app import err_console, out_console, say

if TYPE_CHECKING:
    from kdzoo.report import Table
    from kdzoo.report.page.notebook import Results

STUDY_FILES = (
    "report.html",
    "table.md",
    "table.csv",
    "table.tex",
    "accuracy_vs_latency.png",
    "accuracy_vs_size.png",
    "accuracy_as_decided_vs_latency.png",
    "gap_closed.png",
    "changes.png",
    "accuracy_over_labels.png",
    "accuracy_over_texts.png",
    "latency.png",
    "models/",
)  # of a study, to be named at the end
_NARROWEST = 80  # columns of a terminal in which a table keeps its runtimes and accuracies
_STYLES = {"best": "bold green", "reference": "cyan", "unsure": "yellow"}  # by mark


def show_table(made: Table, folder: Path, files: Sequence[str]) -> None:
    """Prints a table, the verdict, how to read it, what is wrong, and which files are there."""
    from rich.text import Text

    from kdzoo.console import table
    from kdzoo.plain import one_line
    from kdzoo.report.formats.short import short_table
    from kdzoo.report.formats.summary import summary
    from kdzoo.report.formats.table import notes

    shown = short_table(made, max(out_console.width, _NARROWEST))
    rows = [[Text(cell.text, _STYLES.get(cell.mark, "")) for cell in line] for line in shown.lines]
    out_console.print(table(shown.titles, rows), "")
    sentences = summary(made)
    for sentence in sentences:  # paragraphs may wrap
        out_console.print(Text(one_line(sentence)))
    if sentences:
        out_console.print()
    out_console.print(Text(shown.caption, "dim"))
    for note in notes(made):
        out_console.print(Text(one_line(note)))
    say(f"\nresults in {folder}:")
    for name in files:
        if (folder / name).exists():
            say(f"  {folder / name}")


def show_results(results: Results) -> None:
    """Prints what a study's report says, and which files are there."""
    report = results.report
    show_table(report.table, results.root, STUDY_FILES)


def check_noise(made: Table, max_noise: float | None, again: str = "measure again") -> None:
    """Ends with exit code 1 where latencies varied more than the user allows; says what to do."""
    noises = [latency.noise for latency in made.timed if latency.noise is not None]
    if max_noise is not None and noises and max(noises) > max_noise:
        say(
            f"the reference row varied by {percent(max(noises), 0)} (IQR / median) from round to "
            f"round, more than --max-noise {max_noise:g}: {again} on a quiet machine",
            err_console,
        )
        sys.exit(1)


def check_failures(results: Results) -> None:
    """Ends with exit code 1 where something of a study could not be made."""
    failed = dict.fromkeys(failure.row for failure in results.failures)
    if failed:
        say(
            f"failed: {', '.join(failed)}; why stands below the table. The rest is done: once that "
            "is mended, the same command makes what is missing",
            err_console,
        )
        sys.exit(1)
