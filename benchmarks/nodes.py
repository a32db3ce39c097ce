"""Labelling a large transfer set: two machines of a cluster beside one.

Run:  python benchmarks/nodes.py           about 15 minutes on 2 CPU cores; time nothing else
Needs the extras `demo` and `ray`. ``--texts 600`` tries it in some minutes. How: see engines.py.
"""

from __future__ import annotations

import tempfile
from typing import Annotated

import typer
from engines import Place, labelling, prepare
from setting import Data, Overrides, Publish, show


def main(
    recipe: Annotated[str, typer.Option(help="Whose teacher labels.")] = "quickstart",
    seeds: Annotated[str, typer.Option(help="As in `kdzoo run`; each has a teacher.")] = "0,1",
    data: Data = None,
    overrides: Overrides = None,
    texts: Annotated[int, typer.Option(min=1, help="To label.")] = 100_000,
    publish: Publish = False,
) -> None:
    """Label in parts on one node and on two; print times and ratio."""
    with tempfile.TemporaryDirectory() as home:
        place = Place.of(home, recipe, seeds, data, overrides or ())
        prepare(place)
        shown = {f"labelling of {texts:,} texts": labelling(place, texts)}
    show("nodes", shown, publish=publish)


if __name__ == "__main__":
    typer.run(main)
