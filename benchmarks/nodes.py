"""Labelling a large transfer set: two machines of a cluster beside one.

Run:  python benchmarks/nodes.py           less than 15 minutes on 2 CPU cores; time nothing else
Needs the extras `demo` and `ray`. ``--texts 600`` tries it in two minutes. How: see engines.py.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from engines import Place, labelling, prepare
from setting import Data, Overrides, Publish, show


def main(
    recipe: Annotated[str, typer.Option(help="Whose teacher labels.")] = "quickstart",
    data: Data = None,
    overrides: Overrides = None,
    texts: Annotated[int, typer.Option(min=1, help="To label.")] = 100_000,
    publish: Publish = False,
) -> None:
    """Label in parts on one node and on two; print times and ratio."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # of the nodes that are started here
    asked = (recipe, "--seeds", "0", *(f"--set={change}" for change in overrides or ()))
    with tempfile.TemporaryDirectory() as home:
        place = Place(Path(home), (*asked, *(["--data", data] if data else [])))
        prepare(place)
        shown = {f"labelling of {texts:,} texts": labelling(place, texts)}
    show("nodes", shown, publish=publish)


if __name__ == "__main__":
    typer.run(main)
