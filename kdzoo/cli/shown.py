"""The table at the end of a command, and where the rest lies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.cli.app import err_console, out_console, say

if TYPE_CHECKING:
    from kdzoo.report import Table


def show_table(made: Table, folder: Path, files: Sequence[str]) -> None:
    """Prints a table, how to read it, what is wrong with it, and which of the files are there."""
    from kdzoo.console import table
    from kdzoo.report.table import caption, notes, short_lines

    lines = short_lines(made)
    drawn = table(list(lines[0]), [list(line.values()) for line in lines])
    out_console.print(drawn, "")
    for paragraph in (caption(made), *notes(made)):  # paragraphs may wrap
        out_console.print(paragraph, markup=False, highlight=False)
    say(f"\nresults in {folder}:")
    for name in files:
        if (folder / name).exists():
            say(f"  {folder / name}")


def check_noise(made: Table, max_noise: float | None) -> None:
    """Ends with exit code 1 where latencies varied more than the user allows."""
    noises = [latency.noise for latency in made.timed if latency.noise is not None]
    if max_noise is not None and noises and max(noises) > max_noise:
        say(
            f"the reference row varied by {max(noises) * 100:.0f} % (IQR / median) from round to "
            f"round, more than --max-noise {max_noise:g}: measure again on a quiet machine",
            err_console,
        )
        sys.exit(1)
