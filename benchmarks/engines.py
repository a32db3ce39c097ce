"""What several processes, Ray and several machines gain over one process that has all cores.

Whole commands are timed, in processes of their own, one after the other. Each begins with a copy of
a study whose teacher is fitted and whose texts are labelled; what its start takes (Python, workers,
Ray) is that of the same command that makes the baseline alone, and is taken off. The machines of a
cluster are real Ray nodes of a core each on this machine (`ray.cluster_utils.Cluster`).

    training   students and controls of the recipes: all cores in one process, --workers 2,
               --engine ray; one node of a core, two nodes
    labelling  so many texts in parts: one node, two nodes

`plan.py` runs the first, `nodes.py` the second.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STORE_BYTES = 80 << 20  # of Ray's own memory on a node
TRAINING = "student control"


@dataclass(frozen=True)
class Place:
    """Where studies and caches lie, and what all commands say.

    Attributes:
        home: of all of them.
        asked: the zoo, and how it is changed.
    """

    home: Path
    asked: tuple[str, ...]

    @classmethod
    def of(
        cls, home: str, recipe: str, seeds: str, data: str | None, changes: Sequence[str]
    ) -> Place:
        """Returns the place of a zoo: its recipes, seeds and data, and how it is changed."""
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # of the nodes that are started here
        asked = (recipe, "--seeds", seeds, *(f"--set={change}" for change in changes))
        return cls(Path(home), (*asked, *(["--data", data] if data else [])))

    def command(self, only: str, *options: str) -> list[str]:
        """Returns a command that makes some steps."""
        return ["run", *self.asked, "--only", only, *options]

    def timed(self, study: str, *command: str) -> float:
        """Returns the seconds that a command takes in a copy of a study; the copy is removed."""
        with tempfile.TemporaryDirectory(dir=self.home) as name:
            shutil.copytree(self.home / study, name, dirs_exist_ok=True)
            start = time.perf_counter()
            run(Path(name), *command)
            return time.perf_counter() - start


def run(folder: Path, *command: str) -> None:
    """Runs kdzoo with study and cache in a folder.

    Raises:
        RuntimeError: it fails; says what kdzoo said.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", "kdzoo", *command, "--out", str(folder / "study")],
        env={**os.environ, "KDZOO_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])


@contextmanager
def cluster(nodes: int) -> Iterator[str]:
    """Yields the address of a cluster of so many machines of a core each, and one that leads."""
    from ray.cluster_utils import Cluster

    head: dict[str, Any] = {"num_cpus": 0, "include_dashboard": False}
    made: Any = Cluster(
        initialize_head=True, head_node_args={**head, "object_store_memory": STORE_BYTES}
    )
    try:
        for _ in range(nodes):
            made.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
        yield made.address
    finally:
        made.shutdown()


def prepare(place: Place) -> None:
    """Makes what all begin with: the teacher, and its labels of the data's own texts."""
    run(place.home / "begun", *place.command("teacher", "--workers", "1"))
    shutil.copytree(place.home / "begun", place.home / "labelled")
    run(place.home / "labelled", *place.command("labels", "--workers", "1"))


def net_s(place: Place, study: str, only: str, *options: str) -> tuple[float, float]:
    """Returns the seconds that steps take, and those of the start of the same command."""
    start_s = place.timed(study, *place.command("baseline", *options))
    return place.timed(study, *place.command(only, *options)) - start_s, start_s


def rows(times: dict[str, float], against: dict[str, str]) -> list[dict[str, object]]:
    """Returns the rows of a table: seconds, and how many times as fast as another way."""
    found: list[dict[str, object]] = []
    for way, seconds in times.items():
        other = against.get(way)
        times_faster = f"{times[other] / seconds:.2f} x as fast as {other}" if other else ""
        found.append({"way": way, "seconds": f"{seconds:.1f}", "": times_faster})
    return found


def net_rows(
    times: dict[str, tuple[float, float]], against: dict[str, str]
) -> list[dict[str, object]]:
    """Returns the same of seconds from which those of a start are taken off, and these beside."""
    found = rows({way: seconds for way, (seconds, _) in times.items()}, against)
    return [
        {"way": row["way"], "seconds": row["seconds"], "start, seconds": f"{start_s:.1f}",
         "": row[""]}
        for row, (_, start_s) in zip(found, times.values(), strict=True)
    ]  # fmt: skip


def training(place: Place) -> list[dict[str, object]]:
    """Times the students and controls of the zoo."""
    cores = str(os.cpu_count())
    ways: dict[str, Sequence[str]] = {
        "one process, all cores": ("--workers", "1", "--threads", cores),
        "--workers 2": ("--workers", "2"),
        "--engine ray": ("--engine", "ray"),
    }
    times = {way: net_s(place, "labelled", TRAINING, *options) for way, options in ways.items()}
    for count, noun in ((1, "one node"), (2, "two nodes")):
        with cluster(count) as address:
            times[noun] = net_s(place, "labelled", TRAINING, "--engine", f"ray:{address}")
    against = {"--workers 2": "one process, all cores", "--engine ray": "--workers 2",
               "two nodes": "one node"}  # fmt: skip
    return net_rows(times, against)


def labelling(place: Place, count: int) -> list[dict[str, object]]:
    """Times the labelling of so many texts, in parts."""
    texts = place.home / "texts.txt"
    texts.write_text("".join(sentences(count)), encoding="utf-8")
    parts = str(max(2, count // 4096))
    options = ("--label-parts", parts, "--set", f"transfer={{unlabelled: {{files: {texts}}}}}")
    times = {}
    for nodes, noun in ((1, "one node"), (2, "two nodes")):
        with cluster(nodes) as address:
            engine = ("--engine", f"ray:{address}")
            times[noun] = net_s(place, "begun", "labels", *options, *engine)
    return net_rows(times, {"two nodes": "one node"})


def sentences(count: int) -> Iterator[str]:
    """Yields so many different texts of the length of requests to an assistant."""
    for number in range(count):
        yield f"please tell me about order {number} and send {number % 97} of them to my home\n"
