"""What the plan costs, and what several processes and machines gain over one.

Finding: one student of ``quickstart/static`` is trained for a step. Its folder then stands for all
students and controls of 250 seeds, under the keys that these have; with their quality, that makes
more than a thousand steps. The time is that from the recipes, read and checked, to the list of what
is made: what every further start of a study costs. Training: see engines.py.

Run:  python benchmarks/plan.py           less than 20 minutes on 2 CPU cores; time nothing else
Needs the extras `demo` and `ray`. ``--steps 20`` tries it in some minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from engines import Place, prepare, training
from setting import Data, Overrides, Publish, empty_cache, show

SEEDS, ROUNDS, BAR_S = 250, 5, 2.0
SETTINGS = [
    "data.labels_per_class=null",
    "training.steps=1",
    "training.evaluations=1",
    "controls.baseline=false",
    "measure.runtimes=[torch]",
]


def main(
    recipe: Annotated[str, typer.Option(help="The zoo that is trained.")] = "quickstart",
    seeds: Annotated[str, typer.Option(help="As in `kdzoo run`.")] = "0,1",
    data: Data = None,
    overrides: Overrides = None,
    steps: Annotated[int, typer.Option(min=1, help="Of each training.")] = 200,
    publish: Publish = False,
) -> None:
    """Find a thousand finished steps; train in all ways; print times and ratios."""
    changes = [*(overrides or ()), f"training.steps={steps}", "training.evaluations=1"]
    with tempfile.TemporaryDirectory() as home:
        place = Place.of(home, recipe, seeds, data, changes)
        shown = {"finished steps": [finding(Path(home))]}
        prepare(place)
        shown[f"students and controls of {recipe}, {steps:,} steps each"] = training(place)
    show("plan", shown, publish=publish)


def finding(home: Path) -> dict[str, object]:
    """Returns how long it takes to find a thousand finished steps: the median of some times."""
    with empty_cache():
        times = measured(home / "finished")
    seconds = statistics.median(seconds for _, seconds in times)
    return {"steps": f"{times[0][0]:,}", "seconds": f"{seconds:.2f}", "bar": f"below {BAR_S:g}"}


def measured(out: Path) -> list[tuple[int, float]]:
    """Returns how many steps were found, and in how many seconds, of each round."""
    from kdzoo.api import make_steps
    from kdzoo.engines import Way
    from kdzoo.plan import Made, seen
    from kdzoo.preparation import prepare_study
    from kdzoo.progress import Silent
    from kdzoo.recipe import load_study

    recipe = "quickstart/static"
    steps = "teacher labels student control quality"
    make_steps(recipe, steps, overrides=SETTINGS, seeds=[0], out=out, progress=Silent())
    study = load_study(recipe, overrides=SETTINGS, seeds=range(SEEDS))
    performer = prepare_study(study, out, Way())
    for step in performer.plan.steps:
        if step.kind in ("student", "control"):
            lay_down(performer.job(step).key, step.kind, step.seed, out / "models")
    times = []
    for _ in range(ROUNDS):
        performer = prepare_study(study, out, Way())
        start = time.perf_counter()
        found = seen(performer)
        times.append((len(found), time.perf_counter() - start))
        assert len(found) == len(performer.plan.steps)  # noqa: S101 - else the time means nothing
        assert all(isinstance(each, Made) for each in found.values())  # noqa: S101
    return times


def lay_down(key: str, role: str, seed: int, models: Path) -> None:
    """Copies the trained model of that role to where another seed's would lie."""
    if any(models.glob(f"*--{key}")):
        return
    first = next(path for path in models.glob("*--s0--*") if json.loads(read(path))["role"] == role)
    folder = models / f"{first.name.partition('--s0--')[0]}--s{seed}--{key}"
    shutil.copytree(first, folder, copy_function=os.link)
    record = {**json.loads(read(first)), "key": key, "seed": seed}
    (folder / "record.json").unlink()
    (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")


def read(folder: Path) -> str:
    """Returns the record of the model in a folder."""
    return (folder / "record.json").read_text(encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
