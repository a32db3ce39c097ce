"""A tiny world for the tests: teacher, data and recipe that train in seconds, without a network."""

from __future__ import annotations

import gc
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_machine import DISK_BYTES, fill, mounted
from tiny_world import (
    LABELS,
    SHARED,
    CommandResult,
    RunCommand,
    WriteRecipe,
    own_registrations,
    save_tiny_bert,
    texts_of,
    tiny_recipe_data,
)

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["OMP_NUM_THREADS"] = "1"  # threads that wait for each other on a busy machine: minutes


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than there are cores: tests wait for files and for processes of theirs."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train (40 a label), validation (8) and test (12) of four labels, one oos."""
    folder = tmp_path_factory.mktemp("tiny_data")
    rng = random.Random(7)
    rows: dict[str, list[dict[str, str]]] = {"train": [], "validation": [], "test": []}
    for label in LABELS:
        texts = texts_of(label, 60, rng)
        for split, chosen in (
            ("train", texts[:40]),
            ("validation", texts[40:48]),
            ("test", texts[48:]),
        ):
            rows[split] += [{"text": text, "label": label} for text in chosen]
    for split, lines in rows.items():
        content = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{split}.jsonl").write_text(content, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pretrained model's folder: an encoder without a head."""
    return save_tiny_bert(tmp_path_factory.mktemp("tiny_encoder"), None)


@pytest.fixture(scope="session")
def tiny_teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished classifier's folder, its labels in another order than the data's."""
    return save_tiny_bert(tmp_path_factory.mktemp("tiny_teacher"), tuple(reversed(LABELS)))


@pytest.fixture(scope="session")
def of_all_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the processes of a session keep what each of them would make alike."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(autouse=True, scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Has what tests share lie in pytest's own folder, which pytest removes after a kill too."""
    os.environ[SHARED] = str(tmp_path_factory.mktemp("shared"))


@pytest.fixture(autouse=True, scope="session")
def _one_process() -> None:
    """Has studies make their steps in this process, where tests look; more are to be asked for."""
    from kdzoo.engines import choice

    choice.usable_cores = lambda: 1.0


@pytest.fixture(autouse=True, scope="session")
def _no_waiting() -> None:
    """Takes out of hundreds of studies what costs each a second, and none of them is about.

    How busy the machine is is looked at for a moment, and how many texts a model reads in a second
    is taken from few.
    """
    from kdzoo.measure import machine, measurement, worker

    machine.LOOK_S = 0.01
    measurement.BATCH_TEXTS, measurement.WHOLE_S = 8, 0.01
    worker.WARM_UP_CALLS = 1


@pytest.fixture(autouse=True, scope="module")
def _libraries_are_no_garbage() -> None:
    """Keeps the collector, which accelerate calls after each training, from what was loaded before.

    Libraries are loaded as tests need them, so each module looks again.
    """
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _plain_pictures() -> Iterator[pytest.MonkeyPatch]:
    """Leaves the files of pictures empty: drawing takes every report a second."""
    from kdzoo.report.pictures import accuracy as picture
    from kdzoo.report.pictures import canvas

    def save(_: object, paths: list[Path]) -> list[Path]:
        for path in paths:
            path.write_bytes(b"")
        return paths

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canvas, "save", save)
        patch.setattr(picture, "_drawn", lambda *drawn: save(None, canvas._files(drawn[-1])))
        yield patch


@pytest.fixture(autouse=True)
def _pictures(
    request: pytest.FixtureRequest, _plain_pictures: pytest.MonkeyPatch
) -> Iterator[None]:
    """Draws them whole for tests that look at them, which are marked ``pictures``."""
    if request.node.get_closest_marker("pictures") is None:
        yield
        return
    from kdzoo.report.pictures import accuracy as picture
    from kdzoo.report.pictures import canvas

    plain = canvas.save, picture._drawn
    _plain_pictures.undo()
    yield
    _plain_pictures.setattr(canvas, "save", plain[0])
    _plain_pictures.setattr(picture, "_drawn", plain[1])


