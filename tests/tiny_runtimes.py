"""A runtime that does what its folder says, installed where the tests' workers find it."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from kdzoo import registry
from kdzoo.measure import Candidate

RUNTIME = "obedient"
SOURCE = '''
"""Sleeps, prints, dies or hangs as orders.json in its folder says; notes what it was asked."""

import json, os, subprocess, sys, time
import numpy as np
from kdzoo.registry import register_runtime


class Obedient:
    labels = ("a", "b")

    def __init__(self, folder, threads):
        self.folder = folder
        self.orders = json.loads((folder / "orders.json").read_text())
        self.calls = 0
        seen = {
            "threads": threads,
            "cores": sorted(os.sched_getaffinity(0)),
            "environment": dict(os.environ),
            "folder": os.getcwd(),
        }
        (folder / "seen.json").write_text(json.dumps(seen))
        if self.orders.get("prints"):
            print("a library's greeting")
            os.system("echo another process's greeting")
        if self.orders.get("starts"):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            (folder / "child.json").write_text(json.dumps(child.pid))

    def encode(self, texts):
        self.note("encode", texts, time.monotonic_ns())
        return list(texts)

    def run(self, encoded):
        start = time.monotonic_ns()
        time.sleep(self.orders.get("sleep_ms", 5) / 1000)
        if self.orders.get("types"):
            encoded = [[type(text).__name__, *text] for text in encoded]
        self.note("run", encoded, start)
        return np.zeros((len(encoded), 2), dtype=np.float32)

    def logits(self, texts):
        self.calls += 1
        if self.calls > self.orders.get("calls", 10**9):
            return getattr(self, self.orders["then"])()
        return self.run(list(texts))

    def exits(self):
        print("out of luck", file=sys.stderr, flush=True)
        os._exit(3)

    def aborts(self):
        os.kill(os.getpid(), 9)

    def hangs(self):
        time.sleep(600)

    def raises(self):
        raise ValueError("no such luck\\nat all")

    def note(self, what, texts, start):
        line = json.dumps([self.folder.name, what, texts, start, time.monotonic_ns()])
        with (self.folder.parent / "notes.jsonl").open("a") as file:
            file.write(line + "\\n")


@register_runtime("obedient", title="obedient")
def obedient(folder, threads=None):
    return Obedient(folder, threads)
'''


@contextmanager
def installed(folder: Path) -> Iterator[Path]:
    """Lays the runtime into a folder as pip would, and on the path of this process and workers."""
    (folder / "obedient_runtime.py").write_text(SOURCE, encoding="utf-8")
    info = folder / "obedient_runtime-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: obedient-runtime\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[kdzoo.runtimes]\nobedient = obedient_runtime\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry.runtimes, "_entries", registry.runtimes.entries())
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        patch.syspath_prepend(folder)
        importlib.import_module("obedient_runtime")
        yield folder
        del sys.modules["obedient_runtime"]


@dataclass(frozen=True)
class Note:
    """One call of a candidate: what was asked, with which texts, when (ns, one clock for all)."""

    name: str
    what: str
    texts: list[Any]
    start: int
    end: int


def obedient(folder: Path, name: str, **orders: Any) -> Candidate:
    """Returns a candidate that does as it is told."""
    own = folder / name
    own.mkdir()
    (own / "orders.json").write_text(json.dumps(orders), encoding="utf-8")
    return Candidate(name, own, RUNTIME)


def children() -> list[psutil.Process]:
    """Returns this process's children, zombies included, but for what Python keeps of its own."""
    found = psutil.Process().children(recursive=True)
    return [each for each in found if not _is_pythons_own(each)]


def _is_pythons_own(process: psutil.Process) -> bool:
    """Whether it counts semaphores of all that this process ever started, until it ends."""
    try:
        return "resource_tracker" in " ".join(process.cmdline())
    except psutil.ZombieProcess:
        return False


def notes(folder: Path) -> list[Note]:
    """Returns every call of the folder's candidates, in the order in which they ended."""
    lines = (folder / "notes.jsonl").read_text(encoding="utf-8").splitlines()
    return [Note(*json.loads(line)) for line in lines]
