"""What the published studies cost: the models of each, and the hours in which they were trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer
from setting import Publish, show

from kdzoo.results import Store
from kdzoo.results.record import machine_name
from kdzoo.results.store import MANIFEST

RESULTS = Path(__file__).resolve().parent.parent / "results"


def main(publish: Publish = False) -> None:
    """Prints a line per published study, from the records beside its tables."""
    studies = (Store(path.parent) for path in sorted(RESULTS.glob(f"*/{MANIFEST}")))
    show("studies", {"Published studies": [costs(store) for store in studies]}, publish=publish)


def costs(store: Store) -> dict[str, object]:
    """Returns a study's line: its models, hours of training, machine, and test texts if read."""
    manifest = store.manifest()
    records = [store.read(key) for key in sorted(manifest.keys)]
    read = [record for record in records if "test" in record.quality]
    trainings = [record.training for record in records if record.training is not None]
    machines = {_machine(each.environment) for each in records}
    return {
        "study": store.root.name,
        "rows": len(manifest.rows),
        "trained models": len(trainings),
        "hours of training": f"{sum(each.seconds for each in trainings) / 3600:.1f}",
        "test texts": f"{max(record.data.test for record in read):,}" if read else "–",
        "machines": "; ".join(sorted(machines)),
    }


def _machine(environment: Mapping[str, str]) -> str:
    gpu = f", {environment['gpu']}" if "gpu" in environment else ""
    return f"{machine_name(environment)}{gpu}"


if __name__ == "__main__":
    typer.run(main)
