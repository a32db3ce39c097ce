"""What each machine of a cluster needs to make the steps of a study: seen before they begin."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kdzoo.errors import EngineError, Problem

VERSIONS = ("kdzoo", "torch", "transformers")  # that decide what a step makes


@dataclass(frozen=True)
class Node:
    """A machine, as a task there finds it.

    Attributes:
        name: its address.
        cores: that Ray may use of it.
        gpus: that Ray may use of it.
        versions: of what decides what a step makes.
        unseen: the folders of the study that it does not see, or sees others in their place.
        lacking: the files that the recipes name, and it has not.
    """

    name: str
    cores: float
    gpus: float
    versions: dict[str, str]
    unseen: tuple[str, ...]
    lacking: tuple[str, ...]


def look_around(
    name: str, resources: Mapping[str, float], tokens: Mapping[str, str], paths: Sequence[str]
) -> Node:
    """Returns what this machine has.

    Args:
        name: its address.
        resources: that Ray may use of it.
        tokens: the name of a file that lies in each shared folder just now.
        paths: the files that the recipes name.
    """
    versions = {package: version(package) for package in VERSIONS}
    return Node(
        name=name,
        cores=resources.get("CPU", 0.0),
        gpus=resources.get("GPU", 0.0),
        versions={"Python": ".".join(platform.python_version_tuple()[:2]), **versions},
        unseen=tuple(folder for folder, file in tokens.items() if not Path(folder, file).is_file()),
        lacking=tuple(path for path in paths if not Path(path).exists()),
    )


def check_nodes(nodes: Sequence[Node], here: Node) -> None:
    """Sees that all machines can make the steps.

    Args:
        nodes: the machines.
        here: this one.

    Raises:
        EngineError: there is no machine, or one cannot make them; each problem with its cure.
    """
    if not any(node.cores for node in nodes):
        raise EngineError("--engine ray: the cluster has no machine with a core to give")
    problems = [problem for node in nodes for problem in _problems(node, here)]
    if problems:
        raise EngineError("--engine ray: not all machines can make this study", *problems)


def _problems(node: Node, here: Node) -> Iterator[Problem]:
    for folder in node.unseen:
        yield Problem(
            f"does not see {folder}",
            node.name,
            "give --out, and KDZOO_CACHE, a folder that all machines share under one path",
        )
    for path in node.lacking:
        yield Problem(f"does not have {path}", node.name, "lay it into a folder that all share")
    for name, own in here.versions.items():
        if node.versions.get(name) != own:
            yield Problem(
                f"has {name} {node.versions.get(name)}, and this machine {own}",
                node.name,
                f"install the same: pip install {name.lower()}=={own}"
                if name != "Python"
                else f"start Ray there with Python {own}",
            )


def paths_of(study: str) -> tuple[str, ...]:
    """Returns the files and folders of this machine that a packed study names."""
    named = (Path(text) for text in _texts(json.loads(study)) if text.startswith("/"))
    return tuple(dict.fromkeys(str(path) for path in named if _is_there(path)))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no path at all
        return False


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
