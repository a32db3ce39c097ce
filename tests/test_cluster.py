"""A cluster of machines: what is seen before they begin, and told where one cannot."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_world import RunCommand, WriteRecipe

from kdzoo.engines import connection
from kdzoo.engines.connection import check_ray
from kdzoo.engines.nodes import Node, check_nodes, look_around, paths_of
from kdzoo.errors import EngineError

HERE = look_around("here", {"CPU": 2.0}, {}, ())


@pytest.fixture(autouse=True)
def _ray_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is seen before Ray itself is asked is seen without it, too."""
    monkeypatch.setattr(connection, "find_spec", lambda _: object())


def test_ray_that_is_not_installed_is_told_with_its_extra(
    kdzoo: RunCommand, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "find_spec", lambda _: None)

    outcome = kdzoo("run", write_recipe(), "--engine", "ray")

    assert outcome.code == 2
    assert 'Ray is not installed; pip install "kdzoo[ray]"' in outcome.err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "address",
    ["here", "10.0.0.1", "host:", ":6379", "http://host:1", "ray:host:1", "a b:1", "host:1/x"],
)
def test_an_address_that_is_none_is_told_how_to_write_one(address: str) -> None:
    with pytest.raises(EngineError, match=r"write ray:HOST:PORT, as in ray:10\.0\.0\.1:6379"):
        check_ray(address)


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://127.0.0.1:{}", "localhost:{}"])
def test_an_address_where_nothing_answers_is_told_in_seconds(form: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.monotonic()

    with pytest.raises(EngineError, match=r"nothing answers there .*ray start --head"):
        check_ray(form.format(port))

    assert time.monotonic() - start < 2 * connection.ANSWER_S


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "nowhere.invalid:6379"])
def test_an_address_that_cannot_answer_is_told(address: str) -> None:
    with pytest.raises(EngineError, match="nothing answers there"):
        check_ray(address)


def test_workers_are_not_for_a_cluster(kdzoo: RunCommand, write_recipe: WriteRecipe) -> None:
    outcome = kdzoo("run", write_recipe(), "--engine", "ray", "--workers", "2")

    assert outcome.code == 2
    assert "--workers 2: with --engine ray the cluster decides how many" in outcome.err


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (replace(HERE, unseen=("/runs/x",)), ["does not see /runs/x", "KDZOO_CACHE"]),
        (replace(HERE, lacking=("/data/a.csv",)), ["does not have /data/a.csv"]),
        (replace(HERE, versions={**HERE.versions, "torch": "1.0"}), ["has torch 1.0", "torch=="]),
        (replace(HERE, versions={**HERE.versions, "kdzoo": "9"}), ["has kdzoo 9", "kdzoo=="]),
        (replace(HERE, versions={**HERE.versions, "Python": "3.9.1"}), ["has Python 3.9.1"]),
    ],
)
def test_a_machine_that_cannot_make_the_steps_is_named(node: Node, words: list[str]) -> None:
    """With all that is wrong there, before it is given any work."""
    check_nodes([HERE, HERE], HERE)

    with pytest.raises(EngineError) as caught:
        check_nodes([HERE, replace(node, name="10.0.0.7")], HERE)

    assert all(word in str(caught.value) for word in ["10.0.0.7", "1 problem", *words])


def test_a_cluster_without_a_core_is_told() -> None:
    with pytest.raises(EngineError, match="no machine with a core"):
        check_nodes([], HERE)


def test_a_machine_looks_for_folders_and_files(tmp_path: Path) -> None:
    """A folder of the same path that is another one is told from the shared one by a file in it."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "shared" / ".seen-1").touch()
    tokens = {str(tmp_path / name): ".seen-1" for name in ("shared", "other", "absent")}

    node = look_around("a", {"CPU": 4.0, "GPU": 1.0}, tokens, (str(tmp_path), "/no/such/file"))

    assert (node.cores, node.gpus) == (4.0, 1.0)
    assert node.unseen == (str(tmp_path / "other"), str(tmp_path / "absent"))
    assert node.lacking == ("/no/such/file",)


@pytest.mark.parametrize(
    "study",
    [
        {"data": {"files": "FILE"}},
        ["name", [[{"teacher": {"model": ["a/b", "FILE"]}}, "", ""]]],
        {"student": {"embeddings": {"vectors": "FILE"}}, "data": {"hub": "/not/there"}},
    ],
)
def test_the_files_that_a_study_names_are_found(study: Any, tmp_path: Path) -> None:
    named = json.dumps(study).replace("FILE", str(tmp_path))

    assert paths_of(named) == (str(tmp_path),)
