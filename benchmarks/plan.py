"""How long it takes to find a thousand steps finished: what every further start of a study costs.

One student of ``quickstart/static`` is trained for a step. Its folder then stands for all students
and controls of 250 seeds, under the keys that these have; with their quality, that makes more than
a thousand steps. The time is that from the recipes, read and checked, to the list of what is made.

Run:  python benchmarks/plan.py           a minute on 2 CPU cores
Needs the extra `demo` for its teacher.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import typer
from setting import RESULTS, Publish

SEEDS, ROUNDS, BAR_S = 250, 5, 2.0
SETTINGS = [
    "data.labels_per_class=null",
    "training.steps=1",
    "training.evaluations=1",
    "controls.baseline=false",
]


def main(publish: Publish = False) -> None:
    """Find a thousand finished steps, some times, and print the median."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("KDZOO_CACHE", f"{home}/cache")
        out = Path(home) / "study"
        times = measured(out)
    count, seconds = times[0][0], statistics.median(seconds for _, seconds in times)
    said = "yes" if seconds < BAR_S else "no"
    text = f"{count:,} finished steps found in {seconds:.2f} s; below {BAR_S:g} s: {said}"
    print(text)
    if publish:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "plan.md").write_text(f"# plan\n\n{text}\n", encoding="utf-8")
    if seconds >= BAR_S:
        raise typer.Exit(1)


def measured(out: Path) -> list[tuple[int, float]]:
    """Returns how many steps were found, and in how many seconds, of each round."""
    from kdzoo.api import make_steps
    from kdzoo.engines import Way
    from kdzoo.plan import Made, seen
    from kdzoo.progress import Silent
    from kdzoo.recipe import load_study
    from kdzoo.study import performer_of

    recipe = "quickstart/static"
    steps = "teacher labels student control quality"
    make_steps(recipe, steps, overrides=SETTINGS, seeds=[0], out=out, progress=Silent())
    study = load_study(recipe, overrides=SETTINGS, seeds=range(SEEDS))
    performer = performer_of(study, out, Way())
    for step in performer.plan.steps:
        if step.kind in ("student", "control"):
            lay_down(performer.job(step).key, step.kind, step.seed, out / "models")
    times = []
    for _ in range(ROUNDS):
        performer = performer_of(study, out, Way())
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
