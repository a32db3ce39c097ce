"""A whole study from an empty folder and cache: one process with all cores beside several.

The serial parts are included: reading, the teacher, its labels, exports, latency, which is measured
alone, and the report. The steps of each training are cut, in both ways alike: with more of them the
parts that are done side by side weigh more.

Run:  python benchmarks/whole.py           about 30 minutes on 2 CPU cores; time nothing else
Needs the extra `demo`. ``--steps 20 --recipe quickstart`` tries it in some minutes.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from engines import Place, rows, run
from setting import Data, Overrides, Publish, show

SHORT = ("training.evaluations=1", "measure.rounds=5", "measure.cold_starts=1")


def main(
    recipe: Annotated[str, typer.Option(help="The zoo that is run.")] = "clinc150",
    seeds: Annotated[str, typer.Option(help="As in `kdzoo run`.")] = "0",
    data: Data = None,
    overrides: Overrides = None,
    steps: Annotated[int, typer.Option(min=1, help="Of each training.")] = 400,
    publish: Publish = False,
) -> None:
    """Run the study in both ways; print times and ratio."""
    cores = str(os.cpu_count())
    ways = {
        "one process, all cores": ("--workers", "1", "--threads", cores),
        "as kdzoo chooses": (),
    }
    changes = [*(overrides or ()), f"training.steps={steps}", *SHORT]
    times = {}
    for way, options in ways.items():
        with tempfile.TemporaryDirectory() as home:
            place = Place.of(home, recipe, seeds, data, changes)
            start = time.perf_counter()
            run(Path(home), "run", *place.asked, *options)
            times[way] = time.perf_counter() - start
    shown = rows(times, {"as kdzoo chooses": "one process, all cores"})
    show("whole", {f"{recipe}, {steps:,} steps each, seeds {seeds}": shown}, publish=publish)


if __name__ == "__main__":
    typer.run(main)