class _Graphs(dict[tuple[Any, ...], bytes]):
    """Traced graphs that nobody empties, as files for all processes; tests' own students here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def __contains__(self, traced: object) -> bool:
        return super().__contains__(traced) or self._file(traced).is_file()

    def __missing__(self, traced: tuple[Any, ...]) -> bytes:
        return self._file(traced).read_bytes()

    def __setitem__(self, traced: tuple[Any, ...], graph: bytes) -> None:
        from kdzoo.files import write_atomically

        if traced[0].__module__.startswith(("kdzoo.", "transformers.")):
            write_atomically(self._file(traced), graph)
        else:  # another test may have another class of this name
            super().__setitem__(traced, graph)

    def clear(self) -> None:
        """Keeps everything."""

    def _file(self, traced: object) -> Path:
        return self.folder / sha256(repr(traced).encode()).hexdigest()


@pytest.fixture(autouse=True, scope="session")
def _graphs(of_all_processes: Path) -> Iterator[None]:
    """Traces each model once a session: seconds, and most tests export the same few.

    The exporter's list of operators, half a second, is made once too.
    """
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    from kdzoo.runtime import export

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "_last", _Graphs(of_all_processes / "graphs"))
        patch.setattr(
            ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib))
        )
        yield


@pytest.fixture(autouse=True)
def _pool(request: pytest.FixtureRequest, of_all_processes: Path) -> Iterator[None]:
    """Trains each model once a session: what a study has trained, the next takes over by its key.

    As from a sister folder, but copied, so that a test may damage what it got. Quality, exports and
    latency are not in the pool, and no model with a name that another recipe would give otherwise.
    Tests about training itself are marked ``trains``.
    """
    from kdzoo.model_files import CHECKPOINT
    from kdzoo.results import Record, Store
    from kdzoo.results.whole import has_weights

    if request.node.get_closest_marker("trains"):
        yield
        return
    pool = Store(of_all_processes / "pool")
    pool.begin()
    find, write = Store.find, Store.write

    def find_or_take_over(store: Store, key: str) -> Path | None:
        found = find(store, key)
        pooled = pool._finished(pool.root, key)
        if found is not None or pooled is None:
            return found
        target = store.root / "models" / pooled.name
        shutil.rmtree(target, ignore_errors=True)  # an unfinished attempt
        return shutil.copytree(pooled, target)

    def write_and_keep(store: Store, folder: Path, record: Record) -> None:
        write(store, folder, record)
        is_plain = record.name in ("tiny", "teacher", "tf-idf + svm") and not record.variant
        is_known = pool._finished(pool.root, record.key) is not None
        if is_plain and has_weights(folder) and not is_known and not record.quality:
            forms = shutil.ignore_patterns(CHECKPOINT, "onnx*", "*.parquet", "decision.json")
            copy = Path(tempfile.mkdtemp(dir=pool.root)) / folder.name
            shutil.copytree(folder, copy, ignore=forms)
            with suppress(OSError):  # another process has just kept it
                copy.rename(pool.root / "models" / folder.name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "find", find_or_take_over)
        patch.setattr(Store, "write", write_and_keep)
        yield


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the user's cache out of the tests, and the tests out of it."""
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def _own_registrations() -> Iterator[None]:
    """Takes back what a test registered, so that no other test meets it."""
    with own_registrations():
        yield


@pytest.fixture
def write_recipe(tmp_path: Path, tiny_data: Path, tiny_encoder: Path) -> WriteRecipe:
    """Writes the tiny recipe, sections laid over it: ``write_recipe(training={"steps": 5})``."""

    def write(file: str = "tiny.yaml", **sections: Any) -> Path:
        data = tiny_recipe_data(tiny_data, tiny_encoder)
        for key, value in sections.items():
            both = isinstance(value, dict) and isinstance(data.get(key), dict)
            data[key] = {**data[key], **value} if both else value
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return path

    return write


@pytest.fixture
def own_registries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The registries as kdzoo ships them, and afterwards as they were: a test may add its own."""
    from kdzoo import extensions, registry

    monkeypatch.setattr(extensions, "_loaded_files", {})
    known = registry.REGISTRIES
    before = [each.entries() for each in known]
    for each, entries in zip(known, before, strict=True):
        shipped = {name: entry for name, entry in entries.items() if each.is_builtin(name)}
        monkeypatch.setattr(each, "_entries", shipped)
    yield


@pytest.fixture(scope="session")
def finished_study(
    tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_encoder: Path
) -> Path:
    """The folder of a finished study, trained once; a test that changes it copies it first."""
    from kdzoo.api import run

    folder = tmp_path_factory.mktemp("finished")
    recipe = folder / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe_data(tiny_data, tiny_encoder)), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return run(str(recipe), out=folder / "runs" / "tiny").root


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can look into; pytest's own are for one user alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 256 kB."""
    with mounted(f"size={DISK_BYTES},mode=755") as disk:
        yield disk


@pytest.fixture
def full_disk(small_disk: Path) -> Path:
    """A disk without any room."""
    fill(small_disk)
    return small_disk


@pytest.fixture
def read_only_disk(small_disk: Path) -> Path:
    """A disk that can only be read; it holds a folder ``there``."""
    (small_disk / "there").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    return small_disk


@pytest.fixture
def kdzoo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[RunCommand]:
    """Runs the command line in this process, in an empty folder: ``kdzoo("run", "tiny.yaml")``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")  # of processes that a test starts

    def command(*arguments: str) -> CommandResult:
        from kdzoo.cli import main
        from kdzoo.cli.app import err_console, out_console

        for console in (out_console, err_console):
            monkeypatch.setattr(console, "width", 200)
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["kdzoo", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        captured = capsys.readouterr()
        return CommandResult(code, captured.out, captured.err)

    yield command
