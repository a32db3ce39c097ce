"""Is a study repeatable? Two whole runs of one, each from a fresh store, model by model.

Printed for each row: the figure of either run and how far they are apart, how many of its models
answer each test text alike in both, and beside that what else moves the figure: other seeds, and
other test texts. Latency is measured anew by `repeat.py`.

Run:    python benchmarks/twice.py results/quickstart runs/quickstart           a moment
        once `kdzoo run quickstart` has filled runs/quickstart
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from setting import Publish, show

from kdzoo.errors import StoreError
from kdzoo.results import ManifestRow, Store
from kdzoo.statistics.outcomes import control_of, leading_over_texts, read_outcomes
from kdzoo.task import TASKS

SPLIT = "test"
One = Annotated[Path, typer.Argument(help="The folder of a study.")]
Other = Annotated[Path, typer.Argument(help="The folder of the same study, made once more.")]


def main(one: One, other: Other, publish: Publish = False) -> None:
    """Compares the two; prints a line for each row of the table and for its control."""
    stores = Store(one), Store(other)
    rows, again = (dict(_rows(store)) for store in stores)
    if {name: row.members for name, row in rows.items()} != {
        name: row.members for name, row in again.items()
    }:
        raise StoreError(f"{one} and {other} hold different studies, or one of other settings")
    lines = [_line(stores, name, row) for name, row in rows.items()]
    show("twice", {f"{one.name}, made twice; {SPLIT} texts": lines}, publish=publish)


def _rows(store: Store) -> Iterator[tuple[str, ManifestRow]]:
    """Yields the rows of a table by name, each control behind its student."""
    for row in store.manifest().rows:
        yield row.name, row
        control = control_of(row)
        if control is not None:
            yield f"{row.name} on hard labels", control


def _line(stores: tuple[Store, Store], name: str, row: ManifestRow) -> dict[str, object]:
    task = TASKS[stores[0].read(row.members[0].key).data.task]
    first, second = (
        np.array([_figure(store, member.key, task.leading) for member in row.members])
        for store in stores
    )
    interval = leading_over_texts(read_outcomes(stores[0], row, SPLIT))
    over_texts = None if interval.low is None else (interval.value - interval.low) * 100
    alike = [
        len({*(_answers(store, member.key) for store in stores)}) == 1 for member in row.members
    ]
    return {
        "model": name,
        f"{task.leading_title}, %": round(100 * first.mean(), 1),
        "again, %": round(100 * second.mean(), 1),
        "apart, points": round(100 * abs(second.mean() - first.mean()), 1),
        "same answers": f"{sum(alike)} of {len(alike)} models",
        "sd over seeds, points": round(100 * first.std(ddof=1), 1) if len(first) > 1 else "",
        "95 % over texts, ± points": "" if over_texts is None else round(over_texts, 1),
    }


def _figure(store: Store, key: str, leading: str) -> float:
    return float(store.read(key).quality[SPLIT][leading])


def _answers(store: Store, key: str) -> tuple[str, ...]:
    frame = store.outcomes(key)
    return tuple(frame.loc[frame["split"] == SPLIT, "prediction"].astype(str))


if __name__ == "__main__":
    typer.run(main)
